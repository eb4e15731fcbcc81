// SPDX-License-Identifier: GPL-3.0-or-later
//! Lists and members that go leave nothing behind.

use chancery_lists::Role;
use chancery_mediator::{Actor, OperationError, delete_list, list_members, remove_member};

use crate::support::house::House;
use crate::support::letters::Letter;
use crate::support::people::Person;

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn a_deleted_list_leaves_no_row_no_key_and_no_address() {
    let mut house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice, &bob]).await;
    house.halt().await;
    house.run_without_delivery();
    // Something everywhere: delivered, held, parked, waiting, in the log.
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    house.judged().await;
    house.set(&list, "emergency", "true").await;
    house.send(&list, &alice, Letter::new(&alice, &list).about("held").combined()).await;
    let request = "friends-request@lists.example.org".parse().unwrap();
    house.hand_in(Some(&alice.address), &request, Letter::new(&alice, &list).clear()).await;
    let queue = house.judged().await;
    assert_eq!((queue.held, queue.outgoing, queue.parked.len()), (1, 2, 1));

    delete_list(&house.site, &Actor::Operator, &list.address).await.unwrap();
    for (table, rows) in [
        ("lists", house.count("SELECT COUNT(*) FROM lists").await),
        ("list_settings", house.count("SELECT COUNT(*) FROM list_settings").await),
        ("list_keys", house.count("SELECT COUNT(*) FROM list_keys").await),
        ("subscriptions", house.count("SELECT COUNT(*) FROM subscriptions").await),
        ("pins", house.count("SELECT COUNT(*) FROM pins").await),
        ("pin_key_ids", house.count("SELECT COUNT(*) FROM pin_key_ids").await),
        ("inbound", house.count("SELECT COUNT(*) FROM inbound").await),
        ("held", house.count("SELECT COUNT(*) FROM held").await),
        ("seen_signatures", house.count("SELECT COUNT(*) FROM seen_signatures").await),
        ("departures", house.count("SELECT COUNT(*) FROM departures").await),
        ("departure_bodies", house.count("SELECT COUNT(*) FROM departure_bodies").await),
        ("deliveries", house.count("SELECT COUNT(*) FROM deliveries").await),
        ("owner_log", house.count("SELECT COUNT(*) FROM owner_log").await),
    ] {
        assert_eq!(rows, 0, "{table}");
    }
    let files = house.files();
    for trace in ["alice@example.org", "bob@example.org", "friends@lists.example.org"] {
        assert!(!holds(&files, trace.as_bytes()), "{trace}");
    }
    for key in [&list.certificate, &alice.certificate()] {
        assert!(!holds(&files, key.fingerprint().octets()));
    }
    let reply = house.hand_in(None, &list.address, Vec::new()).await;
    assert_eq!(reply.code, 550);
    // The house goes on: another of the same name is another.
    let again = house.list("friends", &[]).await;
    assert_ne!(again.certificate.fingerprint(), list.certificate.fingerprint());
    house.halt().await;
    house.run();
    house.members(&again, &[&alice]).await;
    house.post(&again, &alice, Letter::new(&alice, &again).combined()).await;
    assert_eq!(house.mail_for(&alice).len(), 1);
    assert!(house.mail_for(&bob).is_empty());
}

#[tokio::test]
async fn a_removed_member_leaves_no_row_no_key_and_no_address() {
    let mut house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice, &bob]).await;
    house.join(&list, &bob, Role::Owner, true).await;
    // An older key of bob's is history that goes with him.
    let renewed = Person::new("bob");
    let change = chancery_mediator::MemberChange {
        key: Some(renewed.certificate().octets()),
        confirmed: true,
        ..Default::default()
    };
    house.change(&list, &bob, change).await;
    house.halt().await;
    house.run_without_delivery();
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    assert_eq!(house.judged().await.outgoing, 2);

    let remove = |role| remove_member(&house.site, &Actor::Operator, &list.address, &bob.address, role);
    remove(Some(Role::Member)).await.unwrap();
    assert_eq!(house.queue().await.outgoing, 1);
    assert!(
        house.count("SELECT COUNT(*) FROM pins WHERE address = 'bob@example.org'").await > 1,
        "still an owner"
    );
    assert!(matches!(remove(Some(Role::Member)).await, Err(OperationError::NotFound(_))));
    remove(None).await.unwrap();
    assert!(matches!(remove(None).await, Err(OperationError::NotFound(_))));
    let mut names = Vec::new();
    list_members(&house.site, &Actor::Operator, &list.address, None, &mut |member| {
        names.push(member.address)
    })
    .await
    .unwrap();
    assert_eq!(names, std::slice::from_ref(&alice.address));
    let files = house.files();
    assert!(!holds(&files, b"bob@example.org"));
    for key in [bob.certificate(), renewed.certificate()] {
        assert!(!holds(&files, key.fingerprint().octets()));
    }
    assert!(
        holds(&files, alice.certificate().fingerprint().octets()),
        "the search itself finds what is there"
    );
}
