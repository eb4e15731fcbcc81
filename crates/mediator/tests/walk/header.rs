// SPDX-License-Identifier: GPL-3.0-or-later
//! Subject, names, footer and list fields of what goes out.

use crate::support::house::{House, List};
use crate::support::letters::{Letter, SUBJECT};
use crate::support::people::Person;
use crate::support::reading::{Reading, field};

struct Stage {
    house: House,
    list: List,
    alice: Person,
    bob: Person,
}

async fn stage(settings: &[(&str, &str)]) -> Stage {
    let house = House::new().await;
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let list = house.list("friends", settings).await;
    house.members(&list, &[&alice, &bob]).await;
    Stage { house, list, alice, bob }
}

impl Stage {
    async fn read(&self, post: Vec<u8>) -> (Vec<u8>, Reading) {
        self.house.sink.forget();
        self.house.post(&self.list, &self.alice, post).await;
        let copy = self.house.copy_for(&self.bob);
        let reading = self.bob.read(&copy, &self.list.certificate, self.house.now());
        (copy, reading)
    }

    fn letter(&self) -> Letter<'_> {
        Letter::new(&self.alice, &self.list)
    }
}

#[tokio::test]
async fn tags_that_only_the_list_may_give_are_taken_out() {
    let stage = stage(&[]).await;
    for (given, expected) in [
        ("[signed] lunch", "[signed] lunch"),
        ("Re: [signed] lunch", "[signed] Re: lunch"),
        ("[ S I G N E D ] lunch", "[signed] lunch"),
        ("[si[signed]gned] lunch", "[signed] lunch"),
        ("［ｓｉｇｎｅｄ］ lunch", "[signed] lunch"),
        ("[bad signature] lunch", "[signed] lunch"),
        ("[friends] lunch", "[signed] [friends] lunch"),
        ("", "[signed]"),
    ] {
        let (_, reading) = stage.read(stage.letter().about(given).combined()).await;
        // An empty protected Subject is none; what stood outside is shown then.
        let expected = if given.is_empty() { "[signed] [...]" } else { expected };
        assert_eq!(reading.subject, expected, "{given}");
    }
    stage.house.set(&stage.list, "verdict_tag", "false").await;
    let (_, reading) = stage.read(stage.letter().about("[signed] dinner").combined()).await;
    assert_eq!(reading.subject, "dinner", "taken out even where none is given");
}

#[tokio::test]
async fn the_prefix_stands_once_behind_the_tag() {
    let stage = stage(&[("subject_prefix", "[friends]")]).await;
    for (given, expected) in
        [("lunch", "[signed] [friends] lunch"), ("Re: [friends] lunch", "[signed] Re: [friends] lunch")]
    {
        let (_, reading) = stage.read(stage.letter().about(given).combined()).await;
        assert_eq!(reading.subject, expected);
    }
}

#[tokio::test]
async fn the_subject_stands_outside_only_where_the_list_says_so_and_it_came_so() {
    let stage = stage(&[("header_protection", "clear")]).await;
    let (copy, reading) = stage.read(stage.letter().unprotected_header().combined()).await;
    assert_eq!(field(&copy, "Subject"), Some(format!("[signed] {SUBJECT}")));
    assert_eq!(reading.subject, format!("[signed] {SUBJECT}"));
    let (copy, reading) = stage.read(stage.letter().about("hidden").combined()).await;
    assert_eq!(field(&copy, "Subject").as_deref(), Some("[...]"), "what came encrypted stays so");
    assert_eq!(reading.subject, "[signed] hidden");
    stage.house.set(&stage.list, "header_protection", "subject").await;
    let (copy, reading) = stage.read(stage.letter().about("again").combined()).await;
    assert_eq!(field(&copy, "Subject").as_deref(), Some("[...]"));
    assert_eq!(reading.subject, "[signed] again");
}

#[tokio::test]
async fn the_root_protects_its_header_in_both_ways_and_the_parts_stand_in_order() {
    let stage = stage(&[("footer", "The friends")]).await;
    let (copy, reading) = stage.read(stage.letter().combined()).await;
    let content_type = field(reading.text.as_bytes(), "Content-Type").unwrap();
    assert!(
        content_type.starts_with("multipart/mixed; hp=\"cipher\"; protected-headers=\"v1\""),
        "{content_type}"
    );
    assert_eq!(reading.parts.len(), 3);
    for part in [&reading.parts[0], &reading.parts[2]] {
        assert!(field(part, "Content-Type").unwrap().starts_with("text/plain"));
        assert_eq!(field(part, "Content-Disposition"), None, "without a file name");
    }
    assert!(String::from_utf8_lossy(&reading.parts[2]).contains("\r\n\r\n-- \r\nThe friends\r\n"));
    for octets in [&copy[..], reading.text.as_bytes()] {
        for (name, value) in [
            ("From", "\"friends\" <friends@lists.example.org>"),
            ("List-Id", "\"friends\" <friends.lists.example.org>"),
            ("List-Post", "<mailto:friends@lists.example.org>"),
            ("List-Owner", "<mailto:friends-owner@lists.example.org>"),
            ("List-Unsubscribe", "<mailto:friends-leave@lists.example.org>"),
        ] {
            assert_eq!(field(octets, name).as_deref(), Some(value));
        }
        assert!(field(octets, "List-Help").unwrap().starts_with("<mailto:friends-request@"));
        assert!(field(octets, "Autocrypt").unwrap().contains("addr=friends@lists.example.org"));
        assert_eq!(field(octets, "Date"), Some(stage.house.now().to_rfc5322()));
        assert_eq!(field(octets, "To").as_deref(), Some("\"friends\" <friends@lists.example.org>"));
    }
    let armor = String::from_utf8(copy).unwrap();
    let (block, _) = armor.split_once("-----END PGP MESSAGE-----").unwrap();
    let last = block.trim_end().lines().last().unwrap();
    assert!(last.starts_with('=') && last.len() == 5, "the armour ends with its sum: {last}");
}

#[tokio::test]
async fn the_authors_name_stands_outside_only_where_the_list_allows_it() {
    let stage = stage(&[]).await;
    let (copy, _) = stage.read(stage.letter().combined()).await;
    assert!(!String::from_utf8_lossy(&copy).contains("Alice"));
    assert!(!String::from_utf8_lossy(&copy).contains("alice@"));
    stage.house.set(&stage.list, "author_name_outside", "true").await;
    stage.house.set(&stage.list, "display_name", "The Friends").await;
    let (copy, reading) = stage.read(stage.letter().about("two").combined()).await;
    let expected = "\"Alice via The Friends\" <friends@lists.example.org>";
    assert_eq!(field(&copy, "From").as_deref(), Some(expected));
    assert_eq!(field(reading.text.as_bytes(), "From").as_deref(), Some(expected));
    assert!(!String::from_utf8_lossy(&copy).contains("alice@"), "her address stays inside");
    let (copy, _) = stage.read(stage.letter().about("three").named("[signed] Bob").combined()).await;
    assert_eq!(field(&copy, "From").as_deref(), Some("\"Bob via The Friends\" <friends@lists.example.org>"));
}

#[tokio::test]
async fn the_recipients_key_is_hidden_unless_the_list_or_the_member_wants_it_shown() {
    use chancery_mediator::MemberChange;
    use sequoia_openpgp::{Packet, PacketPile, parse::Parse};
    let shows_key = |copy: &[u8]| {
        let text = String::from_utf8_lossy(copy).into_owned();
        let (_, rest) = text.split_once("-----BEGIN").unwrap();
        let (block, _) = rest.split_once("--\r\n\r\n--").or_else(|| rest.split_once("\r\n--")).unwrap();
        let pile = PacketPile::from_bytes(format!("-----BEGIN{block}--\r\n").as_bytes()).unwrap();
        let recipients: Vec<bool> = pile
            .children()
            .filter_map(|packet| match packet {
                Packet::PKESK(packet) => Some(packet.recipient().is_some()),
                _ => None,
            })
            .collect();
        assert_eq!(recipients.len(), 1, "a copy is for one");
        recipients[0]
    };
    let stage = stage(&[]).await;
    let (copy, _) = stage.read(stage.letter().about("1").combined()).await;
    assert!(!shows_key(&copy));
    let shown = MemberChange { recipient_key_id: Some(Some("shown".to_owned())), ..MemberChange::default() };
    stage.house.change(&stage.list, &stage.bob, shown).await;
    let (copy, _) = stage.read(stage.letter().about("2").combined()).await;
    assert!(shows_key(&copy));
    assert!(!shows_key(&stage.house.copy_for(&stage.alice)));
    let default = MemberChange { recipient_key_id: Some(None), ..MemberChange::default() };
    stage.house.change(&stage.list, &stage.bob, default).await;
    stage.house.set(&stage.list, "recipient_key_id", "shown").await;
    let (copy, _) = stage.read(stage.letter().about("3").combined()).await;
    assert!(shows_key(&copy) && shows_key(&stage.house.copy_for(&stage.alice)));
    let wrong = MemberChange { recipient_key_id: Some(Some("banana".to_owned())), ..MemberChange::default() };
    let refused = chancery_mediator::set_member(
        &stage.house.site,
        &chancery_mediator::Actor::Operator,
        &stage.list.address,
        &stage.bob.address,
        wrong,
    )
    .await;
    assert!(matches!(refused, Err(chancery_mediator::OperationError::Invalid { .. })));
}
