// SPDX-License-Identifier: GPL-3.0-or-later
//! What is shown: lines for people, or one JSON document for programs; errors on standard error.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

/// Where a command shows its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// For programs or for people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// The result: the value as JSON, or the lines that `words` makes of it.
    pub(crate) fn show<T: Serialize>(self, value: &T, words: impl FnOnce(&T) -> Vec<String>) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(text) => self.raw(format!("{text}\n").as_bytes()),
                Err(error) => self.note(&format!("cannot be shown as JSON: {error}")),
            }
        } else {
            for line in words(value) {
                self.raw(format!("{line}\n").as_bytes());
            }
        }
    }

    /// Octets to standard output, as they are. A reader that went away is no error of ours.
    pub(crate) fn raw(self, octets: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(octets).and_then(|()| out.flush());
    }

    /// A line for the person at the terminal, apart from the result.
    #[expect(clippy::print_stderr, reason = "this is the one place that speaks on standard error")]
    pub(crate) fn note(self, line: &str) {
        eprintln!("{line}");
    }

    /// An error: what happened, and why, down to its cause.
    pub(crate) fn failure(self, error: &anyhow::Error, code: u8) -> ExitCode {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        if self.json {
            let document = serde_json::json!({ "error": causes.join(": "), "exit_code": code });
            self.note(&document.to_string());
        } else {
            self.note(&format!("chancery: {}", causes.join(": ")));
        }
        ExitCode::from(code)
    }
}
