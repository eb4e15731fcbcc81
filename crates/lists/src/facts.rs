// SPDX-License-Identifier: GPL-3.0-or-later
//! The facts that a post is judged by, gathered beforehand by whoever has a database and a key.

use chancery_mail::{Address, CryptographicSummary, Fingerprint};

use crate::{Disposition, Role};

/// All that is judged about one post on one list.
#[derive(Clone, Debug)]
pub struct PostFacts {
    /// What opening the message gave.
    pub summary: CryptographicSummary,
    /// The address of its From; `None` when there is not exactly one From with exactly one address.
    pub from: Option<Address>,
    /// What this list knows of that address; `None` when nothing.
    pub poster: Option<Poster>,
    /// Who the keys of the [signers](CryptographicSummary::signers) are pinned to on this list: every
    /// pin of every signer's fingerprint, whatever the verdict, confirmed or not.
    pub signer_pins: Vec<SignerPin>,
    /// Whether one of the signatures was seen on this list before, under another inbound message.
    pub duplicate: bool,
}

/// What a list knows of the address in a post's From.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poster {
    /// What that address is to the list.
    pub roles: Vec<Role>,
    /// The primary fingerprint of the key that is pinned to it.
    pub pinned: Option<Fingerprint>,
    /// Whether that pin was confirmed: only then does the key authorise anything.
    pub confirmed: bool,
    /// What is done with this person's posts, where it is not the list's default for their role.
    pub moderation: Option<Disposition>,
}

/// One key pinned to one address of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerPin {
    /// The primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Whose key it is, to this list.
    pub address: Address,
    /// Whether that was confirmed.
    pub confirmed: bool,
}

impl PostFacts {
    /// Whether the address in From may post like a member: members do, and owners and moderators
    /// who get no posts themselves.
    pub(crate) fn posts_like_a_member(&self) -> bool {
        self.poster.as_ref().is_some_and(|poster| poster.roles.iter().any(|role| role.posts()))
    }

    /// The key that is pinned to the address in From, whether confirmed or not.
    pub(crate) fn pinned(&self) -> Option<&Fingerprint> {
        // Without an address nobody is known, whatever else was gathered.
        self.from.as_ref().and(self.poster.as_ref())?.pinned.as_ref()
    }

    /// Whether the pin of the address in From was confirmed.
    pub(crate) fn pin_is_confirmed(&self) -> bool {
        self.poster.as_ref().is_some_and(|poster| poster.confirmed)
    }

    /// To whom a key is pinned on this list, other than to the address in From; a confirmed pin before
    /// one that is not.
    pub(crate) fn somebody_else_with(&self, fingerprint: &Fingerprint) -> Option<&SignerPin> {
        let others = self
            .signer_pins
            .iter()
            .filter(|pin| pin.fingerprint == *fingerprint && Some(&pin.address) != self.from.as_ref());
        others.max_by_key(|pin| pin.confirmed)
    }
}
