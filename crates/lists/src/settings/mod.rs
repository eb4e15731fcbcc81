// SPDX-License-Identifier: GPL-3.0-or-later
//! The settings of a list: each declared once, in `declare.rs`, with its name, kind, default, plain
//! words and accepted values. Store, command line, REST and pages derive from that.
//!
//! * `declare` is the table, and the struct [`ListSettings`] that follows from it;
//! * `kind` reads and writes one value of each kind;
//! * `preset` has the settings that stand for several others;
//! * `change` sets by name and keeps what must hold between settings;
//! * `error` is the one message for everything that can be wrong.

mod change;
mod choice;
mod declare;
mod error;
mod kind;
mod preset;

pub use change::StoredChange;
pub use choice::{AuthorSignatureHandling, HeaderProtectionLevel, Protection, RecipientKeyIdMode};
pub use declare::{ListSettings, SettingDeclaration, settings};
pub use error::SettingError;
pub use kind::SettingKind;
