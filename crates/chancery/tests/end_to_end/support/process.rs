// SPDX-License-Identifier: GPL-3.0-or-later
//! Runs a program to its end, with input and a deadline, and says everything about it when it fails.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// No program here needs longer, not even on a machine with two busy cores.
const DEADLINE: &str = "180";

/// A program and its arguments, not yet run.
pub(crate) struct Program {
    command: Command,
    words: Vec<String>,
    input: Vec<u8>,
}

/// What a program left behind.
pub(crate) struct Ran {
    /// The exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: Vec<u8>,
    /// Standard error, as text.
    pub(crate) stderr: String,
    words: Vec<String>,
}

impl Program {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new("timeout");
        command.args(["--foreground", "-k", "5", DEADLINE]);
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        Self { command, words: Vec::new(), input: Vec::new() }.arg(program)
    }

    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_string_lossy().into_owned());
        self.command.arg(word);
        self
    }

    pub(crate) fn args(self, words: &[&str]) -> Self {
        words.iter().fold(self, |program, word| program.arg(word))
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn input(mut self, octets: &[u8]) -> Self {
        self.input = octets.to_vec();
        self
    }

    /// Runs it to its end, whatever that is.
    pub(crate) fn run(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`timeout` (coreutils) does not start: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = std::mem::take(&mut self.input);
        // A program may answer before it has read everything, or end without reading at all.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            words: self.words,
        };
        assert_ne!(ran.code, 127, "{} is not installed; `./test` installs it", ran.words[0]);
        assert_ne!(ran.code, 124, "no end within {DEADLINE} s:\n{ran}");
        ran
    }

    /// Runs it and expects exit code 0.
    pub(crate) fn ok(self) -> Ran {
        let ran = self.run();
        assert_eq!(ran.code, 0, "failed:\n{ran}");
        ran
    }
}

impl Ran {
    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "$ {}", self.words.join(" "))?;
        writeln!(f, "exit {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.text(), self.stderr)
    }
}
