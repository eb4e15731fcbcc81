// SPDX-License-Identifier: GPL-3.0-or-later
//! Dialogues as tables, without sockets.

use chancery_mail::Envelope;
use chancery_smtp::{Limits, Peer, Protocol, Reply, Session, Step, fuzz};
use chancery_testkit::mutate::{mutation, rounds};
use proptest::prelude::*;

use crate::support::{address, known, taken};

/// A session with a handler of the tests behind it.
struct Dialogue {
    session: Session,
    messages: Vec<(Peer, Envelope, String)>,
    closed: bool,
}

impl Dialogue {
    fn new(protocol: Protocol, limits: &Limits) -> Self {
        let mut session = Session::new(protocol, "lists.example.org", limits, None);
        assert!(session.take_output().starts_with(b"220 lists.example.org "));
        Self { session, messages: Vec::new(), closed: false }
    }

    /// What is answered to these octets.
    fn say(&mut self, octets: impl AsRef<[u8]>) -> String {
        let mut rest = octets.as_ref();
        while !rest.is_empty() && !self.closed {
            let (used, step) = self.session.receive(rest);
            rest = &rest[used..];
            match step {
                Step::Feed => {}
                Step::Recipient { forward_path, .. } => {
                    self.session.recipient_answered(&known(forward_path.local()));
                }
                Step::Message { peer, envelope, octets } => {
                    let replies: Vec<_> =
                        envelope.forward_paths.iter().map(|path| taken(path.local())).collect();
                    self.session.message_answered(&replies);
                    let text = String::from_utf8(octets.to_vec()).unwrap();
                    self.messages.push((peer, envelope, text));
                }
                Step::Close => self.closed = true,
            }
        }
        String::from_utf8(self.session.take_output()).unwrap()
    }

    /// The codes of what is answered, `250-` lines left out.
    fn codes(&mut self, octets: impl AsRef<[u8]>) -> Vec<u16> {
        let lines = self.say(octets);
        let last = |line: &&str| line.as_bytes().get(3) != Some(&b'-');
        lines.lines().filter(last).map(|line| line.get(..3).unwrap().parse().unwrap()).collect()
    }
}

fn lmtp() -> Dialogue {
    let mut dialogue = Dialogue::new(Protocol::Lmtp, &small());
    assert_eq!(dialogue.codes("LHLO mx.example\r\n"), [250]);
    dialogue
}

fn smtp() -> Dialogue {
    let mut dialogue = Dialogue::new(Protocol::Smtp, &small());
    assert_eq!(dialogue.codes("EHLO mx.example\r\n"), [250]);
    dialogue
}

fn small() -> Limits {
    Limits {
        message_octets: 1000,
        recipients: 3,
        command_octets: 200,
        line_octets: 300,
        errors: 5,
        ..Limits::default()
    }
}

const MAIL: &str = "MAIL FROM:<alice@example.org>\r\n";
const RCPT: &str = "RCPT TO:<friends@lists.example.org>\r\n";

#[test]
fn lmtp_answers_for_each_accepted_recipient() {
    let mut dialogue = lmtp();
    let said = dialogue.say(
        "MAIL FROM:<alice@example.org>\r\nRCPT TO:<friends@lists.example.org>\r\n\
         RCPT TO:<nobody@lists.example.org>\r\nRCPT TO:<full@lists.example.org>\r\n\
         RCPT TO:<never@lists.example.org>\r\nDATA\r\nSubject: a\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
    );
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "250 2.1.0 sender ok",
            "250 2.1.5 recipient ok",
            "550 5.1.1 no such recipient here",
            "250 2.1.5 recipient ok",
            "250 2.1.5 recipient ok",
            "354 end with a line of a single dot",
            "250 2.0.0 message accepted",
            "452 4.2.2 full",
            "554 5.7.1 never",
            "221 2.0.0 bye",
        ]
    );
    assert!(dialogue.closed);
    let (peer, envelope, text) = &dialogue.messages[0];
    assert_eq!((peer.with, peer.hello.as_str(), peer.address), ("LMTP", "mx.example", None));
    assert_eq!(envelope.reverse_path, Some(address("alice@example.org")));
    assert_eq!(
        envelope.forward_paths,
        ["friends", "full", "never"].map(|local| address(&format!("{local}@lists.example.org")))
    );
    assert_eq!(text, "Subject: a\r\n\r\n.dot\r\n");
}

#[test]
fn smtp_answers_once_with_the_worst() {
    for (recipients, code) in [
        (&["friends", "others"][..], 250),
        (&["friends", "never"], 554),
        (&["friends", "never", "full"], 452),
    ] {
        let mut dialogue = smtp();
        assert_eq!(dialogue.codes(MAIL), [250]);
        for recipient in recipients {
            assert_eq!(dialogue.codes(format!("RCPT TO:<{recipient}@lists.example.org>\r\n")), [250]);
        }
        assert_eq!(dialogue.codes("DATA\r\na\r\n.\r\n"), [354, code], "{recipients:?}");
        assert_eq!(dialogue.messages[0].0.with, "ESMTP");
    }
}

#[test]
fn an_answer_that_the_handler_owes_is_451_never_250() {
    for (protocol, hello, expected) in [
        (Protocol::Lmtp, "LHLO x\r\n", "250 2.0.0 a\r\n451 4.3.0 local error, try again later\r\n"),
        (Protocol::Smtp, "EHLO x\r\n", "451 4.3.0 local error, try again later\r\n"),
    ] {
        let mut session = Session::new(protocol, "h", &small(), None);
        let mut input = [hello, MAIL, RCPT, RCPT, "DATA\r\n.\r\n"].concat().into_bytes();
        loop {
            let (used, step) = session.receive(&input);
            input.drain(..used);
            match step {
                Step::Recipient { .. } => session.recipient_answered(&Reply::recipient_ok()),
                Step::Message { .. } => break,
                _ => {}
            }
        }
        session.take_output();
        assert_eq!(session.receive(b"NOOP\r\n").0, 0, "nothing is read while an answer is due");
        session.message_answered(&[Reply::new(250, (2, 0, 0), "a")]);
        assert_eq!(String::from_utf8(session.take_output()).unwrap(), expected);
    }
}

#[test]
fn the_greeting_belongs_to_the_protocol() {
    for (protocol, line, code) in [
        (Protocol::Lmtp, "LHLO mx.example", 250),
        (Protocol::Lmtp, "EHLO mx.example", 500),
        (Protocol::Lmtp, "HELO mx.example", 500),
        (Protocol::Smtp, "LHLO mx.example", 500),
        (Protocol::Smtp, "EHLO mx.example", 250),
        (Protocol::Smtp, "HELO mx.example", 250),
    ] {
        let mut dialogue = Dialogue::new(protocol, &small());
        assert_eq!(dialogue.codes(format!("{line}\r\n")), [code], "{protocol:?} {line}");
    }
    assert_eq!(
        Dialogue::new(Protocol::Lmtp, &small()).say("LHLO mx.example\r\n"),
        "250-lists.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
         250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000\r\n"
    );
}

#[test]
fn commands_out_of_order_are_refused() {
    let mut dialogue = Dialogue::new(Protocol::Lmtp, &small());
    assert_eq!(dialogue.codes(MAIL), [503]);
    assert_eq!(dialogue.codes("LHLO mx.example\r\n"), [250]);
    assert_eq!(dialogue.codes(RCPT), [503]);
    assert_eq!(dialogue.codes("DATA\r\n"), [503]);
    assert_eq!(dialogue.codes([MAIL, MAIL].concat()), [250, 503]);
    assert_eq!(dialogue.codes("DATA\r\n"), [503]);
    assert_eq!(dialogue.codes("RSET\r\nNOOP\r\nVRFY alice\r\n"), [250, 250, 252, 421]);
}

#[test]
fn a_new_greeting_and_rset_forget_the_transaction() {
    for forget in ["RSET\r\n", "LHLO mx.example\r\n"] {
        let mut dialogue = lmtp();
        assert_eq!(dialogue.codes([MAIL, RCPT, forget, RCPT].concat()), [250, 250, 250, 503]);
    }
}

#[test]
fn the_null_reverse_path_is_taken() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes(["MAIL FROM:<>\r\n", RCPT, "DATA\r\n.\r\n"].concat()), [250, 250, 354, 250]);
    assert_eq!(dialogue.messages[0].1.reverse_path, None);
    assert_eq!(dialogue.messages[0].2, "");
}

#[test]
fn international_addresses_need_smtputf8() {
    let mut dialogue = smtp();
    assert_eq!(dialogue.codes("MAIL FROM:<jürgen@bücher.example>\r\n"), [553]);
    assert_eq!(
        dialogue
            .codes("MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME\r\nRCPT TO:<öl@x.example>\r\n"),
        [250, 250]
    );
    assert_eq!(dialogue.codes("DATA\r\nSubject: öl\r\n.\r\n"), [354, 250]);
    assert_eq!(dialogue.messages[0].0.with, "UTF8SMTP");
    assert_eq!(dialogue.messages[0].2, "Subject: öl\r\n");
    assert_eq!(dialogue.codes([MAIL, "RCPT TO:<öl@x.example>\r\n"].concat()), [250, 553]);
}

#[test]
fn postmaster_needs_no_domain() {
    let mut dialogue = lmtp();
    assert_eq!(
        dialogue.codes([MAIL, "RCPT TO:<Postmaster>\r\n", "DATA\r\n.\r\n"].concat()),
        [250, 250, 354, 250]
    );
    assert_eq!(dialogue.messages[0].1.forward_paths, [address("postmaster@lists.example.org")]);
}

#[test]
fn a_message_is_measured_by_its_announcement_and_by_itself() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes("MAIL FROM:<> SIZE=1001\r\n"), [552]);
    assert_eq!(dialogue.codes("MAIL FROM:<> SIZE=99999999999999999999\r\n"), [552]);
    assert_eq!(dialogue.codes(["MAIL FROM:<> SIZE=1000\r\n", RCPT, RCPT, "DATA\r\n"].concat()).len(), 4);
    let text = "0123456789012345678901234567890123456789012345678\r\n".repeat(20);
    assert_eq!(text.len(), 1020);
    assert_eq!(dialogue.codes([&text, ".\r\n"].concat()), [552, 552], "an announcement is no proof");
    assert_eq!(
        dialogue.codes([MAIL, RCPT, "DATA\r\n", text.get(..969).unwrap(), "\r\n.\r\n"].concat()),
        [250, 250, 354, 250]
    );
    assert_eq!(dialogue.messages.len(), 1);
}

#[test]
fn a_text_without_end_closes_the_connection() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes([MAIL, RCPT, "DATA\r\n"].concat()), [250, 250, 354]);
    let mut fed = 0;
    while !dialogue.closed {
        dialogue.say("0123456789012345678901234567890123456789012345678\r\n");
        fed += 51;
        assert!(fed < 1_000_000);
    }
    assert!(dialogue.messages.is_empty());
}

#[test]
fn one_recipient_too_many_is_for_another_transaction() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes([MAIL, RCPT, RCPT, RCPT, RCPT].concat()), [250, 250, 250, 250, 452]);
    assert_eq!(dialogue.codes("DATA\r\n.\r\n"), [354, 250, 250, 250]);
    assert_eq!(dialogue.codes([MAIL, &RCPT.repeat(2000)].concat()).last(), Some(&421));
    assert!(dialogue.closed);
}

#[test]
fn too_many_errors_close_the_connection() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes("FROB\r\n".repeat(9)), [502, 502, 502, 502, 502, 502, 421]);
    assert!(dialogue.closed);
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes("NOOP\r\n".repeat(2000)).last(), Some(&421));
}

#[test]
fn guessing_recipients_closes_the_connection_but_one_good_one_is_reached() {
    let guesses = "RCPT TO:<nobody@lists.example.org>\r\n".repeat(8);
    let mut dialogue = lmtp();
    let mut expected = vec![250];
    expected.extend([550; 8]);
    expected.extend([250, 354, 250]);
    assert_eq!(dialogue.codes([MAIL, &guesses, RCPT, "DATA\r\n.\r\n"].concat()), expected);
    assert!(!dialogue.closed);
    assert_eq!(dialogue.codes([MAIL, &guesses, "RSET\r\n"].concat()).last(), Some(&421));
    assert!(dialogue.closed);
}

#[test]
fn a_text_sent_without_leave_is_not_read_as_commands() {
    for (garbage, code) in [("Subject: x\r\n", 421), ("hello\r\n", 502)] {
        let mut dialogue = lmtp();
        let input =
            [MAIL, "RCPT TO:<nobody@lists.example.org>\r\nDATA\r\n", garbage, MAIL, RCPT, "DATA\r\n.\r\n"];
        assert_eq!(dialogue.codes(input.concat()), [250, 550, 503, code]);
        assert!(dialogue.closed && dialogue.messages.is_empty());
    }
}

#[test]
fn a_browser_is_hung_up_on() {
    for request in ["POST / HTTP/1.1\r\n", "Host: lists.example.org\r\n", "CONNECT a:25 HTTP/1.0\r\n"] {
        let mut dialogue = smtp();
        assert_eq!(dialogue.codes([request, MAIL].concat()), [421]);
        assert!(dialogue.closed);
    }
}

#[test]
fn a_lone_lf_ends_no_command() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes("NOOP\nMAIL FROM:<>\r\n"), [500]);
    assert!(dialogue.closed);
    assert_eq!(lmtp().codes("NOOP\rNOOP\r\n"), [500]);
    assert_eq!(lmtp().codes("NOOP\0\r\n"), [500]);
    assert_eq!(lmtp().codes(b"NOOP \xff\r\n"), [500]);
}

#[test]
fn an_endless_command_line_closes_the_connection() {
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes(format!("NOOP {}\r\n", "a".repeat(193))), [250]);
    assert_eq!(dialogue.codes(format!("NOOP {}\r\n", "a".repeat(194))), [500]);
    assert!(dialogue.closed);
    let mut dialogue = lmtp();
    assert_eq!(dialogue.codes([b'a'; 200]), [500]);
    assert!(dialogue.closed);
}

#[test]
fn smuggled_transactions_stay_inside_the_message() {
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n"] {
        let mut dialogue = smtp();
        let smuggled = [
            MAIL,
            RCPT,
            "DATA\r\nhello",
            end,
            "MAIL FROM:<mallory@example.org>\r\nRCPT TO:<others@lists.example.org>\r\nDATA\r\nforged\r\n.\r\n",
            "NOOP\r\n",
        ];
        assert_eq!(dialogue.codes(smuggled.concat()), [250, 250, 354, 550, 250], "{end:?}");
        assert!(dialogue.messages.is_empty());
    }
}

/// Parts of real dialogues, so that random ones go somewhere.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"LHLO mx.example\r\n",
        b"EHLO mx.example\r\n",
        b"MAIL FROM:<alice@example.org>\r\n",
        b"MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n",
        b"RCPT TO:<friends@lists.example.org>\r\n",
        b"RCPT TO:<nobody@lists.example.org>\r\n",
        b"RCPT TO:<later@lists.example.org>\r\n",
        b"DATA\r\n",
        b".\r\n",
        b"..\r\n",
        b"\n.\n",
        b"\r\n.\r\n",
        b"\r",
        b"\n",
        b"a line\r\n",
        b"Subject: hello\r\n\r\n",
        b"RSET\r\n",
        b"QUIT\r\n",
        b"FROB\r\n",
        b"NOOP\r\n",
    ];
    prop_oneof![
        9 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..90),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn however_the_octets_are_cut_the_outcome_is_the_same(
        first in any::<u8>(),
        parts in prop::collection::vec(part(), 0..40),
    ) {
        let hello: &[u8] = if first & 1 == 0 { b"LHLO x\r\n" } else { b"EHLO x\r\n" };
        let data = [&[first][..], hello, &parts.concat()].concat();
        fuzz::session(&data);
    }

    #[test]
    fn arbitrary_octets_do_no_harm(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        fuzz::session(&data);
    }
}

#[test]
fn mutated_dialogues_do_no_harm() {
    let dialogue = |first: u8, text: &str| [&[first], text.as_bytes()].concat();
    let corpus = [
        dialogue(
            0,
            "LHLO mx.example.org\r\nMAIL FROM:<alice@example.org> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<friends@lists.example.org>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nQUIT\r\n",
        ),
        dialogue(
            3,
            "EHLO mx\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<a@x>\r\nRCPT TO:<no@x>\r\nRCPT TO:<later@x>\r\nDATA\r\nx\r\n.\r\nMAIL FROM:<b@y>\r\nRSET\r\nNOOP\r\nQUIT\r\n",
        ),
        dialogue(5, "HELO mx\r\nVRFY a\r\nSTARTTLS\r\nBDAT 3 LAST\r\nabc"),
        dialogue(8, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ];
    for number in 0..rounds() {
        fuzz::session(&mutation(&corpus, number));
    }
}
