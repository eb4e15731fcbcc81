// SPDX-License-Identifier: GPL-3.0-or-later
//! The kinds of settings: how a value of each is read and written.

use std::str::FromStr;

use super::choice::{AuthorSignatureHandling, HeaderProtectionLevel, Protection, RecipientKeyIdMode};
use crate::Disposition;
use crate::word::words;

words! {
    /// What a setting is, for those who draw a form or check a file.
    pub enum SettingKind is "a kind of setting" {
        /// One of the actions.
        Action = "action",
        /// Yes or no.
        Switch = "switch",
        /// One of a few words.
        Choice = "choice",
        /// One line of text.
        Line = "line",
        /// Several lines of text.
        Text = "text",
    }
}

/// How values of one kind are read and written.
#[derive(Clone, Copy)]
pub(super) struct Kind<T: 'static> {
    /// What it is.
    pub(super) kind: SettingKind,
    /// The values that are taken, or, for text, what it may hold.
    pub(super) accepted: &'static [&'static str],
    /// Reads; the error is why not, as a clause.
    pub(super) read: fn(&str) -> Result<T, String>,
    /// Writes what `read` reads.
    pub(super) write: fn(&T) -> String,
}

/// What to do about a finding.
pub(super) const ACTION: Kind<Disposition> = Kind {
    kind: SettingKind::Action,
    accepted: Disposition::WORDS,
    read: |text| word(text),
    write: |value| value.as_str().to_owned(),
};

/// What to do about a finding with which nothing could be sent on.
pub(super) const REFUSAL: Kind<Disposition> = Kind {
    kind: SettingKind::Action,
    accepted: &["hold", "reject", "discard"],
    read: |text| match word(text)? {
        Disposition::Accept => {
            Err("'accept' is not possible here: there is nothing that could be sent on".to_owned())
        }
        other => Ok(other),
    },
    write: |value| value.as_str().to_owned(),
};

/// Yes or no.
pub(super) const SWITCH: Kind<bool> = Kind {
    kind: SettingKind::Switch,
    accepted: &["true", "false"],
    read: |text| match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" => Ok(false),
        _ => Err(format!("'{}' is neither true nor false", crate::word::shown(text))),
    },
    write: |value| if *value { "true" } else { "false" }.to_owned(),
};

/// When what goes out is protected.
pub(super) const PROTECTION: Kind<Protection> = Kind {
    kind: SettingKind::Choice,
    accepted: Protection::WORDS,
    read: |text| word(text),
    write: |value| value.as_str().to_owned(),
};

/// What becomes of the author's own signature.
pub(super) const AUTHOR_SIGNATURE: Kind<AuthorSignatureHandling> = Kind {
    kind: SettingKind::Choice,
    accepted: AuthorSignatureHandling::WORDS,
    read: |text| word(text),
    write: |value| value.as_str().to_owned(),
};

/// Which header fields are readable outside.
pub(super) const HEADER_PROTECTION: Kind<HeaderProtectionLevel> = Kind {
    kind: SettingKind::Choice,
    accepted: HeaderProtectionLevel::WORDS,
    read: |text| word(text),
    write: |value| value.as_str().to_owned(),
};

/// Whether a copy names the key that it is encrypted to.
pub(super) const RECIPIENT_KEY_ID: Kind<RecipientKeyIdMode> = Kind {
    kind: SettingKind::Choice,
    accepted: RecipientKeyIdMode::WORDS,
    read: |text| word(text),
    write: |value| value.as_str().to_owned(),
};

/// One line about the list.
pub(super) const DESCRIPTION: Kind<String> = Kind {
    kind: SettingKind::Line,
    accepted: &["one line of at most 255 characters"],
    read: |text| line(text, 255),
    write: String::clone,
};

/// A name to stand beside an address. An address, or what ends one, inside a name has fooled many a
/// program and reader (RFC 5322, section 3.4).
pub(super) const DISPLAY_NAME: Kind<String> = Kind {
    kind: SettingKind::Line,
    accepted: &["one line of at most 64 characters without @ < > \" \\"],
    read: |text| {
        let name = line(text, 64)?;
        match name.chars().find(|c| "@<>\"\\".contains(*c)) {
            Some(c) => Err(format!("a display name cannot have '{c}', which makes it look like an address")),
            None => Ok(name),
        }
    },
    write: String::clone,
};

/// What stands before each Subject.
pub(super) const SUBJECT_PREFIX: Kind<String> = Kind {
    kind: SettingKind::Line,
    accepted: &["one line of at most 64 characters that is no verdict tag, such as [friends]"],
    read: |text| {
        let prefix = line(text, 64)?;
        let folded = prefix.to_lowercase();
        match crate::VERDICT_TAGS.iter().find(|tag| folded.contains(**tag)) {
            Some(tag) => Err(format!("'{tag}' is what the list itself says of a signature")),
            None => Ok(prefix),
        }
    },
    write: String::clone,
};

/// What stands below each post.
pub(super) const FOOTER: Kind<String> = Kind {
    kind: SettingKind::Text,
    accepted: &["at most 20 lines of at most 200 characters each"],
    read: footer,
    write: String::clone,
};

fn word<T: FromStr<Err = crate::UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{}' is not one of its values", crate::word::shown(text)))
}

/// Text that shows as it is stored: control characters and those that turn the direction of writing
/// make a reader see something else (and a line end would be a header field of somebody's choice).
fn line(text: &str, longest: usize) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length > longest {
        return Err(format!("it has {length} characters, and at most {longest} are possible"));
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("it has a line end or another character that cannot be seen".to_owned());
    }
    Ok(text.to_owned())
}

fn footer(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_end().trim_start_matches('\n');
    if text.lines().count() > 20 {
        return Err(format!("it has {} lines, and at most 20 are possible", text.lines().count()));
    }
    text.lines().map(|one| line(one, 200)).collect::<Result<Vec<_>, _>>().map(|lines| lines.join("\n"))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}
