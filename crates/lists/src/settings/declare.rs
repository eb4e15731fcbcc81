// SPDX-License-Identifier: GPL-3.0-or-later
//! The table of settings.
//!
//! To add one: a row here, and whoever uses it. Command line, store, REST and pages need nothing.

use std::sync::LazyLock;

use serde::Serialize;

use super::choice::{AuthorSignatureHandling, HeaderProtectionLevel, Protection, RecipientKeyIdMode};
use super::kind::{
    ACTION, AUTHOR_SIGNATURE, DESCRIPTION, DISPLAY_NAME, FOOTER, HEADER_PROTECTION, PROTECTION,
    RECIPIENT_KEY_ID, REFUSAL, SUBJECT_PREFIX, SWITCH, SettingKind,
};
use super::preset::PRESETS;
use crate::Disposition;

/// What there is to know of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingDeclaration {
    /// Its name everywhere.
    pub name: &'static str,
    /// What it is.
    pub kind: SettingKind,
    /// What it is on a new list.
    pub default: String,
    /// What it does, in a sentence.
    pub plain_words: &'static str,
    /// The values that are taken, or, for text, what it may hold.
    pub accepted: &'static [&'static str],
    /// Whether it only stands for other settings, and is itself not stored.
    pub preset: bool,
}

/// Makes [`ListSettings`] and everything that goes through it row by row.
macro_rules! declare {
    ($($name:ident: $type:ty = $default:expr, $kind:ident, $words:literal;)+) => {
        /// The settings of one list.
        ///
        /// The fields are read freely; [`set`](Self::set) and [`set_all`](Self::set_all) keep what
        /// must hold between them.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct ListSettings {
            $(#[doc = $words] pub $name: $type,)+
        }

        impl Default for ListSettings {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl ListSettings {
            /// Reads a value into the setting of that name; `None` when there is no such setting.
            pub(super) fn read(&mut self, name: &str, text: &str) -> Option<Result<(), String>> {
                match name {
                    $(stringify!($name) => Some(($kind.read)(text).map(|value| self.$name = value)),)+
                    _ => None,
                }
            }

            /// Every stored setting with its value as text.
            pub(super) fn written(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($name), ($kind.write)(&self.$name)),)+]
            }
        }

        fn declared() -> Vec<SettingDeclaration> {
            let default = ListSettings::default();
            vec![$(SettingDeclaration {
                name: stringify!($name),
                kind: $kind.kind,
                default: ($kind.write)(&default.$name),
                plain_words: $words,
                accepted: $kind.accepted,
                preset: false,
            },)+]
        }
    };
}

declare! {
    description: String = String::new(), DESCRIPTION,
        "One line that says what the list is for.";
    display_name: String = String::new(), DISPLAY_NAME,
        "The name beside the list's address in what it sends; empty for the part before the '@'.";
    subject_prefix: String = String::new(), SUBJECT_PREFIX,
        "What stands before the Subject of each post, such as `[friends]`; empty for nothing.";
    footer: String = String::new(), FOOTER,
        "What stands below each post; empty for nothing.";

    nonencrypted_msg_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post that did not come encrypted.";
    unsigned_msg_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post that is not signed.";
    inline_pgp_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post in the old inline form of OpenPGP, which covers only the text.";
    expired_sig_action: Disposition = Disposition::Hold, ACTION,
        "What is done with a post whose signature, or whose author's key, has expired.";
    revoked_sig_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post that was signed with a revoked key.";
    invalid_sig_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post whose signature does not fit what came.";
    duplicate_sig_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post whose signature this list has seen before.";
    unknown_key_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post that was signed with a key which is nobody's on this list.";
    wrong_signer_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post that was signed with the key of somebody else than it is from.";
    undecryptable_action: Disposition = Disposition::Reject, REFUSAL,
        "What is done with a post that cannot be opened.";
    weak_algorithm_action: Disposition = Disposition::Reject, ACTION,
        "What is done with a post whose signature is too weak to be trusted today.";
    partly_protected_action: Disposition = Disposition::Reject, REFUSAL,
        "What is done with a post of which only a part is encrypted or signed.";
    default_member_action: Disposition = Disposition::Accept, ACTION,
        "What is done with the posts of members, owners and moderators, unless they have an action of \
         their own.";
    default_nonmember_action: Disposition = Disposition::Hold, ACTION,
        "What is done with the posts of everybody else, unless they have an action of their own.";
    emergency: bool = false, SWITCH,
        "Whether the list is stopped: every post waits for an owner.";

    encrypt_outgoing: Protection = Protection::Always, PROTECTION,
        "Which posts are sent encrypted to each member.";
    sign_outgoing: Protection = Protection::Always, PROTECTION,
        "Which posts are sent with the list's signature; what is sent encrypted always has it.";
    author_signature: AuthorSignatureHandling = AuthorSignatureHandling::Carry, AUTHOR_SIGNATURE,
        "What becomes of the author's own signature.";
    collect_sig_hashes: bool = true, SWITCH,
        "Whether signatures are remembered, so that nobody can send an old post again.";
    header_protection: HeaderProtectionLevel = HeaderProtectionLevel::Subject, HEADER_PROTECTION,
        "Which header fields of an encrypted copy are hidden from who carries it.";
    author_name_outside: bool = false, SWITCH,
        "Whether the author's name stands outside the encryption, as in 'Alice via friends'.";
    verdict_tag: bool = true, SWITCH,
        "Whether the Subject says what is known of the signature, as in `[signed]`.";
    recipient_key_id: RecipientKeyIdMode = RecipientKeyIdMode::Hidden, RECIPIENT_KEY_ID,
        "Whether a copy names the key that it is encrypted to.";
}

/// Every setting: first those that stand for others, then the others.
pub fn settings() -> &'static [SettingDeclaration] {
    static ALL: LazyLock<Vec<SettingDeclaration>> = LazyLock::new(|| {
        let default = ListSettings::default();
        PRESETS.iter().map(|preset| preset.declaration(&default)).chain(declared()).collect()
    });
    &ALL
}
