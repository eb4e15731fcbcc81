// SPDX-License-Identifier: GPL-3.0-or-later
//! Bad mail of every kind gets the list's action for what is bad in it: no copy to anyone, a line in the owner's log that
//! names it, nothing in clear anywhere, and the next good mail is served.

use crate::gpg_composes::two_members;
use crate::support::compose::{Letter, Protection, multipart_signed, protect};
use crate::support::copy::Copy;
use crate::support::dialogue::Dialogue;
use crate::support::forge;
use crate::support::gpg::{GpgPerson, KeyKind, Revocation};
use crate::support::marker::{Marker, assert_nowhere_below};
use crate::support::seed::Seed;
use crate::support::server::{TestList, TestServer};
use crate::support::sink::Arrivals as _;

/// A list with two good members and somebody who is up to no good; everything bad says the same secret word.
struct Stage {
    server: TestServer,
    list: TestList,
    alice: GpgPerson,
    bob: GpgPerson,
    mallory: GpgPerson,
    list_key: String,
    secret: Marker,
    good_posts: usize,
}

impl Stage {
    fn new(settings: &[&str]) -> Self {
        let server = TestServer::start();
        let list = server.list("friends", settings);
        let (alice, bob) = two_members(&server, &list);
        let mallory = GpgPerson::new("mallory", KeyKind::Rsa2048);
        server.join(&list, &mallory);
        let list_key = alice.fingerprint_of(&list.address);
        let secret = Marker::new(&mut Seed::new(2), "refused");
        Self { server, list, alice, bob, mallory, list_key, secret, good_posts: 0 }
    }

    /// A letter that says it is from alice.
    fn letter(&self) -> Letter {
        let Self { secret: Marker(secret), .. } = self;
        Letter::new(&self.alice, &self.list.address, secret, &format!("{secret}\n").repeat(20))
    }

    /// Protects alice's letter with somebody's keys.
    fn signed_by(&self, author: &GpgPerson, how: Protection) -> Vec<u8> {
        protect(author, &self.list_key, &self.letter(), how)
    }

    /// Hands bad mail in and checks what became of it; one of `findings` must be named in the log.
    fn assert_refused(&mut self, what: &str, findings: &[&str], message: &[u8]) {
        let count = |stage: &Self| {
            findings.iter().map(|each| stage.server.findings(&stage.list.address, each)).sum::<usize>()
        };
        let before = count(self);
        self.server.post("alice@example.org", &self.list.address, message);
        self.server.settle();
        assert!(
            count(self) > before,
            "{what}: none of {findings:?} in the log:\n{:#}",
            self.server.log(&self.list.address)
        );
        self.assert_no_copy(what);
        self.assert_next_good_mail_is_served(what);
    }

    fn assert_no_copy(&self, what: &str) {
        let copies = self.server.sink.so_far_for(&self.bob.address);
        assert_eq!(copies.len(), self.good_posts, "{what}: bob got a copy");
        for message in self.server.sink.messages() {
            let text = String::from_utf8_lossy(&message.octets);
            assert!(!self.secret.is_in(&message.octets), "{what}: it left in clear:\n{text}");
        }
    }

    fn assert_next_good_mail_is_served(&mut self, what: &str) {
        self.good_posts += 1;
        let letter = Letter::new(&self.alice, &self.list.address, "Good", &format!("After: {what}."));
        let post = protect(&self.alice, &self.list_key, &letter, Protection::Combined);
        self.server.post(&self.alice.address, &self.list.address, &post);
        let copy = self.server.sink.nth_for(&self.bob.address, self.good_posts);
        let copy = Copy::open(&copy, &self.list, &self.bob);
        assert_eq!(copy.signed_entity(&self.bob, &self.alice.fingerprint).octets, letter.entity(), "{what}");
    }

    fn assert_nothing_in_clear_on_disk(&self) {
        assert!(assert_nowhere_below(self.server.home(), std::slice::from_ref(&self.secret)) > 0);
    }
}

#[test]
fn what_nobody_known_protected_is_refused() {
    let mut stage = Stage::new(&[]);
    let alice_letter = stage.letter();
    stage.assert_refused("in clear", &["nonencrypted"], &alice_letter.clear());

    let signed = stage.signed_by(&stage.alice, Protection::SignedOnly);
    stage.assert_refused("signed, not encrypted", &["nonencrypted"], &signed);

    let unsigned =
        alice_letter.encrypted(&stage.alice.sealed(&alice_letter.entity(), &[&stage.list_key], &[]));
    stage.assert_refused("encrypted, not signed", &["unsigned"], &unsigned);

    let stranger = GpgPerson::new("stranger", KeyKind::Cv25519);
    stranger.import(&stage.list.key);
    let message = stage.signed_by(&stranger, Protection::Combined);
    stage.assert_refused("signed by nobody known", &["unknown_key"], &message);
    let message = stage.signed_by(&stranger, Protection::Nested);
    stage.assert_refused("the same, nested", &["unknown_key"], &message);

    let message = stage.signed_by(&stage.mallory, Protection::Combined);
    stage.assert_refused("signed by another member", &["wrong_signer"], &message);

    let message = stage.signed_by(&stage.alice, Protection::Inline);
    stage.assert_refused("one inline block", &["inline_pgp"], &message);

    let weak = stage.mallory.sealed(
        &alice_letter.entity(),
        &[&stage.list_key],
        &["--sign", "--digest-algo", "SHA1", "--local-user", &stage.mallory.fingerprint],
    );
    let from_mallory = Letter { from: "mallory@example.org".into(), ..stage.letter() };
    stage.assert_refused("signed over SHA-1", &["weak_algorithm"], &from_mallory.encrypted(&weak));
    stage.assert_nothing_in_clear_on_disk();
}

#[test]
fn what_was_changed_or_cannot_be_opened_is_refused() {
    let mut stage = Stage::new(&[]);
    let letter = stage.letter();
    let sign = ["--sign", "--local-user", &stage.alice.fingerprint.clone()];
    let sealed = stage.alice.sealed(&letter.entity(), &[&stage.list_key], &sign);
    let unopened = ["undecryptable"];

    let changed = letter.encrypted(&forge::flipped(&stage.alice, &sealed));
    stage.assert_refused("a flipped bit", &unopened, &changed);

    let cut = letter.encrypted(&forge::truncated(&stage.alice, &sealed));
    stage.assert_refused("cut ciphertext", &unopened, &cut);

    let open = forge::without_integrity(&stage.alice, &stage.list_key, &letter.entity());
    stage.assert_refused("no integrity protection", &unopened, &letter.encrypted(&open));

    stage.assert_refused(
        "garbage",
        &["undecryptable", "partly_protected"],
        &letter.encrypted(&forge::garbage()),
    );

    let for_alice = stage.alice.sealed(&letter.entity(), &[&stage.alice.fingerprint], &sign);
    stage.assert_refused("encrypted to somebody else", &unopened, &letter.encrypted(&for_alice));

    // The armor ends in the middle: the mail itself was cut on its way.
    let whole = letter.encrypted(&sealed);
    stage.assert_refused(
        "a message cut in half",
        &["undecryptable", "partly_protected"],
        &whole[..whole.len() - 200],
    );

    let entity = letter.entity();
    let signature = stage.alice.detached_signature(&entity, &["--digest-algo", "SHA256"]);
    let other = forge::replaced(&entity, "8bit\r\n\r\n", "8bit\r\n\r\nNot what was signed.\r\n");
    let nested = multipart_signed(&other, &signature, "pgp-sha256");
    let message = letter.encrypted(&stage.alice.sealed(&nested, &[&stage.list_key], &[]));
    stage.assert_refused("another text below the signature", &["invalid_signature"], &message);
    stage.assert_nothing_in_clear_on_disk();
}

#[test]
fn what_was_seen_before_is_refused_also_after_a_restart() {
    let mut stage = Stage::new(&[]);
    let letter = Letter::new(&stage.alice, &stage.list.address, "Once", "Only once.");
    let entity = letter.entity();
    let signature = stage.alice.detached_signature(&entity, &["--digest-algo", "SHA256"]);
    let signed = multipart_signed(&entity, &signature, "pgp-sha256");
    let message = letter.encrypted(&stage.alice.sealed(&signed, &[&stage.list_key], &[]));
    stage.server.post(&stage.alice.address, &stage.list.address, &message);
    stage.good_posts = 1;
    Copy::open(&stage.server.sink.nth_for(&stage.bob.address, 1), &stage.list, &stage.bob);

    stage.assert_refused("the same octets again", &["duplicate_signature"], &message);
    let again = letter.encrypted(&stage.mallory.sealed(&signed, &[&stage.list_key], &[]));
    stage.assert_refused("the same signature, encrypted again", &["duplicate_signature"], &again);
    stage.server.stop();
    stage.server.serve();
    stage.assert_refused("the same after a restart", &["duplicate_signature"], &message);
    stage.server.kill();
    stage.server.serve();
    stage.assert_refused("the same after a crash", &["duplicate_signature"], &message);
}

#[test]
fn what_is_protected_only_in_part_or_says_not_who_wrote_it_is_refused() {
    let mut stage = Stage::new(&[]);
    let combined = stage.signed_by(&stage.alice, Protection::Combined);
    let inner = String::from_utf8(combined).unwrap();
    let (_, inner) = inner.split_once("Content-Type: multipart/encrypted").unwrap();
    let letter = stage.letter();
    let mixed = format!(
        "Content-Type: multipart/mixed; boundary=\"mixed\"\r\n\r\n--mixed\r\n\
         Content-Type: multipart/encrypted{inner}\r\n--mixed\r\nContent-Type: text/plain\r\n\r\n\
         And some words of somebody else.\r\n--mixed--\r\n"
    );
    let message = letter.around(mixed.as_bytes());
    stage.assert_refused("an encrypted part among others", &["partly_protected"], &message);

    let encrypted = format!("Content-Type: multipart/encrypted{inner}");
    let signature = stage.alice.detached_signature(encrypted.as_bytes(), &["--digest-algo", "SHA256"]);
    let outside = letter.around(&multipart_signed(encrypted.as_bytes(), &signature, "pgp-sha256"));
    stage.assert_refused("a signature around the ciphertext", &["partly_protected", "unsigned"], &outside);

    let message = stage.signed_by(&stage.alice, Protection::Combined);
    let two = forge::replaced(&message, "From: ", "From: mallory@example.org\r\nFrom: ");
    stage.assert_refused("two From fields", &["malformed_from"], &two);
    let message = stage.signed_by(&stage.alice, Protection::Combined);
    let none = forge::replaced(&message, "From: ", "X-From: ");
    stage.assert_refused("no From field", &["malformed_from"], &none);
    let message = stage.signed_by(&stage.alice, Protection::Combined);
    let several = forge::replaced(&message, "From: Alice ", "From: mallory@example.org, Alice ");
    stage.assert_refused("two addresses in From", &["malformed_from"], &several);
    stage.assert_nothing_in_clear_on_disk();
}

#[test]
fn an_expired_signature_is_held_and_an_owner_can_accept_it() {
    let mut stage = Stage::new(&[]);
    let erin = GpgPerson::with_old_key("erin");
    stage.server.join(&stage.list, &erin);
    stage.bob.import(&erin.public_key());
    let letter = Letter::new(&erin, &stage.list.address, "Late", "Long ago.");
    let old = ["--faked-system-time", "20210301T000000", "--default-sig-expire", "1d"];
    let signature = erin.detached_signature(&letter.entity(), &old);
    let signed = multipart_signed(&letter.entity(), &signature, "pgp-sha512");
    let message = letter.encrypted(&erin.sealed(&signed, &[&stage.list_key], &[]));
    stage.assert_refused("an expired signature", &["expired_signature"], &message);

    let held = stage.server.held(&stage.list.address);
    assert_eq!(held.len(), 1, "{held:#?}");
    let id = held[0]["id"].to_string();
    stage.server.chancery(&["held", "accept", &stage.list.address, &id]);
    stage.good_posts += 1;
    let copy = stage.server.sink.nth_for(&stage.bob.address, stage.good_posts);
    let copy = Copy::open(&copy, &stage.list, &stage.bob);
    assert!(copy.subject().contains("Late"));
    stage.server.settle();
    let held = stage.server.held(&stage.list.address);
    assert!(held.is_empty(), "{held:#?}");
}

#[test]
fn a_revoked_key_signs_no_more() {
    let mut stage = Stage::new(&[]);
    let erin = GpgPerson::new("erin", KeyKind::Cv25519);
    stage.server.join(&stage.list, &erin);
    let letter = Letter::new(&erin, &stage.list.address, "Mine?", "Somebody has my key.");
    let message = protect(&erin, &stage.list_key, &letter, Protection::Combined);
    erin.revoke(Revocation::Compromised);
    let key = erin.public_key_file();
    stage.server.chancery(&["member", "set", &stage.list.address, &erin.address, "--key", &key]);
    stage.assert_refused("signed with a revoked key", &["revoked_key"], &message);
    // And no copy is made for it any more.
    assert_eq!(stage.server.sink.so_far_for(&erin.address).len(), 0);
}

#[test]
fn what_came_encrypted_never_leaves_in_clear_whatever_the_settings_say() {
    let stage =
        Stage::new(&["encrypt_outgoing=never", "sign_outgoing=never", "nonencrypted_msg_action=accept"]);
    let message = stage.signed_by(&stage.alice, Protection::Combined);
    stage.server.post(&stage.alice.address, &stage.list.address, &message);
    stage.server.settle();
    assert_eq!(stage.server.findings(&stage.list.address, "would_leak"), 1);
    stage.assert_no_copy("encrypted post to a clear list");
    stage.assert_nothing_in_clear_on_disk();
}

#[test]
fn an_unknown_list_and_a_message_too_large_are_refused_in_the_dialogue() {
    let mut stage = Stage::new(&[]);
    let mut dialogue = Dialogue::lmtp(stage.server.lmtp_address());
    assert_eq!(dialogue.say("MAIL FROM:<alice@example.org>").code, 250);
    for nobody in
        ["nobody@lists.example.org", "friends@elsewhere.example.org", "friends-nothing@lists.example.org"]
    {
        assert_eq!(dialogue.say(&format!("RCPT TO:<{nobody}>")).code, 550, "{nobody}");
    }
    assert!(dialogue.say("RCPT TO:<friends@lists.example.org>").is_ok());
    assert!(dialogue.say("RSET").is_ok());
    assert_eq!(dialogue.say("MAIL FROM:<alice@example.org> SIZE=99999999999").code, 552);
    stage.assert_next_good_mail_is_served("a refused dialogue");
}

#[test]
fn a_copy_that_comes_back_goes_nowhere() {
    let mut stage = Stage::new(&["nonencrypted_msg_action=accept", "unsigned_msg_action=accept"]);
    stage.assert_next_good_mail_is_served("nothing yet");
    let copy = stage.server.sink.nth_for(&stage.bob.address, 1);
    let reply = stage.server.hand_in(&stage.bob.address, &stage.list.address, &copy.octets);
    assert!(reply.code == 250 || reply.code >= 500, "{reply:?}");
    stage.server.settle();
    stage.assert_no_copy("its own copy");
    stage.assert_next_good_mail_is_served("a loop");
}
