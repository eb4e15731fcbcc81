// SPDX-License-Identifier: GPL-3.0-or-later
//! Settings by name: from the store, from people, and back.

use super::choice::Protection;
use super::declare::{ListSettings, SettingDeclaration, settings};
use super::error::SettingError;
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
                why: "copies that are encrypted are always signed by the list too, or nobody could tell who made them"
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
    SettingError {
        name: declared.name.to_owned(),
        why,
        remedy: format!("it takes {}", declared.accepted.join(", ")),
        accepted: declared.accepted,
        did_you_mean: did_you_mean(value, declared.accepted.iter().copied()).map(str::to_owned),
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
