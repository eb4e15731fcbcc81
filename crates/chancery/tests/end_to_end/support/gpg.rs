// SPDX-License-Identifier: GPL-3.0-or-later
//! People whose keys live in a GnuPG home of their own: alice, bob, carol, mallory.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::process::{Program, Ran};

/// The kinds of keys that people have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Cv25519,
    P256,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

impl KeyKind {
    /// GnuPG's names of the primary key's and the encryption subkey's algorithm.
    fn algorithms(self) -> (&'static str, &'static str) {
        match self {
            Self::Cv25519 => ("ed25519", "cv25519"),
            Self::P256 => ("nistp256", "nistp256"),
            Self::Rsa2048 => ("rsa2048", "rsa2048"),
            Self::Rsa3072 => ("rsa3072", "rsa3072"),
            Self::Rsa4096 => ("rsa4096", "rsa4096"),
        }
    }
}

/// Somebody with a secret key and GnuPG 2.2.
pub(crate) struct GpgPerson {
    home: TempDir,
    /// `alice@example.org`
    pub(crate) address: String,
    /// `Alice`
    pub(crate) name: String,
    /// Upper-case hexadecimal digits of the primary key.
    pub(crate) fingerprint: String,
}

/// What GnuPG made of a message: the plaintext and its machine-readable status lines.
pub(crate) struct GpgOpened {
    pub(crate) plaintext: Vec<u8>,
    pub(crate) code: i32,
    status: Vec<String>,
    words: String,
}

impl GpgPerson {
    /// Somebody new: `alice` becomes `Alice <alice@example.org>`.
    pub(crate) fn new(local: &str, kind: KeyKind) -> Self {
        Self::with_lifetime(local, kind, "0")
    }

    /// The same with a key that ends, as GnuPG writes times: `seconds=1`, `2y`.
    pub(crate) fn with_lifetime(local: &str, kind: KeyKind, lifetime: &str) -> Self {
        Self::without_key(local).with_key(kind, lifetime, None)
    }

    /// A key for an address that is not a person's.
    pub(crate) fn at(name: &str, address: &str) -> Self {
        let mut nobody = Self::without_key(name);
        address.clone_into(&mut nobody.address);
        nobody.with_key(KeyKind::Cv25519, "0", None)
    }

    /// Somebody whose key was made, and ended, long ago.
    pub(crate) fn with_expired_key(local: &str) -> Self {
        Self::without_key(local).with_key(KeyKind::Cv25519, "1d", Some("20200101T000000"))
    }

    /// Somebody whose key was made long ago and has no end.
    pub(crate) fn with_old_key(local: &str) -> Self {
        Self::without_key(local).with_key(KeyKind::Cv25519, "0", Some("20200101T000000"))
    }

    /// Somebody whose key can sign, and to whom nobody can encrypt.
    pub(crate) fn with_signing_key(local: &str) -> Self {
        let mut person = Self::without_key(local);
        let user_id = format!("{} <{}>", person.name, person.address);
        person.gpg().args(&["--quick-generate-key", &user_id, "ed25519", "sign", "0"]).ok();
        person.fingerprint = person.fingerprint_of(&person.address);
        person
    }

    fn without_key(local: &str) -> Self {
        let home = tempfile::Builder::new().prefix("gpg-").tempdir().unwrap();
        let name = local[..1].to_uppercase() + &local[1..];
        let address = format!("{local}@example.org");
        Self { home, address, name, fingerprint: String::new() }
    }

    fn with_key(mut self, kind: KeyKind, lifetime: &str, at: Option<&str>) -> Self {
        let (primary, subkey) = kind.algorithms();
        let user_id = format!("{} <{}>", self.name, self.address);
        self.gpg_at(at).args(&["--quick-generate-key", &user_id, primary, "sign", lifetime]).ok();
        self.fingerprint = self.fingerprint_of(&self.address);
        self.gpg_at(at).args(&["--quick-add-key", &self.fingerprint, subkey, "encr", lifetime]).ok();
        self
    }

    /// GnuPG in this person's home, ready for its command.
    pub(crate) fn gpg(&self) -> Program {
        self.gpg_at(None)
    }

    fn gpg_at(&self, at: Option<&str>) -> Program {
        let program = Program::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(&["--batch", "--yes", "--no-tty", "--quiet", "--no-auto-check-trustdb"])
            .args(&["--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always"]);
        match at {
            Some(at) => program.args(&["--faked-system-time", at]),
            None => program,
        }
    }

    /// The home directory, for programs that call GnuPG themselves.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The primary key's fingerprint of an address in this keyring.
    pub(crate) fn fingerprint_of(&self, address: &str) -> String {
        let listing = self.gpg().args(&["--with-colons", "--list-keys", address]).ok().text();
        first_fingerprint(&listing)
    }

    /// The armored public key.
    pub(crate) fn public_key(&self) -> String {
        self.gpg().args(&["--armor", "--export", &self.fingerprint]).ok().text()
    }

    /// The armored secret key.
    pub(crate) fn secret_key(&self) -> String {
        self.gpg().args(&["--armor", "--export-secret-keys", &self.fingerprint]).ok().text()
    }

    /// Writes the public key to a file in this person's home.
    pub(crate) fn public_key_file(&self) -> String {
        self.file("public.asc", self.public_key().as_bytes())
    }

    /// Writes a file into this person's home and says where it is.
    pub(crate) fn file(&self, name: &str, octets: &[u8]) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Takes up somebody's public key and returns its fingerprint.
    pub(crate) fn import(&self, key: &str) -> String {
        self.gpg().arg("--import").input(key.as_bytes()).ok();
        let listing = Program::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(&["--batch", "--with-colons", "--show-keys"])
            .input(key.as_bytes())
            .ok();
        first_fingerprint(&listing.text())
    }

    /// Says that a key is whose it claims to be, as people do after comparing fingerprints.
    pub(crate) fn certify(&self, fingerprint: &str) {
        self.gpg().args(&["--quick-lsign-key", fingerprint]).ok();
    }

    /// Publishes that the key is revoked, as `key compromised` (hard) or `superseded` (soft).
    pub(crate) fn revoke(&self, reason: Revocation) {
        let number = match reason {
            Revocation::Compromised => "1",
            Revocation::Superseded => "2",
        };
        let answers = format!("y\n{number}\n\ny\n");
        let certificate = Program::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(&["--no-tty", "--command-fd", "0", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(&["--gen-revoke", &self.fingerprint])
            .input(answers.as_bytes())
            .ok();
        self.gpg().arg("--import").input(&certificate.stdout).ok();
    }

    /// A detached signature (RFC 3156: text with CRLF), armored.
    pub(crate) fn detached_signature(&self, octets: &[u8], options: &[&str]) -> String {
        self.gpg()
            .args(options)
            .args(&["--armor", "--detach-sign", "--local-user", &self.fingerprint])
            .input(octets)
            .ok()
            .text()
    }

    /// Encrypts to the fingerprints, signing in the same message unless `options` say otherwise.
    pub(crate) fn sealed(&self, octets: &[u8], to: &[&str], options: &[&str]) -> String {
        let mut program = self.gpg().args(options).args(&["--armor", "--encrypt"]);
        for fingerprint in to {
            program = program.args(&["--recipient", fingerprint]);
        }
        program.input(octets).ok().text()
    }

    /// Decrypts and verifies with this home's keys alone.
    pub(crate) fn open(&self, message: &[u8]) -> GpgOpened {
        GpgOpened::of(self.gpg().args(&["--status-fd", "2", "--decrypt"]).input(message).run())
    }

    /// Verifies a detached signature over exactly these octets.
    pub(crate) fn verify(&self, octets: &[u8], signature: &[u8]) -> GpgOpened {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("signature-{}.asc", NUMBER.fetch_add(1, Ordering::Relaxed));
        let file = self.file(&name, signature);
        GpgOpened::of(self.gpg().args(&["--status-fd", "2", "--verify", &file, "-"]).input(octets).run())
    }
}

impl Drop for GpgPerson {
    fn drop(&mut self) {
        // The agent would otherwise outlive its home.
        Program::new("gpgconf").arg("--homedir").arg(self.home.path()).args(&["--kill", "all"]).run();
    }
}

/// Why a key is revoked.
#[derive(Clone, Copy)]
pub(crate) enum Revocation {
    Compromised,
    Superseded,
}

impl GpgOpened {
    fn of(ran: Ran) -> Self {
        let status = ran.stderr.lines().filter_map(|line| line.strip_prefix("[GNUPG:] "));
        Self {
            status: status.map(str::to_owned).collect(),
            code: ran.code,
            words: ran.stderr.clone(),
            plaintext: ran.stdout,
        }
    }

    /// The arguments of the status lines with this keyword.
    pub(crate) fn status(&self, keyword: &str) -> Vec<&str> {
        self.status
            .iter()
            .filter_map(|line| line.strip_prefix(keyword))
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
            .map(str::trim)
            .collect()
    }

    /// Decrypted whole, with integrity, no error at all.
    pub(crate) fn assert_decrypted(&self) {
        assert_eq!(self.code, 0, "{}", self.words);
        assert_eq!(self.status("DECRYPTION_OKAY").len(), 1, "{}", self.words);
        assert_eq!(self.status("GOODMDC").len(), 1, "{}", self.words);
    }

    /// Exactly one signature, good, by the key with this primary fingerprint.
    pub(crate) fn assert_signed_by(&self, fingerprint: &str) {
        assert_eq!(self.status("GOODSIG").len(), 1, "{}", self.words);
        let valid = self.status("VALIDSIG");
        assert_eq!(valid.len(), 1, "{}", self.words);
        let primary = valid[0].split(' ').next_back().unwrap_or_default();
        assert_eq!(primary, fingerprint, "{}", self.words);
    }
}

/// The first `fpr` record of `--with-colons`: that of the primary key.
fn first_fingerprint(listing: &str) -> String {
    let record = listing.lines().find(|line| line.starts_with("fpr:"));
    record.and_then(|line| line.split(':').nth(9)).expect("a key has a fingerprint").to_owned()
}
