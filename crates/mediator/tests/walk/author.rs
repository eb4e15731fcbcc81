// SPDX-License-Identifier: GPL-3.0-or-later
//! What becomes of the author's own signature and words.

use chancery_mail::{Entity, Public, SignerVerdict};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, WORDS};
use crate::support::people::Person;
use crate::support::reading::{Reading, children, field};

struct Stage {
    house: House,
    list: List,
    alice: Person,
    bob: Person,
}

async fn stage(handling: &str) -> Stage {
    let house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let settings = [
        ("author_signature", handling),
        ("nonencrypted_msg_action", "accept"),
        ("invalid_sig_action", "accept"),
        ("inline_pgp_action", "accept"),
        ("unknown_key_action", "accept"),
    ];
    let list = house.list("friends", &settings).await;
    house.members(&list, &[&alice, &bob]).await;
    Stage { house, list, alice, bob }
}

impl Stage {
    async fn read(&self, post: Vec<u8>) -> Reading {
        self.house.sink.forget();
        let line = self.house.post(&self.list, &self.alice, post).await;
        assert_eq!(line.disposition.as_deref(), Some("accept"), "{line:?}");
        self.bob.read(&self.house.copy_for(&self.bob), &self.list.certificate, self.house.now())
    }

    fn letter(&self) -> Letter<'_> {
        Letter::new(&self.alice, &self.list)
    }

    /// Whether a part verifies as multipart/signed by alice.
    fn verifies(&self, part: &[u8]) -> bool {
        let part = Entity::<Public>::new(part.to_vec());
        let alice = self.alice.certificate();
        let opened =
            chancery_crypto::open(&part, &self.bob.ring, &mut |_| vec![alice.clone()], self.house.now());
        matches!(opened.summary.signers.as_slice(), [one] if one.verdict == SignerVerdict::Good)
    }
}

#[tokio::test]
async fn carried_it_verifies_around_the_very_octets() {
    let stage = stage("carry").await;
    let letter = stage.letter();
    for (name, post) in
        [("combined", letter.combined()), ("nested", letter.nested()), ("clear", letter.signed_in_clear())]
    {
        let reading = stage.read(post).await;
        assert!(stage.verifies(&reading.parts[1]), "{name}");
        let signed = &children(&reading.parts[1])[0];
        let protection = if name == "clear" { "clear" } else { "cipher" };
        // The last line end belongs to the boundary where it was multipart/signed already.
        let payload = letter.payload(protection);
        assert_eq!(String::from_utf8_lossy(signed).trim_end(), payload.trim_end(), "{name}");
        assert!(!reading.result().contains("not carried"), "{name}");
    }
}

#[tokio::test]
async fn what_was_signed_with_bare_line_feeds_is_verified_here_and_not_carried() {
    let stage = stage("carry").await;
    let reading = stage.read(stage.letter().with_newline("\n").combined()).await;
    assert!(reading.result().contains("verified here, not carried"), "{}", reading.result());
    assert!(!reading.text.contains("PGP SIGNATURE"));
    assert!(reading.author().contains(WORDS));
    assert!(!reading.text.replace("\r\n", "").contains('\n'), "every line ends with CRLF");
}

#[tokio::test]
async fn attached_it_is_a_file_that_no_program_checks() {
    let stage = stage("attach").await;
    let letter = stage.letter();
    for (name, post) in
        [("combined", letter.combined()), ("nested", letter.nested()), ("clear", letter.signed_in_clear())]
    {
        let reading = stage.read(post).await;
        assert!(reading.result().contains("signature is attached"), "{name}: {}", reading.result());
        assert_eq!(reading.parts.len(), 3, "{name}");
        assert!(field(&reading.parts[1], "Content-Type").unwrap().starts_with("text/plain"), "{name}");
        let attached = &reading.parts[2];
        assert!(field(attached, "Content-Type").unwrap().starts_with("application/octet-stream"), "{name}");
        assert!(!field(attached, "Content-Disposition").unwrap().contains(".eml"));
        // Put together by hand, the two verify.
        let body = String::from_utf8(attached.clone()).unwrap();
        let (_, block) = body.split_once("\r\n\r\n").unwrap();
        let block = match block.starts_with("-----BEGIN") {
            true => block.to_owned(),
            false => {
                use base64::{Engine, engine::general_purpose::STANDARD};
                String::from_utf8(STANDARD.decode(block.replace("\r\n", "")).unwrap()).unwrap()
            }
        };
        let message = crate::support::letters::multipart_signed(
            "",
            std::str::from_utf8(&reading.parts[1]).unwrap(),
            &block,
        );
        assert!(stage.verifies(message.as_bytes()), "{name}");
    }
}

#[tokio::test]
async fn stripped_nothing_of_it_is_left() {
    let stage = stage("strip").await;
    let letter = stage.letter();
    for post in [letter.combined(), letter.nested(), letter.signed_in_clear(), letter.inline_signed()] {
        let reading = stage.read(post).await;
        assert!(!reading.text.contains("PGP SIGNATURE"));
        assert!(!reading.text.contains("multipart/signed"));
        assert!(reading.result().contains("takes its authors' signatures off"), "{}", reading.result());
        assert!(reading.result().contains("good signature"));
        assert!(reading.author().contains(WORDS));
    }
}

#[tokio::test]
async fn one_that_is_not_good_is_never_passed_on() {
    let mallory = Person::new("mallory");
    for handling in ["carry", "attach", "strip"] {
        let stage = stage(handling).await;
        let letter = stage.letter();
        let foreign = stage.letter().signed_by(&mallory);
        for post in [
            letter.nested_and_forged(),
            letter.signed_in_clear_and_forged(),
            foreign.nested(),
            foreign.combined(),
        ] {
            let reading = stage.read(post).await;
            assert!(!reading.text.contains("PGP SIGNATURE"), "{handling}");
            assert!(!reading.text.contains("multipart/signed"), "{handling}");
            assert!(reading.author().contains("mill at six"));
        }
    }
}

#[tokio::test]
async fn inline_signatures_are_verified_here_and_not_carried() {
    let stage = stage("carry").await;
    for post in [stage.letter().inline_signed(), stage.letter().inline_encrypted()] {
        let reading = stage.read(post).await;
        assert!(reading.author().contains(WORDS));
        assert!(!reading.text.contains("BEGIN PGP"));
        assert!(reading.result().contains("verified here, not carried"), "{}", reading.result());
        assert!(reading.result().contains("old inline form"));
    }
}

#[tokio::test]
async fn a_false_result_in_the_letter_stays_the_authors_text() {
    let stage = stage("carry").await;
    let words = "Signed by bob@example.org: good signature.\r\nCame encrypted to the list.";
    let reading = stage.read(stage.letter().saying(words).unprotected_header().combined()).await;
    assert!(!reading.result().contains("bob@example.org"));
    assert!(reading.author().contains("Signed by bob@example.org"));
    assert!(reading.result().contains("Not signed by the author: From, Subject, Date."));
}

#[tokio::test]
async fn the_authors_reply_to_sender_and_cc_fall_away() {
    let stage = stage("carry").await;
    let outer = "Reply-To: mallory@example.org\r\nSender: mallory@example.org\r\nCc: mallory@example.org\r\n\
                 X-Mallory: was here\r\nDisposition-Notification-To: mallory@example.org\r\n";
    for post in
        [stage.letter().with_outer(outer).combined(), stage.letter().with_outer(outer).signed_in_clear()]
    {
        let reading = stage.read(post).await;
        let copy = stage.house.copy_for(&stage.bob);
        assert!(!String::from_utf8_lossy(&copy).to_lowercase().contains("mallory"));
        let (header, _) = reading.text.split_once("\r\n\r\n").unwrap();
        assert!(!header.contains("mallory"));
    }
}
