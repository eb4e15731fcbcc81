// SPDX-License-Identifier: GPL-3.0-or-later
//! The list's other addresses: its owners, its key; and mail that goes round in circles.

use chancery_crypto::{Certificate, KeyAlgorithm};
use chancery_lists::Role;
use chancery_mail::Address;
use chancery_mediator::{Actor, MemberChange, retry_parked, rollover_key};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, SUBJECT, WORDS};
use crate::support::people::{HOUR, Person};
use crate::support::reading::{children, field};

struct Stage {
    house: House,
    list: List,
    alice: Person,
    carol: Person,
    mallory: Person,
}

/// A list of alice's, owned by carol.
async fn stage() -> Stage {
    let house = House::new().await;
    let (alice, carol, mallory) = (Person::new("alice"), Person::new("carol"), Person::new("mallory"));
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    house.join(&list, &carol, Role::Owner, true).await;
    Stage { house, list, alice, carol, mallory }
}

impl Stage {
    async fn write(&self, to: &str, from: Option<&Address>, octets: Vec<u8>) {
        let to = to.parse().unwrap();
        let reply = self.house.hand_in(from, &to, octets).await;
        assert_eq!(reply.code, 250, "{reply}");
        self.house.rest().await;
    }

    async fn to_owners(&self, octets: Vec<u8>) {
        self.house.sink.forget();
        self.write("friends-owner@lists.example.org", Some(&self.mallory.address), octets).await;
    }

    async fn ask_for_key(&self, from: Option<&Address>, fields: &str) -> usize {
        let before = self.house.sink.messages().len();
        let message = format!(
            "From: somebody@example.org\r\nMessage-ID: <ask@example.org>\r\n{fields}Subject: key\r\n\r\nplease\r\n"
        );
        self.write("friends-key@lists.example.org", from, message.into_bytes()).await;
        self.house.sink.messages().len() - before
    }
}

#[tokio::test]
async fn mail_to_the_owners_reaches_them_encrypted_however_it_came() {
    let stage = stage().await;
    let letter = Letter::new(&stage.mallory, &stage.list);
    for (name, octets) in [
        ("clear", letter.clear()),
        ("signed", letter.signed_in_clear()),
        ("combined", letter.combined()),
        ("nested", letter.nested()),
        ("inline", letter.inline_encrypted()),
    ] {
        stage.to_owners(octets).await;
        let mail = stage.house.sink.messages();
        assert_eq!(mail.len(), 1, "{name}");
        let copy = stage.house.copy_for(&stage.carol);
        assert!(!String::from_utf8_lossy(&copy).contains("old mill"), "{name}");
        assert!(!String::from_utf8_lossy(&copy).contains(SUBJECT), "{name}");
        let reading = stage.carol.read(&copy, &stage.list.certificate, stage.house.now());
        assert_eq!(reading.subject, format!("[to the owners] {SUBJECT}"), "{name}");
        assert!(reading.author().contains(WORDS), "{name}");
        assert!(reading.result().contains("says it is from: mallory@example.org"), "{name}");
        assert!(stage.alice.try_to_open(&copy, &stage.list.certificate, stage.house.now()).is_none());
    }
    assert!(!String::from_utf8_lossy(&stage.house.files()).contains("old mill"));
}

#[tokio::test]
async fn what_looks_like_a_verdict_is_not_shown_to_the_owners() {
    let stage = stage().await;
    stage.to_owners(Letter::new(&stage.mallory, &stage.list).about("[signed] lunch").clear()).await;
    let copy = stage.house.copy_for(&stage.carol);
    let reading = stage.carol.read(&copy, &stage.list.certificate, stage.house.now());
    assert_eq!(reading.subject, "[to the owners] lunch");
}

#[tokio::test]
async fn an_owner_who_wants_no_posts_gets_the_owners_mail_all_the_same() {
    let stage = stage().await;
    stage.house.join(&stage.list, &stage.carol, Role::Member, true).await;
    let off = MemberChange { enabled: Some(false), ..MemberChange::default() };
    stage.house.change(&stage.list, &stage.carol, off).await;
    stage.house.post(&stage.list, &stage.alice, Letter::new(&stage.alice, &stage.list).combined()).await;
    assert!(stage.house.mail_for(&stage.carol).is_empty());
    stage.to_owners(Letter::new(&stage.mallory, &stage.list).clear()).await;
    assert_eq!(stage.house.mail_for(&stage.carol).len(), 1);
}

#[tokio::test]
async fn without_an_owner_who_can_read_it_the_owners_mail_waits() {
    let house = House::new().await;
    let (carol, mallory) = (Person::new("carol"), Person::new("mallory"));
    let list = house.list("friends", &[]).await;
    house.join(&list, &carol, Role::Owner, false).await;
    let to = "friends-owner@lists.example.org".parse().unwrap();
    house.hand_in(Some(&mallory.address), &to, Letter::new(&mallory, &list).clear()).await;
    let queue = house.rest().await;
    assert_eq!(queue.parked.len(), 1);
    assert!(queue.parked[0].why.contains("no owner"), "{}", queue.parked[0].why);
    assert!(queue.warnings.iter().any(|warning| warning.contains("no owner")), "{:?}", queue.warnings);
    house.change(&list, &carol, MemberChange { confirmed: true, ..MemberChange::default() }).await;
    retry_parked(&house.site, &Actor::Operator, queue.parked[0].id).await.unwrap();
    house.rest().await;
    assert_eq!(house.mail_for(&carol).len(), 1);
}

#[tokio::test]
async fn who_asks_gets_the_key_once_an_hour() {
    let stage = stage().await;
    let asker: Address = "stranger@example.net".parse().unwrap();
    assert_eq!(stage.ask_for_key(Some(&asker), "").await, 1);
    let answer = stage.house.sink.messages().remove(0);
    assert_eq!(answer.envelope.forward_paths, std::slice::from_ref(&asker));
    assert_eq!(field(&answer.octets, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(field(&answer.octets, "In-Reply-To").as_deref(), Some("<ask@example.org>"));
    let parts = children(&answer.octets);
    let attached = parts
        .iter()
        .find(|part| field(part, "Content-Type").unwrap().starts_with("application/pgp-keys"))
        .unwrap();
    let text = String::from_utf8(attached.clone()).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let certificate = Certificate::parse(&decoded(attached, body)).unwrap();
    assert_eq!(certificate.fingerprint(), stage.list.certificate.fingerprint());
    // Their words are not sent back.
    assert!(!String::from_utf8_lossy(&answer.octets).contains("please"));

    assert_eq!(stage.ask_for_key(Some(&asker), "").await, 0);
    let same: Address = "Stranger@Example.NET".parse().unwrap();
    assert_eq!(stage.ask_for_key(Some(&same), "").await, usize::from(same.canonical() != asker.canonical()));
    assert_eq!(
        stage.ask_for_key(Some(&stage.mallory.address), "").await,
        1,
        "others have an hour of their own"
    );
    stage.house.clock.advance(HOUR + std::time::Duration::from_secs(1));
    assert_eq!(stage.ask_for_key(Some(&asker), "").await, 1);
    assert!(stage.house.log(&stage.list).await.iter().any(|line| line.detail.contains("within the hour")));
}

fn decoded(part: &[u8], body: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    match field(part, "Content-Transfer-Encoding").as_deref() {
        Some("base64") => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        _ => body.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn machines_and_null_senders_get_no_key() {
    let stage = stage().await;
    assert_eq!(stage.ask_for_key(None, "").await, 0);
    for fields in [
        "Auto-Submitted: auto-replied\r\n",
        "Precedence: bulk\r\n",
        "List-Id: <others.example.net>\r\n",
        "Return-Path: <>\r\n",
    ] {
        assert_eq!(stage.ask_for_key(Some(&stage.mallory.address), fields).await, 0, "{fields}");
    }
    assert_eq!(stage.ask_for_key(Some(&stage.mallory.address), "Auto-Submitted: no\r\n").await, 1);
}

#[tokio::test]
async fn the_newest_key_is_the_one_that_is_sent() {
    let stage = stage().await;
    rollover_key(&stage.house.site, &Actor::Operator, &stage.list.address, KeyAlgorithm::default())
        .await
        .unwrap();
    assert_eq!(stage.ask_for_key(Some(&stage.mallory.address), "").await, 1);
    let answer = String::from_utf8(stage.house.sink.messages().remove(0).octets).unwrap();
    let newest = stage.house.certificate(&stage.list.address).await.fingerprint().to_string();
    assert!(answer.contains(&newest) && !answer.contains(&stage.list.certificate.fingerprint().to_string()));
}

#[tokio::test]
async fn what_has_been_through_the_list_or_through_too_many_hops_is_refused() {
    let stage = stage().await;
    let (house, list) = (&stage.house, &stage.list);
    let post = Letter::new(&stage.alice, list).combined();
    house.post(list, &stage.alice, post).await;
    let copy = house.copy_for(&stage.alice);
    for to in
        ["friends@lists.example.org", "friends-owner@lists.example.org", "friends-key@lists.example.org"]
    {
        let reply = house.hand_in(Some(&stage.alice.address), &to.parse().unwrap(), copy.clone()).await;
        assert_eq!((reply.code, reply.enhanced), (554, (5, 4, 6)), "{to}");
    }
    let hops = |n: usize| {
        let mut message = "Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n".repeat(n).into_bytes();
        message.extend(Letter::new(&stage.alice, list).about("hops").combined());
        message
    };
    let reply = house.hand_in(Some(&stage.alice.address), &list.address, hops(26)).await;
    assert_eq!((reply.code, reply.enhanced), (554, (5, 4, 6)));
    let line = house.post(list, &stage.alice, hops(25)).await;
    assert_eq!(line.disposition.as_deref(), Some("accept"));
    // Another list's mark is nobody's loop.
    let other =
        Letter::new(&stage.alice, list).about("other").with_outer("List-Id: <others.example.net>\r\n");
    assert_eq!(house.post(list, &stage.alice, other.combined()).await.disposition.as_deref(), Some("accept"));
}
