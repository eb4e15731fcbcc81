// SPDX-License-Identifier: GPL-3.0-or-later
//! GnuPG and sq, each with a directory of its own.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::people::NOW;

/// A GnuPG with its own keys, at [`NOW`].
pub(crate) struct Gpg {
    home: TempDir,
}

impl Gpg {
    pub(crate) fn new() -> Self {
        // The agent's socket wants a short path.
        let home = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let gpg = Self { home };
        // Makes its trust database, which it misses when it imports a revocation.
        gpg.ok(&["--trust-model", "pgp", "--list-keys"], "");
        gpg
    }

    pub(crate) fn file(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path
    }

    /// Runs it; the exit code is the caller's to judge.
    pub(crate) fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
        let mut command = Command::new("gpg");
        command
            .env("GNUPGHOME", self.home.path())
            .env("LC_ALL", "C")
            .args(["--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(["--trust-model", "always", "--status-fd", "2"])
            .arg("--faked-system-time")
            .arg(format!("{}!", NOW.unix()))
            .args(arguments);
        run(command, input.as_ref())
    }

    /// Runs it and wants exit code 0: what it wrote, and its status lines.
    pub(crate) fn ok(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> (Vec<u8>, String) {
        let output = self.run(arguments, input);
        let status = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "gpg {arguments:?}: {status}");
        (output.stdout, status)
    }

    /// Makes a key for `name@example.org`: a signing primary key and an encryption subkey.
    pub(crate) fn make_key(&self, name: &str, signing: &str, encryption: &str) {
        let user = format!("{name} <{name}@example.org>");
        self.ok(&["--quick-generate-key", &user, signing, "sign,cert", "2y"], "");
        let listed = self.ok(&["--with-colons", "--list-keys", &user], "").0;
        let listed = String::from_utf8(listed).unwrap();
        let fingerprint =
            listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned();
        self.ok(&["--quick-add-key", &fingerprint, encryption, "encr", "2y"], "");
    }

    pub(crate) fn import(&self, octets: impl AsRef<[u8]>) -> String {
        self.ok(&["--import"], octets).1
    }

    pub(crate) fn export(&self, name: &str) -> Vec<u8> {
        self.ok(&["--export", &format!("{name}@example.org")], "").0
    }

    pub(crate) fn export_secret(&self, name: &str) -> Vec<u8> {
        self.ok(&["--export-secret-keys", &format!("{name}@example.org")], "").0
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut command = Command::new("gpgconf");
        command.env("GNUPGHOME", self.home.path()).args(["--kill", "all"]);
        let _ = command.output();
    }
}

/// sq with files in a directory.
pub(crate) struct Sq {
    directory: TempDir,
}

impl Sq {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str, octets: impl AsRef<[u8]>) -> String {
        let path = self.directory.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn ok(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Vec<u8> {
        let mut command = Command::new("sq");
        command.args(arguments);
        let output = run(command, input.as_ref());
        assert!(output.status.success(), "sq {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

fn run(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{:?} must be installed: {error}", command.get_program()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // It may end before it has read everything.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}
