// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks signatures over content and says what each one is worth.
//!
//! The octets come first: a signature that does not fit them is bad, whoever's key it names. Then the
//! key is looked at as of `now`: whether the policy trusts its algorithms and its self-signatures,
//! whether its certificate or it is revoked, whether one of them or the signature has ended. A
//! certificate is asked before its subkeys, since the library's key iterator would not.

use std::time::{Duration, SystemTime};

use chancery_mail::{Coverage, Fingerprint, Instant, SignatureDigest, Signer, SignerVerdict};
use sequoia_openpgp::{
    KeyHandle, KeyID, Packet,
    cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation},
    crypto::hash::{Context, Hash},
    packet::{Signature, Tag},
    parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse},
    policy::Policy,
    serialize::SerializeInto,
    types::{HashAlgorithm, RevocationStatus, SignatureType},
};

use super::armor::{self, Kind};
use super::certificate::{Certificate, fingerprint};
use super::decrypt::MOST_SIGNATURES;
use super::key_state::{self, PublicKey};
use super::sign::micalg;

/// How far the clock of a signer may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_secs(30 * 60);
/// How many names of its maker are followed per signature, and how many certificates per name.
const MOST_HINTS: usize = 4;
const MOST_CERTIFICATES: usize = 8;

/// Whom a signature names as its maker: a hint to find certificates by. It proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerHint {
    /// The id of the key (primary or subkey) that is said to have made it.
    pub key_id: [u8; 8],
    /// That key's fingerprint, if the signature says it.
    pub fingerprint: Option<Fingerprint>,
}

/// Signatures as they came.
#[derive(Default)]
pub(super) struct Signatures {
    pub(super) known: Vec<Signature>,
    /// How many are of a version or kind that the library does not know.
    pub(super) unknown: usize,
}

/// What was checked, with what.
pub(super) struct Verification<'a> {
    pub(super) certificates: &'a mut dyn FnMut(&IssuerHint) -> Vec<Certificate>,
    pub(super) now: Instant,
    /// The primary key with which the content was opened, if it was encrypted.
    pub(super) opened_by: Option<Fingerprint>,
}

/// A signature and its verdict.
pub(super) struct Judged {
    pub(super) signer: Signer,
    signature: Option<Signature>,
    key: Option<PublicKey>,
}

impl Signatures {
    /// Keeps one more, up to the bound; what is above it is not judged and so authorises nothing.
    pub(super) fn push(&mut self, packet: Packet) {
        if self.known.len() + self.unknown < MOST_SIGNATURES {
            match packet {
                Packet::Signature(signature) => self.known.push(signature),
                _ => self.unknown += 1,
            }
        }
    }

    /// Reads a detached signature, armoured or binary: signature packets and nothing else.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let octets = armor::read_or_binary(Kind::Signature, octets)?;
        let mut next = PacketParserBuilder::from_bytes(&octets)
            .and_then(|builder| builder.dearmor(Dearmor::Disabled).max_recursion_depth(0).build())
            .ok()?;
        let mut signatures = Self::default();
        while let PacketParserResult::Some(parser) = next {
            let (packet, following) = parser.next().ok()?;
            match &packet {
                Packet::Signature(_) => signatures.push(packet),
                Packet::Unknown(unknown) if unknown.tag() == Tag::Signature => signatures.push(packet),
                Packet::Marker(_) | Packet::Padding(_) => {}
                _ => return None,
            }
            next = following;
        }
        (signatures.known.len() + signatures.unknown > 0).then_some(signatures)
    }
}

impl Verification<'_> {
    /// Judges each signature over these octets.
    pub(super) fn judge(&mut self, signatures: Signatures, octets: &[u8], coverage: Coverage) -> Vec<Judged> {
        let mut hashes = Hashes { octets, made: Vec::new() };
        let known = signatures.known.into_iter().map(|signature| {
            let digest = hashes.digest(&signature);
            let (verdict, key, owner) = self.verdict(&signature, digest.as_deref());
            let signer = Signer {
                fingerprint: owner,
                claimed_issuer: signature.get_issuers().first().map(ToString::to_string),
                signed_at: signature.signature_creation_time().map(key_state::instant),
                coverage,
                verdict,
                digest: digest.map(SignatureDigest),
            };
            Judged { signer, signature: Some(signature), key }
        });
        let mut judged: Vec<Judged> = known.collect();
        judged.extend((0..signatures.unknown).map(|_| Judged::without(SignerVerdict::UnknownKey, coverage)));
        judged
    }

    /// The best that any of the certificates makes of it.
    fn verdict(
        &mut self,
        signature: &Signature,
        digest: Option<&[u8]>,
    ) -> (SignerVerdict, Option<PublicKey>, Option<Fingerprint>) {
        let mut best = (SignerVerdict::UnknownKey, None, None);
        let issuers = signature.get_issuers();
        for issuer in issuers.iter().take(MOST_HINTS) {
            let Some(hint) = hint(issuer) else { continue };
            for certificate in (self.certificates)(&hint).into_iter().take(MOST_CERTIFICATES) {
                let Some((verdict, key)) = self.by(&certificate, issuer, signature, digest) else { continue };
                if rank(verdict) > rank(best.0) {
                    best = (verdict, Some(key), Some(certificate.fingerprint()));
                }
            }
            if best.0 == SignerVerdict::Good {
                break;
            }
        }
        best
    }

    /// What this certificate makes of it; `None` when none of its keys is meant, or the one that is
    /// meant is not its own or may not sign.
    fn by(
        &self,
        certificate: &Certificate,
        issuer: &KeyHandle,
        signature: &Signature,
        digest: Option<&[u8]>,
    ) -> Option<(SignerVerdict, PublicKey)> {
        let candidate = certificate.cert().keys().find(|key| key.key().key_handle().aliases(issuer))?;
        let key = candidate.key().clone();
        let verdict = |verdict| Some((verdict, key.clone()));
        let document = matches!(signature.typ(), SignatureType::Binary | SignatureType::Text);
        let fits = digest.is_some_and(|digest| signature.verify_digest(&key, digest).is_ok());
        if !document || !fits {
            return verdict(SignerVerdict::Bad);
        }
        // The content is true to the signature from here on. What is it worth now?
        let made = signature.signature_creation_time()?;
        let now = key_state::system_time(self.now);
        let moment = if made > now && made <= skewed(now) { made } else { now };
        if made > moment || !self.is_for_us(signature) {
            return verdict(SignerVerdict::Bad);
        }
        let policy = key_state::policy(key_state::instant(moment));
        let bound = match candidate.with_policy(&policy, moment) {
            Ok(bound) => bound,
            Err(error) if key_state::refused(&error) == chancery_mail::KeyState::Weak => {
                return verdict(SignerVerdict::Weak);
            }
            // The certificate lists the key, but has not bound it: anybody can write that.
            Err(_) => return None,
        };
        if !bound.for_signing() {
            return None;
        }
        let revoked = |status: RevocationStatus<'_>| matches!(status, RevocationStatus::Revoked(_));
        if policy.signature(signature, Default::default()).is_err() {
            verdict(SignerVerdict::Weak)
        } else if revoked(bound.valid_cert().revocation_status()) || revoked(bound.revocation_status()) {
            verdict(SignerVerdict::Revoked)
        } else if bound.valid_cert().alive().is_err()
            || bound.alive().is_err()
            || signature.signature_alive(moment, Duration::ZERO).is_err()
        {
            verdict(SignerVerdict::Expired)
        } else {
            verdict(SignerVerdict::Good)
        }
    }

    /// A signature may say for whom the encrypted message was (RFC 9580, section 5.2.3.36). One that
    /// was not for us has been taken from a letter to somebody else and encrypted again.
    fn is_for_us(&self, signature: &Signature) -> bool {
        let Some(ours) = &self.opened_by else { return true };
        let mut intended = signature.intended_recipients().peekable();
        intended.peek().is_none() || intended.any(|recipient| fingerprint(recipient) == *ours)
    }
}

impl Judged {
    /// One that could not be checked at all.
    pub(super) fn without(verdict: SignerVerdict, coverage: Coverage) -> Self {
        let signer = Signer {
            fingerprint: None,
            claimed_issuer: None,
            signed_at: None,
            coverage,
            verdict,
            digest: None,
        };
        Self { signer, signature: None, key: None }
    }
}

/// The good signatures among them as one detached block, and its `micalg`; none when none is good. One
/// that is not good is never passed on: in most programs its fault is easy to miss.
pub(super) fn detached(judged: &[Judged]) -> Option<(Vec<u8>, String)> {
    let mut octets = Vec::new();
    let mut hashes: Vec<String> = Vec::new();
    for signature in good(judged).filter_map(|judged| judged.signature.as_ref()) {
        octets.extend(Packet::from(signature.clone()).to_vec().ok()?);
        let hash = micalg(signature.hash_algo());
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    (!octets.is_empty()).then(|| (armor::block(Kind::Signature, &octets, &[]), hashes.join(",")))
}

/// Whether all good signatures among them verify over these octets too.
pub(super) fn good_ones_verify_over(judged: &[Judged], octets: &[u8]) -> bool {
    let mut hashes = Hashes { octets, made: Vec::new() };
    good(judged).all(|judged| match (&judged.signature, &judged.key) {
        (Some(signature), Some(key)) => {
            hashes.digest(signature).is_some_and(|digest| signature.verify_digest(key, digest).is_ok())
        }
        _ => false,
    })
}

fn good(judged: &[Judged]) -> impl Iterator<Item = &Judged> {
    judged.iter().filter(|judged| judged.signer.verdict == SignerVerdict::Good)
}

/// The hashes over some octets, each computed once however many signatures there are.
struct Hashes<'a> {
    octets: &'a [u8],
    made: Vec<(HashAlgorithm, u8, bool, Context)>,
}

impl Hashes<'_> {
    /// The digest that the signature signs: of salt (v6), octets, hashed area, trailer (RFC 9580,
    /// section 5.2.4). `None` when it is of a kind that cannot be computed.
    fn digest(&mut self, signature: &Signature) -> Option<Vec<u8>> {
        let is_text = signature.typ() == SignatureType::Text;
        let (algorithm, version) = (signature.hash_algo(), signature.version());
        let salt = match signature {
            Signature::V6(signature) => Some(signature.salt()),
            _ => None,
        };
        let known = self
            .made
            .iter()
            .find(|made| salt.is_none() && (made.0, made.1, made.2) == (algorithm, version, is_text));
        let mut context = match known {
            Some((.., context)) => context.clone(),
            None => {
                let mut context = algorithm.context().ok()?.for_signature(version);
                context.update(salt.unwrap_or_default());
                if is_text {
                    update_text(&mut context, self.octets);
                } else {
                    context.update(self.octets);
                }
                if salt.is_none() {
                    self.made.push((algorithm, version, is_text, context.clone()));
                }
                context
            }
        };
        signature.hash(&mut context).ok()?;
        context.into_digest().ok()
    }
}

/// Text is signed with CRLF, whatever it has.
fn update_text(context: &mut Context, octets: &[u8]) {
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) if !text.ends_with(b"\r") => {
                context.update(text);
                context.update(b"\r\n");
            }
            _ => context.update(line),
        }
    }
}

/// The hint in the library's name of a key; none for one that names nobody.
fn hint(issuer: &KeyHandle) -> Option<IssuerHint> {
    let (id, fingerprint) = match issuer {
        KeyHandle::KeyID(id) => (id.clone(), None),
        KeyHandle::Fingerprint(named) => (KeyID::from(named), Some(fingerprint(named))),
    };
    if id.is_wildcard() {
        return None;
    }
    Some(IssuerHint { key_id: id.as_bytes().try_into().ok()?, fingerprint })
}

/// Of several certificates that fit, the one that says the best is taken.
fn rank(verdict: SignerVerdict) -> u8 {
    match verdict {
        SignerVerdict::UnknownKey => 0,
        SignerVerdict::Bad => 1,
        SignerVerdict::Weak => 2,
        SignerVerdict::Revoked => 3,
        SignerVerdict::Expired => 4,
        SignerVerdict::Good => 5,
    }
}

fn skewed(now: SystemTime) -> SystemTime {
    now.checked_add(CLOCK_SKEW).unwrap_or(now)
}
