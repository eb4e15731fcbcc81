// SPDX-License-Identifier: GPL-3.0-or-later
//! Who may do what: every operation, asked by everybody who may not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chancery_crypto::{KeyAlgorithm, RevocationReason};
use chancery_lists::Role;
use chancery_mail::Address;
use chancery_mediator::{
    Actor, HeldDecision, MemberChange, MemberImport, NewList, NewMember, OperationError, Site, add_member,
    create_list, decide_held, delete_list, drop_parked, export_key, export_revocation, import_key,
    import_members, list_held, list_lists, list_members, queue, read_log, remove_member, retry_now,
    retry_parked, revoke_key, rollover_key, set_list, set_member, show_held, show_keys, show_list,
    show_member,
};

use crate::support::house::House;
use crate::support::letters::Letter;
use crate::support::people::Person;

/// Which role of the list an operation needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Operator,
    Owner,
    Moderator,
}

type Outcome = Result<(), OperationError>;
type Ask = fn(Arc<Site>, Actor, Address, Address) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

macro_rules! operations {
    ($(($name:literal, $needs:ident, |$site:ident, $actor:ident, $list:ident, $person:ident| $call:expr)),* $(,)?) => {
        vec![$(($name, Needs::$needs, (|$site: Arc<Site>, $actor: Actor, $list: Address, $person: Address| {
            Box::pin(async move {
                let _ = (&$list, &$person);
                $call.await.map(drop)
            }) as Pin<Box<dyn Future<Output = Outcome> + Send>>
        }) as Ask)),*]
    };
}

/// The harmless ones first: those that an allowed actor is let do leave the rest possible.
fn operations() -> Vec<(&'static str, Needs, Ask)> {
    operations![
        ("queue", Operator, |site, actor, list, person| queue(&site, &actor)),
        ("list_lists", Operator, |site, actor, list, person| list_lists(&site, &actor)),
        ("retry_now", Operator, |site, actor, list, person| retry_now(&site, &actor)),
        ("retry_parked", Operator, |site, actor, list, person| retry_parked(&site, &actor, 1)),
        ("drop_parked", Operator, |site, actor, list, person| drop_parked(&site, &actor, 1)),
        ("create_list", Operator, |site, actor, list, person| create_list(
            &site,
            &actor,
            NewList { address: list.clone(), settings: Vec::new(), algorithm: KeyAlgorithm::default() }
        )),
        ("delete_list", Operator, |site, actor, list, person| delete_list(&site, &actor, &list)),
        ("list_held", Moderator, |site, actor, list, person| list_held(&site, &actor, &list)),
        ("show_held", Moderator, |site, actor, list, person| show_held(&site, &actor, &list, 1, None)),
        ("decide_held", Moderator, |site, actor, list, person| decide_held(
            &site,
            &actor,
            &list,
            1000,
            HeldDecision::Accept
        )),
        ("read_log", Moderator, |site, actor, list, person| read_log(&site, &actor, &list, 10)),
        ("show_list", Owner, |site, actor, list, person| show_list(&site, &actor, &list)),
        ("show_keys", Owner, |site, actor, list, person| show_keys(&site, &actor, &list)),
        ("show_member", Owner, |site, actor, list, person| show_member(&site, &actor, &list, &person)),
        ("list_members", Owner, |site, actor, list, person| list_members(
            &site,
            &actor,
            &list,
            None,
            &mut |_| ()
        )),
        ("export_revocation", Owner, |site, actor, list, person| export_revocation(&site, &actor, &list)),
        ("set_list", Owner, |site, actor, list, person| set_list(
            &site,
            &actor,
            &list,
            &[("footer".to_owned(), "x".to_owned())]
        )),
        ("set_member", Owner, |site, actor, list, person| set_member(
            &site,
            &actor,
            &list,
            &person,
            MemberChange::default()
        )),
        ("add_member", Owner, |site, actor, list, person| add_member(
            &site,
            &actor,
            &list,
            NewMember {
                address: "new@example.org".parse().unwrap(),
                role: Role::Member,
                display_name: String::new(),
                key: None,
                confirmed: false,
                any_user_id: false,
            }
        )),
        ("import_members", Owner, |site, actor, list, person| import_members(
            &site,
            &actor,
            &list,
            MemberImport { csv: b"address\nnewer@example.org\n".to_vec(), keys: None, confirmed: false },
            &mut |_, _| ()
        )),
        ("remove_member", Owner, |site, actor, list, person| remove_member(
            &site, &actor, &list, &person, None
        )),
        ("import_key", Owner, |site, actor, list, person| import_key(&site, &actor, &list, b"no key", None)),
        ("rollover_key", Owner, |site, actor, list, person| rollover_key(
            &site,
            &actor,
            &list,
            KeyAlgorithm::default()
        )),
        ("revoke_key", Owner, |site, actor, list, person| revoke_key(
            &site,
            &actor,
            &list,
            RevocationReason::Retired
        )),
    ]
}

#[tokio::test]
async fn who_may_not_is_refused_every_operation_and_who_may_is_not() {
    let house = House::new().await;
    let [alice, bob, carol, mallory, erin] = ["alice", "bob", "carol", "mallory", "erin"].map(Person::new);
    let list = house.list("friends", &[]).await;
    let other = house.list("enemies", &[]).await;
    house.members(&list, &[&alice]).await;
    house.join(&list, &bob, Role::Moderator, true).await;
    house.join(&list, &carol, Role::Owner, true).await;
    house.join(&list, &erin, Role::Nonmember, true).await;
    // Mallory owns the list next door.
    house.join(&other, &mallory, Role::Owner, true).await;
    let before = house.count("SELECT COUNT(*) FROM owner_log").await;
    for (name, needs, ask) in operations() {
        for (person, role) in [
            (&alice, "member"),
            (&bob, "moderator"),
            (&carol, "owner"),
            (&erin, "nonmember"),
            (&mallory, "owner of another list"),
            (&Person::new("nobody"), "stranger"),
        ] {
            let may = match needs {
                Needs::Operator => false,
                Needs::Owner => role == "owner",
                Needs::Moderator => role == "owner" || role == "moderator",
            };
            if may {
                continue;
            }
            let actor = Actor::Person(person.address.clone());
            let outcome =
                ask(Arc::clone(&house.site), actor, list.address.clone(), alice.address.clone()).await;
            assert!(matches!(outcome, Err(OperationError::Forbidden)), "{name} by a {role}: {outcome:?}");
        }
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM owner_log").await, before, "a refusal changes nothing");
    assert_eq!(house.count("SELECT COUNT(*) FROM subscriptions").await, 5);
    assert_eq!(house.count("SELECT COUNT(*) FROM list_keys").await, 4);
    assert_eq!(house.certificate(&list.address).await.fingerprint(), list.certificate.fingerprint());
    // And those who may are not told that they may not, whatever else is in the way.
    for (name, needs, ask) in operations() {
        let allowed = match needs {
            Needs::Operator => continue,
            Needs::Owner => vec![&carol],
            Needs::Moderator => vec![&carol, &bob],
        };
        for person in allowed {
            let actor = Actor::Person(person.address.clone());
            let outcome =
                ask(Arc::clone(&house.site), actor, list.address.clone(), alice.address.clone()).await;
            assert!(!matches!(outcome, Err(OperationError::Forbidden)), "{name} by {}", person.name);
        }
    }
    // The public key is for everybody.
    export_key(&house.site, &list.address).await.unwrap();
}

#[tokio::test]
async fn a_held_post_is_decided_on_its_own_list_only() {
    let house = House::new().await;
    let (alice, mallory) = (Person::new("alice"), Person::new("mallory"));
    let list = house.list("friends", &[("emergency", "true")]).await;
    let other = house.list("enemies", &[]).await;
    house.members(&list, &[&alice]).await;
    house.join(&other, &mallory, Role::Owner, true).await;
    house.post(&list, &alice, Letter::new(&alice, &list).combined()).await;
    let held = list_held(&house.site, &Actor::Operator, &list.address).await.unwrap()[0].id;
    let actor = Actor::Person(mallory.address.clone());
    for decision in [HeldDecision::Accept, HeldDecision::Reject, HeldDecision::Discard] {
        let outcome = decide_held(&house.site, &actor, &other.address, held, decision).await;
        assert!(matches!(outcome, Err(OperationError::NotFound(_))));
    }
    let shown = show_held(&house.site, &actor, &other.address, held, None).await;
    assert!(matches!(shown, Err(OperationError::NotFound(_))));
    assert_eq!(house.queue().await.held, 1);
}
