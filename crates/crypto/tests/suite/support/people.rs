// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys of people, and how a list opens their letters.

use std::time::Duration;

use chancery_crypto::{
    Certificate, Content, KeyAlgorithm, KeyPair, Keyring, NewKey, Opened, RecipientKey, RecipientKeyId,
    WrappedCopy,
};
use chancery_mail::{Entity, Instant, Public, Signer, SignerVerdict};

/// 2026-01-01T00:00:00Z: when the tests take place.
pub(crate) const NOW: Instant = Instant::from_unix(1_767_225_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// A key made thirty days ago that lasts two years.
pub(crate) fn key_of(name: &str, algorithm: KeyAlgorithm) -> KeyPair {
    let address = format!("{name}@example.org").parse().unwrap();
    let new = NewKey { address, name: name.to_owned(), algorithm, lifetime: Some(YEAR * 2) };
    KeyPair::generate(&new, NOW.before(DAY * 30)).unwrap().0
}

pub(crate) fn person(name: &str) -> KeyPair {
    key_of(name, KeyAlgorithm::default())
}

pub(crate) fn holder(pair: &KeyPair) -> Keyring {
    Keyring::new(pair.clone(), Vec::new())
}

pub(crate) fn reader(pair: &KeyPair) -> RecipientKey {
    pair.certificate().recipient_key(NOW).unwrap()
}

/// The list opens a letter knowing these certificates.
pub(crate) fn open(letter: &Entity<Public>, list: &KeyPair, known: &[Certificate]) -> Opened {
    open_at(letter, list, known, NOW)
}

pub(crate) fn open_at(
    letter: &Entity<Public>,
    list: &KeyPair,
    known: &[Certificate],
    now: Instant,
) -> Opened {
    let mut certificates = |hint: &chancery_crypto::IssuerHint| {
        known.iter().filter(|certificate| certificate.key_ids().contains(&hint.key_id)).cloned().collect()
    };
    chancery_crypto::open(letter, &holder(list), &mut certificates, now)
}

pub(crate) fn text(opened: &Opened) -> String {
    match &opened.content {
        Content::Cleartext(entity) => String::from_utf8(entity.lend().to_vec()).unwrap(),
        Content::Public(entity) => String::from_utf8(entity.octets().to_vec()).unwrap(),
        Content::None => panic!("not opened: {:?}", opened.summary),
    }
}

pub(crate) fn only_signer(opened: &Opened) -> &Signer {
    match opened.summary.signers.as_slice() {
        [signer] => signer,
        other => panic!("{} signers: {other:?}", other.len()),
    }
}

pub(crate) fn verdicts(opened: &Opened) -> Vec<SignerVerdict> {
    opened.summary.signers.iter().map(|signer| signer.verdict).collect()
}

pub(crate) fn joined(copy: &WrappedCopy) -> Vec<u8> {
    copy.slices().concat()
}

pub(crate) const BOTH_IDS: [RecipientKeyId; 2] = [RecipientKeyId::Hidden, RecipientKeyId::Shown];
