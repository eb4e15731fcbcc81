// SPDX-License-Identifier: GPL-3.0-or-later
//! The canary: what people wrote lies nowhere in clear on the server's disk, whatever became of their post, and leaves it
//! only inside ciphertext.

use crate::support::compose::{Letter, Protection, protect};
use crate::support::copy::Copy;
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::marker::{Marker, assert_nowhere_below};
use crate::support::process::Program;
use crate::support::seed::{Seed, full};
use crate::support::server::{TestList, TestServer};
use crate::support::sink::{Arrivals as _, Fault};
use crate::support::wait::until;

/// The three ways in which a post comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Encrypted,
    Clear,
    SignedOnly,
}

const WAYS: [Came; 3] = [Came::Encrypted, Came::Clear, Came::SignedOnly];

struct Stage {
    server: TestServer,
    alice: GpgPerson,
    bob: GpgPerson,
    seed: Seed,
    /// Every word that was ever written to this server.
    markers: Vec<Marker>,
}

impl Stage {
    fn new() -> Self {
        let server = TestServer::start();
        let kind = KeyKind::Cv25519;
        let (alice, bob) = (GpgPerson::new("alice", kind), GpgPerson::new("bob", kind));
        // A new word each time: the same one might be found where an earlier run left it.
        let chance = std::process::id().into();
        Self { server, alice, bob, seed: Seed::new(chance), markers: Vec::new() }
    }

    fn list(&self, local: &str, settings: &[&str]) -> TestList {
        let list = self.server.list(local, settings);
        self.server.join(&list, &self.alice);
        self.server.join(&list, &self.bob);
        list
    }

    /// A post with new markers in subject, body, attachment name and content.
    fn post(&mut self, list: &TestList, came: Came) -> Vec<u8> {
        self.post_signed_by(None, list, came)
    }

    /// The same, signed by somebody else than alice if `author` says so.
    fn post_signed_by(&mut self, author: Option<&GpgPerson>, list: &TestList, came: Came) -> Vec<u8> {
        let Self { seed, .. } = self;
        let [subject, body, name, content] =
            ["subject", "body", "name", "content"].map(|what| Marker::new(seed, what));
        let often = |marker: &Marker| format!("{}\n", marker.0).repeat(200);
        let letter = Letter::new(&self.alice, &list.address, &subject.0, &often(&body))
            .with_attachment(&format!("{}.txt", name.0), &often(&content));
        // What came encrypted had its subject inside; in the clear ones it stands in the header.
        let letter = if came == Came::Encrypted { letter.with_protected_subject() } else { letter };
        self.markers.extend([subject, body, name, content]);
        let author = author.unwrap_or(&self.alice);
        let list_key = author.fingerprint_of(&list.address);
        match came {
            Came::Encrypted => protect(author, &list_key, &letter, Protection::Combined),
            Came::Clear => letter.clear(),
            Came::SignedOnly => protect(author, &list_key, &letter, Protection::SignedOnly),
        }
    }

    /// Nothing in clear: in the data directory, the database and its log, the logs, the temporary and the working
    /// directory; nothing open elsewhere; and nothing on the wire.
    fn assert_silent(&self, when: &str) {
        let octets = assert_nowhere_below(self.server.home(), &self.markers);
        assert!(octets > 10_000, "{when}: only {octets} octets were searched");
        for message in self.server.sink.messages() {
            for marker in &self.markers {
                assert!(!marker.is_in(&message.octets), "{when}: {} left in clear", marker.0);
            }
        }
    }

    /// Regular files that the server has open lie in its own directory, where the search finds them.
    fn assert_no_file_elsewhere(&self) {
        let home = self.server.home().canonicalize().unwrap();
        let descriptors = format!("/proc/{}/fd", self.server.process());
        for entry in std::fs::read_dir(descriptors).unwrap().filter_map(Result::ok) {
            let Ok(target) = std::fs::read_link(entry.path()) else { continue };
            let is_file = target.is_file() && !target.starts_with("/proc") && !target.starts_with("/dev");
            assert!(!is_file || target.starts_with(&home), "{} is open", target.display());
        }
    }
}

#[test]
fn an_accepted_post_leaves_no_trace() {
    let mut stage = Stage::new();
    let list = stage.list("open", &["nonencrypted_msg_action=accept", "unsigned_msg_action=accept"]);
    for (number, came) in WAYS.into_iter().enumerate() {
        let post = stage.post(&list, came);
        stage.server.post(&stage.alice.address, &list.address, &post);
        let copy = Copy::open(&stage.server.sink.nth_for(&stage.bob.address, number + 1), &list, &stage.bob);
        // The search finds what it looks for: bob, who may, reads every word.
        for marker in &stage.markers[4 * number..] {
            let parts = copy.payload.walk();
            let read = marker.is_in(&copy.payload.octets)
                || parts.iter().any(|part| part.text().contains(&marker.0));
            assert!(read, "{came:?}: bob does not see {}", marker.0);
        }
        stage.server.settle();
        stage.assert_silent(&format!("accepted, {came:?}"));
    }
    stage.assert_no_file_elsewhere();
    stage.server.stop();
    stage.assert_silent("after an orderly end");
}

#[test]
fn a_held_post_waits_as_ciphertext_until_it_is_accepted_or_discarded() {
    let mut stage = Stage::new();
    let hold = ["default_member_action=hold", "nonencrypted_msg_action=hold", "unsigned_msg_action=hold"];
    let list = stage.list("quiet", &hold);
    let carol = GpgPerson::new("carol", KeyKind::Cv25519);
    stage.server.add(&list, &carol, "owner");
    for came in WAYS {
        for discard in [false, true] {
            let post = stage.post(&list, came);
            stage.server.post(&stage.alice.address, &list.address, &post);
            stage.server.settle();
            stage.assert_silent(&format!("held, {came:?}"));
            let held = stage.server.held(&list.address);
            assert_eq!(held.len(), 1, "{held:#?}");
            let id = held[0]["id"].to_string();
            // Shown to the owner alone, encrypted.
            let shown = stage.server.chancery(&["held", "show", &list.address, &id]);
            assert!(stage.markers.iter().all(|marker| !marker.is_in(&shown.stdout)), "{shown}");
            let decision = if discard { "discard" } else { "accept" };
            stage.server.chancery(&["held", decision, &list.address, &id]);
            stage.server.settle();
            stage.assert_silent(&format!("{decision}, {came:?}"));
        }
    }
    assert_eq!(stage.server.sink.so_far_for(&stage.bob.address).len(), WAYS.len());
}

#[test]
fn a_refused_or_discarded_post_leaves_no_trace() {
    let mut stage = Stage::new();
    let strict = stage.list("strict", &[]);
    let silent = stage.list(
        "silent",
        &["nonencrypted_msg_action=discard", "unsigned_msg_action=discard", "unknown_key_action=discard"],
    );
    let stranger = GpgPerson::new("stranger", KeyKind::Cv25519);
    for list in [&strict, &silent] {
        stranger.import(&list.key);
        for came in WAYS {
            let post = stage.post_signed_by(Some(&stranger), list, came);
            stage.server.post(&stage.alice.address, &list.address, &post);
            stage.server.settle();
            stage.assert_silent(&format!("refused by {}, {came:?}", list.address));
            let log = stage.server.log(&list.address).to_string();
            assert!(stage.markers.iter().all(|marker| !marker.is_in(log.as_bytes())), "{log}");
        }
    }
    assert!(stage.server.sink.so_far_for(&stage.bob.address).is_empty());
}

#[test]
fn a_killed_server_leaves_no_trace_and_goes_on() {
    let mut stage = Stage::new();
    let list = stage.list("open", &["nonencrypted_msg_action=accept", "unsigned_msg_action=accept"]);
    for (number, came) in WAYS.into_iter().enumerate() {
        stage.server.sink.set(Fault::Hang);
        let post = stage.post(&list, came);
        let connections = stage.server.sink.connections();
        let commands = stage.server.sink.commands().len();
        stage.server.post(&stage.alice.address, &list.address, &post);
        until("a copy on its way", || {
            let sink = &stage.server.sink;
            (sink.connections() > connections || sink.commands().len() > commands).then_some(())
        });
        stage.server.kill();
        stage.assert_silent(&format!("killed, {came:?}"));
        stage.server.sink.clear_faults();
        stage.server.sink.close_connections();
        stage.server.serve();
        Copy::open(&stage.server.sink.nth_for(&stage.bob.address, number + 1), &list, &stage.bob);
        stage.server.settle();
        stage.assert_silent(&format!("after the restart, {came:?}"));
    }
}

#[test]
fn a_crash_dumps_no_core() {
    let mut stage = Stage::new();
    let list = stage.list("open", &["nonencrypted_msg_action=accept"]);
    let post = stage.post(&list, Came::Encrypted);
    stage.server.post(&stage.alice.address, &list.address, &post);
    stage.server.sink.nth_for(&stage.bob.address, 1);
    let process = stage.server.process();
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    Program::new("kill").args(&["-ABRT", &process.to_string()]).ok();
    stage.server.reap();
    let files = crate::support::marker::files_below(stage.server.home());
    assert!(!files.iter().any(|file| file.file_name().unwrap().to_string_lossy().starts_with("core")));
    stage.assert_silent("after a crash");
}

#[test]
fn a_retried_post_leaves_no_trace() {
    let mut stage = Stage::new();
    let list = stage.list("open", &["nonencrypted_msg_action=accept", "unsigned_msg_action=accept"]);
    let ways = if full() { &WAYS[..] } else { &WAYS[..1] };
    for (number, came) in ways.iter().enumerate() {
        stage.server.sink.set(Fault::RefuseMessages { left: 2, reply: "451 4.3.0 try later".into() });
        let post = stage.post(&list, *came);
        stage.server.post(&stage.alice.address, &list.address, &post);
        until("a copy to be put off", || {
            let queue = stage.server.json(&["queue"]);
            (queue["retrying"].as_u64().unwrap_or_default() > 0).then_some(())
        });
        stage.assert_silent(&format!("put off, {came:?}"));
        stage.server.chancery(&["queue", "retry"]);
        Copy::open(&stage.server.sink.nth_for(&stage.bob.address, number + 1), &list, &stage.bob);
        stage.server.settle();
        stage.assert_silent(&format!("delivered at last, {came:?}"));
    }
}

#[test]
fn the_search_finds_a_marker_in_every_form_that_mail_gives_it() {
    let marker = Marker::new(&mut Seed::new(7), "control");
    let directory = tempfile::tempdir().unwrap();
    for before in ["", "x", "xy"] {
        for command in ["cat", "base64 -w 20", "base64 -w 0"] {
            let text = format!("{before}{}, and more.", marker.0);
            let made = Program::new("sh").args(&["-c", command]).input(text.as_bytes()).ok().stdout;
            assert!(marker.is_in(&made), "{command} after {before:?}");
        }
    }
    std::fs::write(directory.path().join("innocent"), "nothing").unwrap();
    assert_eq!(assert_nowhere_below(directory.path(), std::slice::from_ref(&marker)), 7);
}
