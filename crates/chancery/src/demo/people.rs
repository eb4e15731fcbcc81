// SPDX-License-Identifier: GPL-3.0-or-later
//! The people of the demonstration: each has an address, a key, and a way of reading mail.

use anyhow::{Context, Result};
use chancery_crypto::{Certificate, Content, KeyAlgorithm, KeyHolder as _, KeyPair, Keyring, NewKey};
use chancery_mail::{Address, Entity, Instant, Public, SignerVerdict};

/// Somebody with a key.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) address: Address,
    pub(super) certificate: Certificate,
    pub(super) keys: Keyring,
}

/// What somebody sees of a copy.
pub(super) struct Reading {
    pub(super) subject: String,
    /// Whether the list's signature over all of it is good.
    pub(super) list_signature: bool,
    /// What the list says above the author's words.
    pub(super) result: String,
    /// All that was inside.
    pub(super) text: String,
}

impl Person {
    pub(super) fn born(name: &'static str, now: Instant) -> Result<Self> {
        let address: Address = format!("{name}@example.org").parse()?;
        let new = NewKey {
            address: address.clone(),
            name: name.to_owned(),
            algorithm: KeyAlgorithm::default(),
            lifetime: None,
        };
        let (pair, _) = KeyPair::generate(&new, now)?;
        let keys = Keyring::new(pair, Vec::new());
        Ok(Self { name, address, certificate: keys.certificate(), keys })
    }

    /// Opens a copy as this person's mail program would: with this key, and the list's public key.
    #[expect(clippy::disallowed_methods, reason = "the demonstration shows its own words to its own reader")]
    pub(super) fn read(&self, message: Vec<u8>, list: &Certificate, now: Instant) -> Result<Reading> {
        let message = Entity::<Public>::new(message);
        let opened = chancery_crypto::open(&message, &self.keys, &mut |_| vec![list.clone()], now);
        let Content::Cleartext(payload) = &opened.content else {
            anyhow::bail!("{} cannot open the copy: {:?}", self.name, opened.summary.confidentiality);
        };
        let list_signature = match opened.summary.signers.as_slice() {
            [one] => one.verdict == SignerVerdict::Good && one.fingerprint == Some(list.fingerprint()),
            _ => false,
        };
        let letterhead =
            chancery_mail::protected_letterhead(payload).context("the header is not protected")?;
        let text = String::from_utf8_lossy(payload.lend()).into_owned();
        Ok(Reading {
            subject: letterhead.subject.to_string(),
            list_signature,
            result: first_part(&text).unwrap_or_default(),
            text,
        })
    }
}

/// The body of the first part of a multipart.
fn first_part(text: &str) -> Option<String> {
    let (header, _) = text.split_once("\r\n\r\n")?;
    let (_, rest) = header.split_once("boundary=\"")?;
    let (boundary, _) = rest.split_once('"')?;
    let part = text.split(&format!("--{boundary}")).nth(1)?;
    let (_, body) = part.split_once("\r\n\r\n")?;
    Some(body.to_owned())
}
