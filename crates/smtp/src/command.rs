// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands of LMTP and SMTP, strictly parsed (RFC 5321, section 4.1; RFC 2033).
//!
//! What a list server does not need (source routes, quoted local parts, domain literals as mail
//! domains, `BDAT`) is refused rather than half understood.

use chancery_mail::Address;

use crate::Reply;

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `HELO`, `EHLO` or `LHLO` with the client's name.
    Hello(Hello, String),
    /// `MAIL FROM:` with its parameters.
    Mail(Mail),
    /// `RCPT TO:`.
    Rcpt(Recipient),
    Data,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hello {
    Helo,
    Ehlo,
    Lhlo,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) reverse_path: Option<Address>,
    /// `SIZE=` of RFC 1870; saturating.
    pub(crate) size: Option<u64>,
    /// `SMTPUTF8` of RFC 6531.
    pub(crate) smtputf8: bool,
    /// Whether any parameter was given: not allowed after `HELO`.
    pub(crate) parameters: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    Address(Address),
    /// `<Postmaster>` without a domain (RFC 5321, section 4.1.1.3): whoever it is here.
    Postmaster,
}

/// Why a line is no command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Misunderstood {
    /// It is refused; the client may go on.
    Refuse(Reply),
    /// The client does not speak this protocol at all (it speaks HTTP, or sends a message where
    /// commands are due): whatever follows could be commands that somebody else put into its
    /// mouth, so that not a word more of it is read.
    HangUp(Reply),
}

use Misunderstood::{HangUp, Refuse};

/// Parses one line, given without its CRLF.
pub(crate) fn parse(line: &[u8]) -> Result<Command, Misunderstood> {
    let line = std::str::from_utf8(line).map_err(|_| syntax("not UTF-8"))?;
    if line.chars().any(char::is_control) {
        return Err(syntax("control character in a command"));
    }
    let line = line.trim_end_matches(' ');
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => hello(Hello::Helo, rest),
        "EHLO" => hello(Hello::Ehlo, rest),
        "LHLO" => hello(Hello::Lhlo, rest),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => alone(Command::Data, rest),
        "RSET" => alone(Command::Rset, rest),
        "QUIT" => alone(Command::Quit, rest),
        "NOOP" => Ok(Command::Noop),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        // Octets follow that must not be read as commands.
        "BDAT" => Err(HangUp(Reply::new(502, (5, 5, 1), "BDAT is not offered here"))),
        "GET" | "POST" | "PUT" | "HEAD" | "OPTIONS" | "CONNECT" => Err(alien()),
        _ if !verb.starts_with(|c: char| c.is_ascii_alphabetic()) || verb.contains(':') => Err(alien()),
        _ => Err(Refuse(Reply::new(502, (5, 5, 1), "command not known here"))),
    }
}

fn syntax(text: &str) -> Misunderstood {
    Refuse(Reply::new(500, (5, 5, 2), text))
}

fn arguments(text: &str) -> Misunderstood {
    Refuse(Reply::new(501, (5, 5, 4), text))
}

fn alien() -> Misunderstood {
    HangUp(Reply::new(421, (4, 7, 0), "this is a mail server; closing connection"))
}

fn alone(command: Command, rest: &str) -> Result<Command, Misunderstood> {
    if rest.is_empty() { Ok(command) } else { Err(arguments("no argument expected")) }
}

/// The name goes into a `Received` field later: nothing that could mean something there.
fn hello(kind: Hello, name: &str) -> Result<Command, Misunderstood> {
    if is_hello_name(name) {
        Ok(Command::Hello(kind, name.to_owned()))
    } else {
        Err(arguments("a domain name or an address literal is expected"))
    }
}

/// Whether a text can stand after `EHLO`: a domain name or an address literal.
pub(crate) fn is_hello_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
}

fn mail(rest: &str) -> Result<Command, Misunderstood> {
    let (path, parameters) =
        path("FROM:", rest).ok_or_else(|| arguments("MAIL FROM:<address> is expected"))?;
    let reverse_path = if path.is_empty() {
        None
    } else {
        let address = path.parse();
        Some(address.map_err(|_| Refuse(Reply::new(553, (5, 1, 7), "sender's address is malformed")))?)
    };
    let mut mail = Mail { reverse_path, size: None, smtputf8: false, parameters: !parameters.is_empty() };
    let (mut sized, mut bodied) = (false, false);
    for parameter in parameters.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').map_or((parameter, None), |(n, v)| (n, Some(v)));
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) if !std::mem::replace(&mut sized, true) => {
                mail.size = Some(size(value).ok_or_else(|| arguments("SIZE is malformed"))?);
            }
            ("BODY", Some(value)) if !std::mem::replace(&mut bodied, true) => {
                if !value.eq_ignore_ascii_case("7BIT") && !value.eq_ignore_ascii_case("8BITMIME") {
                    return Err(arguments("BODY is 7BIT or 8BITMIME"));
                }
            }
            ("SMTPUTF8", None) if !mail.smtputf8 => mail.smtputf8 = true,
            _ => return Err(Refuse(Reply::new(555, (5, 5, 4), "parameter not known here"))),
        }
    }
    let international = mail.reverse_path.as_ref().is_some_and(Address::is_internationalized);
    if international && !mail.smtputf8 {
        return Err(Refuse(Reply::new(553, (5, 6, 7), "this sender's address needs SMTPUTF8")));
    }
    Ok(Command::Mail(mail))
}

/// `1*20DIGIT` (RFC 1870, section 4).
fn size(value: &str) -> Option<u64> {
    let digits = (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

fn rcpt(rest: &str) -> Result<Command, Misunderstood> {
    let (path, parameters) = path("TO:", rest).ok_or_else(|| arguments("RCPT TO:<address> is expected"))?;
    if !parameters.is_empty() {
        return Err(Refuse(Reply::new(555, (5, 5, 4), "parameter not known here")));
    }
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(Command::Rcpt(Recipient::Postmaster));
    }
    let address = path.parse();
    let address =
        address.map_err(|_| Refuse(Reply::new(553, (5, 1, 3), "recipient's address is malformed")))?;
    Ok(Command::Rcpt(Recipient::Address(address)))
}

/// Splits `FROM:<path> parameters`. A space after the colon is wrong but common, and harmless.
fn path<'a>(keyword: &str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let (word, rest) = rest.split_at_checked(keyword.len())?;
    if !word.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (path, parameters) = rest.trim_start_matches(' ').strip_prefix('<')?.split_once('>')?;
    if parameters.is_empty() { Some((path, "")) } else { Some((path, parameters.strip_prefix(' ')?.trim())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> (u16, bool) {
        match parse(line.as_bytes()) {
            Ok(command) => panic!("{line:?} was taken as {command:?}"),
            Err(Refuse(reply)) => (reply.code, false),
            Err(HangUp(reply)) => (reply.code, true),
        }
    }

    #[test]
    fn good_lines_are_understood_in_any_case() {
        let alice: Address = "alice@example.org".parse().unwrap();
        assert_eq!(parse(b"quit  "), Ok(Command::Quit));
        assert_eq!(parse(b"noop whatever"), Ok(Command::Noop));
        assert_eq!(parse(b"lhlo mx.example"), Ok(Command::Hello(Hello::Lhlo, "mx.example".to_owned())));
        assert_eq!(
            parse(b"EHLO [IPv6:2001:db8::1]"),
            Ok(Command::Hello(Hello::Ehlo, "[IPv6:2001:db8::1]".to_owned()))
        );
        assert_eq!(
            parse(b"mail from: <alice@example.org> size=100 body=8bitmime"),
            Ok(Command::Mail(Mail {
                reverse_path: Some(alice.clone()),
                size: Some(100),
                smtputf8: false,
                parameters: true
            }))
        );
        assert_eq!(
            parse(b"MAIL FROM:<>"),
            Ok(Command::Mail(Mail { reverse_path: None, size: None, smtputf8: false, parameters: false }))
        );
        assert_eq!(parse(b"rcpt to:<alice@example.org>"), Ok(Command::Rcpt(Recipient::Address(alice))));
        assert_eq!(parse(b"RCPT TO:<PostMaster>"), Ok(Command::Rcpt(Recipient::Postmaster)));
        let Ok(Command::Mail(mail)) = parse("MAIL FROM:<jürgen@bücher.example> SMTPUTF8".as_bytes()) else {
            panic!("an international sender is refused");
        };
        assert!(mail.smtputf8);
        let Ok(Command::Mail(mail)) = parse(b"MAIL FROM:<> SIZE=99999999999999999999") else {
            panic!("a large SIZE is refused as syntax");
        };
        assert_eq!(mail.size, Some(u64::MAX));
    }

    #[test]
    fn every_way_of_being_wrong_has_its_reply() {
        for (line, expected) in [
            ("", (421, true)),
            ("FROB", (502, false)),
            ("STARTTLS", (502, false)),
            ("AUTH PLAIN AGE=", (502, false)),
            ("MAILFROM:<a@b>", (421, true)),
            ("DATA now", (501, false)),
            ("EHLO", (501, false)),
            ("EHLO mx (hello)", (501, false)),
            ("EHLO mx\u{e9}", (501, false)),
            ("NOOP\u{0}", (500, false)),
            ("MAIL FROM:<a@b>\rRCPT TO:<c@d>", (500, false)),
            ("MAIL FROM:<a@b>\nRCPT TO:<c@d>", (500, false)),
            ("MAIL", (501, false)),
            ("MAIL FROM:", (501, false)),
            ("MAIL FROM:alice@example.org", (501, false)),
            ("MAIL FROM:<alice@example.org", (501, false)),
            ("MAIL FROM:<alice@example.org>SIZE=1", (501, false)),
            ("MAIL TO:<alice@example.org>", (501, false)),
            ("MAIL FROM:<alice>", (553, false)),
            ("MAIL FROM:<\"alice\"@example.org>", (553, false)),
            ("MAIL FROM:<@relay.example:alice@example.org>", (553, false)),
            ("MAIL FROM:<jürgen@example.org>", (553, false)),
            ("MAIL FROM:<> SIZE=x", (501, false)),
            ("MAIL FROM:<> SIZE=", (501, false)),
            ("MAIL FROM:<> SIZE", (555, false)),
            ("MAIL FROM:<> SIZE=1 SIZE=2", (555, false)),
            ("MAIL FROM:<> SIZE=999999999999999999999", (501, false)),
            ("MAIL FROM:<> BODY=BINARYMIME", (501, false)),
            ("MAIL FROM:<> SMTPUTF8=1", (555, false)),
            ("MAIL FROM:<> AUTH=<>", (555, false)),
            ("RCPT TO:<>", (553, false)),
            ("RCPT TO:<bob@example.org> NOTIFY=NEVER", (555, false)),
            ("RCPT TO:<bob@[127.0.0.1]>", (553, false)),
            ("RCPT TO", (501, false)),
            ("RCPT é", (501, false)),
            ("BDAT 10 LAST", (502, true)),
            ("GET / HTTP/1.1", (421, true)),
            ("Subject: hello", (421, true)),
            (" folded", (421, true)),
            ("--boundary", (421, true)),
        ] {
            assert_eq!(code(line), expected, "{line:?}");
        }
        assert_eq!(parse(b"NOOP \xff"), Err(syntax("not UTF-8")));
    }
}
