// SPDX-License-Identifier: GPL-3.0-or-later
//! The same signature again: found, also after a restart, and nowhere else.

use chancery_mail::Envelope;
use chancery_mediator::Intake;
use chancery_smtp::{Handler as _, Peer};
use zeroize::Zeroizing;

use crate::support::house::{House, List};
use crate::support::letters::Letter;
use crate::support::people::Person;
use crate::support::reading::{children, field};

async fn stage(settings: &[(&str, &str)]) -> (House, List, Person, Person) {
    let house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let list = house.list("friends", settings).await;
    house.members(&list, &[&alice, &bob]).await;
    (house, list, alice, bob)
}

#[tokio::test]
async fn a_replay_is_found_even_after_a_restart() {
    let (mut house, list, alice, bob) = stage(&[]).await;
    let post = Letter::new(&alice, &list).combined();
    house.post(&list, &alice, post.clone()).await;
    for _ in 0..2 {
        let line = house.post(&list, &bob, post.clone()).await;
        assert_eq!(line.disposition.as_deref(), Some("reject"));
        assert_eq!(line.findings, "duplicate_signature=reject");
        house.restart().await;
    }
    assert_eq!(house.sink.messages().len(), 2, "two copies of the one post");
    // Alice may say the same again: it is another signature.
    let again = Letter::new(&alice, &list).at(house.now()).about("once more").combined();
    assert_eq!(house.post(&list, &alice, again).await.disposition.as_deref(), Some("accept"));
}

#[tokio::test]
async fn a_signature_taken_from_a_copy_and_encrypted_again_is_found() {
    let (house, list, alice, bob) = stage(&[]).await;
    house.post(&list, &alice, Letter::new(&alice, &list).combined()).await;
    // Bob has alice's signed part in his copy, and sends it to the list as if it were alice's post.
    let reading = bob.read(&house.copy_for(&bob), &list.certificate, house.now());
    let carried = reading.author();
    assert!(field(carried.as_bytes(), "Content-Type").unwrap().starts_with("multipart/signed"));
    assert_eq!(children(carried.as_bytes()).len(), 2);
    let line = house.post(&list, &bob, Letter::new(&alice, &list).enclosed(&carried)).await;
    assert_eq!(line.findings, "duplicate_signature=reject", "{line:?}");
    assert_eq!(house.sink.messages().len(), 2);
}

#[tokio::test]
async fn a_list_that_accepts_replays_says_so_to_its_readers() {
    let (house, list, alice, bob) = stage(&[("duplicate_sig_action", "accept")]).await;
    let post = Letter::new(&alice, &list).combined();
    house.post(&list, &alice, post.clone()).await;
    house.sink.forget();
    let line = house.post(&list, &alice, post.clone()).await;
    assert_eq!(
        (line.disposition.as_deref(), line.findings.as_str()),
        (Some("accept"), "duplicate_signature=accept")
    );
    let reading = bob.read(&house.copy_for(&bob), &list.certificate, house.now());
    assert!(reading.result().contains("has seen the same signature before"), "{}", reading.result());
    house.set(&list, "collect_sig_hashes", "false").await;
    assert_eq!(house.post(&list, &alice, post).await.findings, "");
}

#[tokio::test]
async fn another_list_has_a_memory_of_its_own() {
    let (house, list, alice, _) = stage(&[]).await;
    let enemies = house.list("enemies", &[]).await;
    house.members(&enemies, &[&alice]).await;
    let signed = Letter::new(&alice, &list).payload("cipher");
    let nested = Letter::new(&alice, &list).multipart_signed(&signed, "");
    for list in [&list, &enemies] {
        let line = house.post(list, &alice, Letter::new(&alice, list).enclosed(&nested)).await;
        assert_eq!(line.findings, "");
    }
}

#[tokio::test]
async fn two_spellings_of_a_list_in_one_envelope_are_one_recipient() {
    let (house, list, alice, bob) = stage(&[]).await;
    let intake = Intake::new(std::sync::Arc::clone(&house.site));
    let peer = Peer { address: None, hello: "mx.example.org".to_owned(), with: "LMTP" };
    let forward_paths =
        ["friends@lists.example.org", "Friends@Lists.Example.Org", "friends-key@lists.example.org"]
            .map(|path| path.parse().unwrap())
            .to_vec();
    let envelope = Envelope { reverse_path: Some(alice.address.clone()), forward_paths };
    let post = Letter::new(&alice, &list).combined();
    let replies = intake.message(&peer, envelope, Zeroizing::new(post)).await;
    assert_eq!(replies.iter().map(|reply| reply.code).collect::<Vec<_>>(), [250, 250, 250]);
    house.rest().await;
    bob.read(&house.copy_for(&bob), &list.certificate, house.now());
    let log = house.log(&list).await;
    let posts: Vec<_> = log.iter().filter(|line| line.event == "post").collect();
    assert_eq!(posts.len(), 1, "{log:?}");
}

#[tokio::test]
async fn who_sends_a_caught_post_first_under_another_name_silences_it_and_deceives_nobody() {
    let (house, list, alice, bob) = stage(&[]).await;
    let post = String::from_utf8(Letter::new(&alice, &list).unprotected_header().combined()).unwrap();
    let raced = post.replacen("alice@example.org", "bob@example.org", 1).into_bytes();
    let line = house.post(&list, &bob, raced).await;
    assert!(line.findings.contains("wrong_signer=reject"), "{}", line.findings);
    let line = house.post(&list, &alice, post.into_bytes()).await;
    assert_eq!(line.findings, "duplicate_signature=reject", "the price: alice has to write again");
    assert!(house.sink.messages().is_empty());
}
