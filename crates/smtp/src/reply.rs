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

/// Writes a reply as it goes over the wire. Nothing in the text can end a line early or begin a
/// reply of its own.
pub(crate) fn write_reply(reply: &Reply, output: &mut Vec<u8>) {
    let known = (200..600).contains(&reply.code);
    let code = if known { reply.code } else { 451 };
    // Every 2xx, 4xx and 5xx has an enhanced code (RFC 2034, section 3).
    let enhanced = match reply.enhanced {
        given @ (class, _, _) if u16::from(class) == code / 100 => Some(given),
        _ if code / 100 == 3 => None,
        _ => Some((u8::try_from(code / 100).unwrap_or(4), 0, 0)),
    };
    let mut lines = reply.text.lines().peekable();
    loop {
        let line = lines.next().unwrap_or_default();
        let separator = if lines.peek().is_some() { '-' } else { ' ' };
        output.extend_from_slice(format!("{code}{separator}").as_bytes());
        if let Some((class, subject, detail)) = enhanced {
            output.extend_from_slice(format!("{class}.{subject}.{detail} ").as_bytes());
        }
        let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        output
            .extend(line.chars().map(visible).take(LINE_CHARACTERS).map(|c| u8::try_from(c).unwrap_or(b'?')));
        output.extend_from_slice(b"\r\n");
        if separator == ' ' {
            return;
        }
    }
}

/// A reply line is at most 512 octets (RFC 5321, section 4.5.3.1.5).
const LINE_CHARACTERS: usize = 480;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply) -> String {
        let mut output = Vec::new();
        write_reply(reply, &mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_reply_is_written_with_its_codes_on_every_line() {
        assert_eq!(written(&Reply::no_such_recipient()), "550 5.1.1 no such recipient here\r\n");
        assert_eq!(written(&Reply::new(550, (5, 7, 1), "one\ntwo")), "550-5.7.1 one\r\n550 5.7.1 two\r\n");
        assert_eq!(written(&Reply::new(354, (0, 0, 0), "go on")), "354 go on\r\n");
        assert_eq!(written(&Reply::new(250, (0, 0, 0), "")), "250 2.0.0 \r\n");
    }

    #[test]
    fn a_text_cannot_forge_a_reply() {
        assert_eq!(
            written(&Reply::new(550, (5, 0, 0), "no\r\n250 ok\rsure\u{85}")),
            "550-5.0.0 no\r\n550 5.0.0 250 ok?sure?\r\n"
        );
        assert_eq!(written(&Reply::new(250, (5, 1, 1), "mixed")), "250 2.0.0 mixed\r\n");
        assert_eq!(written(&Reply::new(7, (2, 0, 0), "odd")), "451 4.0.0 odd\r\n");
        assert!(written(&Reply::new(550, (5, 0, 0), "x".repeat(5000))).len() <= 512);
    }
}
