// SPDX-License-Identifier: GPL-3.0-or-later
//! The true binary: `chancery init` into a directory of its own, `chancery serve` as a child, and every other command
//! beside it, as an operator would type them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use chancery_testkit::MailSink;
use serde_json::Value;
use tempfile::TempDir;

use super::dialogue::{Dialogue, Reply};
use super::gpg::GpgPerson;
use super::process::{Program, Ran};
use super::wait::until;

/// The domain of all lists here.
pub(crate) const DOMAIN: &str = "lists.example.org";

/// A server, its directory, and the sink that its relay is.
pub(crate) struct TestServer {
    home: TempDir,
    child: Option<Child>,
    lmtp: String,
    starts: AtomicU32,
    /// Where everything goes that the server sends.
    pub(crate) sink: MailSink,
}

/// A list on that server.
#[derive(Clone)]
pub(crate) struct TestList {
    /// `friends@lists.example.org`
    pub(crate) address: String,
    /// The armored public key.
    pub(crate) key: String,
}

impl TestServer {
    /// A fresh site, serving; it relays to its own sink.
    pub(crate) fn start() -> Self {
        let mut server = Self::initialised();
        server.serve();
        server
    }

    /// A fresh site with its sink, not yet serving.
    pub(crate) fn initialised() -> Self {
        let sink = MailSink::start().unwrap();
        let relay = sink.address().to_string();
        Self::initialised_with(sink, "127.0.0.1:0", &relay)
    }

    /// A fresh site that listens here and relays there, not yet serving.
    pub(crate) fn initialised_with(sink: MailSink, lmtp: &str, relay: &str) -> Self {
        let home = tempfile::Builder::new().prefix("chancery-").tempdir().unwrap();
        for directory in ["tmp", "work", "log"] {
            std::fs::create_dir(home.path().join(directory)).unwrap();
        }
        let server = Self { home, child: None, lmtp: String::new(), starts: AtomicU32::new(0), sink };
        std::fs::write(server.passphrase_file(), "correct horse battery staple\n").unwrap();
        let data = server.data();
        server
            .program_without_config()
            .arg("init")
            .arg("--data")
            .arg(&data)
            .args(&["--domain", DOMAIN, "--lmtp", lmtp, "--relay", relay, "--cheap-passphrase"])
            .arg("--passphrase-file")
            .arg(server.passphrase_file())
            .ok();
        server
    }

    /// Starts `chancery serve` and waits until it listens.
    pub(crate) fn serve(&mut self) {
        assert!(self.child.is_none(), "it serves already");
        let number = self.starts.fetch_add(1, Ordering::SeqCst);
        let log = self.logs().join(format!("serve-{number}.err"));
        let out = File::create(self.logs().join(format!("serve-{number}.out"))).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_chancery"))
            .arg("serve")
            .env("CHANCERY_CONFIG", self.config())
            .env("CHANCERY_PASSPHRASE_FILE", self.passphrase_file())
            .env("TMPDIR", self.home().join("tmp"))
            .env("RUST_BACKTRACE", "1")
            .current_dir(self.home().join("work"))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        self.lmtp = until("the server to listen", || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{said}");
            }
            let line = said.lines().find(|line| line.starts_with("listening lmtp "))?;
            // A line that is still being written has no end yet.
            said.contains(&format!("{line}\n")).then(|| line["listening lmtp ".len()..].trim().to_owned())
        });
        self.child = Some(child);
    }

    /// Where its LMTP listener is, as `127.0.0.1:PORT`.
    pub(crate) fn lmtp_address(&self) -> &str {
        &self.lmtp
    }

    /// The server's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().expect("it serves").id()
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it serves");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Waits for a server to end that something else brought down.
    pub(crate) fn reap(&mut self) {
        let mut child = self.child.take().expect("it serves");
        until("the server to end", || child.try_wait().unwrap());
    }

    /// SIGTERM, and waits for the end, which must be an orderly one.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().expect("it serves");
        Program::new("kill").args(&["-TERM", &child.id().to_string()]).ok();
        let status = until("the server to end after SIGTERM", || child.try_wait().unwrap());
        assert!(status.success(), "it ended with {status}:\n{}", self.said());
    }

    /// Everything that the server has said on standard error, all starts together.
    pub(crate) fn said(&self) -> String {
        (0..self.starts.load(Ordering::SeqCst))
            .map(|number| {
                std::fs::read_to_string(self.logs().join(format!("serve-{number}.err"))).unwrap_or_default()
            })
            .collect()
    }

    /// The directory that holds everything of this server: data, logs, temporary files, working directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.data().join("chancery.toml")
    }

    fn logs(&self) -> PathBuf {
        self.home().join("log")
    }

    /// The file with the passphrase of the site key.
    pub(crate) fn passphrase_file(&self) -> PathBuf {
        self.home().join("passphrase")
    }

    /// The binary with this site's environment, and no word of what it shall do.
    pub(crate) fn program(&self) -> Program {
        self.program_without_config().env("CHANCERY_CONFIG", self.config())
    }

    fn program_without_config(&self) -> Program {
        Program::new(env!("CARGO_BIN_EXE_chancery"))
            .env("CHANCERY_PASSPHRASE_FILE", self.passphrase_file())
            .env("TMPDIR", self.home().join("tmp"))
            .without_env("CHANCERY_CONFIG")
            .directory(&self.home().join("work"))
    }

    /// Runs a command that must succeed.
    pub(crate) fn chancery(&self, words: &[&str]) -> Ran {
        self.program().args(words).ok()
    }

    /// Runs a command with `--json` that must succeed, and reads its one document.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let ran = self.program().args(words).arg("--json").ok();
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error} in\n{ran}"))
    }

    /// Creates a list; each setting is `name=value`.
    pub(crate) fn list(&self, local: &str, settings: &[&str]) -> TestList {
        self.list_with(local, settings, &[])
    }

    /// The same with further words for `list create`.
    pub(crate) fn list_with(&self, local: &str, settings: &[&str], more: &[&str]) -> TestList {
        let address = format!("{local}@{DOMAIN}");
        let mut program = self.program().args(&["list", "create", &address]);
        for setting in settings {
            program = program.args(&["--set", setting]);
        }
        program.args(more).ok();
        let key = self.chancery(&["key", "export", &address]).text();
        assert!(key.contains("BEGIN PGP PUBLIC KEY BLOCK"), "{key}");
        TestList { address, key }
    }

    /// Makes somebody a confirmed member, and gives them the list's key.
    pub(crate) fn join(&self, list: &TestList, person: &GpgPerson) {
        self.add(list, person, "member");
    }

    /// The same in another role.
    pub(crate) fn add(&self, list: &TestList, person: &GpgPerson, role: &str) {
        let key = person.public_key_file();
        self.chancery(&[
            "member",
            "add",
            &list.address,
            &person.address,
            "--role",
            role,
            "--key",
            &key,
            "--confirmed",
        ]);
        person.import(&list.key);
    }

    /// Makes many addresses confirmed members with one and the same key.
    pub(crate) fn import(&self, list: &TestList, addresses: &[String], person: &GpgPerson) {
        let row = |address: &String| format!("{address},{}\n", person.fingerprint);
        let rows: String = addresses.iter().map(row).collect();
        let file = person.file("members.csv", format!("address,fingerprint\n{rows}").as_bytes());
        let key = person.public_key_file();
        self.chancery(&["member", "import", &list.address, &file, "--key", &key, "--confirmed"]);
        person.import(&list.key);
    }

    /// Hands a message in over LMTP from an address to a list; the reply after the final dot.
    pub(crate) fn hand_in(&self, from: &str, to: &str, message: &[u8]) -> Reply {
        Dialogue::lmtp(&self.lmtp).hand_in(from, &[to], message).remove(0)
    }

    /// Hands a message in that must be taken.
    pub(crate) fn post(&self, from: &str, to: &str, message: &[u8]) {
        let reply = self.hand_in(from, to, message);
        assert_eq!(reply.code, 250, "{reply:?}\n{}", self.said());
    }

    /// Waits until nothing moves any more: all that is taken is judged, and what can be sent is sent.
    pub(crate) fn settle(&self) {
        self.chancery(&["queue", "--wait", "30"]);
    }

    /// The owner's log of a list, newest entries included.
    pub(crate) fn log(&self, list: &str) -> Value {
        self.json(&["log", list, "--limit", "1000"])
    }

    /// How many entries of the owner's log name this finding.
    pub(crate) fn findings(&self, list: &str, finding: &str) -> usize {
        let log = self.log(list);
        let names = |entry: &&Value| {
            let findings = entry["findings"].as_str().unwrap_or_default();
            findings.split(' ').any(|each| each.split('=').next() == Some(finding))
        };
        entries(&log).iter().filter(names).count()
    }

    /// The posts of a list that wait for a decision.
    pub(crate) fn held(&self, list: &str) -> Vec<Value> {
        entries(&self.json(&["held", "list", list])).to_vec()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have been killed already; then there is nothing left to end.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- what the server said\n{}", self.said());
        }
    }
}

/// The elements of an array.
pub(crate) fn entries(document: &Value) -> &[Value] {
    document.as_array().unwrap_or_else(|| panic!("no array: {document:#}"))
}
