// SPDX-License-Identifier: GPL-3.0-or-later
//! What a mailing list is and decides.
//!
//! Everything here is a pure function on values: the same values in, the same decision out. The way
//! of a post through this room is [`findings()`] (what is remarkable about it), [`judge()`] (what the
//! list's [`ListSettings`] make of that), and [`result_text`] with [`verdict_tag`] (what its readers
//! are told). [`list_address()`] and [`candidates`] say which of a list's addresses a message was sent
//! to, [`usable_copy`] whether a subscriber can get a copy now.
//!
//! The room knows no clock, no database, no key, no network and no message: it names what is to
//! happen and never does it.

mod disposition;
mod facts;
mod finding;
mod findings;
mod judge;
mod key_policy;
mod list_address;
mod list_local;
mod outcome;
mod plain_words;
#[cfg(test)]
mod properties;
mod role;
mod settings;
mod similar;
#[cfg(test)]
mod testing;
mod verdict;
mod word;

pub use disposition::Disposition;
pub use facts::{PostFacts, Poster, SignerPin};
pub use finding::Finding;
pub use findings::findings;
pub use judge::{Judgement, Outgoing, judge, judge_approved};
pub use key_policy::{CopyFacts, NoCopy, PinFacts, usable_copy};
pub use list_address::{ListAddress, candidates, list_address};
pub use list_local::{LONGEST_LIST_LOCAL, ListLocalError, valid_list_local};
pub use outcome::{ResultDetails, SignatureFate, result_text};
pub use plain_words::plain_words;
pub use role::Role;
pub use settings::{
    AuthorSignatureHandling, HeaderProtectionLevel, ListSettings, Protection, RecipientKeyIdMode,
    SettingDeclaration, SettingError, SettingKind, StoredChange, settings,
};
pub use verdict::{VERDICT_TAGS, Verdict, verdict_tag};
pub use word::UnknownWord;
