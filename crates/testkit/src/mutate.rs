// SPDX-License-Identifier: GPL-3.0-or-later
//! Seeded mutations of a corpus, for the bodies of fuzz targets on a stable compiler: the same seed
//! gives the same octets everywhere, so that a failure names the one to look at.

use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How many mutations a target is run over in the test suite; ten times as many when
/// `CHANCERY_TEST=full`.
pub fn rounds() -> u64 {
    if std::env::var("CHANCERY_TEST").is_ok_and(|what| what == "full") { 200_000 } else { 20_000 }
}

/// The files of a directory in the order of their names.
///
/// # Panics
/// When there are none: a test over nothing would prove nothing.
pub fn corpus(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable directory").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no corpus in {}", folder.display());
    paths.iter().map(|path| fs::read(path).expect("a readable file")).collect()
}

/// The mutation of that number: one to eight edits of a member of the corpus.
pub fn mutation(corpus: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(number);
    let mut octets = corpus[rng.random_range(0..corpus.len())].clone();
    for _ in 0..rng.random_range(1..=8) {
        edit(&mut octets, corpus, &mut rng);
    }
    octets
}

/// What parsers stumble over.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\r\n.\r\n",
    b"--",
    b"\"",
    b"\\",
    b"=",
    b"=?utf-8?B?",
    b"?=",
    b";",
    b"(",
    b"<",
    b">",
    b"@",
    b"\xff",
    b"\xc3",
    b"Content-Type: multipart/signed",
    b"boundary=",
    b"-----BEGIN PGP MESSAGE-----\r\n",
    b"-----END PGP MESSAGE-----",
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\n",
    b"hp=\"cipher\"",
];

fn edit(octets: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) {
    let at = rng.random_range(0..=octets.len());
    match rng.random_range(0..7) {
        0 => octets.insert(at, rng.random()),
        1 => octets.truncate(at),
        2 if at < octets.len() => octets[at] ^= 1 << rng.random_range(0..8),
        3 if at < octets.len() => {
            let end = rng.random_range(at..=octets.len().min(at + 64));
            octets.drain(at..end);
        }
        4 => {
            let end = rng.random_range(at..=octets.len().min(at + 200));
            let piece = octets[at..end].to_vec();
            octets.splice(at..at, piece);
        }
        5 => {
            let other = &corpus[rng.random_range(0..corpus.len())];
            let from = rng.random_range(0..=other.len());
            let end = rng.random_range(from..=other.len().min(from + 200));
            octets.splice(at..at, other[from..end].iter().copied());
        }
        _ => {
            let token = TOKENS[rng.random_range(0..TOKENS.len())];
            octets.splice(at..at, token.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_always_gives_the_same_mutation() {
        let corpus = vec![b"From: alice@example.org\r\n\r\nhello\r\n".to_vec()];
        assert_eq!(mutation(&corpus, 7), mutation(&corpus, 7));
        assert!((0..50).any(|number| mutation(&corpus, number) != corpus[0]));
    }
}
