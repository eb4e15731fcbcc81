// SPDX-License-Identifier: GPL-3.0-or-later
//! Many members at once: all of them, or none.

use chancery_mediator::{
    Actor, ImportReport, MemberImport, NewMember, OperationError, add_member, import_members, show_member,
};

use crate::support::house::{House, List};
use crate::support::letters::Letter;
use crate::support::people::{NOW, Person};

async fn import(
    house: &House,
    list: &List,
    csv: &str,
    keys: &[&Person],
    confirmed: bool,
) -> Result<ImportReport, OperationError> {
    let octets: Vec<u8> = keys.iter().flat_map(|person| person.certificate().octets()).collect();
    let import = MemberImport {
        csv: csv.as_bytes().to_vec(),
        keys: (!octets.is_empty()).then_some(octets),
        confirmed,
    };
    import_members(&house.site, &Actor::Operator, &list.address, import, &mut |_, _| ()).await
}

#[tokio::test]
async fn people_come_with_their_keys_and_get_the_next_post() {
    let house = House::new().await;
    let (alice, bob, carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let list = house.list("friends", &[]).await;
    let fingerprint = carol.certificate().fingerprint();
    let csv = format!(
        "address,name,role,fingerprint\nalice@example.org,Alice,,\nBob@Example.org,\"Bob, the builder\",member,\n\
         carol@example.org,,owner,{fingerprint}\ndave@example.org,,,\n"
    );
    let report = import(&house, &list, &csv, &[&alice, &bob, &carol], true).await.unwrap();
    assert_eq!((report.subscribed, report.with_key, report.already.len()), (4, 3, 0));
    let again = import(&house, &list, &csv, &[&alice, &bob, &carol], false).await.unwrap();
    assert_eq!((again.subscribed, again.already.len()), (0, 4));
    house.post(&list, &alice, Letter::new(&alice, &list).combined()).await;
    assert_eq!(house.sink.messages().len(), 2, "carol owns the list and dave has no key");
    // A second role, with the same key and nobody's word for it, takes nothing back.
    import(&house, &list, "address,role\nalice@example.org,moderator\n", &[&alice], false).await.unwrap();
    let view = show_member(&house.site, &Actor::Operator, &list.address, &alice.address).await.unwrap();
    assert_eq!(view.roles, ["member", "moderator"]);
    assert!(view.key.unwrap().confirmed);
}

#[tokio::test]
async fn one_wrong_line_subscribes_nobody() {
    let house = House::new().await;
    let (alice, other) = (Person::new("alice"), Person::new("alice"));
    let list = house.list("friends", &[]).await;
    for (csv, keys, line) in [
        ("address\nalice@example.org\nno address\n", vec![&alice], "line 3"),
        ("address,role\nalice@example.org,emperor\n", vec![&alice], "line 2"),
        ("address\nalice@example.org\n", vec![&alice, &other], "line 2"),
        (
            "address,fingerprint\nalice@example.org,0123456789012345678901234567890123456789\n",
            vec![&alice],
            "line 2",
        ),
        ("name\nalice\n", vec![], "line 2"),
    ] {
        match import(&house, &list, csv, &keys, true).await {
            Err(OperationError::Invalid { field, .. }) => assert_eq!(field, line, "{csv}"),
            outcome => panic!("{csv}: {outcome:?}"),
        }
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM subscriptions").await, 0);
}

#[tokio::test]
async fn a_key_that_is_not_theirs_or_not_usable_is_refused() {
    let house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let expired = Person::with_key(
        "carol",
        chancery_crypto::KeyAlgorithm::Ed25519V4,
        Some(crate::support::people::DAY),
    );
    let list = house.list("friends", &[]).await;
    let new = |person: &Person, key: Vec<u8>, any_user_id| NewMember {
        address: person.address.clone(),
        role: chancery_lists::Role::Member,
        display_name: String::new(),
        key: Some(key),
        confirmed: true,
        any_user_id,
    };
    let secret = alice.pair.octets().to_vec();
    let two = [alice.certificate().octets(), bob.certificate().octets()].concat();
    for (person, key) in [
        (&alice, bob.certificate().octets()),
        (&alice, secret),
        (&alice, two),
        (&alice, b"nothing".to_vec()),
        (&expired, expired.certificate().octets()),
    ] {
        let refused = add_member(&house.site, &Actor::Operator, &list.address, new(person, key, false)).await;
        assert!(
            matches!(&refused, Err(OperationError::Invalid { field, .. }) if field == "key"),
            "{refused:?}"
        );
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM subscriptions").await, 0);
    add_member(&house.site, &Actor::Operator, &list.address, new(&alice, bob.certificate().octets(), true))
        .await
        .unwrap();
}

#[tokio::test]
async fn of_two_copies_of_a_key_in_one_file_the_revocation_counts() {
    let house = House::new().await;
    let list = house.list("friends", &[]).await;
    let alice = Person::new("alice");
    let revoked = alice
        .pair
        .revoke(chancery_crypto::RevocationReason::Compromised, "", NOW)
        .unwrap()
        .certificate()
        .octets();
    let fingerprint = alice.certificate().fingerprint();
    for csv in [
        "address\nalice@example.org\n".to_owned(),
        format!("address,fingerprint\nalice@example.org,{fingerprint}\n"),
    ] {
        let import = MemberImport {
            csv: csv.into_bytes(),
            keys: Some([revoked.clone(), alice.certificate().octets()].concat()),
            confirmed: true,
        };
        let imported =
            import_members(&house.site, &Actor::Operator, &list.address, import, &mut |_, _| {}).await;
        assert!(
            matches!(&imported, Err(OperationError::Invalid { why, .. }) if why.contains("revoked")),
            "{imported:?}"
        );
    }
}
