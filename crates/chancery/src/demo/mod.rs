// SPDX-License-Identifier: GPL-3.0-or-later
//! The demonstration: a server of its own on loopback ports, one post that goes the whole way, and
//! three that do not. It uses the doors that everybody uses (LMTP in, SMTP out, the operations), and
//! opens each copy with one member's secret key alone.

mod letter;
mod lmtp;
mod people;
mod sink;
mod story;

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anyhow::{Context, Result};
use chancery_crypto::{Certificate, KeyAlgorithm, PassphraseCost};
use chancery_lists::Role;
use chancery_mail::{Address, Clock as _};
use chancery_mediator::{
    Actor, LogLine, NewList, NewMember, Site, SiteConfig, Vault, add_member, create_list, export_key, queue,
    read_log,
};
use chancery_smtp::{Limits, Protocol, Relay, Security};
use chancery_store::Database;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Output;
use crate::clock::SystemClock;
use crate::serve::Server;
use crate::site::seed;
use letter::{Protection, letter};
use people::Person;
use sink::Sink;
use story::Story;

const DOMAIN: &str = "lists.example.org";
const WORDS: &str = "Meet me at the old mill at six. Bring the papers.";
const SUBJECT: &str = "The papers";
/// How long anything may take before the demonstration has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it; `true` when every step held.
///
/// # Errors
/// When it could not even be set up.
pub(crate) async fn run(output: &Output, stay: bool) -> Result<bool> {
    let mut story = Story::new(*output);
    let folder = tempfile::tempdir().context("cannot make a temporary directory for the demonstration")?;
    let stage = Stage::set(folder.path(), &mut story).await?;
    act(&stage, &mut story).await?;
    let held = story.end();
    if stay {
        stage.stay(output, folder.path()).await?;
    }
    stage.server.stop().await;
    Ok(held)
}

/// Everything that the demonstration runs with.
struct Stage {
    site: Arc<Site>,
    server: Server,
    sink: Sink,
    list: Address,
    list_certificate: Certificate,
    /// alice, bob and carol.
    members: Vec<Person>,
    mallory: Person,
}

impl Stage {
    async fn set(folder: &std::path::Path, story: &mut Story) -> Result<Self> {
        let sink = Sink::start().await?;
        let database = Database::create(&folder.join("chancery.db")).await?;
        let vault = Vault::create(&database, b"demonstration", PassphraseCost::cheap()).await?;
        let relay = Relay {
            host: "127.0.0.1".to_owned(),
            port: sink.port,
            security: Security::None,
            ca_file: None,
            hello: DOMAIN.to_owned(),
        };
        let config =
            SiteConfig { domain: DOMAIN.to_owned(), relay, relay_connections: 2, received_limit: 50 };
        let site = Arc::new(Site::new(database, Arc::new(SystemClock), config, Some(vault), seed()));
        let doors = [(Protocol::Lmtp, "127.0.0.1:0".to_owned())];
        let server = Server::start(&site, &doors, &Limits::default()).await?;
        story.tell("a server on embedded SQLite", true, &format!("LMTP at {}", door(&server)));

        let list: Address = format!("friends@{DOMAIN}").parse()?;
        let new = NewList { address: list.clone(), settings: Vec::new(), algorithm: KeyAlgorithm::default() };
        let view = create_list(&site, &Actor::Operator, new).await?;
        story.tell(&format!("the list {list}, with a key of its own"), true, &view.fingerprint.to_string());
        let list_certificate = Certificate::parse(export_key(&site, &list).await?.as_bytes())?;

        let now = SystemClock.now();
        let mut members = Vec::new();
        for name in ["alice", "bob", "carol"] {
            let person = Person::born(name, now)?;
            let new = NewMember {
                address: person.address.clone(),
                role: Role::Member,
                display_name: name.to_owned(),
                key: Some(person.certificate.octets()),
                confirmed: true,
                any_user_id: false,
            };
            add_member(&site, &Actor::Operator, &list, new).await?;
            let fingerprint = person.certificate.fingerprint();
            let step = format!("{name} joins, with a key made on the spot");
            story.tell(&step, true, &fingerprint.to_string());
            members.push(person);
        }
        let mallory = Person::born("mallory", now)?;
        Ok(Self { site, server, sink, list, list_certificate, members, mallory })
    }

    /// Hands a message in, and gives what the server answered.
    async fn hand_in(&self, from: &Address, message: &[u8]) -> Result<String> {
        lmtp::hand_in(door(&self.server), from, &self.list, message).await
    }

    /// Waits until nothing moves, then reads the newest line of the owner's log.
    async fn judged(&self) -> Result<LogLine> {
        let begun = Stopwatch::now();
        while !queue(&self.site, &Actor::Operator).await?.is_still() {
            anyhow::ensure!(begun.elapsed() < PATIENCE, "the server did not come to an end in {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lines = read_log(&self.site, &Actor::Operator, &self.list, 1).await?;
        lines.into_iter().next_back().context("the owner's log is empty")
    }

    async fn stay(&self, output: &Output, folder: &std::path::Path) -> Result<()> {
        output.note(&format!("LMTP at {}, the sink at 127.0.0.1:{}", door(&self.server), self.sink.port));
        output.note(&format!("the data is in {} until you press Ctrl-C", folder.display()));
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended.context("cannot wait for Ctrl-C"),
            _ = terminate.recv() => Ok(()),
        }
    }
}

fn door(server: &Server) -> &str {
    server.doors.first().map_or("", |(_, address)| address)
}

/// One post that goes out, and three that do not.
async fn act(stage: &Stage, story: &mut Story) -> Result<()> {
    let now = SystemClock.now();
    let [alice, ..] = stage.members.as_slice() else { anyhow::bail!("nobody is there") };
    let write = |author, protection| letter(author, &stage.list, &stage.list_certificate, protection, now);

    let post = write(alice, Protection::SignedAndEncrypted)?;
    let answer = stage.hand_in(&alice.address, &post).await?;
    let step = "alice's post, signed and encrypted, handed in over LMTP";
    story.tell(step, answer.starts_with("250"), &answer);
    let line = stage.judged().await?;
    story.tell("who signed", line.detail.contains(": good"), &line.detail);
    let findings = if line.findings.is_empty() { "nothing against it" } else { &line.findings };
    story.tell("what was found", line.findings.is_empty(), findings);
    let decided = line.disposition.as_deref().unwrap_or("nothing");
    story.tell("what was decided", decided == "accept", decided);

    for person in &stage.members {
        read_copy(stage, story, person)?;
    }
    let copies = stage.sink.count();
    let step = "one copy for each member, and no more";
    story.tell(step, copies == stage.members.len(), &format!("{copies} copies"));

    let unsigned = write(alice, Protection::EncryptedOnly)?;
    refused(stage, story, "a post that nobody signed", &unsigned, "unsigned=reject").await?;
    let foreign = write(&stage.mallory, Protection::SignedAndEncrypted)?;
    refused(stage, story, "a post signed by a key that nobody knows", &foreign, "unknown_key=reject").await?;
    let replayed = letter::sent_again(&post);
    let what = "alice's post once more, by somebody who caught it";
    refused(stage, story, what, &replayed, "duplicate_signature=reject").await
}

/// Opens a member's copy with that member's key alone.
fn read_copy(stage: &Stage, story: &mut Story, person: &Person) -> Result<()> {
    let name = person.name;
    let Some(message) = stage.sink.message_to(&person.address) else {
        story.tell(&format!("{name}'s copy"), false, "did not arrive");
        return Ok(());
    };
    let shows = |words: &str| message.windows(words.len()).any(|at| at == words.as_bytes());
    let in_clear = shows(WORDS) || shows(SUBJECT);
    let read = person.read(message, &stage.list_certificate, SystemClock.now())?;
    let whole = read.text.contains(WORDS) && read.subject.contains(SUBJECT);
    let seal = if read.list_signature { "good" } else { "NOT good" };
    story.tell(
        &format!("{name}'s copy, opened with {name}'s key alone"),
        !in_clear && whole && read.list_signature,
        &format!("\"{}\", the list's signature {seal}", read.subject),
    );
    for line in read.result.lines().filter(|line| !line.trim().is_empty()) {
        story.aside(line);
    }
    Ok(())
}

async fn refused(stage: &Stage, story: &mut Story, what: &str, message: &[u8], finding: &str) -> Result<()> {
    let before = stage.sink.count();
    let [alice, ..] = stage.members.as_slice() else { anyhow::bail!("nobody is there") };
    stage.hand_in(&alice.address, message).await?;
    let line = stage.judged().await?;
    let decided = line.disposition.as_deref().unwrap_or("nothing");
    let found = line.findings.split(' ').any(|found| found == finding);
    let held = decided == "reject" && found && stage.sink.count() == before;
    let detail = format!("{}, so {decided}; nobody got a copy", line.findings);
    story.tell(&format!("{what}: refused"), held, &detail);
    Ok(())
}
