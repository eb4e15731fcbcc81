// SPDX-License-Identifier: GPL-3.0-or-later
//! The key of a list through its life: rolled over, revoked, brought from elsewhere, destroyed with the list.

use crate::gpg_composes::two_members;
use crate::support::compose::{Letter, Protection, protect};
use crate::support::copy::Copy;
use crate::support::gpg::GpgPerson;
use crate::support::mime::find;
use crate::support::server::{TestList, TestServer, entries};
use crate::support::sink::Arrivals as _;

/// alice posts, encrypted to this key of the list; bob's copy is opened.
fn assert_served(
    server: &TestServer,
    list: &TestList,
    alice: &GpgPerson,
    bob: &GpgPerson,
    key: &str,
    subject: &str,
) {
    let count = server.sink.so_far_for(&bob.address).len();
    let letter = Letter::new(alice, &list.address, subject, "Hello.");
    server.post(&alice.address, &list.address, &protect(alice, key, &letter, Protection::Combined));
    let received = server.sink.nth_for(&bob.address, count + 1);
    let message = crate::support::mime::Part::of(&received.octets);
    let opened = bob.open(&crate::support::copy::armored(&message));
    opened.assert_decrypted();
    let newest = bob.import(&server.chancery(&["key", "export", &list.address]).text());
    opened.assert_signed_by(&newest);
    assert!(find(&opened.plaintext, subject.as_bytes()).is_some());
}

#[test]
fn after_a_rollover_the_old_key_still_opens_and_the_new_one_signs() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let old = alice.fingerprint_of(&list.address);
    let rollover = server.json(&["key", "rollover", &list.address]);
    assert_eq!(rollover["old"], old.as_str());
    let new = rollover["new"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let exported = server.chancery(&["key", "export", &list.address]).text();
    assert_eq!(alice.import(&exported), new);
    bob.import(&exported);

    // Both keys have signed the statement of the change.
    let statement = rollover["statement"].as_str().unwrap();
    let verified = bob.gpg().args(&["--status-fd", "2", "--verify"]).input(statement.as_bytes()).ok();
    for fingerprint in [&old, &new] {
        assert!(statement.contains(fingerprint), "{statement}");
        let valid = |line: &str| line.contains("VALIDSIG") && line.ends_with(fingerprint.as_str());
        assert!(verified.stderr.lines().any(valid), "{verified}");
    }

    assert_served(&server, &list, &alice, &bob, &old, "To the old key");
    assert_served(&server, &list, &alice, &bob, &new, "To the new key");
    let keys = server.json(&["key", "show", &list.address]);
    let states: Vec<&str> = entries(&keys).iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states.len(), 2, "{keys:#}");
}

#[test]
fn a_revoked_key_is_published_as_revoked_and_a_new_one_takes_over() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let old = alice.fingerprint_of(&list.address);
    let revoked = server.json(&["key", "revoke", &list.address]);
    alice.import(revoked["armored"].as_str().unwrap());
    let listing = alice.gpg().args(&["--with-colons", "--list-keys", &old]).ok().text();
    assert!(listing.lines().any(|line| line.starts_with("pub:r:")), "{listing}");
    let new = server.json(&["key", "rollover", &list.address])["new"].as_str().unwrap().to_owned();
    alice.import(&server.chancery(&["key", "export", &list.address]).text());
    bob.import(&server.chancery(&["key", "export", &list.address]).text());
    assert_served(&server, &list, &alice, &bob, &new, "Fresh");
}

#[test]
fn a_key_that_gnupg_made_serves_the_list() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let elsewhere = GpgPerson::at("friends", &list.address);
    let file = elsewhere.file("secret.asc", elsewhere.secret_key().as_bytes());
    server.chancery(&["key", "import", &list.address, &file]);
    let exported = server.chancery(&["key", "export", &list.address]).text();
    assert!(!exported.contains("PRIVATE"), "{exported}");
    assert_eq!(alice.import(&exported), elsewhere.fingerprint);
    bob.import(&exported);
    assert_served(&server, &list, &alice, &bob, &elsewhere.fingerprint, "With GnuPG's key");
}

#[test]
fn a_deleted_list_is_unknown_at_once_and_its_people_are_gone() {
    let server = TestServer::start();
    let list = server.list("friends", &["footer=a-footer-that-must-go"]);
    let (alice, bob) = two_members(&server, &list);
    let key = alice.fingerprint_of(&list.address);
    assert_served(&server, &list, &alice, &bob, &key, "Goodbye");
    server.settle();
    server.chancery(&["list", "delete", &list.address, "--yes"]);
    let reply = server.hand_in(&alice.address, &list.address, b"Subject: Hello\r\n\r\nHello.\r\n");
    assert_eq!(reply.code, 550, "{reply:?}");
    assert!(entries(&server.json(&["list", "list"])).is_empty());
    for gone in [alice.address.as_bytes(), b"a-footer-that-must-go"] {
        for file in crate::support::marker::files_below(&server.data()) {
            let octets = std::fs::read(&file).unwrap();
            let word = String::from_utf8_lossy(gone);
            assert!(find(&octets, gone).is_none(), "{word} is still in {}", file.display());
        }
    }
}

#[test]
fn a_removed_member_gets_nothing_more() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let carol = GpgPerson::new("carol", crate::support::gpg::KeyKind::Cv25519);
    server.join(&list, &carol);
    let key = alice.fingerprint_of(&list.address);
    assert_served(&server, &list, &alice, &bob, &key, "For three");
    server.settle();
    server.chancery(&["member", "remove", &list.address, &carol.address]);
    assert_served(&server, &list, &alice, &bob, &key, "For two");
    server.settle();
    assert_eq!(server.sink.so_far_for(&carol.address).len(), 1);
    // And a new key is used from the next copy on.
    let new_bob = GpgPerson::new("bob", crate::support::gpg::KeyKind::P256);
    new_bob.import(&list.key);
    let file = new_bob.public_key_file();
    server.chancery(&["member", "set", &list.address, &bob.address, "--key", &file, "--confirmed"]);
    let letter = Letter::new(&alice, &list.address, "New key", "Hello.");
    server.post(&alice.address, &list.address, &protect(&alice, &key, &letter, Protection::Combined));
    Copy::open(&server.sink.nth_for(&bob.address, 3), &list, &new_bob);
}
