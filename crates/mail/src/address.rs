// SPDX-License-Identifier: GPL-3.0-or-later
//! A mail address: an `addr-spec` of RFC 5322, section 3.4.1, strictly parsed.

use std::fmt;
use std::str::FromStr;

/// `local-part@domain`. The domain is kept in lower case; the local part as it was written.
///
/// Two addresses are the same when their [canonical](Address::canonical) forms are: no mail system
/// in use tells `Alice@` from `alice@`, and an enemy must not either. Only the dot-atom form is
/// taken: quoted local parts, comments, domain literals and white space are refused, since every
/// one of them has fooled a comparison somewhere.
#[derive(Clone)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// There is no `@`, or more than one.
    #[error("an address has exactly one '@'")]
    AtSign,
    /// The part before the `@`.
    #[error("the part before the '@' is empty, too long, or has characters that are not allowed there")]
    LocalPart,
    /// The part after the `@`.
    #[error("the part after the '@' is not a domain name")]
    Domain,
}

impl Address {
    /// The part before the `@`, as it was written.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The form that is compared and stored: all in lower case.
    pub fn canonical(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// Whether it needs SMTPUTF8 (RFC 6531) to be sent.
    pub fn is_internationalized(&self) -> bool {
        !(self.local.is_ascii() && self.domain.is_ascii())
    }

    /// The same domain with another local part.
    ///
    /// # Errors
    /// When the text cannot be a local part.
    pub fn with_local(&self, local: &str) -> Result<Self, AddressError> {
        local_part(local)?;
        Ok(Self { local: local.to_owned(), domain: self.domain.clone() })
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local, domain) = text.split_once('@').ok_or(AddressError::AtSign)?;
        if domain.contains('@') {
            return Err(AddressError::AtSign);
        }
        local_part(local)?;
        domain_name(domain)?;
        Ok(Self { local: local.to_owned(), domain: domain.to_lowercase() })
    }
}

/// `dot-atom-text` of RFC 5322, section 3.2.3, widened to UTF-8 by RFC 6532; at most 64 octets
/// (RFC 5321, section 4.5.3.1.1).
fn local_part(text: &str) -> Result<(), AddressError> {
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_other_letter(c))
    };
    if text.len() <= 64 && text.split('.').all(atom) { Ok(()) } else { Err(AddressError::LocalPart) }
}

/// A domain name of letters, digits and hyphens (U-labels too), with or without a dot, at most 255
/// octets.
fn domain_name(text: &str) -> Result<(), AddressError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || is_other_letter(c))
    };
    if text.len() <= 255 && text.split('.').all(label) { Ok(()) } else { Err(AddressError::Domain) }
}

/// A letter or digit beyond ASCII. One that folds to ASCII (the Kelvin sign folds to `k`) is refused:
/// two addresses that look and are written differently would be the same.
fn is_other_letter(c: char) -> bool {
    !c.is_ascii() && c.is_alphanumeric() && !c.to_lowercase().any(|folded| folded.is_ascii())
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}
impl Eq for Address {}

impl std::hash::Hash for Address {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_make_another_person() {
        let written: Address = "Alice@Example.ORG".parse().unwrap();
        assert_eq!(written, "alice@example.org".parse().unwrap());
        assert_eq!(written.to_string(), "Alice@example.org");
    }

    #[test]
    fn tricks_are_not_addresses() {
        for trick in [
            "",
            "alice",
            "@example.org",
            "alice@",
            "a@b@c",
            "alice @example.org",
            "alice@exam ple.org",
            "\"alice\"@example.org",
            "alice(x)@example.org",
            "alice@[127.0.0.1]",
            "al..ice@example.org",
            ".alice@example.org",
            "alice@-example.org",
            "alice@example..org",
            "alice\u{0}@example.org",
            "alice\r\n@example.org",
            "<alice@example.org>",
            "alice\u{202e}@example.org",
            "\u{212a}arl@example.org",
            "karl@\u{212a}.example.org",
        ] {
            assert!(trick.parse::<Address>().is_err(), "{trick:?} was taken");
        }
    }
}
