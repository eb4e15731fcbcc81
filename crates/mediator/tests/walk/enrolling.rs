// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys of members over time: newer copies, revocations, other keys, and when the list's own are
//! destroyed.

use chancery_crypto::{KeyAlgorithm, RevocationReason};
use chancery_lists::Role;
use chancery_mail::KeyState;
use chancery_mediator::{
    Actor, MemberChange, MemberImport, NewMember, OperationError, add_member, import_members, revoke_key,
    rollover_key, set_member, show_keys, show_member,
};

use crate::support::house::{House, List};
use crate::support::letters::Letter;
use crate::support::people::{DAY, NOW, Person};

async fn stage() -> (House, List, Person) {
    let house = House::new().await;
    let alice = Person::new("alice");
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    (house, list, alice)
}

fn revoked(person: &Person) -> Vec<u8> {
    let pair = person.pair.revoke(RevocationReason::Compromised, "", NOW.before(DAY)).unwrap();
    pair.certificate().octets()
}

async fn give(house: &House, list: &List, person: &Person, key: Vec<u8>) -> Result<(), OperationError> {
    let change = MemberChange { key: Some(key), ..MemberChange::default() };
    set_member(&house.site, &Actor::Operator, &list.address, &person.address, change).await.map(drop)
}

fn as_moderator(person: &Person, key: Vec<u8>) -> NewMember {
    NewMember {
        address: person.address.clone(),
        role: Role::Moderator,
        display_name: String::new(),
        key: Some(key),
        confirmed: false,
        any_user_id: false,
    }
}

async fn state(house: &House, list: &List, person: &Person) -> (String, bool) {
    let view = show_member(&house.site, &Actor::Operator, &list.address, &person.address).await.unwrap();
    view.key.map(|key| (key.state, key.confirmed)).unwrap()
}

#[tokio::test]
async fn a_revocation_reaches_the_list_and_no_older_copy_takes_it_back() {
    let (house, list, alice) = stage().await;
    give(&house, &list, &alice, revoked(&alice)).await.unwrap();
    let known = (KeyState::Revoked.as_str().to_owned(), true);
    assert_eq!(state(&house, &list, &alice).await, known);

    let old = alice.certificate().octets();
    give(&house, &list, &alice, old.clone()).await.unwrap();
    assert_eq!(state(&house, &list, &alice).await, known, "by member set");
    let moderator = as_moderator(&alice, old.clone());
    add_member(&house.site, &Actor::Operator, &list.address, moderator).await.unwrap();
    assert_eq!(state(&house, &list, &alice).await, known, "by another role");
    let import = MemberImport {
        csv: b"address,role\nalice@example.org,owner\n".to_vec(),
        keys: Some(old),
        confirmed: true,
    };
    import_members(&house.site, &Actor::Operator, &list.address, import, &mut |_, _| {}).await.unwrap();
    assert_eq!(state(&house, &list, &alice).await, known, "by an import");

    let line = house.post(&list, &alice, Letter::new(&alice, &list).combined()).await;
    assert!(line.findings.contains("revoked_key=reject"), "{}", line.findings);
}

#[tokio::test]
async fn another_key_does_not_slip_into_the_place_of_a_confirmed_one() {
    let (house, list, alice) = stage().await;
    let other = Person::new("alice").certificate().octets();
    let moderator = as_moderator(&alice, other.clone());
    let added = add_member(&house.site, &Actor::Operator, &list.address, moderator).await;
    assert!(matches!(added, Err(OperationError::Conflict(_))), "{added:?}");
    let import = MemberImport {
        csv: b"address,role\nalice@example.org,owner\n".to_vec(),
        keys: Some(other.clone()),
        confirmed: true,
    };
    let imported = import_members(&house.site, &Actor::Operator, &list.address, import, &mut |_, _| {}).await;
    assert!(
        matches!(&imported, Err(OperationError::Invalid { field, .. }) if field == "line 2"),
        "{imported:?}"
    );
    assert_eq!(state(&house, &list, &alice).await, ("usable".to_owned(), true));
    give(&house, &list, &alice, other).await.unwrap();
    assert_eq!(state(&house, &list, &alice).await, ("usable".to_owned(), false), "asked for, not confirmed");
}

#[tokio::test]
async fn retired_and_revoked_keys_of_a_list_are_destroyed_in_their_time() {
    let (house, list, _) = stage().await;
    let roll = || rollover_key(&house.site, &Actor::Operator, &list.address, KeyAlgorithm::default());
    let count = || async { show_keys(&house.site, &Actor::Operator, &list.address).await.unwrap().len() };
    roll().await.unwrap();
    house.look_after_site().await;
    assert_eq!(count().await, 2, "the old one still opens mail");
    house.clock.set(NOW.after(91 * DAY));
    house.look_after_site().await;
    assert_eq!(count().await, 1, "after ninety days it is gone");

    revoke_key(&house.site, &Actor::Operator, &list.address, RevocationReason::Compromised).await.unwrap();
    house.look_after_site().await;
    assert_eq!(count().await, 1, "a revoked one stays while there is no other");
    roll().await.unwrap();
    house.look_after_site().await;
    assert_eq!(count().await, 1, "then it is gone at once");
    assert_eq!(house.count("SELECT COUNT(*) FROM list_keys WHERE state = 'revoked'").await, 0);
}

#[tokio::test]
async fn keys_that_come_with_mail_change_no_pin() {
    let (house, list, alice) = stage().await;
    let other = Person::new("alice");
    let key = other.certificate();
    let autocrypt =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.minimal(&alice.address));
    let field = format!("Autocrypt: addr={}; prefer-encrypt=mutual; keydata={autocrypt}\r\n", alice.address);
    let attached = format!(
        "Content-Type: multipart/mixed; boundary=\"k\"; hp=\"cipher\"\r\nFrom: <{}>\r\nSubject: my new key\r\n{field}\r\n\
         --k\r\nContent-Type: text/plain\r\n\r\nMy new key is attached.\r\n--k\r\nContent-Type: \
         application/pgp-keys; name=\"key.asc\"\r\n\r\n{}\r\n--k--\r\n",
        alice.address,
        key.armored().replace("\r\n", "\n").replace('\n', "\r\n")
    );
    let before = house.count("SELECT COUNT(*) FROM pins").await;
    let letter = Letter::new(&alice, &list).with_outer(&field).with_content(&attached).combined();
    assert_eq!(house.post(&list, &alice, letter).await.disposition.as_deref(), Some("accept"));
    let forged = Letter::new(&other, &list).with_outer(&field).with_content(&attached).combined();
    let line = house.post(&list, &other, forged).await;
    assert!(line.findings.contains("unknown_key=reject"), "{}", line.findings);

    assert_eq!(house.count("SELECT COUNT(*) FROM pins").await, before, "none was added");
    assert_eq!(state(&house, &list, &alice).await, ("usable".to_owned(), true));
    let view = show_member(&house.site, &Actor::Operator, &list.address, &alice.address).await.unwrap();
    assert_eq!(view.key.unwrap().fingerprint, alice.certificate().fingerprint());
}

#[tokio::test]
async fn whatever_is_wrong_with_a_letter_the_outside_hears_the_same_250_and_nothing_after_it() {
    let (house, list, alice) = stage().await;
    let mallory = Person::new("mallory");
    let good = Letter::new(&alice, &list).combined();
    let mut flipped = good.clone();
    let middle = flipped.len() - 300;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    let letters = [
        flipped,
        good[..good.len() / 2].to_vec(),
        Letter::new(&alice, &list).unsigned(),
        Letter::new(&mallory, &list).combined(),
        Letter::new(&alice, &list).signed_by(&mallory).combined(),
        Letter::new(&alice, &list).combined_for(&mallory.certificate()),
        Letter::new(&alice, &list).partly_encrypted(),
        Letter::new(&alice, &list).clear(),
    ];
    let mut replies = std::collections::BTreeSet::new();
    for octets in letters {
        for sender in [&alice, &mallory] {
            let mut octets = octets.clone();
            octets.extend_from_slice(b"\r\n");
            replies.insert(house.hand_in(Some(&sender.address), &list.address, octets).await.to_string());
        }
    }
    house.rest().await;
    assert_eq!(replies.len(), 1, "{replies:?}");
    assert!(house.sink.messages().is_empty(), "nobody is written to");
}
