// SPDX-License-Identifier: GPL-3.0-or-later
//! Settings that stand for others: the two policies that the Secure List Server had, and a name of
//! mailman-pgp's. They are set and shown, never stored.

use super::choice::{AuthorSignatureHandling, Protection};
use super::declare::{ListSettings, SettingDeclaration};
use super::kind::{SWITCH, SettingKind};
use crate::Disposition;

/// One of them.
pub(super) struct Preset {
    /// Its name.
    pub(super) name: &'static str,
    kind: SettingKind,
    plain_words: &'static str,
    /// The values that are taken.
    pub(super) accepted: &'static [&'static str],
    /// Sets what it stands for; the error is why not, as a clause.
    pub(super) set: fn(&mut ListSettings, &str) -> Result<(), String>,
    /// What the settings amount to.
    pub(super) shown: fn(&ListSettings) -> String,
}

const POLICIES: &[&str] = &["mandatory", "voluntary", "none"];

pub(super) const PRESETS: &[Preset] = &[
    Preset {
        name: "encrypt_policy",
        kind: SettingKind::Choice,
        plain_words: "mandatory: posts must come encrypted and leave encrypted; voluntary: they leave as \
                      they came; none: they leave in clear (what comes encrypted is refused). Stands for \
                      nonencrypted_msg_action and encrypt_outgoing.",
        accepted: POLICIES,
        set: set_encrypt_policy,
        shown: |list| policy(list.nonencrypted_msg_action, list.encrypt_outgoing).to_owned(),
    },
    Preset {
        name: "sign_policy",
        kind: SettingKind::Choice,
        plain_words: "mandatory: posts must come signed and leave signed by the list; voluntary: they \
                      leave as they came; none: unsigned posts are taken and the list signs nothing. A \
                      signature that comes is checked in any case. Stands for unsigned_msg_action and \
                      sign_outgoing.",
        accepted: POLICIES,
        set: set_sign_policy,
        shown: |list| policy(list.unsigned_msg_action, list.sign_outgoing).to_owned(),
    },
    Preset {
        name: "strip_original_sig",
        kind: SettingKind::Switch,
        plain_words: "Whether the author's own signature is taken off. Stands for author_signature: strip \
                      if true, else carry (or attach, where it was that).",
        accepted: SWITCH.accepted,
        set: set_strip_original_sig,
        shown: |list| (SWITCH.write)(&(list.author_signature == AuthorSignatureHandling::Strip)),
    },
];

impl Preset {
    /// What there is to know of it.
    pub(super) fn declaration(&self, default: &ListSettings) -> SettingDeclaration {
        SettingDeclaration {
            name: self.name,
            kind: self.kind,
            default: (self.shown)(default),
            plain_words: self.plain_words,
            accepted: self.accepted,
            preset: true,
        }
    }
}

fn set_encrypt_policy(list: &mut ListSettings, text: &str) -> Result<(), String> {
    (list.nonencrypted_msg_action, list.encrypt_outgoing) = read_policy(text)?;
    Ok(())
}

fn set_sign_policy(list: &mut ListSettings, text: &str) -> Result<(), String> {
    (list.unsigned_msg_action, list.sign_outgoing) = read_policy(text)?;
    Ok(())
}

fn set_strip_original_sig(list: &mut ListSettings, text: &str) -> Result<(), String> {
    let strip = (SWITCH.read)(text)?;
    list.author_signature = match (strip, list.author_signature) {
        (true, _) => AuthorSignatureHandling::Strip,
        (false, AuthorSignatureHandling::Strip) => AuthorSignatureHandling::Carry,
        (false, other) => other,
    };
    Ok(())
}

/// What a policy does with a post that lacks the protection, and how copies leave.
fn read_policy(text: &str) -> Result<(Disposition, Protection), String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "mandatory" => Ok((Disposition::Reject, Protection::Always)),
        "voluntary" => Ok((Disposition::Accept, Protection::AsReceived)),
        "none" => Ok((Disposition::Accept, Protection::Never)),
        "custom" => Err("'custom' only shows that the settings it stands for were set one by one".to_owned()),
        _ => Err(format!("'{}' is not one of its values", crate::word::shown(text))),
    }
}

fn policy(lacking: Disposition, outgoing: Protection) -> &'static str {
    match (lacking, outgoing) {
        (Disposition::Reject | Disposition::Discard, Protection::Always) => "mandatory",
        (Disposition::Accept, Protection::AsReceived) => "voluntary",
        (Disposition::Accept, Protection::Never) => "none",
        _ => "custom",
    }
}
