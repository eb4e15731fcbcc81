// SPDX-License-Identifier: GPL-3.0-or-later
//! OpenPGP.js 6, for version 6 keys (RFC 9580), which neither GnuPG 2.2 nor Debian's sq knows: as members of a list with
//! a version 4 key, and of a list with a version 6 key.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::compose::{Letter, multipart_signed};
use crate::support::copy::{Copy, armored};
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::mime::Part;
use crate::support::process::Program;
use crate::support::server::{TestList, TestServer};
use crate::support::sink::Arrivals as _;

/// Somebody whose mail program uses OpenPGP.js.
struct JsPerson {
    address: String,
    secret: String,
    public: String,
    fingerprint: String,
}

/// The versions of the packets of a copy: of the session key's, and of the ciphertext's.
#[derive(Debug, PartialEq, Eq)]
struct Versions {
    session_key: u64,
    body: u64,
}

const V4: Versions = Versions { session_key: 3, body: 1 };
const V6: Versions = Versions { session_key: 6, body: 2 };

impl JsPerson {
    fn new(local: &str, version: u64) -> Self {
        let address = format!("{local}@example.org");
        let key = run("generate", &json!({ "name": local, "email": address, "v6": version == 6 }));
        assert_eq!(key["version"], version);
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Self { secret: text("secret"), public: text("public"), fingerprint: text("fingerprint"), address }
    }

    fn join(&self, server: &TestServer, list: &TestList) {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("public.asc");
        std::fs::write(&file, &self.public).unwrap();
        let file = file.to_str().unwrap();
        server.chancery(&["member", "add", &list.address, &self.address, "--key", file, "--confirmed"]);
    }

    /// Signed and encrypted to the list in one message.
    fn sealed(&self, octets: &[u8], list: &TestList) -> String {
        let input = json!({ "content": base64(octets), "signer": self.secret, "recipients": [list.key] });
        run("seal", &input)["message"].as_str().unwrap().to_owned()
    }

    /// multipart/signed around an entity, encrypted to the list.
    fn nested(&self, entity: &[u8], list: &TestList) -> String {
        let signature = run("sign", &json!({ "content": base64(entity), "signer": self.secret }));
        let signed = multipart_signed(entity, signature["signature"].as_str().unwrap(), "pgp-sha512");
        let input = json!({ "content": base64(&signed), "recipients": [list.key] });
        run("seal", &input)["message"].as_str().unwrap().to_owned()
    }

    /// Opens a copy with this person's key alone; fails unless it bears exactly the list's good signature.
    fn open(&self, message: &[u8], list: &TestList) -> (Vec<u8>, Versions) {
        let message = String::from_utf8(message.to_vec()).unwrap();
        let opened = run("open", &json!({ "message": message, "secret": self.secret, "signer": list.key }));
        assert_eq!(opened["hidden"], true, "the recipient is hidden: {opened}");
        let only = |name: &str| {
            let all = opened[name].as_array().unwrap();
            assert_eq!(all.len(), 1, "{opened}");
            all[0].as_u64().unwrap()
        };
        let versions = Versions { session_key: only("pkesk"), body: only("seipd") };
        (from_base64(opened["content"].as_str().unwrap()), versions)
    }
}

#[test]
fn version_6_members_write_to_and_read_from_a_version_4_list_beside_gnupg() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = (JsPerson::new("alice", 6), JsPerson::new("bob", 6));
    alice.join(&server, &list);
    bob.join(&server, &list);
    let carol = GpgPerson::new("carol", KeyKind::Cv25519);
    server.join(&list, &carol);
    for (number, nested) in [false, true].into_iter().enumerate() {
        let letter = post(&server, &list, &alice, nested);
        let copy = read(&server, &list, &bob, number + 1, &V6);
        assert_from(&copy, &letter, &alice);
        // carol gets the same post in the form that her program knows.
        let received = server.sink.nth_for(&carol.address, number + 1);
        let copy = Copy::open(&received, &list, &carol);
        assert_from(&copy, &letter, &alice);
    }
}

#[test]
fn a_version_6_list_serves_members_of_both_versions() {
    let server = TestServer::start();
    let list = server.list_with("friends", &[], &["--algorithm", "ed25519-v6"]);
    let (alice, bob, carol) = (JsPerson::new("alice", 6), JsPerson::new("bob", 6), JsPerson::new("carol", 4));
    for person in [&alice, &bob, &carol] {
        person.join(&server, &list);
    }
    let mut number = 0;
    for author in [&alice, &carol] {
        for nested in [false, true] {
            number += 1;
            let letter = post(&server, &list, author, nested);
            assert_from(&read(&server, &list, &bob, number, &V6), &letter, author);
            assert_from(&read(&server, &list, &carol, number, &V4), &letter, author);
        }
    }
}

/// Posts a letter of its own, in one of the two shapes.
fn post(server: &TestServer, list: &TestList, author: &JsPerson, nested: bool) -> Letter {
    let mailbox = format!("Somebody <{}>", author.address);
    let body = format!("Hello from {}, nested {nested}.", author.address);
    let letter = Letter::from_mailbox(&mailbox, &list.address, "From a browser", &body);
    let entity = letter.entity();
    let armored = if nested { author.nested(&entity, list) } else { author.sealed(&entity, list) };
    server.post(&author.address, &list.address, &letter.encrypted(&armored));
    letter
}

/// A member's copy, opened, in the form that the member's key asks for.
fn read(server: &TestServer, list: &TestList, member: &JsPerson, number: usize, form: &Versions) -> Copy {
    let received = server.sink.nth_for(&member.address, number);
    let (payload, versions) = member.open(&armored(&Part::of(&received.octets)), list);
    assert_eq!(&versions, form, "for {}", member.address);
    Copy::opened_elsewhere(&received, list, &payload)
}

/// The author's entity arrived byte for byte, under a signature that verifies by hand.
fn assert_from(copy: &Copy, letter: &Letter, author: &JsPerson) {
    assert!(copy.subject().contains(&letter.subject), "{}", copy.subject());
    assert!(copy.result().contains(&author.fingerprint), "{}", copy.result());
    let signed = copy.author();
    assert_eq!(signed.media_type(), "multipart/signed", "{signed}");
    let parts = signed.children();
    assert_eq!(parts[0].octets, letter.entity());
    let signature = String::from_utf8(parts[1].body().to_vec()).unwrap();
    let input =
        json!({ "content": base64(&parts[0].octets), "signature": signature, "signer": author.public });
    assert_eq!(run("verify", &input)["good"], 1);
}

/// One command of the script.
fn run(command: &str, input: &Value) -> Value {
    let module =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("../npm/node_modules/openpgp/dist/node/openpgp.mjs");
    assert!(module.exists(), "{} is missing; `./test` installs it", module.display());
    let ran = Program::new("node")
        .env("OPENPGP", module)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/openpgpjs.mjs"))
        .arg(command)
        .input(input.to_string().as_bytes())
        .ok();
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn base64(octets: &[u8]) -> String {
    Program::new("base64").arg("-w0").input(octets).ok().text()
}

fn from_base64(text: &str) -> Vec<u8> {
    Program::new("base64").arg("-d").input(text.as_bytes()).ok().stdout
}
