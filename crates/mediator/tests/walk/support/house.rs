// SPDX-License-Identifier: GPL-3.0-or-later
//! A house with its lists: a site on a database in a file, with its loops running.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use chancery_crypto::{Certificate, KeyAlgorithm, PassphraseCost};
use chancery_lists::Role;
use chancery_mail::{Address, Clock, Envelope, Instant};
use chancery_mediator::{
    Actor, Intake, LogLine, MemberChange, NewList, NewMember, QueueView, Site, SiteConfig, Vault, add_member,
    create_list, deliver_outgoing, export_key, judge_inbound, look_after_site, queue, read_log, set_list,
    set_member,
};
use chancery_smtp::{Handler as _, Peer, Relay, Reply, Security};
use chancery_store::Database;
use chancery_testkit::{MailSink, SettableClock};
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::people::{NOW, Person};

pub(crate) const DOMAIN: &str = "lists.example.org";
const PASSPHRASE: &[u8] = b"correct horse";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A list as people outside know it.
pub(crate) struct List {
    pub(crate) address: Address,
    pub(crate) certificate: Certificate,
}

/// The house. Its loops run until it is dropped or closed.
pub(crate) struct House {
    folder: TempDir,
    pub(crate) clock: SettableClock,
    pub(crate) sink: MailSink,
    pub(crate) site: Arc<Site>,
    loops: Option<Loops>,
}

struct Loops {
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with_clock(|clock| Arc::new(clock)).await
    }

    /// A house that reads its clock through another.
    pub(crate) async fn with_clock(around: impl FnOnce(SettableClock) -> Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(folder.path().join("chancery.db")).await.unwrap();
        let vault = Vault::create(&database, PASSPHRASE, PassphraseCost::cheap()).await.unwrap();
        let (clock, sink) = (SettableClock::at(NOW), MailSink::start().unwrap());
        let site = site(database, vault, around(clock.clone()), sink.port());
        let mut house = Self { folder, clock, sink, site, loops: None };
        house.run();
        house
    }

    /// Starts the loops.
    pub(crate) fn run(&mut self) {
        let (stop, stopped) = watch::channel(false);
        let running = vec![
            tokio::spawn(judge_inbound(Arc::clone(&self.site), "worker".to_owned(), stopped.clone())),
            tokio::spawn(deliver_outgoing(Arc::clone(&self.site), "delivery".to_owned(), stopped)),
        ];
        self.loops = Some(Loops { stop, running });
    }

    /// Starts the judging alone: what is accepted waits. Gives the id of its task.
    pub(crate) fn run_without_delivery(&mut self) -> tokio::task::Id {
        let (stop, stopped) = watch::channel(false);
        let running = vec![tokio::spawn(judge_inbound(Arc::clone(&self.site), "worker".to_owned(), stopped))];
        let id = running[0].id();
        self.loops = Some(Loops { stop, running });
        id
    }

    /// Starts the delivery alone. Gives the id of its task.
    pub(crate) fn run_delivery(&mut self) -> tokio::task::Id {
        let (stop, stopped) = watch::channel(false);
        let delivery = deliver_outgoing(Arc::clone(&self.site), "delivery".to_owned(), stopped);
        let running = vec![tokio::spawn(delivery)];
        let id = running[0].id();
        self.loops = Some(Loops { stop, running });
        id
    }

    /// Stops the loops, after what they are at.
    pub(crate) async fn halt(&mut self) {
        if let Some(loops) = self.loops.take() {
            loops.stop.send(true).ok();
            for task in loops.running {
                task.await.unwrap();
            }
        }
    }

    /// Ends everything and begins anew on the same files.
    pub(crate) async fn restart(&mut self) {
        self.restart_with_relay(self.sink.port()).await;
    }

    /// The same, with the relay at another port.
    pub(crate) async fn restart_with_relay(&mut self, port: u16) {
        self.halt().await;
        self.site.database.close().await;
        let database = Database::open(self.database_file()).await.unwrap();
        let vault = Vault::unlock(&database, PASSPHRASE).await.unwrap();
        self.site = site(database, vault, Arc::new(self.clock.clone()), port);
        self.run();
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("chancery.db")
    }

    /// Every octet of every file of the house.
    pub(crate) fn files(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            octets.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        octets
    }

    /// Writes into the database behind everybody's back; says how many rows it touched.
    pub(crate) async fn tamper(&self, sql: &'static str) -> u64 {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rw", self.database_file().display());
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut connection).await.unwrap();
        let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        done.rows_affected()
    }

    /// Reads one number from it.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rw", self.database_file().display());
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        sqlx::Row::get::<i64, _>(&row, 0)
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A list without people.
    pub(crate) async fn list(&self, name: &str, settings: &[(&str, &str)]) -> List {
        self.list_with_key(name, settings, KeyAlgorithm::default()).await
    }

    pub(crate) async fn list_with_key(
        &self,
        name: &str,
        settings: &[(&str, &str)],
        algorithm: KeyAlgorithm,
    ) -> List {
        let address: Address = format!("{name}@{DOMAIN}").parse().unwrap();
        // Set together: some settings go only with others.
        let new = NewList { address: address.clone(), settings: Vec::new(), algorithm };
        create_list(&self.site, &Actor::Operator, new).await.unwrap();
        let list = List { certificate: self.certificate(&address).await, address };
        for (name, value) in settings {
            self.set(&list, name, value).await;
        }
        list
    }

    /// The list's public key of this moment.
    pub(crate) async fn certificate(&self, list: &Address) -> Certificate {
        Certificate::parse(export_key(&self.site, list).await.unwrap().as_bytes()).unwrap()
    }

    pub(crate) async fn set(&self, list: &List, name: &str, value: &str) {
        let changes = [(name.to_owned(), value.to_owned())];
        set_list(&self.site, &Actor::Operator, &list.address, &changes).await.unwrap();
    }

    /// Members with confirmed keys.
    pub(crate) async fn members(&self, list: &List, people: &[&Person]) {
        for person in people {
            self.join(list, person, Role::Member, true).await;
        }
    }

    pub(crate) async fn join(&self, list: &List, person: &Person, role: Role, confirmed: bool) {
        let new = NewMember {
            address: person.address.clone(),
            role,
            display_name: person.name.to_owned(),
            key: Some(person.certificate().octets()),
            confirmed,
            any_user_id: false,
        };
        add_member(&self.site, &Actor::Operator, &list.address, new).await.unwrap();
    }

    pub(crate) async fn change(&self, list: &List, person: &Person, change: MemberChange) {
        set_member(&self.site, &Actor::Operator, &list.address, &person.address, change).await.unwrap();
    }

    /// Hands a message in for an address, as an MTA does; gives the last word on it.
    pub(crate) async fn hand_in(&self, from: Option<&Address>, to: &Address, octets: Vec<u8>) -> Reply {
        let intake = Intake::new(Arc::clone(&self.site));
        let known = intake.recipient(from, to).await;
        if !known.is_positive() {
            return known;
        }
        let peer = Peer { address: None, hello: "mx.example.org".to_owned(), with: "LMTP" };
        let envelope = Envelope { reverse_path: from.cloned(), forward_paths: vec![to.clone()] };
        intake.message(&peer, envelope, Zeroizing::new(octets)).await.remove(0)
    }

    /// Posts to a list, and waits until it has been judged and its copies have been handed over.
    pub(crate) async fn post(&self, list: &List, from: &Person, octets: Vec<u8>) -> LogLine {
        let before = self.log(list).await.len();
        self.send(list, from, octets).await;
        let queue = self.rest().await;
        let log = self.log(list).await;
        let judged = log[before..].iter().find(|line| line.event == "post");
        judged.unwrap_or_else(|| panic!("nothing was judged; {queue:?}")).clone()
    }

    /// Posts to a list, and waits until it has been judged, whatever becomes of its copies.
    pub(crate) async fn post_only(&self, list: &List, from: &Person, octets: Vec<u8>) -> LogLine {
        self.send(list, from, octets).await;
        self.judged().await;
        self.log(list).await.into_iter().rfind(|line| line.event == "post").unwrap()
    }

    /// Hands a post in.
    pub(crate) async fn send(&self, list: &List, from: &Person, octets: Vec<u8>) {
        let reply = self.hand_in(Some(&from.address), &list.address, octets).await;
        assert_eq!(reply.code, 250, "{reply}");
    }

    /// Waits until nothing moves before the clock does.
    pub(crate) async fn rest(&self) -> QueueView {
        self.wait("come to rest", |queue, now| {
            queue.inbound == 0
                && queue.outgoing == queue.retrying
                && queue.next_retry.is_none_or(|next| next > now)
        })
        .await
    }

    /// Waits until everything that came in was judged.
    pub(crate) async fn judged(&self) -> QueueView {
        self.wait("judge", |queue, _| queue.inbound == 0).await
    }

    async fn wait(&self, what: &str, is_so: impl Fn(&QueueView, Instant) -> bool) -> QueueView {
        let begun = Stopwatch::now();
        loop {
            let view = self.queue().await;
            if is_so(&view, self.now()) {
                return view;
            }
            assert!(begun.elapsed() < PATIENCE, "the house did not {what}: {view:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn queue(&self) -> QueueView {
        queue(&self.site, &Actor::Operator).await.unwrap()
    }

    /// The owner's log of a list, the oldest line first.
    pub(crate) async fn log(&self, list: &List) -> Vec<LogLine> {
        read_log(&self.site, &Actor::Operator, &list.address, 1000).await.unwrap()
    }

    /// What the sink got for somebody.
    pub(crate) fn mail_for(&self, person: &Person) -> Vec<Vec<u8>> {
        let theirs =
            |message: &chancery_testkit::Received| message.envelope.forward_paths.contains(&person.address);
        self.sink.messages().into_iter().filter(theirs).map(|message| message.octets).collect()
    }

    /// The only message to somebody.
    pub(crate) fn copy_for(&self, person: &Person) -> Vec<u8> {
        let mut mail = self.mail_for(person);
        assert_eq!(mail.len(), 1, "messages to {}", person.name);
        mail.remove(0)
    }

    /// One round of looking after the keys.
    pub(crate) async fn look_after_site(&self) {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(look_after_site(Arc::clone(&self.site), stopped));
        // The first round begins at once, and what was begun is finished.
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.send(true).ok();
        task.await.unwrap();
    }
}

fn site(database: Database, vault: Vault, clock: Arc<dyn Clock>, port: u16) -> Arc<Site> {
    let relay = Relay {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        ca_file: None,
        hello: DOMAIN.to_owned(),
    };
    let config = SiteConfig { domain: DOMAIN.to_owned(), relay, relay_connections: 2, received_limit: 25 };
    Arc::new(Site::new(database, clock, config, Some(vault), [7; 32]))
}
