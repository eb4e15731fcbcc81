// SPDX-License-Identifier: GPL-3.0-or-later
//! A server that is killed at any moment of a fan-out loses nothing: after the restart every member has the post.

use std::time::{Duration, Instant};

use crate::support::compose::{Letter, Protection, protect};
use crate::support::copy::Copy;
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::seed::{Seed, full};
use crate::support::server::{TestServer, entries};
use crate::support::sink::{Arrivals as _, recipients};

#[test]
fn a_server_killed_in_the_middle_of_a_fan_out_loses_nobody() {
    let seeds = if full() { 100 } else { 3 };
    let members = if full() { 200 } else { 40 };
    let mut server = TestServer::start();
    let list = server.list("friends", &[]);
    let alice = GpgPerson::new("alice", KeyKind::Cv25519);
    server.join(&list, &alice);
    let addresses: Vec<String> = (0..members).map(|number| format!("reader-{number}@example.org")).collect();
    let readers = GpgPerson::new("readers", KeyKind::Cv25519);
    server.import(&list, &addresses, &readers);
    let list_key = alice.fingerprint_of(&list.address);
    for seed in 0..seeds {
        let mut chance = Seed::new(seed);
        server.sink.forget();
        let subject = format!("Crash {seed}");
        let letter = Letter::new(&alice, &list.address, &subject, &format!("Words {seed}.\n").repeat(100));
        server.post(
            &alice.address,
            &list.address,
            &protect(&alice, &list_key, &letter, Protection::Combined),
        );

        // The moment: some copies later, or some time later, whichever the seed says.
        let copies = chance.below(members + 1);
        let pause = Duration::from_micros(chance.below(20_000));
        if chance.below(3) > 0 {
            server.sink.arrived(usize::try_from(copies).unwrap());
        }
        let moment = Instant::now() + pause;
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        server.kill();
        let before = server.sink.messages().len();
        server.serve();
        server.settle();

        let messages = server.sink.messages();
        for address in addresses.iter().chain([&alice.address]) {
            let copies = messages.iter().filter(|message| recipients(message)[0] == *address).count();
            assert!(copies >= 1, "seed {seed}: killed after {before} copies; {address} got none");
            // What was in flight may come twice, and no more.
            assert!(copies <= 2, "seed {seed}: {address} got {copies}");
        }
        let copy = messages.iter().find(|message| recipients(message)[0] == alice.address).unwrap();
        assert!(Copy::open(copy, &list, &alice).subject().contains(&subject), "seed {seed}");
        let queue = server.json(&["queue"]);
        assert!(entries(&queue["parked"]).is_empty(), "seed {seed}: {queue:#}");
    }
}

#[test]
fn what_was_answered_250_survives_a_kill_in_the_same_moment() {
    let mut server = TestServer::start();
    let list = server.list("friends", &[]);
    let alice = GpgPerson::new("alice", KeyKind::Cv25519);
    server.join(&list, &alice);
    let list_key = alice.fingerprint_of(&list.address);
    let rounds: usize = if full() { 50 } else { 5 };
    for round in 1..=rounds {
        let letter =
            Letter::new(&alice, &list.address, &format!("Round {round}"), &format!("Safe, {round}."));
        let post = protect(&alice, &list_key, &letter, Protection::Combined);
        server.post(&alice.address, &list.address, &post);
        server.kill();
        server.serve();
        server.settle();
        let copies = server.sink.so_far_for(&alice.address);
        let subjects: Vec<String> =
            copies.iter().map(|copy| Copy::open(copy, &list, &alice).subject().to_owned()).collect();
        assert!(subjects.iter().any(|subject| subject.contains(&format!("Round {round}"))), "{subjects:?}");
    }
}
