// SPDX-License-Identifier: GPL-3.0-or-later
//! Alice, bob and a list, for the tests of this room. Alice and bob are members with confirmed keys.

use chancery_mail::{
    Confidentiality, Coverage, CryptographicSummary, Fingerprint, Form, Instant, SignatureDigest, Signer,
    SignerVerdict,
};

use crate::{PostFacts, Poster, Role, SignerPin};

pub(crate) const ALICE_KEY: u8 = 0xaa;
pub(crate) const BOB_KEY: u8 = 0xbb;
pub(crate) const MALLORY_KEY: u8 = 0xee;

pub(crate) fn fingerprint(octet: u8) -> Fingerprint {
    Fingerprint::from_octets(&[octet; 20]).unwrap()
}

fn signer(key: Option<u8>, verdict: SignerVerdict) -> Signer {
    Signer {
        fingerprint: key.map(fingerprint),
        claimed_issuer: None,
        // 2026-11-22T18:00:00Z
        signed_at: Some(Instant::from_unix(1_795_370_400)),
        coverage: Coverage::Content,
        verdict,
        digest: key.map(|key| SignatureDigest(vec![key])),
    }
}

pub(crate) fn alice_signs(verdict: SignerVerdict) -> Signer {
    signer(Some(ALICE_KEY), verdict)
}

pub(crate) fn bob_signs(verdict: SignerVerdict) -> Signer {
    signer(Some(BOB_KEY), verdict)
}

/// A key whose certificate is at hand, but which is pinned to nobody.
pub(crate) fn mallory_signs(verdict: SignerVerdict) -> Signer {
    signer(Some(MALLORY_KEY), verdict)
}

/// A signature that nobody's certificate fits.
pub(crate) fn nobody_knows() -> Signer {
    signer(None, SignerVerdict::UnknownKey)
}

/// From alice, encrypted to the list, with these signatures.
pub(crate) fn signed_with(signers: Vec<Signer>) -> PostFacts {
    let pin = |name: &str, key| SignerPin {
        fingerprint: fingerprint(key),
        address: format!("{name}@example.org").parse().unwrap(),
        confirmed: true,
    };
    PostFacts {
        summary: CryptographicSummary {
            form: Form::PgpMimeEncrypted,
            confidentiality: Confidentiality::Encrypted,
            signers,
        },
        from: Some("alice@example.org".parse().unwrap()),
        poster: Some(Poster {
            roles: vec![Role::Member],
            pinned: Some(fingerprint(ALICE_KEY)),
            confirmed: true,
            moderation: None,
        }),
        signer_pins: vec![pin("alice", ALICE_KEY), pin("bob", BOB_KEY)],
        duplicate: false,
    }
}

/// From alice, signed by alice, encrypted to the list: nothing is wrong with it.
pub(crate) fn alices_post() -> PostFacts {
    signed_with(vec![alice_signs(SignerVerdict::Good)])
}
