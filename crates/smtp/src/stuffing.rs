// SPDX-License-Identifier: GPL-3.0-or-later
//! A message on its way out: checked, and its dots stuffed, without a copy of it.
//!
//! A copy of a post is a few slices, and the largest is shared by all recipients: per recipient it
//! is looked through once, in a loop that the compiler turns into vector instructions, and handed
//! to the kernel where it lies.

/// A message that can be sent over SMTP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter<'a> {
    slices: &'a [&'a [u8]],
    /// Its length, unstuffed, as `SIZE` counts it (RFC 1870, section 5).
    pub(crate) octets: usize,
    /// Whether it has octets over 127 (RFC 6152).
    pub(crate) eight_bit: bool,
    dotted: bool,
}

impl<'a> Letter<'a> {
    /// Looks a message through, given as slices that follow one another.
    ///
    /// A lone CR or LF is not sent: some receiver would take it for a line end, and then whoever
    /// wrote the message could end it early and go on with commands in our name. The error says
    /// what is wrong with the message.
    pub(crate) fn inspect(slices: &'a [&'a [u8]]) -> Result<Self, &'static str> {
        let mut seen =
            Seen { dotted: slices.iter().find_map(|s| s.first()) == Some(&b'.'), ..Seen::default() };
        let mut octets = 0_usize;
        let mut previous = 0;
        for slice in slices {
            let Some((&first, rest)) = slice.split_first() else { continue };
            seen.pair(previous, first);
            seen.run(slice, rest);
            previous = slice.last().copied().unwrap_or(first);
            octets = octets.saturating_add(slice.len());
        }
        if seen.nul {
            return Err("it has a NUL");
        }
        // A lone CR at the very end has no octet after it to be seen with.
        if seen.lone || previous == b'\r' {
            return Err("it has a lone CR or LF");
        }
        if previous != b'\n' {
            return Err("its last line has no end");
        }
        Ok(Self { slices, octets, eight_bit: seen.eight_bit, dotted: seen.dotted })
    }

    /// The pieces that go over the wire, in order: parts of the slices, the added dots, and the line
    /// with the final dot.
    pub(crate) fn pieces(&self) -> Pieces<'a> {
        Pieces {
            slices: self.slices.iter(),
            rest: &[],
            line_start: true,
            stuff: false,
            dotted: self.dotted,
            ended: false,
        }
    }
}

/// What a look at the octets has shown.
#[derive(Default)]
struct Seen {
    lone: bool,
    nul: bool,
    eight_bit: bool,
    dotted: bool,
}

/// As many octets as are looked at before the findings are put together.
const BLOCK: usize = 4096;

impl Seen {
    fn pair(&mut self, before: u8, octet: u8) {
        self.lone |= (before == b'\r') != (octet == b'\n');
        self.nul |= octet == 0;
        self.eight_bit |= octet >= 0x80;
        self.dotted |= before == b'\n' && octet == b'.';
    }

    /// The same for every neighbouring pair: `after` is `before` moved on by one. No branch and
    /// no early exit, so that it runs at the speed of memory.
    fn run(&mut self, before: &[u8], after: &[u8]) {
        for (before, after) in before.chunks(BLOCK).zip(after.chunks(BLOCK)) {
            let (mut lone, mut nul, mut high, mut dotted) = (0_u8, 0_u8, 0_u8, 0_u8);
            for (x, y) in before.iter().zip(after) {
                lone |= u8::from(*x == b'\r') ^ u8::from(*y == b'\n');
                nul |= u8::from(*y == 0);
                high |= *y;
                dotted |= u8::from(*x == b'\n') & u8::from(*y == b'.');
            }
            self.lone |= lone != 0;
            self.nul |= nul != 0;
            self.eight_bit |= high >= 0x80;
            self.dotted |= dotted != 0;
        }
    }
}

/// See [`Letter::pieces`].
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    slices: std::slice::Iter<'a, &'a [u8]>,
    rest: &'a [u8],
    line_start: bool,
    /// A dot was just added before `rest`.
    stuff: bool,
    dotted: bool,
    ended: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while self.rest.is_empty() {
            match self.slices.next() {
                Some(slice) => self.rest = slice,
                None if self.ended => return None,
                None => {
                    self.ended = true;
                    return Some(b".\r\n");
                }
            }
        }
        if !self.dotted {
            return Some(std::mem::take(&mut self.rest));
        }
        if self.line_start && self.rest.first() == Some(&b'.') && !self.stuff {
            self.stuff = true;
            return Some(b".");
        }
        self.stuff = false;
        let end = line_with_dot(self.rest).unwrap_or(self.rest.len());
        let (piece, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        self.line_start = piece.last() == Some(&b'\n');
        Some(piece)
    }
}

/// Where the first line begins that needs another dot and is not at the very start.
fn line_with_dot(octets: &[u8]) -> Option<usize> {
    let mut offset = 0_usize;
    // Whole blocks without any dot are passed over at the speed of memory.
    for block in octets.chunks(BLOCK) {
        if block.contains(&b'.') {
            for (index, octet) in block.iter().enumerate() {
                let at = offset.saturating_add(index);
                if *octet == b'.' && at > 0 && octets.get(at.saturating_sub(1)) == Some(&b'\n') {
                    return Some(at);
                }
            }
        }
        offset = offset.saturating_add(block.len());
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Limits;
    use crate::collected::{Collected, Progress};

    fn wire(slices: &[&[u8]]) -> Vec<u8> {
        let wire = Letter::inspect(slices).unwrap().pieces().collect::<Vec<_>>().concat();
        wire.strip_suffix(b".\r\n").unwrap().to_vec()
    }

    #[test]
    fn dots_are_stuffed_wherever_the_slices_are_cut() {
        assert_eq!(wire(&[b".\r\n"]), b"..\r\n");
        assert_eq!(wire(&[b"a\r\n", b".\r\n..b\r\n"]), b"a\r\n..\r\n...b\r\n");
        assert_eq!(wire(&[b"a\r", b"", b"\n", b".", b".\r\n"]), b"a\r\n...\r\n");
        assert_eq!(wire(&[b"a", b".\r\n"]), b"a.\r\n");
        let long = [&[b'a'; BLOCK - 2][..], b"\r\n.b\r\n", &[b'c'; BLOCK], b".\r\n.\r\n"].concat();
        let stuffed = [&[b'a'; BLOCK - 2][..], b"\r\n..b\r\n", &[b'c'; BLOCK], b".\r\n..\r\n"].concat();
        assert_eq!(wire(&[&long]), stuffed);
    }

    #[test]
    fn a_message_without_such_lines_goes_out_as_it_lies() {
        let slices: [&[u8]; 3] = [b"a\r\n\r\n", b"b.b\r\n", b"c\r\n"];
        let pieces: Vec<_> = Letter::inspect(&slices).unwrap().pieces().collect();
        assert_eq!(pieces.len(), 4);
        assert!(pieces.iter().zip(slices).all(|(piece, slice)| std::ptr::eq(*piece, slice)));
    }

    #[test]
    fn what_could_be_misread_is_not_sent() {
        for bad in [
            &[][..],
            &[&b""[..]],
            &[b"a"],
            &[b"a\n"],
            &[b"\n"],
            &[b"a\r"],
            &[b"a\r\n\r"],
            &[b"a\n.\r\n"],
            &[b"a\rb\r\n"],
            &[b"a\r", b"b\r\n"],
            &[b"a", b"\nb\r\n"],
            &[b"a\r\r\n"],
            &[b"a\0b\r\n"],
            &[b"\0\r\n"],
            &[b"a\r\n", b"\0\r\n"],
        ] {
            assert!(Letter::inspect(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn size_and_eight_bits_are_seen() {
        let slices: [&[u8]; 2] = [b".a\r\n", "\u{e9}\r\n".as_bytes()];
        let letter = Letter::inspect(&slices).unwrap();
        assert_eq!((letter.octets, letter.eight_bit), (8, true));
        let slices: [&[u8]; 1] = [b"abc\r\n"];
        assert!(!Letter::inspect(&slices).unwrap().eight_bit);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_stuffed_here_is_unstuffed_there(
            lines in prop::collection::vec("[.a-c\u{e9}]{0,6}", 1..60),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let text = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let slices: Vec<&[u8]> = cuts.windows(2).map(|ends| &text.as_bytes()[ends[0]..ends[1]]).collect();
            let mut sent = wire(&slices);
            sent.extend_from_slice(b".\r\n");
            let mut collected = Collected::new(&Limits::default(), None);
            prop_assert_eq!(collected.receive(&sent), Progress::Complete(sent.len()));
            let received = collected.finish().unwrap();
            prop_assert_eq!(received.as_slice(), text.as_bytes());
        }
    }
}
