// SPDX-License-Identifier: GPL-3.0-or-later
//! Words that occur nowhere else, and the search for them where they must not be.

use std::path::{Path, PathBuf};

use super::mime::find;
use super::seed::Seed;

/// A word that nobody else writes.
#[derive(Clone)]
pub(crate) struct Marker(pub(crate) String);

impl Marker {
    pub(crate) fn new(seed: &mut Seed, what: &str) -> Self {
        Self(format!("canary-{what}-{:016x}{:016x}", seed.next(), seed.next()))
    }

    /// Does it stand here, as it is or under one of the encodings that mail uses?
    pub(crate) fn is_in(&self, octets: &[u8]) -> bool {
        let unbroken = without_line_breaks(octets);
        self.forms().iter().any(|form| find(octets, form).is_some() || find(&unbroken, form).is_some())
    }

    /// As written; in base64 at each of its three alignments; in hexadecimal digits; with a NUL after each letter.
    fn forms(&self) -> Vec<Vec<u8>> {
        let word = self.0.as_bytes();
        let mut forms = vec![word.to_vec(), self.0.to_uppercase().into_bytes()];
        for skipped in 0..3 {
            let whole = &word[skipped..];
            let whole = &whole[..whole.len() / 3 * 3];
            forms.push(base64(whole).into_bytes());
        }
        forms.push(word.iter().flat_map(|octet| format!("{octet:02x}").into_bytes()).collect());
        forms.push(word.iter().flat_map(|octet| [*octet, 0]).collect());
        forms
    }
}

/// Every file below a directory, whatever it is called.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        // What a running server removes while we look was not there.
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => directories.push(path),
                Ok(kind) if kind.is_file() => files.push(path),
                _ => {}
            }
        }
    }
    files
}

/// Panics if one of the markers stands in a file below the directory; says how many octets were read.
pub(crate) fn assert_nowhere_below(directory: &Path, markers: &[Marker]) -> usize {
    let mut octets_read = 0;
    for file in files_below(directory) {
        let Ok(octets) = std::fs::read(&file) else { continue };
        octets_read += octets.len();
        for marker in markers {
            assert!(!marker.is_in(&octets), "{} stands in {}", marker.0, file.display());
            let name = file.to_string_lossy();
            assert!(!name.contains(&marker.0), "{} is in the name {name}", marker.0);
        }
    }
    octets_read
}

/// The octets with quoted-printable's soft breaks and all line ends taken out: mail folds what is long.
fn without_line_breaks(octets: &[u8]) -> Vec<u8> {
    let mut unbroken = Vec::with_capacity(octets.len());
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        unbroken.extend_from_slice(line.strip_suffix(b"=").unwrap_or(line));
    }
    unbroken
}

fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    octets
        .chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift & 63) as usize]))
        })
        .collect()
}
