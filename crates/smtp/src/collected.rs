// SPDX-License-Identifier: GPL-3.0-or-later
//! The text of a message as it comes in after `DATA` (RFC 5321, section 4.5.2).
//!
//! The one end of a message is `CRLF . CRLF`. Servers that also take `LF . LF`, or that pass a lone
//! CR or LF on, let mallory hide a second message with a forged envelope inside a first one
//! ("SMTP smuggling", CVE-2023-51764 to -51766). Here a lone CR or LF never ends anything: it is
//! part of the text, and the whole message is refused for it.

use zeroize::Zeroizing;

use crate::{Limits, Reply};

/// What a first piece of memory is at most, whatever size a client announced.
const FIRST_OCTETS: usize = 1024 * 1024;
/// What it is when the client announced nothing.
const UNANNOUNCED_OCTETS: usize = 16 * 1024;

/// What is read of a text that is too large anyway, over twice the limit, before it is given up.
const EXCESS_OCTETS: usize = 64 * 1024;

/// A text being collected: unstuffed, in memory that is zeroized when it grows and when it goes.
#[derive(Debug)]
pub(crate) struct Collected {
    octets: Zeroizing<Vec<u8>>,
    limit: usize,
    line_limit: usize,
    line: usize,
    received: usize,
    position: Position,
    fault: Option<Fault>,
}

/// Where in the text the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    LineStart,
    /// After a dot at the start of a line; the dot is not yet in the text.
    Dot,
    /// After dot and CR.
    DotCr,
    Line,
    /// After a CR that is not yet in the text.
    Cr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    TooLarge,
    LoneLineEnd,
    Nul,
    LongLine,
}

/// How far the text has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All was read; more is to come.
    More,
    /// The end was found after so many octets of what was given.
    Complete(usize),
    /// It was too large long ago and does not end.
    Endless,
}

impl Collected {
    /// An empty text; `announced` is what the client gave as `SIZE`.
    pub(crate) fn new(limits: &Limits, announced: Option<u64>) -> Self {
        let first = announced.map_or(UNANNOUNCED_OCTETS, |size| usize::try_from(size).unwrap_or(usize::MAX));
        Self {
            octets: Zeroizing::new(Vec::with_capacity(first.min(FIRST_OCTETS).min(limits.message_octets))),
            limit: limits.message_octets,
            line_limit: limits.line_octets,
            line: 0,
            received: 0,
            position: Position::LineStart,
            fault: None,
        }
    }

    /// Reads on.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> Progress {
        let allowance =
            self.limit.saturating_mul(2).saturating_add(EXCESS_OCTETS).saturating_sub(self.received);
        let within = octets.get(..allowance).unwrap_or(octets);
        if let Some(used) = self.scan(within) {
            return Progress::Complete(used);
        }
        self.received = self.received.saturating_add(within.len());
        if within.len() < octets.len() { Progress::Endless } else { Progress::More }
    }

    /// Takes the octets in; after how many the end was found, if it was.
    fn scan(&mut self, octets: &[u8]) -> Option<usize> {
        let mut rest = octets;
        while let Some((&octet, after)) = rest.split_first() {
            match (self.position, octet) {
                (Position::LineStart, b'.') => self.position = Position::Dot,
                (Position::Dot, b'\r') => self.position = Position::DotCr,
                (Position::DotCr, b'\n') => return Some(octets.len() - after.len()),
                (Position::Cr, b'\n') => {
                    self.push(b"\r\n");
                    self.line = 0;
                    self.position = Position::LineStart;
                }
                (Position::DotCr | Position::Cr, _) => {
                    self.refuse(Fault::LoneLineEnd);
                    // The same octet again, now as part of a line.
                    self.position = Position::Line;
                    continue;
                }
                (Position::LineStart | Position::Line, b'\r') => self.position = Position::Cr,
                (Position::LineStart | Position::Dot | Position::Line, _) => {
                    self.position = Position::Line;
                    rest = self.run(rest);
                    continue;
                }
            }
            rest = after;
        }
        None
    }

    /// Takes what comes before the next CR in one piece.
    fn run<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        let end = octets.iter().position(|octet| *octet == b'\r').unwrap_or(octets.len());
        let (run, rest) = octets.split_at_checked(end).unwrap_or((octets, &[]));
        if run.contains(&b'\n') {
            self.refuse(Fault::LoneLineEnd);
        }
        if run.contains(&0) {
            self.refuse(Fault::Nul);
        }
        self.line = self.line.saturating_add(run.len());
        if self.line > self.line_limit {
            self.refuse(Fault::LongLine);
        }
        self.push(run);
        rest
    }

    fn push(&mut self, octets: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        let needed = self.octets.len().saturating_add(octets.len());
        if needed > self.limit {
            return self.refuse(Fault::TooLarge);
        }
        if needed > self.octets.capacity() {
            // Not `reserve`: it would move the text and leave the old place unzeroized.
            let capacity = self.octets.capacity().saturating_mul(2).max(needed).min(self.limit);
            let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
            larger.extend_from_slice(&self.octets);
            self.octets = larger;
        }
        self.octets.extend_from_slice(octets);
    }

    /// Remembers the first fault and lets go of the text; the rest is read to find its end.
    fn refuse(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.octets = Zeroizing::new(Vec::new());
    }

    /// The text, or why it is refused. Called when it is complete.
    pub(crate) fn finish(self) -> Result<Zeroizing<Vec<u8>>, Reply> {
        match self.fault {
            None => Ok(self.octets),
            Some(Fault::TooLarge) => Err(too_large()),
            Some(Fault::LoneLineEnd) => {
                Err(Reply::new(550, (5, 6, 0), "lone CR or LF in the message; lines end with CRLF"))
            }
            Some(Fault::Nul) => Err(Reply::new(550, (5, 6, 0), "NUL in the message")),
            Some(Fault::LongLine) => Err(Reply::new(550, (5, 6, 0), "line too long in the message")),
        }
    }
}

/// 552 5.3.4 (RFC 1870, section 6.2).
pub(crate) fn too_large() -> Reply {
    Reply::new(552, (5, 3, 4), "message too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { message_octets: 64, line_octets: 40, ..Limits::default() }
    }

    /// In one piece, and octet by octet: the result must be the same.
    fn collect(input: &[u8]) -> (Option<usize>, Result<Vec<u8>, u16>) {
        let mut whole = Collected::new(&limits(), None);
        let consumed = match whole.receive(input) {
            Progress::Complete(consumed) => Some(consumed),
            _ => None,
        };
        let mut single = Collected::new(&limits(), Some(1));
        let end = input.iter().position(|octet| single.receive(&[*octet]) == Progress::Complete(1));
        assert_eq!(end.map(|index| index + 1), consumed);
        let whole = whole.finish().map(|text| text.to_vec()).map_err(|reply| reply.code);
        assert_eq!(single.finish().map(|text| text.to_vec()).map_err(|reply| reply.code), whole);
        (consumed, whole)
    }

    #[test]
    fn dots_are_unstuffed_and_only_the_true_end_ends() {
        for (input, text) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"\r\n.\r\n", b"\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"...a\r\n.\r\n", b"..a\r\n"),
            (b".a\r\n.\r\n", b"a\r\n"),
            (b"a.\r\n.\r\n", b"a.\r\n"),
            (b"a\r\n. \r\n.\r\n", b"a\r\n \r\n"),
        ] {
            assert_eq!(collect(input), (Some(input.len()), Ok(text.to_vec())), "{input:?}");
        }
        assert_eq!(collect(b"a\r\n.\r\nQUIT\r\n").0, Some(6));
    }

    #[test]
    fn smuggled_ends_end_nothing_and_spoil_the_message() {
        for end in [
            &b"\n.\n"[..],
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\r.\r\n",
            b"\r\n.\r\r\n",
            b"\r\r\n.\r\n",
            b"\n\n.\r\n",
            b"\r\n.\n\r\n",
        ] {
            let mut input = b"a".to_vec();
            input.extend_from_slice(end);
            let smuggled = input.len();
            input.extend_from_slice(b"MAIL FROM:<m@x>\r\n.\r\n");
            let (consumed, text) = collect(&input);
            if end == b"\r\r\n.\r\n" {
                // The end itself is true here; what stands before is not.
                assert_eq!((consumed, text), (Some(smuggled), Err(550)));
            } else {
                assert_eq!((consumed, text), (Some(input.len()), Err(550)), "{end:?}");
            }
        }
    }

    #[test]
    fn limits_are_counted_in_what_is_kept() {
        let line = [b'a'; 30];
        let text = [&line[..], b"\r\n", &line[..], b"\r\n"].concat();
        assert_eq!(text.len(), 64);
        assert_eq!(collect(&[&text[..], b".\r\n"].concat()).1, Ok(text.clone()));
        assert_eq!(collect(&[&text[..], b"a\r\n.\r\n"].concat()).1, Err(552));
        assert_eq!(collect(&[&[b'a'; 40][..], b"\r\n.\r\n"].concat()).1.unwrap().len(), 42);
        assert_eq!(collect(&[&[b'a'; 41][..], b"\r\n.\r\n"].concat()).1, Err(550));
        assert_eq!(collect(b"a\0b\r\n.\r\n").1, Err(550));
    }

    #[test]
    fn a_text_without_end_is_given_up() {
        let mut collected = Collected::new(&limits(), None);
        let mut pieces = 0;
        while collected.receive(&[b'a'; 4096]) == Progress::More {
            pieces += 1;
            assert!(pieces < 1000);
        }
        assert!(collected.octets.capacity() <= 64);
    }
}
