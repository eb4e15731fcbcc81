// SPDX-License-Identifier: GPL-3.0-or-later
//! Words: enums whose arms are written alike in SQL, JSON, configuration and help.
//!
//! [`words!`] declares such an enum with `ALL`, `as_str`, `Display`, `FromStr` and the two halves of
//! serde, all from one word per arm, so that no two places can spell it differently.

/// A text is none of the words that are known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct UnknownWord {
    /// What the word should have named: "an action", "a role".
    pub what: &'static str,
    /// What was given, shortened and without control characters.
    pub given: String,
    /// The words that are taken.
    pub accepted: &'static [&'static str],
    /// The one that was probably meant.
    pub did_you_mean: Option<&'static str>,
}

impl UnknownWord {
    pub(crate) fn new(what: &'static str, given: &str, accepted: &'static [&'static str]) -> Self {
        let did_you_mean = crate::similar::did_you_mean(given, accepted.iter().copied());
        Self { what, given: shown(given), accepted, did_you_mean }
    }
}

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}' is not {}: {}", self.given, self.what, self.accepted.join(", "))?;
        match self.did_you_mean {
            Some(word) => write!(f, " (did you mean '{word}'?)"),
            None => Ok(()),
        }
    }
}

/// What a person typed, fit to be shown back on one line: outside text could carry line ends or
/// escape sequences into a log or a terminal.
pub(crate) fn shown(given: &str) -> String {
    let mut shown: String = given.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect();
    if given.chars().nth(60).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Declares an enum of words. Further spellings that are read, never written, follow after `|`.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident is $what:literal {
            $($(#[$arm_meta:meta])* $arm:ident = $word:literal $(| $also:literal)*,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$arm_meta])* $arm,)+
        }

        impl $name {
            /// Every one of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$arm,)+];

            /// The words, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word in SQL, JSON, configuration and help.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$arm => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;

            /// Reads the word; case and white space around it make no difference.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $($word $(| $also)* => Ok(Self::$arm),)+
                    _ => Err($crate::word::UnknownWord::new($what, text, Self::WORDS)),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;
