// SPDX-License-Identifier: GPL-3.0-or-later
//! Words that occur nowhere else, and the search for them where they must not be.

use std::path::{Path, PathBuf};

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
        self.is_in_text(&searchable(octets))
    }

    fn is_in_text(&self, text: &str) -> bool {
        self.forms().iter().any(|form| text.contains(form.as_str()))
    }

    /// As written; in base64 at each of its three alignments; in hexadecimal digits.
    fn forms(&self) -> Vec<String> {
        let word = self.0.as_bytes();
        let mut forms = vec![self.0.clone(), self.0.to_uppercase()];
        for skipped in 0..3 {
            let whole = &word[skipped..];
            forms.push(base64(&whole[..whole.len() / 3 * 3]));
        }
        forms.push(word.iter().map(|octet| format!("{octet:02x}")).collect());
        forms
    }
}

/// The octets as text, without line ends and quoted-printable's soft breaks, as mail folds what is long; and without
/// NULs, so that wide characters read like others.
fn searchable(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).replace(['\0', '\r', '\n', '='], "")
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
        let text = searchable(&octets);
        for marker in markers {
            assert!(!marker.is_in_text(&text), "{} stands in {}", marker.0, file.display());
            let name = file.to_string_lossy();
            assert!(!name.contains(&marker.0), "{} is in the name {name}", marker.0);
        }
    }
    octets_read
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
