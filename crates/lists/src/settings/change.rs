// SPDX-License-Identifier: GPL-3.0-or-later
//! Settings by name: from the store, from people, and back.

use super::choice::Protection;
use super::declare::{ListSettings, SettingDeclaration, settings};
use super::error::SettingError;
use super::kind::SettingKind;
use super::preset::PRESETS;
use crate::similar::did_you_mean;
use crate::word::shown;

/// What the store has to change: the name of a setting, and its new value, or `None` when it is the
/// default again and no longer stored.
pub type StoredChange = (String, Option<String>);

impl ListSettings {
    /// The settings of a list from what the store has of it.
    ///
    /// # Errors
    /// When a name or value is unknown, or two do not go together: a setting that an older program
    /// does not know may be what protects the list, so nothing is skipped.
    pub fn from_stored<N, V>(stored: impl IntoIterator<Item = (N, V)>) -> Result<Self, SettingError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut list = Self::default();
        list.set_all(stored)?;
        Ok(list)
    }

    /// Sets one setting, or a preset, by name. On error nothing is changed.
    ///
    /// # Errors
    /// When there is no such setting, it does not take that value, or the value does not go together
    /// with another setting.
    pub fn set(&mut self, name: &str, value: &str) -> Result<Vec<StoredChange>, SettingError> {
        self.set_all([(name, value)])
    }

    /// Sets several together, in their order: what must hold between settings is asked of the whole.
    /// On error nothing is changed.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn set_all<N, V>(
        &mut self,
        changes: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Vec<StoredChange>, SettingError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut changed = self.clone();
        let mut last = String::new();
        for (name, value) in changes {
            name.as_ref().trim().clone_into(&mut last);
            changed.set_one(&last, value.as_ref())?;
        }
        changed.go_together(&last)?;
        let stored = self.stored_changes(&changed);
        *self = changed;
        Ok(stored)
    }

    /// What the store keeps: the settings that are not at their default.
    pub fn to_stored(&self) -> Vec<(String, String)> {
        differing(&Self::default(), self).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Every setting and preset with its value, in the order of [`settings`].
    pub fn values(&self) -> Vec<(&'static str, String)> {
        PRESETS.iter().map(|preset| (preset.name, (preset.shown)(self))).chain(self.written()).collect()
    }

    /// The value of one setting or preset; `None` when there is no such.
    pub fn value(&self, name: &str) -> Option<String> {
        self.values().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn set_one(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let preset = PRESETS.iter().find(|preset| preset.name == name);
        let outcome = match preset {
            Some(preset) => Some((preset.set)(self, value)),
            None => self.read(name, value),
        };
        match (outcome, settings().iter().find(|declared| declared.name == name)) {
            (Some(Ok(())), _) => Ok(()),
            (Some(Err(why)), Some(declared)) => Err(wrong_value(declared, value, why)),
            (Some(Err(_)) | None, _) => Err(unknown_name(name)),
        }
    }

    /// What must hold between settings. `name` is the one that was set last.
    fn go_together(&self, name: &str) -> Result<(), SettingError> {
        // An encrypted copy without the list's signature could have been made by anybody who has the
        // member's key: the result and the tag inside would be worth nothing.
        if self.sign_outgoing == Protection::Never && self.encrypt_outgoing != Protection::Never {
            let by_signing = matches!(name, "sign_outgoing" | "sign_policy");
            return Err(SettingError {
                name: name.to_owned(),
                why: "copies that are encrypted are always signed by the list too, or nobody could tell \
                      who made them"
                    .to_owned(),
                remedy: if by_signing {
                    "choose sign_outgoing=always or as_received, or set encrypt_outgoing=never first"
                } else {
                    "set sign_outgoing=always (or as_received) with it"
                }
                .to_owned(),
                accepted: Protection::WORDS,
                did_you_mean: None,
            });
        }
        Ok(())
    }

    fn stored_changes(&self, changed: &Self) -> Vec<StoredChange> {
        let default = Self::default().written();
        differing(self, changed)
            .map(|(name, value)| {
                let is_default = default.iter().any(|(known, default)| *known == name && *default == value);
                (name.to_owned(), (!is_default).then_some(value))
            })
            .collect()
    }
}

/// The settings whose values differ, with the value on the right.
fn differing(left: &ListSettings, right: &ListSettings) -> impl Iterator<Item = (&'static str, String)> {
    left.written()
        .into_iter()
        .zip(right.written())
        .filter(|(left, right)| left != right)
        .map(|(_, right)| right)
}

fn wrong_value(declared: &SettingDeclaration, value: &str, why: String) -> SettingError {
    let words = !matches!(declared.kind, SettingKind::Line | SettingKind::Text);
    SettingError {
        name: declared.name.to_owned(),
        why,
        remedy: format!("it takes {}", declared.accepted.join(", ")),
        accepted: declared.accepted,
        did_you_mean: words
            .then(|| did_you_mean(value, declared.accepted.iter().copied()).map(str::to_owned))
            .flatten(),
    }
}

fn unknown_name(name: &str) -> SettingError {
    SettingError {
        name: shown(name),
        why: "there is no such setting".to_owned(),
        remedy: "the names are those that the list's settings are shown with".to_owned(),
        accepted: &[],
        did_you_mean: did_you_mean(name, settings().iter().map(|declared| declared.name)).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Disposition;
    use crate::settings::{
        AuthorSignatureHandling, HeaderProtectionLevel, RecipientKeyIdMode, SettingDeclaration, SettingKind,
    };

    fn error(name: &str, value: &str) -> SettingError {
        let mut list = ListSettings::default();
        let error = list.set(name, value).unwrap_err();
        assert_eq!(list, ListSettings::default(), "an error changed something");
        error
    }

    #[test]
    fn the_settings_of_a_new_list() {
        let values = ListSettings::default().values();
        let table = [
            ("encrypt_policy", "mandatory"),
            ("sign_policy", "mandatory"),
            ("strip_original_sig", "false"),
            ("description", ""),
            ("display_name", ""),
            ("subject_prefix", ""),
            ("footer", ""),
            ("nonencrypted_msg_action", "reject"),
            ("unsigned_msg_action", "reject"),
            ("inline_pgp_action", "reject"),
            ("expired_sig_action", "hold"),
            ("revoked_sig_action", "reject"),
            ("invalid_sig_action", "reject"),
            ("duplicate_sig_action", "reject"),
            ("unknown_key_action", "reject"),
            ("wrong_signer_action", "reject"),
            ("undecryptable_action", "reject"),
            ("weak_algorithm_action", "reject"),
            ("partly_protected_action", "reject"),
            ("default_member_action", "accept"),
            ("default_nonmember_action", "hold"),
            ("emergency", "false"),
            ("encrypt_outgoing", "always"),
            ("sign_outgoing", "always"),
            ("author_signature", "carry"),
            ("collect_sig_hashes", "true"),
            ("header_protection", "subject"),
            ("author_name_outside", "false"),
            ("verdict_tag", "true"),
            ("recipient_key_id", "hidden"),
        ];
        assert_eq!(values, table.map(|(name, value)| (name, value.to_owned())));
        let declared: Vec<_> =
            settings().iter().map(|declared| (declared.name, declared.default.clone())).collect();
        assert_eq!(values, declared);
    }

    #[test]
    fn every_setting_takes_its_values_and_shows_them() {
        for SettingDeclaration { name, kind, accepted, .. } in settings() {
            let values: Vec<&str> = match kind {
                SettingKind::Line | SettingKind::Text => vec!["", "hello", "Gr\u{fc}\u{df}e"],
                _ => accepted.to_vec(),
            };
            for value in values {
                let mut list = ListSettings::default();
                // Signing can be off only where encrypting is.
                if matches!(*name, "sign_policy" | "sign_outgoing") {
                    list.set("encrypt_outgoing", "never").unwrap();
                }
                if let Err(error) = list.set(name, value) {
                    panic!("{error}");
                }
                // What is not mandatory as the default is elsewhere reads as it was set, too.
                assert_eq!(list.value(name).as_deref(), Some(value), "{name}");
                assert_eq!(ListSettings::from_stored(list.to_stored()), Ok(list), "{name}={value}");
            }
        }
    }

    #[test]
    fn further_spellings_are_read() {
        let mut list = ListSettings::default();
        for (name, given, read) in [
            ("unsigned_msg_action", "defer", "accept"),
            ("unsigned_msg_action", " HOLD ", "hold"),
            ("emergency", "yes", "true"),
            ("emergency", "Off", "false"),
            ("encrypt_outgoing", "false", "never"),
            ("sign_outgoing", "no", "never"),
            ("sign_outgoing", "yes", "always"),
            ("encrypt_outgoing", "true", "always"),
            ("footer", "a\r\nb  \r\n", "a\nb"),
            (" description ", "  of friends ", "of friends"),
        ] {
            list.set(name, given).unwrap();
            assert_eq!(list.value(name.trim()).as_deref(), Some(read), "{name}={given}");
        }
    }

    #[test]
    fn what_is_set_reaches_its_field() {
        let mut list = ListSettings::default();
        list.set_all([
            ("author_signature", "attach"),
            ("header_protection", "clear"),
            ("recipient_key_id", "shown"),
            ("wrong_signer_action", "discard"),
            ("encrypt_outgoing", "as_received"),
            ("verdict_tag", "false"),
            ("subject_prefix", "[friends]"),
        ])
        .unwrap();
        assert_eq!(list.author_signature, AuthorSignatureHandling::Attach);
        assert_eq!(list.header_protection, HeaderProtectionLevel::Clear);
        assert_eq!(list.recipient_key_id, RecipientKeyIdMode::Shown);
        assert_eq!(list.wrong_signer_action, Disposition::Discard);
        assert_eq!(list.encrypt_outgoing, Protection::AsReceived);
        assert!(!list.verdict_tag);
        assert_eq!(list.subject_prefix, "[friends]");
    }

    #[test]
    fn presets_stand_for_others() {
        let table = [
            (
                "encrypt_policy",
                "mandatory",
                "nonencrypted_msg_action",
                "reject",
                "encrypt_outgoing",
                "always",
            ),
            (
                "encrypt_policy",
                "voluntary",
                "nonencrypted_msg_action",
                "accept",
                "encrypt_outgoing",
                "as_received",
            ),
            ("encrypt_policy", "none", "nonencrypted_msg_action", "accept", "encrypt_outgoing", "never"),
            ("sign_policy", "mandatory", "unsigned_msg_action", "reject", "sign_outgoing", "always"),
            ("sign_policy", "voluntary", "unsigned_msg_action", "accept", "sign_outgoing", "as_received"),
            ("sign_policy", "none", "unsigned_msg_action", "accept", "sign_outgoing", "never"),
        ];
        for (preset, value, action, expected_action, outgoing, expected_outgoing) in table {
            let mut list = ListSettings::default();
            list.set("encrypt_outgoing", "never").unwrap();
            list.set(preset, value).unwrap();
            assert_eq!(list.value(action).as_deref(), Some(expected_action), "{preset}={value}");
            assert_eq!(list.value(outgoing).as_deref(), Some(expected_outgoing), "{preset}={value}");
            assert_eq!(list.value(preset).as_deref(), Some(value));
        }
    }

    #[test]
    fn settings_that_make_no_policy_read_custom() {
        let mut list = ListSettings::default();
        list.set("nonencrypted_msg_action", "hold").unwrap();
        assert_eq!(list.value("encrypt_policy").as_deref(), Some("custom"));
        list.set("nonencrypted_msg_action", "discard").unwrap();
        assert_eq!(list.value("encrypt_policy").as_deref(), Some("mandatory"));
        assert!(error("encrypt_policy", "custom").why.contains("one by one"));
    }

    #[test]
    fn strip_original_sig_is_another_name() {
        let mut list = ListSettings::default();
        list.set("strip_original_sig", "yes").unwrap();
        assert_eq!(list.author_signature, AuthorSignatureHandling::Strip);
        assert_eq!(list.value("strip_original_sig").as_deref(), Some("true"));
        list.set("strip_original_sig", "no").unwrap();
        assert_eq!(list.author_signature, AuthorSignatureHandling::Carry);
        list.set("author_signature", "attach").unwrap();
        list.set("strip_original_sig", "no").unwrap();
        assert_eq!(list.author_signature, AuthorSignatureHandling::Attach);
    }

    #[test]
    fn encrypted_copies_are_always_signed() {
        for (name, value) in [
            ("sign_outgoing", "never"),
            ("sign_policy", "none"),
            ("sign_outgoing", "false"),
            ("sign_outgoing", "no"),
        ] {
            let error = error(name, value);
            assert_eq!(error.name, name);
            assert!(error.remedy.contains("encrypt_outgoing=never"), "{error}");
        }
        // Together, in either order, they go.
        for changes in [
            [("sign_outgoing", "never"), ("encrypt_outgoing", "never")],
            [("encrypt_outgoing", "never"), ("sign_outgoing", "never")],
            [("sign_policy", "none"), ("encrypt_policy", "none")],
        ] {
            let mut list = ListSettings::default();
            list.set_all(changes).unwrap();
            // And encrypting cannot come back alone.
            let before = list.clone();
            let error = list.set("encrypt_policy", "mandatory").unwrap_err();
            assert!(error.remedy.contains("sign_outgoing=always"), "{error}");
            assert_eq!(list, before);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_remedy() {
        let table = [
            (
                "encrypt_outgoing",
                "alwyas",
                "setting encrypt_outgoing: 'alwyas' is not one of its values; it takes always, \
                 as_received, never (did you mean 'always'?)",
            ),
            (
                "encrypt_policy",
                "maybe",
                "setting encrypt_policy: 'maybe' is not one of its values; it takes mandatory, voluntary, \
                 none",
            ),
            (
                "unsigned_action",
                "hold",
                "setting unsigned_action: there is no such setting; the names are those that the list's \
                 settings are shown with (did you mean 'unsigned_msg_action'?)",
            ),
            (
                "undecryptable_action",
                "accept",
                "setting undecryptable_action: 'accept' is not possible here: there is nothing that could \
                 be sent on; it takes hold, reject, discard",
            ),
            (
                "emergency",
                "ture",
                "setting emergency: 'ture' is neither true nor false; it takes true, false (did you mean \
                 'true'?)",
            ),
            (
                "display_name",
                "Alice <alice@example.org>",
                "setting display_name: a display name cannot have '<', which makes it look like an \
                 address; it takes one line of at most 64 characters without @ < > \" \\",
            ),
        ];
        for (name, value, expected) in table {
            assert_eq!(error(name, value).to_string(), expected);
        }
        assert_eq!(error("Sign-Outgoing", "always").did_you_mean.as_deref(), Some("sign_outgoing"));
    }

    #[test]
    fn text_cannot_smuggle_lines_or_hide_letters() {
        for (name, value) in [
            ("description", "a\nBcc: mallory@example.org"),
            ("display_name", "friends\r\nX: y"),
            ("display_name", "alice@example.org"),
            ("subject_prefix", "[a]\u{202e}"),
            ("subject_prefix", "[SIGNED]"),
            ("subject_prefix", "x [Bad Signature]"),
            ("footer", "a\u{200b}b"),
            ("footer", "a\u{1b}[31mb"),
        ] {
            error(name, value);
        }
        error("description", &"x".repeat(256));
        error("footer", &"x\n".repeat(21));
        error("footer", &"x".repeat(201));
    }

    #[test]
    fn the_store_is_told_what_changed_and_what_is_default_again() {
        let mut list = ListSettings::default();
        assert_eq!(list.set("emergency", "false"), Ok(vec![]));
        assert_eq!(list.set("emergency", "yes"), Ok(vec![("emergency".to_owned(), Some("true".to_owned()))]));
        assert_eq!(list.to_stored(), [("emergency".to_owned(), "true".to_owned())]);
        assert_eq!(list.set("emergency", "no"), Ok(vec![("emergency".to_owned(), None)]));
        assert_eq!(list.to_stored(), []);
        // A preset is stored as what it stands for.
        let stored = list.set("encrypt_policy", "voluntary").unwrap();
        assert_eq!(
            stored,
            [
                ("nonencrypted_msg_action".to_owned(), Some("accept".to_owned())),
                ("encrypt_outgoing".to_owned(), Some("as_received".to_owned())),
            ]
        );
    }

    #[test]
    fn nothing_unknown_is_skipped_when_a_list_is_read() {
        assert!(ListSettings::from_stored([("nothing", "true")]).is_err());
        assert!(ListSettings::from_stored([("emergency", "perhaps")]).is_err());
        assert!(ListSettings::from_stored([("sign_outgoing", "never")]).is_err());
        assert_eq!(ListSettings::from_stored::<&str, &str>([]), Ok(ListSettings::default()));
    }
}
