// SPDX-License-Identifier: GPL-3.0-or-later
//! A large post to many members: the server's memory does not grow with the product of the two.

use std::time::{Duration, Instant};

use crate::support::compose::Letter;
use crate::support::drain::Drain;
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::seed::{Seed, full};
use crate::support::server::{TestList, TestServer};
use crate::support::sink::MailSink;

const MEBIBYTE: usize = 1024 * 1024;
const MOST_KIBIBYTES: u64 = 200 * 1024;

#[test]
fn ten_mebibytes_to_many_members_take_less_than_200_mebibytes_of_memory() {
    let members = if full() { 1000 } else { 40 };
    let drain = Drain::start();
    let mut server = TestServer::initialised_with(MailSink::start().unwrap(), "127.0.0.1:0", &drain.address);
    server.serve();
    let list = server.list("friends", &[]);
    let alice = GpgPerson::new("alice", KeyKind::Cv25519);
    server.join(&list, &alice);
    let readers = GpgPerson::new("readers", KeyKind::Cv25519);
    let addresses: Vec<String> = (1..members).map(|number| format!("reader-{number}@example.org")).collect();
    server.import(&list, &addresses, &readers);

    server.post(&alice.address, &list.address, &large_post(&alice, &list));
    let deadline = Instant::now() + Duration::from_secs(if full() { 3600 } else { 300 });
    while drain.messages() < members {
        assert!(Instant::now() < deadline, "only {} of {members} copies went out", drain.messages());
        std::thread::sleep(Duration::from_millis(50));
    }
    let peak = peak_kibibytes(server.process());
    eprintln!("peak memory with {members} members: {} MiB", peak / 1024);
    assert!(peak < MOST_KIBIBYTES, "peak memory {peak} KiB");
}

fn large_post(alice: &GpgPerson, list: &TestList) -> Vec<u8> {
    let mut seed = Seed::new(10);
    let mut content = String::with_capacity(10 * MEBIBYTE);
    while content.len() < 10 * MEBIBYTE {
        for _ in 0..4 {
            content.push_str(&format!("{:016x}", seed.next()));
        }
        content.push('\n');
    }
    let letter =
        Letter::new(alice, &list.address, "Large", "See attached.").with_attachment("large.txt", &content);
    let list_key = alice.fingerprint_of(&list.address);
    // Not compressed: what is large in the letter is large on the wire.
    let options = ["--sign", "--compress-algo", "none", "--local-user", &alice.fingerprint];
    letter.encrypted(&alice.sealed(&letter.entity(), &[&list_key], &options))
}

/// The most memory that a process ever had resident, as Linux counts it.
fn peak_kibibytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
