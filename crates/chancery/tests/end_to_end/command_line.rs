// SPDX-License-Identifier: GPL-3.0-or-later
//! Wrong arguments, files, keys and configurations: one clear message that names what is wrong and what to do, an exit
//! code that scripts can use, and nothing changed.

use crate::support::gpg::{GpgPerson, KeyKind, Revocation};
use crate::support::process::{Program, Ran};
use crate::support::server::{TestList, TestServer};

const WRONG_USE: i32 = 2;
const REFUSED: i32 = 3;
const FAILED: i32 = 1;

/// A site that is not serving, with a list and one good member.
struct Stage {
    server: TestServer,
    list: TestList,
    alice: GpgPerson,
}

impl Stage {
    fn new() -> Self {
        let server = TestServer::initialised();
        let list = server.list("friends", &[]);
        let alice = GpgPerson::new("alice", KeyKind::Cv25519);
        server.add(&list, &alice, "owner");
        server.add(&list, &alice, "member");
        Self { server, list, alice }
    }

    /// All that can be seen of the site: what a refused command must leave as it was.
    fn everything(&self) -> String {
        let list = &self.list.address;
        let commands: [&[&str]; 6] = [
            &["list", "list"],
            &["list", "show", list],
            &["member", "list", list],
            &["key", "show", list],
            &["queue"],
            &["held", "list", list],
        ];
        let mut seen: String = commands.iter().map(|words| self.server.json(words).to_string()).collect();
        seen.push_str(&std::fs::read_to_string(self.server.config()).unwrap());
        seen
    }

    /// Runs a command that must be refused with this code and a message that holds each of these words.
    fn assert_refused(&self, code: i32, words: &[&str], said: &[&str]) {
        let before = self.everything();
        assert_message(&self.server.program().args(words).run(), code, said);
        assert_eq!(self.everything(), before, "{words:?} changed something");
    }

    /// A file with this content.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        self.alice.file(name, content.as_ref())
    }

    fn assert_key_refused(&self, content: impl AsRef<[u8]>, said: &[&str]) {
        let file = self.file("key.asc", content);
        let words = ["member", "add", &self.list.address, "bob@example.org", "--key", &file, "--confirmed"];
        self.assert_refused(WRONG_USE, &words, said);
    }
}

/// One message on standard error, nothing on standard output, no trace of the program's own innards.
fn assert_message(ran: &Ran, code: i32, said: &[&str]) {
    assert_eq!(ran.code, code, "{ran}");
    assert!(ran.stdout.is_empty(), "{ran}");
    let message = ran.stderr.to_lowercase();
    assert!(!message.trim().is_empty(), "{ran}");
    for innards in ["panicked", "backtrace", "some(", "err(", "none)"] {
        assert!(!message.contains(innards), "{ran}");
    }
    for word in said {
        assert!(message.contains(&word.to_lowercase()), "{word:?} is not in\n{ran}");
    }
}

#[test]
fn wrong_words_are_explained() {
    let stage = Stage::new();
    let list = stage.list.address.as_str();
    let table: [(i32, &[&str], &[&str]); 21] = [
        (WRONG_USE, &["frobnicate"], &["frobnicate"]),
        (WRONG_USE, &["list", "crate", list], &["crate", "create"]),
        (WRONG_USE, &["list", "create"], &["LIST"]),
        (WRONG_USE, &["list", "create", "friends"], &["friends"]),
        (WRONG_USE, &["list", "create", "other@elsewhere.example.com"], &["domain", "lists.example.org"]),
        (WRONG_USE, &["list", "create", "friends-owner@lists.example.org"], &["owner"]),
        (REFUSED, &["list", "create", list], &["exists already", "list show"]),
        (WRONG_USE, &["list", "create", "new@lists.example.org", "--set", "colour"], &["name=value"]),
        (WRONG_USE, &["list", "create", "new@lists.example.org", "--algorithm", "rot13"], &["rot13"]),
        (WRONG_USE, &["list", "set", list, "colour=blue"], &["colour"]),
        (WRONG_USE, &["list", "set", list, "unsigned_msg_actoin=hold"], &["unsigned_msg_action"]),
        (
            WRONG_USE,
            &["list", "set", list, "unsigned_msg_action=maybe"],
            &["unsigned_msg_action", "hold", "reject"],
        ),
        (WRONG_USE, &["list", "set", list, "sign_outgoing=never"], &["sign_outgoing", "encrypt_outgoing"]),
        (WRONG_USE, &["list", "set", list, "footer=Hello", "colour=blue"], &["colour"]),
        (REFUSED, &["list", "show", "nobody@lists.example.org"], &["nobody@lists.example.org", "list list"]),
        (WRONG_USE, &["list", "delete", list], &["--yes"]),
        (WRONG_USE, &["member", "add", list, "not an address"], &["not an address"]),
        (
            WRONG_USE,
            &["member", "add", list, "bob@example.org", "--role", "king"],
            &["king", "member", "owner"],
        ),
        (REFUSED, &["member", "remove", list, "bob@example.org"], &["bob@example.org"]),
        (REFUSED, &["held", "accept", list, "4711"], &["4711", "held list"]),
        (WRONG_USE, &["queue", "--wait", "soon"], &["soon"]),
    ];
    for (code, words, said) in table {
        stage.assert_refused(code, words, said);
    }
}

#[test]
fn wrong_keys_are_explained() {
    let stage = Stage::new();
    let bob = GpgPerson::new("bob", KeyKind::Cv25519);
    let carol = GpgPerson::new("carol", KeyKind::Cv25519);
    stage.assert_key_refused("", &["key"]);
    stage.assert_key_refused("Dear list, this is no key.\n", &["key"]);
    stage.assert_key_refused([0x99, 0x01, 0x0d, 0x04, 0xff, 0xff], &["key"]);
    stage.assert_key_refused(bob.secret_key(), &["secret", "public"]);
    stage.assert_key_refused(bob.public_key() + &carol.public_key(), &["one"]);
    stage.assert_key_refused(carol.public_key(), &["bob@example.org", "--any-user-id"]);
    let expired = GpgPerson::with_expired_key("bob");
    stage.assert_key_refused(expired.public_key(), &["expired"]);
    let cut: String = bob.public_key().lines().take(4).map(|line| format!("{line}\n")).collect();
    stage.assert_key_refused(cut, &["key"]);
    let signing_only = GpgPerson::with_signing_key("bob");
    stage.assert_key_refused(signing_only.public_key(), &["encrypted to"]);
    let revoked = GpgPerson::new("bob", KeyKind::Cv25519);
    revoked.revoke(Revocation::Superseded);
    stage.assert_key_refused(revoked.public_key(), &["revoked"]);

    let list = stage.list.address.as_str();
    let missing = ["member", "add", list, "bob@example.org", "--key", "/nowhere/bob.asc"];
    stage.assert_refused(FAILED, &missing, &["/nowhere/bob.asc"]);
    let nothing_to_confirm = ["member", "add", list, "bob@example.org", "--confirmed"];
    stage.assert_refused(WRONG_USE, &nothing_to_confirm, &["--key"]);

    let public = stage.file("list.asc", &stage.list.key);
    stage.assert_refused(WRONG_USE, &["key", "import", list, &public], &["secret"]);
    let somebodys = stage.file("bob.asc", bob.secret_key());
    stage.assert_refused(WRONG_USE, &["key", "import", list, &somebodys], &[list]);
}

#[test]
fn a_wrong_row_of_an_import_is_named_and_nobody_is_subscribed() {
    let stage = Stage::new();
    let list = stage.list.address.as_str();
    let good = "address,name\nbob@example.org,Bob\ncarol@example.org,Carol\n";
    let key = stage.alice.public_key_file();
    for (row, said) in [
        ("no address at all,Dave\n", "line 4"),
        ("dave@example.org,Dave,too,many\n", "line 4"),
        ("dave@@example.org,Dave\n", "line 4"),
    ] {
        let file = stage.file("members.csv", format!("{good}{row}"));
        stage.assert_refused(WRONG_USE, &["member", "import", list, &file, "--key", &key], &[said]);
    }
    let file = stage.file("members.csv", "bob@example.org\ncarol@example.org\n");
    stage.assert_refused(WRONG_USE, &["member", "import", list, &file], &["address"]);
    let file = stage.file("members.csv", "address,fingerprint\nbob@example.org,0123\n");
    stage.assert_refused(WRONG_USE, &["member", "import", list, &file, "--key", &key], &["line 2"]);
    stage.assert_refused(FAILED, &["member", "import", list, "/nowhere.csv"], &["/nowhere.csv"]);
    let file = stage.file("members.csv", good);
    stage.server.chancery(&["member", "import", list, &file]);
    assert!(stage.everything().contains("carol@example.org"));
}

#[test]
fn a_wrong_configuration_is_explained() {
    let stage = Stage::new();
    let text = std::fs::read_to_string(stage.server.config()).unwrap();
    let table = [
        (text.replace("domain =", "domian ="), "domian"),
        (text.replace("message_octets = ", "message_octets = \"many\" # "), "message_octets"),
        (text.replace("security = \"none\"", "security = \"perhaps\""), "relay.security"),
        (text.replace("[relay]", "[relay"), "relay"),
        (format!("{text}\ncolour = \"blue\"\n"), "colour"),
    ];
    for (wrong, said) in table {
        let file = stage.file("wrong.toml", wrong);
        for command in [&["list", "list"][..], &["serve"]] {
            let ran = stage.server.program().args(command).args(&["--config", &file]).run();
            assert_message(&ran, FAILED, &[said]);
        }
    }
    let ran = stage.server.program().args(&["list", "list", "--config", "/nowhere.toml"]).run();
    assert_message(&ran, FAILED, &["/nowhere.toml"]);
    let ran = Program::new(env!("CARGO_BIN_EXE_chancery"))
        .args(&["list", "list"])
        .without_env("CHANCERY_CONFIG")
        .directory(stage.alice.home())
        .run();
    assert_message(&ran, FAILED, &["chancery init"]);
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_is_needed_only_for_secrets() {
    let stage = Stage::new();
    let before = stage.everything();
    let wrong = stage.file("passphrase", "wrong\n");
    for command in [
        &["serve"][..],
        &["list", "create", "new@lists.example.org"],
        &["key", "rollover", &stage.list.address],
    ] {
        let ran = stage.server.program().args(command).args(&["--passphrase-file", &wrong]).run();
        assert_message(&ran, WRONG_USE, &["passphrase"]);
    }
    for command in [&["list", "list"][..], &["key", "export", &stage.list.address], &["queue"]] {
        stage.server.program().args(command).args(&["--passphrase-file", &wrong]).ok();
    }
    assert_eq!(stage.everything(), before);
}

#[test]
fn a_site_is_not_made_twice_and_not_half() {
    let stage = Stage::new();
    let before = stage.everything();
    let data = stage.server.data();
    let passphrase = stage.server.passphrase_file();
    let init = || {
        stage
            .server
            .program()
            .arg("init")
            .args(&["--domain", "lists.example.org"])
            .arg("--passphrase-file")
            .arg(&passphrase)
    };
    assert_message(
        &init().arg("--data").arg(&data).run(),
        WRONG_USE,
        &["there already", "nothing was changed"],
    );
    assert_eq!(stage.everything(), before);

    let elsewhere = stage.server.home().join("elsewhere");
    let wrong: [(&str, &str, &str); 2] =
        [("--domain", "not a domain", "--domain"), ("--relay", "somewhere", "--relay")];
    for (option, value, said) in wrong {
        let ran = stage
            .server
            .program()
            .arg("init")
            .arg("--data")
            .arg(&elsewhere)
            .args(&["--domain", "lists.example.org"][..if option == "--domain" { 0 } else { 2 }])
            .args(&[option, value])
            .run();
        assert_message(&ran, WRONG_USE, &[said]);
        assert!(!elsewhere.exists(), "{option} {value} left something behind");
    }
    let ran = init().arg("--data").arg(&elsewhere).arg("--passphrase-file").arg("/nowhere").run();
    assert_ne!(ran.code, 0, "{ran}");
    assert!(!elsewhere.exists(), "it left something behind");
}

#[test]
fn somebody_without_the_role_is_refused_and_learns_nothing() {
    let stage = Stage::new();
    let list = stage.list.address.as_str();
    let bob = GpgPerson::new("bob", KeyKind::Cv25519);
    stage.server.add(&stage.list, &bob, "member");
    for words in [
        &["list", "create", "new@lists.example.org"][..],
        &["list", "list"],
        &["list", "delete", list, "--yes"],
        &["list", "set", list, "footer=Hello"],
        &["member", "list", list],
        &["member", "remove", list, "alice@example.org"],
        &["held", "list", list],
        &["log", list],
        &["key", "rollover", list],
        &["queue"],
    ] {
        for person in ["bob@example.org", "nobody@example.org"] {
            let words = [words, &["--as", person]].concat();
            stage.assert_refused(REFUSED, &words, &["not allowed"]);
        }
    }
    // An owner may.
    stage.server.chancery(&["list", "set", list, "footer=Hello", "--as", &stage.alice.address]);
    stage.server.chancery(&["member", "list", list, "--as", &stage.alice.address]);
}

#[test]
fn help_teaches_and_version_tells() {
    for words in [
        &["help"][..],
        &["--help"],
        &["init", "--help"],
        &["serve", "--help"],
        &["list", "create", "--help"],
        &["list", "settings"],
        &["member", "add", "--help"],
        &["key", "rollover", "--help"],
        &["held", "--help"],
        &["queue", "--help"],
        &["log", "--help"],
        &["demo", "--help"],
        &["completion", "bash"],
    ] {
        let ran =
            Program::new(env!("CARGO_BIN_EXE_chancery")).args(words).without_env("CHANCERY_CONFIG").ok();
        assert!(ran.stdout.len() > 200, "{ran}");
        assert!(ran.stderr.is_empty(), "{ran}");
    }
    let version = Program::new(env!("CARGO_BIN_EXE_chancery")).arg("--version").ok().text();
    assert_eq!(version.trim(), format!("chancery {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn with_json_an_error_is_one_document_too() {
    let stage = Stage::new();
    let ran = stage.server.program().args(&["list", "show", "nobody@lists.example.org", "--json"]).run();
    assert_eq!(ran.code, REFUSED, "{ran}");
    let document: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(document["exit_code"], REFUSED);
    assert!(document["error"].as_str().unwrap().contains("nobody@lists.example.org"));
}

#[test]
fn a_list_says_in_plain_words_what_a_poster_may_do_and_what_it_lacks() {
    let stage = Stage::new();
    let shown = stage.server.chancery(&["list", "show", &stage.list.address]).text();
    for word in ["encrypted", "signed", "unsigned_msg_action = reject", "expired_sig_action = hold"] {
        assert!(shown.contains(word), "{word:?} is not in\n{shown}");
    }
    let without_owner = stage.server.program().args(&["list", "create", "lonely@lists.example.org"]).ok();
    for text in [
        without_owner.text(),
        stage.server.chancery(&["list", "show", "lonely@lists.example.org"]).text(),
        stage.server.chancery(&["queue"]).text(),
    ] {
        assert!(text.to_lowercase().contains("no owner"), "{text}");
    }
    stage.server.chancery(&["member", "add", &stage.list.address, "dave@example.org"]);
    let shown = stage.server.chancery(&["list", "show", &stage.list.address]).text();
    assert!(shown.contains("dave@example.org"), "whom no copy reaches is named:\n{shown}");
}

#[test]
fn a_second_server_on_the_same_data_does_not_start() {
    let mut stage = Stage::new();
    stage.server.serve();
    let ran = stage.server.program().arg("serve").run();
    assert_message(&ran, FAILED, &["another server"]);
    stage.server.stop();
    stage.server.serve();
}
