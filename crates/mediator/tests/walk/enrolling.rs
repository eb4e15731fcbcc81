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
