// SPDX-License-Identifier: GPL-3.0-or-later
//! The other addresses of a list: its owners', its key's, and those whose part does not exist yet.

use crate::gpg_composes::two_members;
use crate::support::compose::{Letter, Protection, protect};
use crate::support::copy::armored;
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::mime::Part;
use crate::support::server::{TestServer, entries};
use crate::support::sink::{Arrivals as _, recipients};

#[test]
fn a_letter_to_the_owners_reaches_each_of_them_encrypted_and_nobody_else() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let (alice, bob) = two_members(&server, &list);
    let owners = [GpgPerson::new("carol", KeyKind::Cv25519), GpgPerson::new("dave", KeyKind::Rsa2048)];
    for owner in &owners {
        server.add(&list, owner, "owner");
    }
    let to = "friends-owner@lists.example.org";
    let clear = Letter::new(&alice, to, "A question", "In clear, from somebody.");
    let list_key = alice.fingerprint_of(&list.address);
    let sealed = Letter::new(&alice, to, "Another", "Encrypted, from a member.");
    let messages = [clear.clear(), protect(&alice, &list_key, &sealed, Protection::Combined)];
    for (number, (letter, message)) in [&clear, &sealed].into_iter().zip(messages).enumerate() {
        server.post(&alice.address, to, &message);
        for owner in &owners {
            let received = server.sink.nth_for(&owner.address, number + 1);
            let opened = owner.open(&armored(&Part::of(&received.octets)));
            opened.assert_decrypted();
            opened.assert_signed_by(&list_key);
            let text = String::from_utf8_lossy(&opened.plaintext).into_owned();
            assert!(text.contains(&letter.body) && text.contains(&letter.subject), "{text}");
        }
    }
    server.settle();
    assert_eq!(server.sink.messages().len(), 4);
    assert!(server.sink.so_far_for(&bob.address).is_empty());
}

#[test]
fn who_asks_for_the_key_gets_the_key_and_not_twice_in_an_hour() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let asker = GpgPerson::new("erin", KeyKind::Cv25519);
    let letter = Letter::new(&asker, "friends-key@lists.example.org", "Your key?", "Please.");
    server.post(&asker.address, "friends-key@lists.example.org", &letter.clear());
    let received = server.sink.nth_for(&asker.address, 1);
    assert!(received.envelope.reverse_path.is_none(), "an answer that bounces is answered by nobody");
    let message = Part::of(&received.octets);
    assert_eq!(message.field("Auto-Submitted"), Some("auto-replied"));
    assert_eq!(message.field("In-Reply-To"), Some(letter.message_id.as_str()));
    let all = message.walk();
    let key = all.iter().find(|part| part.media_type() == "application/pgp-keys").expect("a key is attached");
    let (given, exported) = (asker.import(&key.text()), asker.import(&list.key));
    assert_eq!(given, exported);
    assert!(all.iter().any(|part| part.text().contains(&given)), "the text says its fingerprint");

    let again = Letter::new(&asker, "friends-key@lists.example.org", "Once more", "Please.");
    server.post(&asker.address, "friends-key@lists.example.org", &again.clear());
    let automatic = Letter::new(&asker, "friends-key@lists.example.org", "Away", "I am away.")
        .with_header("Auto-Submitted: auto-replied");
    server.post("robot@example.org", "friends-key@lists.example.org", &automatic.clear());
    server.post("", "friends-key@lists.example.org", &again.clear());
    server.settle();
    let answered: Vec<_> = server.sink.messages().iter().flat_map(recipients).collect();
    assert_eq!(answered, [asker.address.as_str()]);
}

#[test]
fn what_no_part_handles_yet_is_parked_where_the_queue_shows_it() {
    let server = TestServer::start();
    let list = server.list("friends", &[]);
    let alice = GpgPerson::new("alice", KeyKind::Cv25519);
    server.join(&list, &alice);
    let parts = ["request", "join", "leave", "confirm+0123456789", "bounces+abcdefghijklmnopqrstuvwxyz"];
    for part in parts {
        let to = format!("friends-{part}@lists.example.org");
        server.post(&alice.address, &to, &Letter::new(&alice, &to, "Hello", "Hello.").clear());
    }
    server.settle();
    let queue = server.json(&["queue"]);
    let parked = entries(&queue["parked"]);
    assert_eq!(parked.len(), parts.len(), "{queue:#}");
    for entry in parked {
        assert_eq!(entry["list"], list.address.as_str());
        assert!(!entry["why"].as_str().unwrap().is_empty());
    }
    let id = parked[0]["id"].to_string();
    server.chancery(&["queue", "drop", &id]);
    assert_eq!(entries(&server.json(&["queue"])["parked"]).len(), parts.len() - 1);
    assert!(server.sink.messages().is_empty());
}
