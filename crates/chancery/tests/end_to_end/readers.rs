// SPDX-License-Identifier: GPL-3.0-or-later
//! What a member sees: notmuch and NeoMutt show the Subject, the texts in their order, the list's signature as good,
//! and the author's signature where it is carried.

use std::path::PathBuf;

use serde_json::Value;

use crate::gpg_composes::two_members;
use crate::support::compose::{Letter, Protection, protect};
use crate::support::gpg::GpgPerson;
use crate::support::mime::find;
use crate::support::process::Program;
use crate::support::server::TestServer;
use crate::support::sink::Arrivals as _;

/// bob's copies of three posts by alice, in a maildir.
struct Mailbox {
    directory: tempfile::TempDir,
    alice: GpgPerson,
    bob: GpgPerson,
    list_fingerprint: String,
}

const SUBJECT: &str = "Grüße vom Hafen";
const BODY: &str = "We sail at dawn, Jörg.";
const FOOTER: &str = "Rules: be kind.";

impl Mailbox {
    fn with(how: Protection) -> Self {
        let server = TestServer::start();
        let footer = format!("footer={FOOTER}");
        let list = server.list("friends", &["nonencrypted_msg_action=accept", &footer]);
        let (alice, bob) = two_members(&server, &list);
        let list_fingerprint = bob.fingerprint_of(&list.address);
        bob.certify(&list_fingerprint);
        bob.certify(&alice.fingerprint);
        let letter = Letter::new(&alice, &list.address, &encoded_word(SUBJECT), BODY);
        server.post(&alice.address, &list.address, &protect(&alice, &list_fingerprint, &letter, how));
        let copy = server.sink.nth_for(&bob.address, 1);
        let directory = tempfile::Builder::new().prefix("mail-").tempdir().unwrap();
        for each in ["mail/cur", "mail/new", "mail/tmp", "home"] {
            std::fs::create_dir_all(directory.path().join(each)).unwrap();
        }
        std::fs::write(directory.path().join("mail/new/1.host"), &copy.octets).unwrap();
        Self { directory, alice, bob, list_fingerprint }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A program that finds bob's keys and nothing else of whoever runs this test.
    fn program(&self, name: &str) -> Program {
        Program::new(name).env("GNUPGHOME", self.bob.home()).env("HOME", self.path("home"))
    }

    /// The message as notmuch's one document.
    fn notmuch(&self) -> Value {
        let configuration = format!(
            "[database]\npath={}\n[user]\nname=Bob\nprimary_email={}\n",
            self.path("mail").display(),
            self.bob.address
        );
        let configuration = self.write("notmuch", &configuration);
        let notmuch = || self.program("notmuch").env("NOTMUCH_CONFIG", &configuration);
        notmuch().args(&["new", "--quiet"]).ok();
        let shown = notmuch().args(&["show", "--format=json", "--decrypt=true", "--verify", "*"]).ok();
        let document: Value = serde_json::from_slice(&shown.stdout).unwrap();
        document[0][0][0].clone()
    }

    /// The text that NeoMutt hands to its pager.
    fn neomutt(&self) -> String {
        let shown = self.path("shown");
        let pager = format!("#!/bin/sh\nfor last; do :; done\ncp \"$last\" {}\n", shown.display());
        let pager = self.write("pager", &pager);
        Program::new("chmod").arg("755").arg(&pager).ok();
        let mail = self.path("mail");
        let configuration = format!(
            "set crypt_use_gpgme=yes crypt_verify_sig=yes wait_key=no prompt_after=no quit=yes mark_old=no\n\
             set charset=utf-8 folder={} spoolfile={} pager={}\npush \"<display-message><exit>\"\n",
            mail.display(),
            mail.display(),
            pager.display()
        );
        let configuration = self.write("neomuttrc", &configuration);
        let command =
            format!("stty cols 100 rows 40; neomutt -n -F {} -f {}", configuration.display(), mail.display());
        // It wants a terminal; `script` is one.
        self.program("script").env("TERM", "xterm").args(&["-qefc", &command, "/dev/null"]).ok();
        std::fs::read_to_string(shown).unwrap()
    }
}

#[test]
fn notmuch_shows_subject_order_and_both_signatures() {
    for how in [Protection::Combined, Protection::Nested, Protection::SignedOnly] {
        let mailbox = Mailbox::with(how);
        let message = mailbox.notmuch();
        let subject = message["headers"]["Subject"].as_str().unwrap();
        assert!(subject.contains(SUBJECT), "{how:?}: {subject}");
        let whole = &message["body"][0];
        assert_eq!(whole["encstatus"][0]["status"], "good", "{how:?}: {message:#}");
        assert_good(whole, &mailbox.list_fingerprint);
        assert_eq!(message["crypto"]["decrypted"]["status"], "full", "{how:?}");
        let parts = &whole["content"][1]["content"];
        let result = parts[0]["content"].as_str().unwrap();
        assert!(result.contains(&mailbox.alice.address), "{how:?}: {result}");
        assert_good(&parts[1], &mailbox.alice.fingerprint);
        let text = parts[1]["content"][0]["content"].as_str().unwrap();
        assert_eq!(text.trim_end(), BODY, "{how:?}");
        assert!(parts[2]["content"].as_str().unwrap().contains(FOOTER), "{how:?}: {parts:#}");
    }
}

fn assert_good(part: &Value, fingerprint: &str) {
    let signatures = part["sigstatus"].as_array().unwrap_or_else(|| panic!("no signature on {part:#}"));
    assert_eq!(signatures.len(), 1, "{part:#}");
    assert_eq!(signatures[0]["status"], "good", "{part:#}");
    assert_eq!(signatures[0]["fingerprint"], fingerprint, "{part:#}");
}

#[test]
fn neomutt_shows_subject_order_and_both_signatures() {
    for how in [Protection::Combined, Protection::Nested, Protection::SignedOnly] {
        let mailbox = Mailbox::with(how);
        let shown = mailbox.neomutt();
        let list = format!("Good signature from: friends <friends@{}>", crate::support::server::DOMAIN);
        let order = [
            list.as_str(),
            "[-- The following data is PGP/MIME signed and encrypted --]",
            SUBJECT,
            mailbox.alice.address.as_str(),
            "Good signature from: Alice <alice@example.org>",
            BODY,
            FOOTER,
        ];
        let mut rest = shown.as_bytes();
        for each in order {
            let at = find(rest, each.as_bytes())
                .unwrap_or_else(|| panic!("{how:?}: {each:?} is not shown, or not in its place:\n{shown}"));
            rest = &rest[at..];
        }
        for bad in ["*BAD*", "WARNING:", "could not", "[-- Error"] {
            assert!(!shown.contains(bad), "{how:?}:\n{shown}");
        }
    }
}

/// RFC 2047, as mail programs write what is not ASCII.
fn encoded_word(text: &str) -> String {
    let octets: String = text.bytes().map(|octet| format!("={octet:02X}")).collect();
    format!("=?utf-8?Q?{octets}?=")
}
