// SPDX-License-Identifier: GPL-3.0-or-later
//! A reply: code, enhanced code, text (RFC 5321, section 4.2; RFC 2034; RFC 3463).

use std::fmt;

/// What a server answers. The same value is written by our server and read by our client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced code; `(0, 0, 0)` where a server gave none or the reply has none.
    pub enhanced: (u8, u8, u8),
    /// The text without the codes; the lines of a longer reply are separated by `\n`.
    pub text: String,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, enhanced: (u8, u8, u8), text: impl Into<String>) -> Self {
        Self { code, enhanced, text: text.into() }
    }

    /// 250 2.1.5: this recipient is known here.
    pub fn recipient_ok() -> Self {
        Self::new(250, (2, 1, 5), "recipient ok")
    }

    /// 250 2.0.0: the message is safe with us.
    pub fn message_accepted() -> Self {
        Self::new(250, (2, 0, 0), "message accepted")
    }

    /// 550 5.1.1: there is nobody of that name here.
    pub fn no_such_recipient() -> Self {
        Self::new(550, (5, 1, 1), "no such recipient here")
    }

    /// 451 4.3.0: something on our side failed; the client shall try again later.
    pub fn local_error() -> Self {
        Self::new(451, (4, 3, 0), "local error, try again later")
    }

    /// Whether it is a 2xx.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether it is a 4xx: the same may succeed later.
    pub fn is_temporary(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// Whether it is a 5xx: trying again is useless.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

/// On one line, as it would stand in a log: `550 5.1.1 no such recipient here`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.enhanced.0 != 0 {
            let (class, subject, detail) = self.enhanced;
            write!(f, " {class}.{subject}.{detail}")?;
        }
        for line in self.text.lines() {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}
