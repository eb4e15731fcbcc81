// SPDX-License-Identifier: GPL-3.0-or-later
//! What somebody is to a list.

use crate::word::words;

words! {
    /// What somebody is to a list. One address may be several of them.
    pub enum Role is "a role" {
        /// Gets the posts, and may post.
        Member = "member",
        /// Runs the list, and may post.
        Owner = "owner",
        /// Decides on held posts, and may post.
        Moderator = "moderator",
        /// Known to the list by address (and perhaps key), but not of it.
        Nonmember = "nonmember",
    }
}

impl Role {
    /// Whether who has this role posts like a member.
    pub const fn posts(self) -> bool {
        !matches!(self, Self::Nonmember)
    }
}
