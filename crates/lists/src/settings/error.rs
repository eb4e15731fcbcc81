// SPDX-License-Identifier: GPL-3.0-or-later
//! What is wrong with a setting, and what to do about it.

use std::fmt;

use serde::Serialize;

/// A setting was not taken, and nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
pub struct SettingError {
    /// The setting, as it was given.
    pub name: String,
    /// What was wrong: a clause, without a full stop.
    pub why: String,
    /// What helps: a clause, without a full stop. Names the accepted values where there are such.
    pub remedy: String,
    /// The values that are taken, as [`SettingDeclaration`](super::SettingDeclaration) has them;
    /// empty where the name itself is wrong.
    pub accepted: &'static [&'static str],
    /// The name or value that was probably meant.
    pub did_you_mean: Option<String>,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "setting {}: {}; {}", self.name, self.why, self.remedy)?;
        match &self.did_you_mean {
            Some(word) => write!(f, " (did you mean '{word}'?)"),
            None => Ok(()),
        }
    }
}
