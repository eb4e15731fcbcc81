// SPDX-License-Identifier: GPL-3.0-or-later
//! Debian's Postfix in front, as `docs/administrator/postfix.md` says: it hands in over LMTP and relays out. The lines
//! of that page are taken as they stand there, between their marks; only ports are put in.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::compose::{Letter, PROTECTIONS, Protection, protect};
use crate::support::copy::Copy;
use crate::support::dialogue::Dialogue;
use crate::support::gpg::{GpgPerson, KeyKind};
use crate::support::mime::find;
use crate::support::process::{Program, Ran};
use crate::support::server::{TestServer, entries};
use crate::support::sink::{Arrivals as _, MailSink};
use crate::support::wait::until;

/// An instance of Postfix in a directory of its own.
struct Postfix {
    home: TempDir,
    /// Where the world hands mail in.
    world: String,
}

/// Loopback addresses with ports that nobody uses.
struct Ports {
    world: String,
    lmtp: String,
    from_chancery: String,
}

impl Ports {
    fn free() -> Self {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [world, lmtp, from_chancery] =
            listeners.map(|listener| listener.local_addr().unwrap().to_string());
        Self { world, lmtp, from_chancery }
    }
}

impl Postfix {
    fn start(ports: &Ports, smarthost: &str) -> Self {
        let home = tempfile::Builder::new().prefix("postfix-").tempdir().unwrap();
        let postfix = Self { home, world: ports.world.clone() };
        for directory in ["etc", "queue", "data", "log"] {
            std::fs::create_dir(postfix.path(directory)).unwrap();
        }
        let main = format!("{}{}", postfix.own_lines(smarthost), documented("main.cf"))
            .replace("127.0.0.1:8024", &ports.lmtp);
        let services = documented("master.cf").replace("127.0.0.1:10025", &ports.from_chancery);
        let master = format!("{}\n{OWN_SERVICES}{services}", world_service(&ports.world));
        std::fs::write(postfix.path("etc/main.cf"), main).unwrap();
        std::fs::write(postfix.path("etc/master.cf"), master).unwrap();
        as_root("chmod").args(&["-R", "go=rX,u+w"]).arg(postfix.home.path()).ok();
        as_root("chown").args(&["-R", "root"]).arg(postfix.home.path()).ok();
        as_root("chown").arg("postfix").arg(postfix.path("data")).ok();
        let ran = postfix.run("postfix", &["start"]);
        assert_eq!(ran.code, 0, "{ran}{}", postfix.log());
        postfix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What is this instance's alone: its directories, and a smarthost instead of the world.
    fn own_lines(&self, smarthost: &str) -> String {
        let home = self.home.path().display();
        let (host, port) = smarthost.split_once(':').unwrap();
        format!(
            "compatibility_level = 3.6\nqueue_directory = {home}/queue\ndata_directory = {home}/data\n\
             maillog_file = {home}/log/mail.log\nmaillog_file_prefixes = {home}/log\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.example.org\n\
             mydestination =\nmynetworks = 127.0.0.0/8\nalias_maps =\nrelayhost = [{host}]:{port}\n"
        )
    }

    /// One of Postfix's own commands for this instance.
    fn run(&self, command: &str, words: &[&str]) -> Ran {
        as_root(&format!("/usr/sbin/{command}")).arg("-c").arg(self.path("etc")).args(words).run()
    }

    fn log(&self) -> String {
        as_root("cat").arg(self.path("log/mail.log")).run().text()
    }

    fn queue_is_empty(&self) -> bool {
        self.run("postqueue", &["-p"]).text().contains("Mail queue is empty")
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what Postfix said\n{}", self.log());
        }
        self.run("postfix", &["stop"]);
        // Its files belong to root and to postfix.
        as_root("rm").arg("-rf").arg(self.home.path()).run();
    }
}

/// Postfix's master runs as root only.
fn as_root(program: &str) -> Program {
    if Program::new("id").arg("-u").ok().text().trim() == "0" {
        Program::new(program)
    } else {
        Program::new("sudo").arg("-n").arg(program)
    }
}

/// The lines of the page for one configuration file.
fn documented(file: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/administrator/postfix.md");
    let page = std::fs::read_to_string(page).unwrap();
    let begin = format!("<!-- tested: {file} -->\n```\n");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no {begin:?} in the page"));
    let (lines, _) = rest.split_once("```\n<!-- end -->").unwrap();
    lines.to_owned()
}

fn world_service(address: &str) -> String {
    format!("{address} inet n - n - - smtpd")
}

/// Debian's master.cf without what a test has no use for, and without chroot.
const OWN_SERVICES: &str = "\
pickup     unix  n  -  n  60    1  pickup
cleanup    unix  n  -  n  -     0  cleanup
qmgr       unix  n  -  n  300   1  qmgr
rewrite    unix  -  -  n  -     -  trivial-rewrite
bounce     unix  -  -  n  -     0  bounce
defer      unix  -  -  n  -     0  bounce
trace      unix  -  -  n  -     0  bounce
verify     unix  -  -  n  -     1  verify
flush      unix  n  -  n  1000? 0  flush
proxymap   unix  -  -  n  -     -  proxymap
smtp       unix  -  -  n  -     -  smtp
relay      unix  -  -  n  -     -  smtp
showq      unix  n  -  n  -     -  showq
error      unix  -  -  n  -     -  error
retry      unix  -  -  n  -     -  error
lmtp       unix  -  -  n  -     -  lmtp
anvil      unix  -  -  n  -     1  anvil
scache     unix  -  -  n  -     1  scache
postlog    unix-dgram n - n -   1  postlogd
";

#[test]
fn a_list_behind_postfix_takes_and_sends_and_survives_a_pause() {
    let ports = Ports::free();
    let sink = MailSink::start().unwrap();
    let postfix = Postfix::start(&ports, &sink.address().to_string());
    let mut server = TestServer::initialised_with(sink, &ports.lmtp, &ports.from_chancery);
    server.serve();
    let list = server.list("friends", &["nonencrypted_msg_action=accept", "inline_pgp_action=accept"]);
    let kind = KeyKind::Cv25519;
    let (alice, bob) = (GpgPerson::new("alice", kind), GpgPerson::new("bob", kind));
    server.join(&list, &alice);
    server.join(&list, &bob);
    bob.import(&alice.public_key());
    let list_key = alice.fingerprint_of(&list.address);

    // Every shape comes through Postfix unharmed, in both directions.
    for (number, how) in PROTECTIONS.into_iter().enumerate() {
        let letter =
            Letter::new(&alice, &list.address, "Through Postfix", &format!("Grüße, {how:?}.\n.\nEnd."));
        hand_in(&postfix, &alice.address, &list.address, &protect(&alice, &list_key, &letter, how));
        let copy = Copy::open(&server.sink.nth_for(&bob.address, number + 1), &list, &bob);
        let passed = copy.message.field_names().iter().filter(|name| **name == "Received").count();
        assert!(passed >= 1, "it passed through Postfix:\n{}", copy.message);
        if how == Protection::SignedOnly || how == Protection::Nested {
            assert_eq!(copy.signed_entity(&bob, &alice.fingerprint).octets, letter.entity(), "{how:?}");
        }
    }

    // An unknown list is refused to the sender's face.
    let refused = Dialogue::smtp(&postfix.world).hand_in(
        &alice.address,
        &["nobody@lists.example.org"],
        b"Subject: nobody\r\n\r\nNobody.\r\n",
    );
    assert_eq!(refused[0].code, 550, "{refused:?}");
    assert!(refused[0].text.contains("No list answers to this address"), "{refused:?}");

    // While Chancery is down, Postfix keeps what it takes.
    server.stop();
    let count = server.sink.so_far_for(&bob.address).len();
    let letter = Letter::new(&alice, &list.address, "While you were out", "Still here.");
    let post = protect(&alice, &list_key, &letter, Protection::Combined);
    hand_in(&postfix, &alice.address, &list.address, &post);
    until("Postfix to put it off", || postfix.log().contains("status=deferred").then_some(()));
    server.serve();
    let flushed = postfix.run("postqueue", &["-f"]);
    assert_eq!(flushed.code, 0, "{flushed}");
    let copy = Copy::open(&server.sink.nth_for(&bob.address, count + 1), &list, &bob);
    assert!(copy.subject().contains("While you were out"));
    until("Postfix's queue to empty", || postfix.queue_is_empty().then_some(()));

    // Nothing was parked, and nobody got anything but copies.
    let queue = server.json(&["queue"]);
    assert!(entries(&queue["parked"]).is_empty(), "{queue:#}");
    assert!(server.sink.messages().iter().all(|each| find(&each.octets, b"List-Id").is_some()));
}

/// Hands a message in at Postfix's door to the world.
fn hand_in(postfix: &Postfix, from: &str, to: &str, message: &[u8]) {
    let replies = Dialogue::smtp(&postfix.world).hand_in(from, &[to], message);
    assert_eq!(replies[0].code, 250, "{replies:?}");
}
