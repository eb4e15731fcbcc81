// SPDX-License-Identifier: GPL-3.0-or-later
//! The client against the testkit's sink, our own server, and relays that follow a script.

use std::time::Duration;

use chancery_mail::Envelope;
use chancery_smtp::{Limits, Protocol, Relay, Reply, Security, Submit, SubmitError, Timeouts, Transport};
use chancery_testkit::{Fault, MailSink};

use crate::support::{DEADLINE, Scripted, Server, address};

const MESSAGE: &[&[u8]] = &[b"Subject: hello\r\n\r\n", b".a dot\r\n", b"the end\r\n"];

fn relay(port: u16) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        ca_file: None,
        hello: "lists.example.org".to_owned(),
    }
}

fn transport(port: u16) -> Transport {
    let command = Duration::from_secs(10);
    let timeouts = Timeouts { connect: command, command, data_block: command, completion: command };
    Transport::new(relay(port), timeouts).unwrap()
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        reverse_path: Some(address("friends-bounces+x@lists.example.org")),
        forward_paths: recipients.iter().map(|recipient| address(recipient)).collect(),
    }
}

fn codes(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.code).collect()
}

#[tokio::test]
async fn messages_follow_one_another_over_one_connection() {
    let sink = MailSink::start().unwrap();
    let mut transport = transport(sink.port());
    let to_bob = envelope(&["bob@example.org"]);
    for _ in 0..3 {
        let replies = transport.submit(&to_bob, MESSAGE).await.unwrap();
        assert_eq!(replies, [Reply::new(250, (2, 0, 0), "taken")]);
    }
    let received = sink.wait_for(3, DEADLINE).await.unwrap();
    assert_eq!(received[2].envelope, to_bob);
    assert_eq!(received[2].octets, MESSAGE.concat());
    assert_eq!(sink.connections(), 1);
    transport.quit().await;
    assert_eq!(sink.commands().last().unwrap(), "QUIT");
    transport.submit(&to_bob, MESSAGE).await.unwrap();
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn each_recipient_has_its_reply() {
    let sink = MailSink::start().unwrap();
    let refuse = |address: &str, reply: &str| Fault::RefuseRecipient {
        address: address.to_owned(),
        reply: reply.to_owned(),
    };
    sink.set(refuse("carol@example.org", "450 4.2.1 later"));
    sink.set(refuse("mallory@example.org", "550 5.1.1 nobody"));
    let mut transport = transport(sink.port());
    let to_all = envelope(&["carol@example.org", "bob@example.org", "mallory@example.org"]);
    let replies = transport.submit(&to_all, MESSAGE).await.unwrap();
    assert_eq!(
        replies,
        [
            Reply::new(450, (4, 2, 1), "later"),
            Reply::new(250, (2, 0, 0), "taken"),
            Reply::new(550, (5, 1, 1), "nobody"),
        ]
    );
    assert_eq!(sink.wait_for(1, DEADLINE).await.unwrap()[0].envelope, envelope(&["bob@example.org"]));

    // Nobody is left: no message is sent, and the connection stays warm.
    let to_two = envelope(&["carol@example.org", "mallory@example.org"]);
    assert_eq!(codes(&transport.submit(&to_two, MESSAGE).await.unwrap()), [450, 550]);
    let replies = transport.submit(&envelope(&["bob@example.org"]), MESSAGE).await.unwrap();
    assert_eq!(codes(&replies), [250]);
    assert_eq!((sink.messages().len(), sink.connections()), (2, 1));
    assert!(sink.commands().contains(&"RSET".to_owned()), "the refused transaction was reset");
}

#[tokio::test]
async fn a_message_refused_at_its_end_is_refused_for_all_who_were_accepted() {
    let sink = MailSink::start().unwrap();
    sink.set(Fault::RefuseNthRecipient { nth: 1, reply: "550 5.1.1 nobody".to_owned() });
    sink.set(Fault::RefuseMessages { left: 1, reply: "451 4.3.0 busy".to_owned() });
    let mut transport = transport(sink.port());
    let to_two = envelope(&["mallory@example.org", "bob@example.org"]);
    assert_eq!(codes(&transport.submit(&to_two, MESSAGE).await.unwrap()), [550, 451]);
    assert_eq!(codes(&transport.submit(&to_two, MESSAGE).await.unwrap()), [550, 250]);
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn a_refused_sender_is_one_refusal_for_all() {
    let sink = MailSink::start().unwrap();
    let to_bob = envelope(&["bob@example.org"]);
    for fault in [None, Some(Fault::Without("PIPELINING"))] {
        if let Some(fault) = fault {
            sink.set(fault);
        }
        sink.set(Fault::RefuseMail { left: 1, reply: "550 5.7.1 not you".to_owned() });
        let mut transport = transport(sink.port());
        let Err(SubmitError::Refused(reply)) = transport.submit(&to_bob, MESSAGE).await else {
            panic!("not refused");
        };
        assert_eq!(reply, Reply::new(550, (5, 7, 1), "not you"));
        assert!(!SubmitError::Refused(reply).is_temporary());
        transport.submit(&to_bob, MESSAGE).await.unwrap();
    }
    assert_eq!((sink.messages().len(), sink.connections()), (2, 2));
}

#[tokio::test]
async fn a_stale_connection_is_replaced() {
    let sink = MailSink::start().unwrap();
    let mut transport = transport(sink.port());
    let to_bob = envelope(&["bob@example.org"]);
    transport.submit(&to_bob, MESSAGE).await.unwrap();
    sink.close_connections();
    transport.submit(&to_bob, MESSAGE).await.unwrap();
    // A relay that takes one message for each connection.
    sink.set(Fault::CloseAfterMessage);
    for _ in 0..3 {
        transport.submit(&to_bob, MESSAGE).await.unwrap();
    }
    assert_eq!(sink.wait_for(5, DEADLINE).await.unwrap().len(), 5);
    assert_eq!(sink.connections(), 4);
}

#[tokio::test]
async fn a_421_on_a_warm_connection_is_a_reason_to_make_another() {
    let script = [
        "220 r\r\n",
        "250-r\r\n250 PIPELINING\r\n",
        "250 a\r\n250 b\r\n354 c\r\n",
        "250 d\r\n",
        "421 bye\r\n",
    ];
    let first = Scripted::start(&[&script, &script]).await;
    let mut transport = transport(first.port);
    let to_bob = envelope(&["bob@example.org"]);
    transport.submit(&to_bob, MESSAGE).await.unwrap();
    assert_eq!(codes(&transport.submit(&to_bob, MESSAGE).await.unwrap()), [250]);
}

#[tokio::test]
async fn a_relay_that_hangs_up_in_the_message_or_after_it_leaves_a_temporary_error() {
    let sink = MailSink::start().unwrap();
    let mut transport = transport(sink.port());
    let to_bob = envelope(&["bob@example.org"]);
    for fault in [Fault::CutMidData { left: 1, after: 1000 }, Fault::CutAfterDot { left: 1 }] {
        sink.set(fault);
        let line = [b'a'; 77];
        let large = [&line[..], b"\r\n"].concat().repeat(100_000);
        let error = transport.submit(&to_bob, &[&large]).await.unwrap_err();
        assert!(matches!(error, SubmitError::Connect(_)) && error.is_temporary(), "{error:?}");
    }
    sink.forget();
    transport.submit(&to_bob, MESSAGE).await.unwrap();
    assert_eq!(sink.wait_for(1, DEADLINE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_relay_that_says_nothing_is_timed_out() {
    let sink = MailSink::start().unwrap();
    sink.set(Fault::Hang);
    let command = Duration::from_millis(100);
    let timeouts = Timeouts { command, ..Timeouts::default() };
    let mut transport = Transport::new(relay(sink.port()), timeouts).unwrap();
    let to_bob = envelope(&["bob@example.org"]);
    let error = transport.submit(&to_bob, MESSAGE).await.unwrap_err();
    assert!(matches!(error, SubmitError::Timeout(_)) && error.is_temporary(), "{error:?}");
    sink.clear_faults();
    transport.submit(&to_bob, MESSAGE).await.unwrap();
}

#[tokio::test]
async fn a_relay_that_cannot_be_reached_is_a_temporary_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = transport(port).submit(&envelope(&["bob@example.org"]), MESSAGE).await.unwrap_err();
    assert!(matches!(error, SubmitError::Connect(_)) && error.is_temporary());
}

#[tokio::test]
async fn without_pipelining_one_command_waits_for_another() {
    let sink = MailSink::start().unwrap();
    sink.set(Fault::Without("PIPELINING"));
    sink.set(Fault::RefuseNthRecipient { nth: 2, reply: "550 5.1.1 nobody".to_owned() });
    let mut transport = transport(sink.port());
    let to_two = envelope(&["bob@example.org", "mallory@example.org"]);
    assert_eq!(codes(&transport.submit(&to_two, MESSAGE).await.unwrap()), [250, 550]);
    sink.set(Fault::RefuseNthRecipient { nth: 1, reply: "450 4.2.1 later".to_owned() });
    assert_eq!(codes(&transport.submit(&to_two, MESSAGE).await.unwrap()), [450, 550]);
    assert_eq!(sink.commands().iter().filter(|command| *command == "DATA").count(), 1);
}

#[tokio::test]
async fn the_envelope_leaves_in_one_write_and_names_what_the_message_needs() {
    let offers = "250-r\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n";
    let script = ["220 r\r\n", offers, "250 a\r\n250 b\r\n250 c\r\n354 d\r\n", "250 e\r\n"];
    let scripted = Scripted::start(&[&script]).await;
    let mut transport = transport(scripted.port);
    let to_two = envelope(&["bob@example.org", "jürgen@example.org"]);
    transport.submit(&to_two, &["\u{e9}\r\n".as_bytes()]).await.unwrap();
    let heard = scripted.heard().await;
    assert_eq!(
        heard,
        [
            "EHLO lists.example.org\r\n",
            "MAIL FROM:<friends-bounces+x@lists.example.org> SIZE=4 BODY=8BITMIME SMTPUTF8\r\n\
             RCPT TO:<bob@example.org>\r\nRCPT TO:<jürgen@example.org>\r\nDATA\r\n",
            "\u{e9}\r\n.\r\n",
        ]
    );
}

#[tokio::test]
async fn what_the_relay_cannot_take_is_not_begun() {
    let script = ["220 r\r\n", "250-r\r\n250 SIZE 10\r\n", "250 a\r\n"];
    let scripted = Scripted::start(&[&script]).await;
    let mut transport = transport(scripted.port);
    let Err(SubmitError::Refused(reply)) = transport.submit(&envelope(&["bob@example.org"]), MESSAGE).await
    else {
        panic!("a message over the limit was sent");
    };
    assert_eq!((reply.code, reply.enhanced), (552, (5, 3, 4)));
    let Err(SubmitError::Refused(reply)) =
        transport.submit(&envelope(&["jürgen@example.org"]), &[b"a\r\n"]).await
    else {
        panic!("an international address was sent");
    };
    assert_eq!((reply.code, reply.enhanced), (550, (5, 6, 7)));
    transport.quit().await;
    assert_eq!(scripted.heard().await, ["EHLO lists.example.org\r\n", "QUIT\r\n"]);
}

#[tokio::test]
async fn what_could_be_misread_is_not_sent() {
    let sink = MailSink::start().unwrap();
    let mut transport = transport(sink.port());
    for message in [&b"a\n.\nMAIL FROM:<mallory@example.org>\r\n"[..], b"a\r\n.\rb\r\n", b"a", b""] {
        let error = transport.submit(&envelope(&["bob@example.org"]), &[message]).await.unwrap_err();
        assert!(matches!(error, SubmitError::Unsendable(_)) && !error.is_temporary());
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_relay_that_refuses_everybody_gives_up_no_message() {
    for script in [
        &["554 5.3.2 no service\r\n"][..],
        &["220 r\r\n", "554 no\r\n", "554 no\r\n"],
        &["421 busy\r\n"],
        &["220 r\r\n", "421 busy\r\n"],
        &["HTTP/1.1 400 Bad Request\r\n"],
        &["250 odd\r\n"],
        &["220-r\r\n"],
        &["220 r\r\n", "250-r\r\n250 PIPELINING\r\n", "354 a\r\n354 b\r\n354 c\r\n"],
        &["220 r\r\n", "250-r\r\n250 PIPELINING\r\n", "550 a\r\n503 b\r\n354 c\r\n"],
        &["220 r\r\n", "250-r\r\n250 PIPELINING\r\n", "250 a\r\n250 b\r\n250 c\r\n"],
        &["220 r\r\n", "250-r\r\n250 PIPELINING\r\n", "250 a\r\n250 b\r\n354 c\r\n", "354 d\r\n"],
        &["220 r\r\n", "250-r\r\n250 PIPELINING\r\n", "421 a\r\n"],
        &[],
    ] {
        let scripted = Scripted::start(&[script]).await;
        let mut transport = transport(scripted.port);
        let error = transport.submit(&envelope(&["bob@example.org"]), MESSAGE).await.unwrap_err();
        assert!(error.is_temporary(), "{script:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_relay_that_wants_a_text_for_nobody_gets_an_empty_one() {
    let offers = "250-r\r\n250 PIPELINING\r\n";
    let script = ["220 r\r\n", offers, "250 a\r\n550 b\r\n354 c\r\n", "554 d\r\n"];
    let scripted = Scripted::start(&[&script]).await;
    let mut transport = transport(scripted.port);
    let replies = transport.submit(&envelope(&["bob@example.org"]), MESSAGE).await.unwrap();
    assert_eq!(codes(&replies), [550]);
    assert_eq!(scripted.heard().await.last().unwrap(), ".\r\n");
}

#[tokio::test]
async fn a_refusal_of_data_is_every_accepted_recipients() {
    let offers = "250-r\r\n250 PIPELINING\r\n";
    let script = ["220 r\r\n", offers, "250 a\r\n250 b\r\n550 c\r\n451 4.7.1 not now\r\n"];
    let scripted = Scripted::start(&[&script]).await;
    let mut transport = transport(scripted.port);
    let to_two = envelope(&["bob@example.org", "mallory@example.org"]);
    assert_eq!(codes(&transport.submit(&to_two, MESSAGE).await.unwrap()), [451, 550]);
}

#[tokio::test]
async fn our_client_and_our_server_understand_each_other() {
    let server = Server::start(Protocol::Smtp, Limits { recipients: 200, ..Limits::default() });
    let port = server.address.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut transport = transport(port);
    // More recipients than are named before the replies are read.
    let mut names: Vec<String> = (0..150).map(|n| format!("r{n}@lists.example.org")).collect();
    names[120] = "nobody@lists.example.org".to_owned();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = b"..\r\n.\r\n0123456789\r\n".repeat(100_000);
    let replies = transport.submit(&envelope(&names), &[&text[..1001], &text[1001..]]).await.unwrap();
    assert_eq!(replies.iter().filter(|reply| reply.code == 250).count(), 149);
    assert_eq!(replies[120].code, 550);
    {
        let messages = server.handler.messages.lock().unwrap();
        assert_eq!(messages[0].1.forward_paths.len(), 149);
        assert!(messages[0].2 == text);
    }
    let one = envelope(&["full@lists.example.org"]);
    assert_eq!(codes(&transport.submit(&one, MESSAGE).await.unwrap()), [452]);
    // The server stops; the next message hears of it.
    server.stop.send(true).unwrap();
    server.task.await.unwrap();
    assert!(matches!(transport.submit(&one, MESSAGE).await, Err(SubmitError::Connect(_))));
}

#[tokio::test]
async fn a_null_sender_is_sent_as_such_and_nobody_costs_nothing() {
    let sink = MailSink::start().unwrap();
    let mut transport = transport(sink.port());
    assert!(transport.submit(&envelope(&[]), MESSAGE).await.unwrap().is_empty());
    assert_eq!(sink.connections(), 0);
    let report = Envelope { reverse_path: None, forward_paths: vec![address("alice@example.org")] };
    transport.submit(&report, MESSAGE).await.unwrap();
    assert_eq!(sink.wait_for(1, DEADLINE).await.unwrap()[0].envelope, report);
}

#[tokio::test]
async fn our_own_name_cannot_carry_a_command() {
    let mut relay = relay(25);
    relay.hello = "x\r\nRSET".to_owned();
    assert!(Transport::new(relay, Timeouts::default()).is_err());
}
