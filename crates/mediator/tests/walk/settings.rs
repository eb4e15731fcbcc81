// SPDX-License-Identifier: GPL-3.0-or-later
//! Settings that are changed together hold together.

use chancery_mediator::{Actor, NewList, OperationError, create_list, list_lists, set_list, show_list};

use crate::support::house::House;

fn named(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn settings_that_go_only_together_are_taken_in_any_order() {
    let house = House::new().await;
    let [one, other] = [
        [("sign_outgoing", "never"), ("encrypt_outgoing", "never")],
        [("encrypt_outgoing", "never"), ("sign_outgoing", "never")],
    ];
    for (number, together) in [one, other].iter().enumerate() {
        let address: chancery_mail::Address = format!("list{number}@lists.example.org").parse().unwrap();
        let new =
            NewList { address: address.clone(), settings: named(together), algorithm: Default::default() };
        let view = create_list(&house.site, &Actor::Operator, new).await.unwrap();
        assert_eq!(
            (view.settings["sign_outgoing"].as_str(), view.settings["encrypt_outgoing"].as_str()),
            ("never", "never")
        );
        let back = [("encrypt_outgoing", "always"), ("sign_outgoing", "always")];
        set_list(&house.site, &Actor::Operator, &address, &named(&back)).await.unwrap();
        let view = set_list(&house.site, &Actor::Operator, &address, &named(together)).await.unwrap();
        assert_eq!(view.settings["encrypt_outgoing"], "never");
    }
}

#[tokio::test]
async fn one_wrong_setting_changes_none() {
    let house = House::new().await;
    let list = house.list("friends", &[]).await;
    for wrong in [("encrypt_outgoing", "maybe"), ("no_such_setting", "x"), ("sign_outgoing", "never")] {
        let changes = named(&[("footer", "changed"), wrong]);
        let refused = set_list(&house.site, &Actor::Operator, &list.address, &changes).await;
        assert!(matches!(refused, Err(OperationError::Invalid { .. })), "{wrong:?}");
        let new = NewList {
            address: "others@lists.example.org".parse().unwrap(),
            settings: changes,
            algorithm: Default::default(),
        };
        assert!(matches!(
            create_list(&house.site, &Actor::Operator, new).await,
            Err(OperationError::Invalid { .. })
        ));
    }
    let view = show_list(&house.site, &Actor::Operator, &list.address).await.unwrap();
    assert_eq!(view.settings["footer"], "");
    assert_eq!(list_lists(&house.site, &Actor::Operator).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_says_that_nobody_can_read_for_its_owners() {
    let house = House::new().await;
    let address: chancery_mail::Address = "friends@lists.example.org".parse().unwrap();
    let new = NewList { address: address.clone(), settings: Vec::new(), algorithm: Default::default() };
    let view = create_list(&house.site, &Actor::Operator, new).await.unwrap();
    assert!(view.warnings.iter().any(|warning| warning.contains("no owner")), "{:?}", view.warnings);
    for wrong in ["friends@example.org", "friends-owner@lists.example.org", "postmaster@lists.example.org"] {
        let new =
            NewList { address: wrong.parse().unwrap(), settings: Vec::new(), algorithm: Default::default() };
        let refused = create_list(&house.site, &Actor::Operator, new).await;
        assert!(matches!(refused, Err(OperationError::Invalid { .. })), "{wrong}");
    }
    let new = NewList {
        address: "friends@Lists.Example.Org".parse().unwrap(),
        settings: Vec::new(),
        algorithm: Default::default(),
    };
    assert!(matches!(
        create_list(&house.site, &Actor::Operator, new).await,
        Err(OperationError::Conflict(_))
    ));
}
