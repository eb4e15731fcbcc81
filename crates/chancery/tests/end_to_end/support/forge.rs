// SPDX-License-Identifier: GPL-3.0-or-later
//! What an attacker makes of OpenPGP messages: changed, cut, stripped of their integrity protection.

use super::gpg::GpgPerson;
use super::mime::find;
use super::process::Program;

/// The binary form of an armored message.
pub(crate) fn dearmored(person: &GpgPerson, armored: &str) -> Vec<u8> {
    person.gpg().arg("--dearmor").input(armored.as_bytes()).ok().stdout
}

/// The armored form of a binary message, with a checksum that fits whatever was done to it.
pub(crate) fn enarmored(person: &GpgPerson, octets: &[u8]) -> String {
    let text = person.gpg().arg("--enarmor").input(octets).ok().text();
    text.replace("PGP ARMORED FILE", "PGP MESSAGE")
        .lines()
        .filter(|line| !line.starts_with("Comment:"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// One bit of the ciphertext flipped, near its end.
pub(crate) fn flipped(person: &GpgPerson, armored: &str) -> String {
    let mut octets = dearmored(person, armored);
    let at = octets.len() - 40;
    octets[at] ^= 0x10;
    enarmored(person, &octets)
}

/// The last octets of the ciphertext missing; the armor is whole.
pub(crate) fn truncated(person: &GpgPerson, armored: &str) -> String {
    let octets = dearmored(person, armored);
    enarmored(person, &octets[..octets.len() - 30])
}

/// Text that looks like armor and holds nothing.
pub(crate) fn garbage() -> String {
    let lines = ["TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2Np", "####", "bm8gc3VjaA=="];
    format!("-----BEGIN PGP MESSAGE-----\n\n{}\n=AAAA\n-----END PGP MESSAGE-----\n", lines.join("\n"))
}

/// A signed message that is truly encrypted to the list, but as a packet without integrity protection (tag 9): the form
/// that lets an attacker change ciphertext unseen. Whoever has the session key can write it; here, its author.
pub(crate) fn without_integrity(author: &GpgPerson, list_key: &str, entity: &[u8]) -> String {
    let armored =
        author.sealed(b"only its session key is needed", &[list_key, &author.fingerprint], &["-z", "0"]);
    let octets = dearmored(author, &armored);
    let shown = author.gpg().args(&["--show-session-key", "--decrypt"]).input(&octets).ok().stderr;
    let (_, rest) = shown.split_once("session key: '9:").expect("AES-256");
    let (session_key, _) = rest.split_once('\'').unwrap();
    let signed = author
        .gpg()
        .args(&["-z", "0", "--sign", "--local-user", &author.fingerprint])
        .input(entity)
        .ok()
        .stdout;

    // OpenPGP's own CFB mode (RFC 4880 13.9): a prefix whose last two octets repeat, then a resynchronisation.
    let mut prefix = b"sixteen octets..".to_vec();
    prefix.extend_from_within(14..16);
    let mut body = cfb(session_key, &[0; 16], &prefix);
    let resynchronised = cfb(session_key, &body[2..18], &signed);
    body.extend_from_slice(&resynchronised);

    let mut message = session_key_packets(&octets).to_vec();
    message.extend_from_slice(&[0xc9, 0xff]);
    message.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    message.extend_from_slice(&body);

    // The forgery is a true one: a program that is told not to mind reads it.
    let read = author.gpg().args(&["--ignore-mdc-error", "--decrypt"]).input(&message).run();
    assert_eq!(read.stdout, entity, "{read}");
    enarmored(author, &message)
}

/// AES-256 in CFB mode with the key in hexadecimal digits.
fn cfb(key: &str, iv: &[u8], octets: &[u8]) -> Vec<u8> {
    let iv: String = iv.iter().map(|octet| format!("{octet:02x}")).collect();
    Program::new("openssl").args(&["enc", "-aes-256-cfb", "-K", key, "-iv", &iv]).input(octets).ok().stdout
}

/// The session key packets (tag 1, old format) at the beginning of a message.
fn session_key_packets(message: &[u8]) -> &[u8] {
    let mut at = 0;
    loop {
        at += match message[at] {
            0x84 => 2 + usize::from(message[at + 1]),
            0x85 => 3 + usize::from(u16::from_be_bytes([message[at + 1], message[at + 2]])),
            _ => return &message[..at],
        };
    }
}

/// The message with the first place where `from` stands changed to `to`.
pub(crate) fn replaced(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = find(message, from.as_bytes()).unwrap_or_else(|| panic!("no {from:?} in the message"));
    [&message[..at], to.as_bytes(), &message[at + from.len()..]].concat()
}
