// SPDX-License-Identifier: GPL-3.0-or-later
//! The result: what the readers of a post are told about it, above the author's words.

use crate::word::words;
use crate::{Judgement, PostFacts};

words! {
    /// What became of the author's own signature in this post.
    pub enum SignatureFate is "what became of a signature" {
        /// It is still there, around the author's part.
        Carried = "carried",
        /// It was checked here, but could not be kept in a form that others can check.
        NotCarried = "not_carried",
        /// It is attached as a file.
        Attached = "attached",
        /// The list takes signatures off.
        Stripped = "stripped",
    }
}

/// What a result says besides what was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultDetails {
    /// The names of header fields shown to readers that no signature of the author covers.
    pub unsigned_fields: Vec<String>,
    /// What became of the author's signature; `None` where there was none.
    pub author_signature: Option<SignatureFate>,
    /// Whether an owner or moderator let it through.
    pub approved: bool,
    /// Whether the list hides its authors: then the result names only "a member".
    pub anonymous: bool,
}

/// The text of the result: short lines in ASCII, each ended by a line feed.
pub fn result_text(_judgement: &Judgement, _facts: &PostFacts, _details: &ResultDetails) -> String {
    String::new()
}
