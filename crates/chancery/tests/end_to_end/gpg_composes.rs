// SPDX-License-Identifier: GPL-3.0-or-later
//! GnuPG 2.2 composes each shape that mail programs send, with each kind of key, and opens what arrives.

use crate::support::compose::{Letter, PROTECTIONS, Protection, protect};
use crate::support::copy::Copy;
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::mime::find;
use crate::support::server::{TestList, TestServer};
use crate::support::sink::Arrivals as _;

/// Takes every shape, encrypted or not.
const LENIENT: [&str; 2] = ["nonencrypted_msg_action=accept", "inline_pgp_action=accept"];

#[test]
fn every_shape_reaches_a_member_with_a_cv25519_key() {
    every_shape_reaches_a_member(KeyKind::Cv25519);
}

#[test]
fn every_shape_reaches_a_member_with_a_p256_key() {
    every_shape_reaches_a_member(KeyKind::P256);
}

#[test]
fn every_shape_reaches_a_member_with_an_rsa_2048_key() {
    every_shape_reaches_a_member(KeyKind::Rsa2048);
}

#[test]
fn every_shape_reaches_a_member_with_an_rsa_3072_key() {
    every_shape_reaches_a_member(KeyKind::Rsa3072);
}

#[test]
fn every_shape_reaches_a_member_with_an_rsa_4096_key() {
    every_shape_reaches_a_member(KeyKind::Rsa4096);
}

fn every_shape_reaches_a_member(kind: KeyKind) {
    let server = TestServer::start();
    let list = server.list("friends", &LENIENT);
    let (alice, bob) = (GpgPerson::new("alice", kind), GpgPerson::new("bob", kind));
    server.join(&list, &alice);
    server.join(&list, &bob);
    bob.import(&alice.public_key());
    let list_key = alice.fingerprint_of(&list.address);
    for (number, how) in PROTECTIONS.into_iter().enumerate() {
        let body = format!("Grüße, {how:?}.\n\n. a line that begins with a dot\nFrom here on, nothing.");
        let letter = Letter::new(&alice, &list.address, &format!("Letter as {how:?}"), &body);
        server.post(&alice.address, &list.address, &protect(&alice, &list_key, &letter, how));
        let copy = Copy::open(&server.sink.nth_for(&bob.address, number + 1), &list, &bob);
        assert!(copy.subject().contains(&format!("Letter as {how:?}")), "{}", copy.subject());
        assert!(copy.result().contains(&alice.address), "{}", copy.result());
        assert!(copy.result().contains(&alice.fingerprint), "{}", copy.result());
        assert_author(&copy, &letter, how, &bob, &alice);
    }
    // Everybody, the author included, got each post once.
    server.settle();
    assert_eq!(server.sink.messages().len(), 2 * PROTECTIONS.len());
}

/// What the author wrote has arrived, byte for byte, under the author's signature where that can be carried.
fn assert_author(copy: &Copy, letter: &Letter, how: Protection, bob: &GpgPerson, alice: &GpgPerson) {
    match how {
        Protection::Combined | Protection::Hidden | Protection::Nested | Protection::SignedOnly => {
            let entity = copy.signed_entity(bob, &alice.fingerprint);
            assert_eq!(entity.octets, letter.entity(), "{how:?}: {entity}");
        }
        // Verified over line feeds, it would not verify over the CRLF that mail makes of them.
        Protection::CombinedLineFeeds => {
            assert_eq!(copy.author().octets, letter.entity(), "{}", copy.author());
            assert!(copy.result().contains("not carried"), "{}", copy.result());
        }
        Protection::Inline => {
            assert_eq!(copy.author().media_type(), "text/plain");
            let text = copy.author().text().replace("\r\n", "\n");
            assert_eq!(text.trim_end(), letter.body.trim_end());
        }
    }
}

#[test]
fn an_attachment_and_a_protected_subject_arrive_inside() {
    let server = TestServer::start();
    let list = server.list("friends", &["subject_prefix=[friends]", "footer=Rules: be kind."]);
    let (alice, bob) = two_members(&server, &list);
    let letter = Letter::new(&alice, &list.address, "Plans for Friday", "See attached.")
        .with_attachment("plan.txt", "Meet at noon.")
        .with_protected_subject();
    let list_key = alice.fingerprint_of(&list.address);
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &letter, Protection::Combined));
    let received = server.sink.nth_for(&bob.address, 1);
    let copy = Copy::open(&received, &list, &bob);
    assert!(copy.subject().contains("Plans for Friday"), "{}", copy.subject());
    assert!(copy.subject().contains("[friends]"), "{}", copy.subject());
    let entity = copy.signed_entity(&bob, &alice.fingerprint);
    assert_eq!(entity.octets, letter.entity());
    assert_eq!(entity.children()[1].text(), "Meet at noon.");
    let parts = copy.payload.children();
    assert_eq!(parts.len(), 3);
    assert!(parts[2].text().contains("Rules: be kind."), "{}", parts[2]);
    assert!(find(&received.octets, b"Friday").is_none());
    assert!(find(&received.octets, alice.address.as_bytes()).is_none(), "the wire does not learn who wrote");
}

#[test]
fn the_authors_reply_to_sender_and_cc_do_not_get_through() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let letter = Letter::new(&alice, &list.address, "Hello", "Hello.")
        .with_header("Reply-To: mallory@example.net")
        .with_header("Sender: mallory@example.net")
        .with_header("Cc: mallory@example.net")
        .with_header("X-Mailer: Something 1.0")
        .with_header("Disposition-Notification-To: mallory@example.net");
    let list_key = alice.fingerprint_of(&list.address);
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &letter, Protection::Combined));
    let received = server.sink.nth_for(&bob.address, 1);
    let copy = Copy::open(&received, &list, &bob);
    assert!(find(&received.octets, b"mallory").is_none());
    assert!(find(&copy.payload.octets, b"X-Mailer").is_none());
    for field in ["Reply-To", "Sender", "Disposition-Notification-To"] {
        assert!(copy.message.field(field).is_none_or(|value| value.contains(&list.address)), "{field}");
        assert!(copy.payload.field(field).is_none_or(|value| value.contains(&list.address)), "{field}");
    }
}

#[test]
fn a_look_alike_of_the_lists_result_stays_below_the_true_one() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let list_key = alice.fingerprint_of(&list.address);
    let first = Letter::new(&alice, &list.address, "First", "First.");
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &first, Protection::Combined));
    let true_result = Copy::open(&server.sink.nth_for(&bob.address, 1), &list, &bob).result();
    let forged = true_result.replace(&alice.address, "president@example.org");
    let letter = Letter::new(&alice, &list.address, "Second", &forged);
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &letter, Protection::Combined));
    let copy = Copy::open(&server.sink.nth_for(&bob.address, 2), &list, &bob);
    assert!(!copy.result().contains("president@example.org"), "{}", copy.result());
    assert!(copy.author().to_string().contains("president@example.org"));
}

#[test]
fn a_member_who_wants_the_key_named_gets_it_named() {
    let server = TestServer::start();
    let list = server.list("friends", &["recipient_key_id=shown"]);
    let (alice, bob) = two_members(&server, &list);
    let list_key = alice.fingerprint_of(&list.address);
    let letter = Letter::new(&alice, &list.address, "Hello", "Hello.");
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &letter, Protection::Combined));
    let received = server.sink.nth_for(&bob.address, 1);
    let message = crate::support::mime::Part::of(&received.octets);
    let opened = bob.open(&crate::support::copy::armored(&message));
    opened.assert_decrypted();
    let named = opened.status("ENC_TO");
    assert!(named.len() == 1 && !named[0].starts_with("0000000000000000"), "{named:?}");
}

#[test]
fn a_member_whose_key_is_not_confirmed_gets_nothing_and_cannot_post() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let carol = GpgPerson::new("carol", KeyKind::Cv25519);
    let key = carol.public_key_file();
    server.chancery(&["member", "add", &list.address, &carol.address, "--key", &key]);
    carol.import(&list.key);
    let list_key = alice.fingerprint_of(&list.address);
    let from_carol = Letter::new(&carol, &list.address, "Hello", "Hello.");
    server.post(
        &carol.address,
        &list.address,
        &protect(&carol, &list_key, &from_carol, Protection::Combined),
    );
    let from_alice = Letter::new(&alice, &list.address, "Hello", "Hello.");
    server.post(
        &alice.address,
        &list.address,
        &protect(&alice, &list_key, &from_alice, Protection::Combined),
    );
    Copy::open(&server.sink.nth_for(&bob.address, 1), &list, &bob);
    server.settle();
    assert_eq!(server.sink.so_far_for(&bob.address).len(), 1, "carol's post did not go out");
    assert_eq!(server.findings(&list.address, "unconfirmed_key"), 1);
    let copies = server.sink.so_far_for(&carol.address);
    assert!(copies.iter().all(|copy| find(&copy.octets, b"List-Post").is_none()), "carol got no copy");
}

/// alice and bob, confirmed, with Cv25519 keys; bob has alice's key too.
pub(crate) fn two_members(server: &TestServer, list: &TestList) -> (GpgPerson, GpgPerson) {
    let (alice, bob) = (GpgPerson::new("alice", KeyKind::Cv25519), GpgPerson::new("bob", KeyKind::Cv25519));
    server.join(list, &alice);
    server.join(list, &bob);
    bob.import(&alice.public_key());
    (alice, bob)
}
