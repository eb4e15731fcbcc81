// SPDX-License-Identifier: GPL-3.0-or-later
//! Every finding: what it does on a new list, what it does where the list accepts it, and that the
//! strictest of several decides.

use std::time::Duration;

use chancery_crypto::{KeyAlgorithm, RevocationReason};
use chancery_lists::{Disposition, Role};
use chancery_mediator::{LogLine, MemberChange};
use chancery_store::PinRefresh;
use sequoia_openpgp::{
    Cert, Packet,
    packet::signature::SignatureBuilder,
    parse::Parse,
    serialize::SerializeInto,
    types::{HashAlgorithm, SignatureType},
};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, armored, multipart_signed};
use crate::support::people::{NOW, Person, YEAR};

/// The people of one table row: carol reads, mallory is no member.
struct Cast {
    alice: Person,
    bob: Person,
    carol: Person,
    mallory: Person,
}

impl Cast {
    fn new() -> Self {
        Self {
            alice: Person::new("alice"),
            bob: Person::new("bob"),
            carol: Person::new("carol"),
            mallory: Person::new("mallory"),
        }
    }

    async fn join(&self, house: &House, list: &List) {
        house.members(list, &[&self.alice, &self.bob, &self.carol]).await;
    }
}

fn decided(line: &LogLine) -> &str {
    line.disposition.as_deref().unwrap()
}

type Write = fn(&Cast, &List) -> Vec<u8>;

/// What a letter alone brings about: its finding, the setting, the default, and how it is written.
/// `besides` are settings without which another finding would stand beside it.
struct Row {
    finding: &'static str,
    setting: &'static str,
    default: &'static str,
    besides: &'static [(&'static str, &'static str)],
    write: Write,
}

fn rows() -> Vec<Row> {
    let row = |finding, setting, default, besides, write| Row { finding, setting, default, besides, write };
    vec![
        row("nonencrypted", "nonencrypted_msg_action", "reject", &[], |cast, list| {
            Letter::new(&cast.alice, list).signed_in_clear()
        }),
        row("unsigned", "unsigned_msg_action", "reject", &[], |cast, list| {
            Letter::new(&cast.alice, list).unsigned()
        }),
        row("inline_pgp", "inline_pgp_action", "reject", &[], |cast, list| {
            Letter::new(&cast.alice, list).inline_encrypted()
        }),
        row(
            "inline_pgp",
            "inline_pgp_action",
            "reject",
            &[("nonencrypted_msg_action", "accept")],
            |cast, list| Letter::new(&cast.alice, list).inline_signed(),
        ),
        row("invalid_signature", "invalid_sig_action", "reject", &[], |cast, list| {
            Letter::new(&cast.alice, list).nested_and_forged()
        }),
        row(
            "invalid_signature",
            "invalid_sig_action",
            "reject",
            &[("nonencrypted_msg_action", "accept")],
            |cast, list| Letter::new(&cast.alice, list).signed_in_clear_and_forged(),
        ),
        row("unknown_key", "unknown_key_action", "reject", &[], |cast, list| {
            Letter::new(&cast.alice, list).signed_by(&cast.mallory).combined()
        }),
        row("wrong_signer", "wrong_signer_action", "reject", &[], |cast, list| {
            Letter::new(&cast.alice, list).signed_by(&cast.bob).combined()
        }),
        row("weak_algorithm", "weak_algorithm_action", "reject", &[], weakly_signed),
        row(
            "not_a_member",
            "default_nonmember_action",
            "hold",
            &[("unknown_key_action", "accept")],
            |cast, list| Letter::new(&cast.mallory, list).combined(),
        ),
    ]
}

/// Signed with SHA-1.
fn weakly_signed(cast: &Cast, list: &List) -> Vec<u8> {
    let letter = Letter::new(&cast.alice, list);
    let part = letter.payload("cipher");
    let cert = Cert::from_bytes(&*cast.alice.pair.octets()).unwrap();
    let mut secret = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let made = std::time::UNIX_EPOCH + Duration::from_secs(NOW.unix().try_into().unwrap());
    let signature = SignatureBuilder::new(SignatureType::Binary)
        .set_hash_algo(HashAlgorithm::SHA1)
        .set_signature_creation_time(made)
        .unwrap()
        .sign_message(&mut secret, part.as_bytes())
        .unwrap();
    let block = armored("SIGNATURE", &Packet::from(signature).to_vec().unwrap());
    letter.enclosed(&multipart_signed("", &part, &block))
}

#[tokio::test]
async fn every_finding_of_a_letter_has_its_default_action_and_accept_lets_it_pass() {
    let house = House::new().await;
    for (number, row) in rows().into_iter().enumerate() {
        let cast = Cast::new();
        let list = house.list(&format!("list{number}"), row.besides).await;
        cast.join(&house, &list).await;
        let wanted = format!("{}={}", row.finding, row.default);
        let line = house.post(&list, &cast.alice, (row.write)(&cast, &list)).await;
        assert!(line.findings.split(' ').any(|found| found == wanted), "{number} {wanted}: {line:?}");
        assert_eq!(decided(&line), row.default, "{number} {line:?}");
        assert!(house.mail_for(&cast.carol).is_empty(), "{number} {wanted}");
        for action in ["discard", "hold", "accept"] {
            house.set(&list, row.setting, action).await;
            let line = house.post(&list, &cast.alice, (row.write)(&cast, &list)).await;
            assert_eq!(decided(&line), action, "{number} {line:?}");
        }
        let reading = cast.carol.read(&house.copy_for(&cast.carol), &list.certificate, house.now());
        assert!(
            !reading.subject.starts_with("[signed]") || row.finding.starts_with("inline"),
            "{}",
            reading.subject
        );
        house.sink.forget();
    }
}

#[tokio::test]
async fn the_strictest_decides_and_accepting_one_finding_never_skips_another() {
    let house = House::new().await;
    let cast = Cast::new();
    let list = house.list("friends", &[]).await;
    cast.join(&house, &list).await;
    // Not encrypted and not signed: two findings.
    let post = || Letter::new(&cast.alice, &list).clear();
    for (nonencrypted, unsigned, expected) in [
        ("accept", "reject", "reject"),
        ("reject", "accept", "reject"),
        ("hold", "reject", "reject"),
        ("discard", "reject", "discard"),
        ("hold", "accept", "hold"),
        ("accept", "hold", "hold"),
    ] {
        house.set(&list, "nonencrypted_msg_action", nonencrypted).await;
        house.set(&list, "unsigned_msg_action", unsigned).await;
        let line = house.post(&list, &cast.alice, post()).await;
        assert_eq!(decided(&line), expected);
        assert_eq!(line.findings, format!("nonencrypted={nonencrypted} unsigned={unsigned}"));
    }
    // And both accepted: membership and moderation are still asked.
    house.set(&list, "unsigned_msg_action", "accept").await;
    let line = house.post(&list, &cast.alice, Letter::new(&cast.mallory, &list).clear()).await;
    assert_eq!(decided(&line), "hold", "{line:?}");
    house.set(&list, "default_member_action", "discard").await;
    let line = house.post(&list, &cast.alice, post()).await;
    assert_eq!(decided(&line), "discard");
    assert!(line.findings.contains("moderated=discard"));
    assert!(house.sink.messages().is_empty());
}

#[tokio::test]
async fn what_cannot_be_opened_or_is_protected_in_part_never_goes_out() {
    let house = House::new().await;
    let cast = Cast::new();
    let list = house
        .list("friends", &[("nonencrypted_msg_action", "accept"), ("unsigned_msg_action", "accept")])
        .await;
    cast.join(&house, &list).await;
    let to_carol = || Letter::new(&cast.alice, &list).combined_for(&cast.carol.certificate());
    let flipped = || {
        let text = String::from_utf8(Letter::new(&cast.alice, &list).combined()).unwrap();
        let middle = text.find("-----END").unwrap() - 200;
        let other = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &text[..middle], &text[middle + 1..]).into_bytes()
    };
    let truncated = || {
        let text = String::from_utf8(Letter::new(&cast.alice, &list).combined()).unwrap();
        let end = text.find("-----END").unwrap();
        format!("{}{}", &text[..end - 300], &text[end..]).into_bytes()
    };
    let garbage = || {
        let text = String::from_utf8(Letter::new(&cast.alice, &list).combined()).unwrap();
        let (head, _) = text.split_once("-----BEGIN").unwrap();
        format!("{head}-----BEGIN PGP MESSAGE-----\r\n\r\n!!!! no armour\r\n-----END PGP MESSAGE-----\r\n--b--\r\n").into_bytes()
    };
    for (number, post) in [to_carol(), flipped(), truncated(), garbage()].into_iter().enumerate() {
        let line = house.post(&list, &cast.alice, post).await;
        assert!(line.findings.contains("undecryptable=reject"), "{number} {line:?}");
        assert_eq!(decided(&line), "reject");
    }
    let line = house.post(&list, &cast.alice, Letter::new(&cast.alice, &list).partly_encrypted()).await;
    assert!(line.findings.contains("partly_protected=reject"), "{line:?}");
    // Held and approved, it still does not: there is nothing to send.
    house.set(&list, "undecryptable_action", "hold").await;
    let line = house.post(&list, &cast.alice, to_carol()).await;
    assert_eq!(decided(&line), "hold");
    let held = chancery_mediator::list_held(&house.site, &chancery_mediator::Actor::Operator, &list.address)
        .await
        .unwrap();
    chancery_mediator::decide_held(
        &house.site,
        &chancery_mediator::Actor::Operator,
        &list.address,
        held[0].id,
        chancery_mediator::HeldDecision::Accept,
    )
    .await
    .unwrap();
    house.rest().await;
    assert_eq!(house.queue().await.held, 1, "it is held again");
    assert!(house.sink.messages().is_empty());
    // And the next good one is served.
    let line = house.post(&list, &cast.alice, Letter::new(&cast.alice, &list).combined()).await;
    assert_eq!(decided(&line), "accept");
}

#[tokio::test]
async fn an_expired_signature_is_held_and_a_revoked_key_is_rejected() {
    let house = House::new().await;
    let alice = Person::with_key("alice", KeyAlgorithm::Ed25519V4, Some(YEAR));
    let carol = Person::new("carol");
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice, &carol]).await;
    // Written while the key was good, handed in after its end.
    let old = |subject| Letter::new(&alice, &list).about(subject).combined();
    house.clock.set(NOW.after(YEAR));
    let line = house.post(&list, &alice, old("one")).await;
    assert_eq!((decided(&line), line.findings.as_str()), ("hold", "expired_signature=hold"));
    house.set(&list, "expired_sig_action", "accept").await;
    let line = house.post(&list, &alice, old("two")).await;
    assert_eq!(decided(&line), "accept");
    let reading = carol.read(&house.copy_for(&carol), &list.certificate, house.now());
    assert_eq!(reading.subject, "[not verified] two");
    assert!(reading.result().contains("EXPIRED"));
    assert!(!reading.text.contains("PGP SIGNATURE"), "an expired signature is not carried");

    house.clock.set(NOW);
    let pin = |row| house.site.database.pin_of(row, &alice.address);
    let id = house.site.database.list_by_address(&list.address).await.unwrap().unwrap().id;
    let pin = pin(id).await.unwrap().unwrap();
    let revoked = alice.pair.revoke(RevocationReason::Compromised, "", NOW).unwrap().certificate();
    let refresh = PinRefresh {
        certificate: Some((revoked.octets(), revoked.key_ids())),
        recipient_key: None,
        format: None,
        key_state: "revoked".to_owned(),
        key_expires: None,
        checked_at: NOW,
    };
    house.site.database.refresh_pin(pin.id, &refresh).await.unwrap();
    let line = house.post(&list, &alice, old("three")).await;
    assert_eq!((decided(&line), line.findings.as_str()), ("reject", "revoked_key=reject"));
    house.set(&list, "revoked_sig_action", "accept").await;
    house.sink.forget();
    let line = house.post(&list, &alice, old("four")).await;
    assert_eq!(decided(&line), "accept");
    let reading = carol.read(&house.copy_for(&carol), &list.certificate, house.now());
    assert_eq!(reading.subject, "[not verified] four");
}

#[tokio::test]
async fn an_unconfirmed_key_posts_nothing_and_gets_nothing_until_it_is_confirmed() {
    let house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    house.join(&list, &bob, Role::Member, false).await;
    let line = house.post(&list, &bob, Letter::new(&bob, &list).combined()).await;
    assert_eq!((decided(&line), line.findings.as_str()), ("reject", "unconfirmed_key=reject"));
    house.post(&list, &alice, Letter::new(&alice, &list).combined()).await;
    assert!(house.mail_for(&bob).is_empty());
    house.change(&list, &bob, MemberChange { confirmed: true, ..MemberChange::default() }).await;
    let line = house.post(&list, &bob, Letter::new(&bob, &list).about("again").combined()).await;
    assert_eq!(decided(&line), "accept");
    assert_eq!(house.mail_for(&bob).len(), 1);
}

#[tokio::test]
async fn two_froms_are_nobody_and_always_rejected() {
    let house = House::new().await;
    let cast = Cast::new();
    let list = house
        .list("friends", &[("wrong_signer_action", "accept"), ("default_nonmember_action", "accept")])
        .await;
    cast.join(&house, &list).await;
    let two = Letter::new(&cast.alice, &list).unprotected_header().with_outer("From: bob@example.org\r\n");
    let line = house.post(&list, &cast.alice, two.combined()).await;
    assert!(line.findings.contains("malformed_from=reject"), "{line:?}");
    assert_eq!(decided(&line), "reject");
    // Inside the protection it counts, outside it does not.
    let inside = Letter::new(&cast.alice, &list).with_outer("From: bob@example.org\r\n");
    let line = house.post(&list, &cast.alice, inside.combined()).await;
    assert_eq!(decided(&line), "accept", "{line:?}");
}

#[tokio::test]
async fn a_person_under_moderation_and_a_stopped_list_are_held() {
    let house = House::new().await;
    let cast = Cast::new();
    let list = house.list("friends", &[]).await;
    cast.join(&house, &list).await;
    let moderated = MemberChange { moderation: Some(Some(Disposition::Hold)), ..MemberChange::default() };
    house.change(&list, &cast.alice, moderated).await;
    let line = house.post(&list, &cast.alice, Letter::new(&cast.alice, &list).combined()).await;
    assert_eq!((decided(&line), line.findings.as_str()), ("hold", "moderated=hold"));
    let line = house.post(&list, &cast.bob, Letter::new(&cast.bob, &list).combined()).await;
    assert_eq!(decided(&line), "accept");
    house.set(&list, "emergency", "true").await;
    let line = house.post(&list, &cast.bob, Letter::new(&cast.bob, &list).combined()).await;
    assert_eq!((decided(&line), line.findings.as_str()), ("hold", "emergency=hold"));
    // A member by another role posts too.
    house.set(&list, "emergency", "false").await;
    house.join(&list, &cast.mallory, Role::Nonmember, true).await;
    let line = house.post(&list, &cast.mallory, Letter::new(&cast.mallory, &list).combined()).await;
    assert_eq!((decided(&line), line.findings.as_str()), ("hold", "not_a_member=hold"));
    house.join(&list, &cast.mallory, Role::Moderator, true).await;
    let line = house.post(&list, &cast.mallory, Letter::new(&cast.mallory, &list).combined()).await;
    assert_eq!(decided(&line), "accept");
}

#[tokio::test]
async fn a_protected_subject_alone_does_not_hide_the_from() {
    // NeoMutt and Mutt protect the Subject and no other field.
    let house = House::new().await;
    let cast = Cast::new();
    let list = house.list("friends", &[]).await;
    cast.join(&house, &list).await;
    let content =
        "Content-Type: text/plain; protected-headers=\"v1\"\r\nSubject: from NeoMutt\r\n\r\nhello\r\n";
    let letter = Letter::new(&cast.alice, &list).with_content(content);
    for post in [letter.combined(), letter.nested()] {
        house.sink.forget();
        let line = house.post(&list, &cast.alice, post).await;
        assert_eq!((decided(&line), line.findings.as_str()), ("accept", ""));
        let reading = cast.carol.read(&house.copy_for(&cast.carol), &list.certificate, house.now());
        assert_eq!(reading.subject, "[signed] from NeoMutt");
        assert!(reading.result().contains("Not signed by the author: From, Date."), "{}", reading.result());
    }
    // Nobody signed the From, so somebody else's there is somebody else's post.
    let line = house
        .post(
            &list,
            &cast.alice,
            Letter::new(&cast.bob, &list).signed_by(&cast.alice).with_content(content).combined(),
        )
        .await;
    assert_eq!(decided(&line), "reject");
    assert_eq!(line.findings, "wrong_signer=reject");
}

#[tokio::test]
async fn what_is_signed_in_clear_brings_its_own_header() {
    let house = House::new().await;
    let cast = Cast::new();
    let list = house.list("friends", &[("nonencrypted_msg_action", "accept")]).await;
    cast.join(&house, &list).await;
    let post = String::from_utf8(Letter::new(&cast.alice, &list).signed_in_clear()).unwrap();
    // Somebody on the way gave it another subject.
    let post = post.replacen("Subject: The papers", "Subject: Burn the papers", 1);
    let line = house.post(&list, &cast.alice, post.into_bytes()).await;
    assert_eq!(decided(&line), "accept");
    let reading = cast.carol.read(&house.copy_for(&cast.carol), &list.certificate, house.now());
    assert_eq!(reading.subject, "[signed, not encrypted] The papers");
    assert!(!reading.result().contains("Not signed by the author"), "{}", reading.result());
}
