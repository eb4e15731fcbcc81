// SPDX-License-Identifier: GPL-3.0-or-later
//! How copies leave: encrypted, signed in clear, or in clear, as the list says and as the post came.

use chancery_lists::Role;
use chancery_mail::{Entity, Public, SignerVerdict};
use chancery_mediator::{Actor, MemberChange, NewMember, add_member};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, SUBJECT, WORDS};
use crate::support::people::Person;
use crate::support::reading::{children, field};

struct Stage {
    house: House,
    list: List,
    alice: Person,
    bob: Person,
    /// A member without a key.
    dave: Person,
}

/// A list that takes everything from its members.
async fn stage(encrypt: &str, sign: &str) -> Stage {
    let house = House::new().await;
    let (alice, bob, dave) = (Person::new("alice"), Person::new("bob"), Person::new("dave"));
    let list = house
        .list(
            "friends",
            &[
                ("nonencrypted_msg_action", "accept"),
                ("unsigned_msg_action", "accept"),
                ("inline_pgp_action", "accept"),
                ("encrypt_outgoing", encrypt),
                ("sign_outgoing", sign),
            ],
        )
        .await;
    house.members(&list, &[&alice, &bob]).await;
    let keyless = NewMember {
        address: dave.address.clone(),
        role: Role::Member,
        display_name: String::new(),
        key: None,
        confirmed: false,
        any_user_id: false,
    };
    add_member(&house.site, &Actor::Operator, &list.address, keyless).await.unwrap();
    Stage { house, list, alice, bob, dave }
}

impl Stage {
    async fn post(&self, post: Vec<u8>) -> String {
        self.house.sink.forget();
        let line = self.house.post(&self.list, &self.alice, post).await;
        line.disposition.unwrap()
    }

    fn letter(&self) -> Letter<'_> {
        Letter::new(&self.alice, &self.list)
    }

    /// Bob's copy must be signed in clear by the list, over the header too.
    fn read_signed(&self) -> Vec<u8> {
        let copy = self.house.copy_for(&self.bob);
        let message = Entity::<Public>::new(copy.clone());
        let known = self.list.certificate.clone();
        let opened =
            chancery_crypto::open(&message, &self.bob.ring, &mut |_| vec![known.clone()], self.house.now());
        assert_eq!(opened.summary.signers.len(), 1);
        assert_eq!(opened.summary.signers[0].verdict, SignerVerdict::Good);
        copy
    }
}

fn says(octets: &[u8], words: &str) -> bool {
    String::from_utf8_lossy(octets).contains(words)
}

#[tokio::test]
async fn what_came_encrypted_never_leaves_in_clear() {
    for (encrypt, sign) in [("never", "always"), ("never", "as_received"), ("never", "never")] {
        let stage = stage(encrypt, sign).await;
        let letter = stage.letter();
        for post in [letter.combined(), letter.nested(), letter.unsigned(), letter.inline_encrypted()] {
            assert_eq!(stage.post(post).await, "reject", "{encrypt} {sign}");
            let log = stage.house.log(&stage.list).await;
            assert!(log.last().unwrap().findings.contains("would_leak=reject"));
            assert!(stage.house.sink.messages().is_empty());
        }
    }
}

#[tokio::test]
async fn a_list_that_encrypts_always_encrypts_what_came_in_clear() {
    let stage = stage("always", "always").await;
    for (post, tag) in [
        (stage.letter().clear(), "[unsigned]"),
        (stage.letter().signed_in_clear(), "[signed, not encrypted]"),
        (stage.letter().inline_signed(), "[signed, not encrypted]"),
        (stage.letter().unsigned(), "[unsigned]"),
    ] {
        assert_eq!(stage.post(post).await, "accept");
        assert_eq!(stage.house.sink.messages().len(), 2, "no copy without a key");
        let reading =
            stage.bob.read(&stage.house.copy_for(&stage.bob), &stage.list.certificate, stage.house.now());
        assert_eq!(reading.subject, format!("{tag} {SUBJECT}"));
        assert!(reading.author().contains(WORDS));
    }
}

#[tokio::test]
async fn as_received_encrypts_what_came_encrypted_and_nothing_else() {
    let stage = stage("as_received", "always").await;
    assert_eq!(stage.post(stage.letter().combined()).await, "accept");
    assert_eq!(stage.house.sink.messages().len(), 2, "who has no key gets no copy of what came encrypted");
    stage.bob.read(&stage.house.copy_for(&stage.bob), &stage.list.certificate, stage.house.now());
    assert!(stage.house.sink.messages().iter().all(|message| !says(&message.octets, "old mill")));

    assert_eq!(stage.post(stage.letter().clear()).await, "accept");
    assert_eq!(stage.house.sink.messages().len(), 3);
    let copy = stage.read_signed();
    assert!(says(&copy, WORDS));
}

#[tokio::test]
async fn a_public_list_signs_its_posts_with_their_whole_header() {
    let stage = stage("never", "always").await;
    for (post, tag) in [
        (stage.letter().clear(), "[unsigned]"),
        (stage.letter().signed_in_clear(), "[signed, not encrypted]"),
        (stage.letter().inline_signed(), "[signed, not encrypted]"),
    ] {
        assert_eq!(stage.post(post).await, "accept");
        assert_eq!(stage.house.sink.messages().len(), 3);
        assert_eq!(stage.house.mail_for(&stage.dave).len(), 1);
        let copy = stage.read_signed();
        // There is nothing to hide, and who cannot check signatures reads the subject too.
        assert_eq!(field(&copy, "Subject"), Some(format!("{tag} {SUBJECT}")));
        let part = &children(&copy)[0];
        assert_eq!(field(part, "Subject"), Some(format!("{tag} {SUBJECT}")));
        assert!(field(part, "Content-Type").unwrap().contains("hp=\"clear\""));
        assert!(says(&children(part)[1], WORDS));
    }
}

#[tokio::test]
async fn signed_as_received_signs_what_came_signed() {
    let stage = stage("never", "as_received").await;
    assert_eq!(stage.post(stage.letter().signed_in_clear()).await, "accept");
    stage.read_signed();
    assert_eq!(stage.post(stage.letter().clear()).await, "accept");
    let copy = stage.house.copy_for(&stage.bob);
    assert!(!says(&copy, "PGP SIGNATURE"));
    assert_eq!(field(&copy, "Subject"), Some(format!("[unsigned] {SUBJECT}")));
}

#[tokio::test]
async fn a_list_that_does_neither_sends_a_plain_post() {
    let stage = stage("never", "never").await;
    assert_eq!(stage.post(stage.letter().clear()).await, "accept");
    for person in [&stage.alice, &stage.bob, &stage.dave] {
        let copy = stage.house.copy_for(person);
        let parts = children(&copy);
        assert!(says(&parts[0], "Not signed") && says(&parts[1], WORDS));
        assert_eq!(field(&copy, "From").unwrap(), "\"friends\" <friends@lists.example.org>");
    }
    // Who wants no posts gets none here either.
    let off = MemberChange { enabled: Some(false), ..MemberChange::default() };
    stage.house.change(&stage.list, &stage.dave, off).await;
    assert_eq!(stage.post(stage.letter().about("two").clear()).await, "accept");
    assert_eq!(stage.house.sink.messages().len(), 2);
}
