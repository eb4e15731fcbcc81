// SPDX-License-Identifier: GPL-3.0-or-later
//! Sequoia's sq composes and opens: a second OpenPGP implementation that is stricter than GnuPG.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::compose::{Letter, multipart_signed};
use crate::support::copy::{Copy, armored};
use crate::support::mime::Part;
use crate::support::process::Program;
use crate::support::server::{TestList, TestServer};
use crate::support::sink::Arrivals as _;

/// Somebody whose keys are files.
struct SqPerson {
    home: TempDir,
    address: String,
}

impl SqPerson {
    fn new(local: &str, suite: &str) -> Self {
        let home = tempfile::Builder::new().prefix("sq-").tempdir().unwrap();
        let person = Self { home, address: format!("{local}@example.org") };
        let user_id = format!("{local} <{}>", person.address);
        Program::new("sq")
            .args(&["key", "generate", "--cipher-suite", suite, "--userid", &user_id, "--export"])
            .arg(person.path("secret.pgp"))
            .arg("--rev-cert")
            .arg(person.path("revocation.pgp"))
            .ok();
        Program::new("sq")
            .args(&["key", "extract-cert", "--output"])
            .arg(person.path("public.pgp"))
            .arg(person.path("secret.pgp"))
            .ok();
        person
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Joins the list; whatever this person does afterwards knows the list's key.
    fn join(&self, server: &TestServer, list: &TestList) {
        let key = self.path("public.pgp");
        server.chancery(&[
            "member",
            "add",
            &list.address,
            &self.address,
            "--key",
            key.to_str().unwrap(),
            "--confirmed",
        ]);
        std::fs::write(self.path("list.pgp"), &list.key).unwrap();
    }

    fn fingerprint(&self) -> String {
        let shown = Program::new("sq").arg("inspect").arg(self.path("public.pgp")).ok().text();
        let line = shown.lines().find(|line| line.trim().starts_with("Fingerprint:")).unwrap();
        line.split(':').nth(1).unwrap().trim().to_owned()
    }

    /// Encrypted to the list; signed too if `sign`.
    fn sealed(&self, octets: &[u8], sign: bool) -> String {
        let mut program =
            Program::new("sq").args(&["encrypt", "--recipient-cert"]).arg(self.path("list.pgp"));
        if sign {
            program = program.arg("--signer-key").arg(self.path("secret.pgp"));
        }
        program.input(octets).ok().text()
    }

    fn detached_signature(&self, octets: &[u8]) -> String {
        Program::new("sq")
            .args(&["sign", "--detached", "--signer-key"])
            .arg(self.path("secret.pgp"))
            .input(octets)
            .ok()
            .text()
    }

    /// Decrypts with this person's key alone; sq gives nothing out unless the list's signature is good.
    fn open(&self, message: &[u8]) -> Vec<u8> {
        Program::new("sq")
            .args(&["decrypt", "--recipient-key"])
            .arg(self.path("secret.pgp"))
            .arg("--signer-cert")
            .arg(self.path("list.pgp"))
            .input(message)
            .ok()
            .stdout
    }

    fn verify(&self, octets: &[u8], signature: &[u8], signer: &SqPerson) {
        std::fs::write(self.path("signature.asc"), signature).unwrap();
        Program::new("sq")
            .args(&["verify", "--signer-cert"])
            .arg(signer.path("public.pgp"))
            .arg("--detached")
            .arg(self.path("signature.asc"))
            .input(octets)
            .ok();
    }
}

#[test]
fn sq_writes_and_reads_with_cv25519_keys() {
    sq_writes_and_reads("cv25519");
}

#[test]
fn sq_writes_and_reads_with_rsa_3072_keys() {
    sq_writes_and_reads("rsa3k");
}

fn sq_writes_and_reads(suite: &str) {
    let server = TestServer::start();
    let list = server.list("friends", &["nonencrypted_msg_action=accept"]);
    let (alice, bob) = (SqPerson::new("alice", suite), SqPerson::new("bob", suite));
    alice.join(&server, &list);
    bob.join(&server, &list);
    let mailbox = format!("Alice <{}>", alice.address);
    // Three letters, not one in three shapes: a signature that was seen before is a replay.
    let letter = |shape: &str| {
        let body = format!("Hello, Bob.\n\nSent with sq, {shape}.");
        Letter::from_mailbox(&mailbox, &list.address, "From sq", &body)
    };
    let signed = |letter: &Letter| {
        let entity = letter.entity();
        multipart_signed(&entity, &alice.detached_signature(&entity), "pgp-sha512")
    };
    let (combined, nested, clear) = (letter("combined"), letter("nested"), letter("in clear"));
    let posts = [
        (&combined, combined.encrypted(&alice.sealed(&combined.entity(), true))),
        (&nested, nested.encrypted(&alice.sealed(&signed(&nested), false))),
        (&clear, clear.around(&signed(&clear))),
    ];
    for (number, (letter, post)) in posts.iter().enumerate() {
        server.post(&alice.address, &list.address, post);
        let received = server.sink.nth_for(&bob.address, number + 1);
        let payload = bob.open(&armored(&Part::of(&received.octets)));
        let copy = Copy::opened_elsewhere(&received, &list, &payload);
        assert!(copy.subject().contains("From sq"), "{}", copy.subject());
        assert!(copy.result().contains(&alice.fingerprint()), "{}", copy.result());
        let author = copy.author();
        assert_eq!(author.media_type(), "multipart/signed", "post {number}: {author}");
        let parts = author.children();
        assert_eq!(parts[0].octets, letter.entity(), "post {number}");
        bob.verify(&parts[0].octets, parts[1].body(), &alice);
    }
}
