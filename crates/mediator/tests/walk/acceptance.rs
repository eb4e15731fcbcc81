// SPDX-License-Identifier: GPL-3.0-or-later
//! A post that is accepted: who gets it, and what it looks like.

use crate::support::house::House;
use crate::support::letters::{Letter, SUBJECT, WORDS};
use crate::support::people::Person;
use crate::support::reading::field;

#[tokio::test]
async fn a_good_post_reaches_every_member_once_and_opens_with_that_members_key_alone() {
    let house = House::new().await;
    let (alice, bob, carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice, &bob, &carol]).await;
    for (number, post) in [
        Letter::new(&alice, &list).combined(),
        Letter::new(&alice, &list).nested(),
        Letter::new(&alice, &list).unprotected_header().combined(),
    ]
    .into_iter()
    .enumerate()
    {
        house.sink.forget();
        let line = house.post(&list, &alice, post).await;
        assert_eq!((line.disposition.as_deref(), line.findings.as_str()), (Some("accept"), ""), "{number}");
        assert_eq!(house.sink.messages().len(), 3);
        for reader in [&alice, &bob, &carol] {
            let copy = house.copy_for(reader);
            let reading = reader.read(&copy, &list.certificate, house.now());
            assert!(reading.author().contains(WORDS));
            assert_eq!(reading.subject, format!("[signed] {SUBJECT}"));
            assert!(reading.result().contains("Signed by alice@example.org"), "{}", reading.result());
            for other in [&alice, &bob, &carol].into_iter().filter(|other| other.name != reader.name) {
                assert!(other.try_to_open(&copy, &list.certificate, house.now()).is_none());
            }
            assert!(!String::from_utf8_lossy(&copy).contains("old mill"));
            assert!(!String::from_utf8_lossy(&copy).contains(SUBJECT));
            assert_eq!(field(&copy, "Subject").as_deref(), Some("[...]"));
        }
    }
    assert!(house.queue().await.is_still());
    assert_eq!(house.count("SELECT COUNT(*) FROM departures").await, 0);
}
