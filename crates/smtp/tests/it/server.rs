// SPDX-License-Identifier: GPL-3.0-or-later
//! The server on real sockets, spoken to line by line.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use chancery_smtp::{Limits, Listener, Protocol};

use crate::support::{Client, Collecting, DEADLINE, Server, address};

#[tokio::test]
async fn a_whole_transaction_over_tcp() {
    let server = Server::start(Protocol::Lmtp, Limits::default());
    let mut client = server.client().await;
    client.expect("220 lists.example.org LMTP").await;
    client.say("LHLO mx.example", "250 SIZE 26214400").await;
    client.say("MAIL FROM:<alice@example.org> BODY=8BITMIME", "250 2.1.0").await;
    client.say("RCPT TO:<friends@lists.example.org>", "250 2.1.5").await;
    client.say("RCPT TO:<full@lists.example.org>", "250 2.1.5").await;
    client.say("DATA", "354").await;
    client.send("Subject: h\u{e9}llo\r\n\r\n..\r\n.\r\n").await;
    client.expect("250 2.0.0").await;
    client.expect("452 4.2.2").await;
    client.say("QUIT", "221").await;
    assert_eq!(client.rest().await, "");
    assert_eq!(server.handler.texts(), ["Subject: h\u{e9}llo\r\n\r\n.\r\n"]);
    let messages = server.handler.messages.lock().unwrap();
    assert_eq!(messages[0].0.address, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(messages[0].1.reverse_path, Some(address("alice@example.org")));
}

#[tokio::test]
async fn a_pipelined_transaction_is_answered_in_order() {
    let server = Server::start(Protocol::Smtp, Limits::default());
    let mut client = server.client().await;
    client
        .send(
            "EHLO mx.example\r\nMAIL FROM:<>\r\nRCPT TO:<nobody@lists.example.org>\r\n\
             RCPT TO:<friends@lists.example.org>\r\nDATA\r\n",
        )
        .await;
    for start in ["220", "250 SIZE", "250 2.1.0", "550 5.1.1", "250 2.1.5", "354"] {
        client.expect(start).await;
    }
    client.send("a\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n").await;
    for start in ["250 2.0.0 message", "250 2.1.0", "250 2.0.0 reset", "221"] {
        client.expect(start).await;
    }
}

#[tokio::test]
async fn a_unix_socket_serves_and_its_file_comes_and_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp.sock");
    let at = format!("unix:{}", path.display());
    // What a killed server leaves behind is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = Server::start_at(&at, Protocol::Lmtp, Limits::default(), Collecting::default());
    assert_eq!(server.address, at);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let mut client = server.client().await;
    client.expect("220").await;
    client.say("LHLO mx.example", "250").await;
    client.say("MAIL FROM:<>", "250").await;
    client.say("RCPT TO:<friends@lists.example.org>", "250").await;
    client.say("DATA", "354").await;
    client.send("a\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!(server.handler.messages.lock().unwrap()[0].0.address, None);
    // What somebody listens on, and what is no socket, is left alone.
    assert!(Listener::bind(&at).is_err());
    assert!(path.exists());
    server.stop.send(true).unwrap();
    server.task.await.unwrap();
    assert!(!path.exists());
    std::fs::write(&path, "not a socket").unwrap();
    assert!(Listener::bind(&at).is_err());
    assert!(path.exists());
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_text_has_sent_nothing() {
    let server = Server::start(Protocol::Lmtp, Limits::default());
    for cut in ["a line\r\n", "a line\r\n.", "a line\r\n.\r", "a line\r\n.\n"] {
        let mut client = server.client().await;
        client.expect("220").await;
        client.say("LHLO mx.example", "250").await;
        client.say("MAIL FROM:<>", "250").await;
        client.say("RCPT TO:<friends@lists.example.org>", "250").await;
        client.say("DATA", "354").await;
        client.send(cut).await;
    }
    server.stop.send(true).unwrap();
    server.task.await.unwrap();
    assert!(server.handler.texts().is_empty());
}

#[tokio::test]
async fn shutdown_finishes_what_is_begun_and_nothing_else() {
    let server = Server::start_at("127.0.0.1:0", Protocol::Lmtp, Limits::default(), Collecting::gated());
    let mut idle = server.client().await;
    idle.expect("220").await;
    let mut writing = server.client().await;
    let mut waiting = server.client().await;
    for client in [&mut writing, &mut waiting] {
        client.expect("220").await;
        client.say("LHLO mx.example", "250").await;
        client.say("MAIL FROM:<>", "250").await;
        client.say("RCPT TO:<friends@lists.example.org>", "250").await;
        client.say("DATA", "354").await;
        client.send("half\r\n").await;
    }
    waiting.send(".\r\nMAIL FROM:<>\r\n").await;
    let (arrived, open) = server.handler.gate.as_ref().unwrap();
    arrived.notified().await;
    server.stop.send(true).unwrap();
    assert!(idle.rest().await.starts_with("421 4.3.2"));
    open.notify_one();
    waiting.expect("250 2.0.0").await;
    assert!(waiting.rest().await.starts_with("421 4.3.2"), "no new transaction is begun");
    writing.send("whole\r\n.\r\n").await;
    arrived.notified().await;
    open.notify_one();
    writing.expect("250 2.0.0").await;
    assert!(writing.rest().await.starts_with("421 4.3.2"));
    tokio::time::timeout(DEADLINE, server.task).await.unwrap().unwrap();
    assert_eq!(server.handler.texts(), ["half\r\n", "half\r\nwhole\r\n"]);
    assert!(tokio::net::TcpStream::connect(&server.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_hangs_up_while_its_message_is_being_taken_loses_nothing() {
    let server = Server::start_at("127.0.0.1:0", Protocol::Lmtp, Limits::default(), Collecting::gated());
    let mut client = server.client().await;
    client.send("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<friends@lists.example.org>\r\nDATA\r\n").await;
    for start in ["220", "250", "250", "250", "354"] {
        client.expect(start).await;
    }
    client.send("a\r\n.\r\n").await;
    let (arrived, open) = server.handler.gate.as_ref().unwrap();
    arrived.notified().await;
    drop(client);
    open.notify_one();
    server.stop.send(true).unwrap();
    server.task.await.unwrap();
    assert_eq!(server.handler.texts(), ["a\r\n"]);
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away_until_another_ends() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = Server::start(Protocol::Smtp, limits);
    let mut first = server.client().await;
    first.expect("220").await;
    let mut second = server.client().await;
    assert!(second.rest().await.starts_with("421 4.3.2"));
    first.say("QUIT", "221").await;
    drop(first);
    loop {
        let mut third = server.client().await;
        let greeting = third.reply().await;
        if greeting.starts_with("220") {
            break;
        }
        assert!(greeting.starts_with("421"));
        tokio::task::yield_now().await;
    }
}

fn hasty() -> Limits {
    let command_timeout = Duration::from_millis(200);
    Limits { command_timeout, data_timeout: Duration::from_millis(500), ..Limits::default() }
}

#[tokio::test]
async fn silence_is_timed_out() {
    let server = Server::start(Protocol::Smtp, hasty());
    let mut client = server.client().await;
    client.expect("220").await;
    assert!(client.rest().await.starts_with("421 4.4.2"));
}

#[tokio::test]
async fn octets_that_trickle_in_do_not_buy_time() {
    let server = Server::start(Protocol::Smtp, hasty());
    let mut slow = server.client().await;
    slow.expect("220").await;
    let started = std::time::Instant::now();
    let trickle = async {
        for _ in 0..100 {
            slow.send("N").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if slow_closed(&mut slow).await {
                return;
            }
        }
    };
    trickle.await;
    assert!(started.elapsed() < Duration::from_secs(1), "a command may take only so long as a whole");

    let mut slow = server.client().await;
    slow.expect("220").await;
    slow.say("EHLO mx.example", "250").await;
    slow.say("MAIL FROM:<>", "250").await;
    slow.say("RCPT TO:<friends@lists.example.org>", "250").await;
    slow.say("DATA", "354").await;
    let started = std::time::Instant::now();
    for _ in 0..100 {
        slow.send("a\r\n").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if slow_closed(&mut slow).await {
            break;
        }
    }
    assert!(started.elapsed() < Duration::from_secs(1), "a text may take only so long as a whole");
    assert!(server.handler.texts().is_empty());
}

/// Whether the server has said 421 by now.
async fn slow_closed(client: &mut Client) -> bool {
    match tokio::time::timeout(Duration::from_millis(1), client.line()).await {
        Ok(line) => {
            assert!(line.starts_with("421 4.4.2"), "{line}");
            true
        }
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_large_message_arrives_whole() {
    let server = Server::start(Protocol::Lmtp, Limits::default());
    let mut client = server.client().await;
    client.send("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<friends@lists.example.org>\r\nDATA\r\n").await;
    for start in ["220", "250", "250", "250", "354"] {
        client.expect(start).await;
    }
    let text = "The quick brown fox jumps over the lazy dog, and over the fence.\r\n.\r\n".repeat(80_000);
    client.send(text.replace("\r\n.\r\n", "\r\n..\r\n")).await;
    client.send(".\r\n").await;
    client.expect("250 2.0.0").await;
    assert!(server.handler.texts() == [text]);
}
