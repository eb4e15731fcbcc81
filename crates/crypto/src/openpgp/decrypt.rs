// SPDX-License-Identifier: GPL-3.0-or-later
//! Opens one encrypted OpenPGP message and gives out its content only when all of it is proved whole.
//!
//! The grammar is narrow: session key packets, one encrypted packet with integrity protection, in it
//! at most two layers of compression, signatures around exactly one literal packet, nothing else. What
//! a mail program would tolerate beside that is where content has been smuggled past a signature or
//! out of an encryption. Everything is bounded: trials, packets, depth, signatures, and how far
//! compressed data may grow.

use std::io::Read;

use chancery_mail::{Fingerprint, Instant};
use sequoia_openpgp::{
    Packet,
    packet::{SEIP, Tag},
    parse::{
        Dearmor, PacketParser, PacketParserBuilder, PacketParserResult, Parse,
        buffered_reader::BufferedReader,
    },
    policy::Policy,
    serialize::SerializeInto,
    types::SymmetricAlgorithm,
};
use zeroize::{Zeroize, Zeroizing};

use super::holder::{KeyHolder, UnwrappedSessionKey, WrappedSessionKey};
use super::key_state;
use super::verify::Signatures;

/// How many session key packets are tried, each with at most four keys: those that do not say for whom
/// they are, and those that say us, since anybody can write that.
const MOST_TRIALS: usize = 16;
/// How many packets a message may begin with: one for each reader of a large group.
const MOST_OUTER_PACKETS: usize = 4096;
/// How many packets may be inside.
const MOST_INNER_PACKETS: usize = 64;
/// How often content may be compressed within compressed content.
const MOST_COMPRESSIONS: usize = 2;
/// Encrypted, compressed, compressed: the literal packet is at depth 3 at most.
const MOST_DEPTH: u8 = 4;
/// How many signatures are kept.
pub(super) const MOST_SIGNATURES: usize = 16;
/// The shortest encrypted body: a cipher's block and two octets, an empty literal packet, the proof.
const LEAST_BODY: usize = 40;
/// Compressed content may grow to this. What is not compressed is never larger than the message, so
/// that the message's own size is the other bound: were it a multiple, 40 MiB from anybody who has the
/// list's public key would take half a gigabyte and its copies.
const MOST_GROWTH: usize = 64 << 20;

/// A message that was opened.
pub(super) struct Decrypted {
    /// The content, as it was inside.
    pub(super) literal: Zeroizing<Vec<u8>>,
    /// The signatures over it, in their order, unverified.
    pub(super) signatures: Signatures,
    /// The primary key with which it was opened.
    pub(super) opened_by: Fingerprint,
}

/// Why a message was not opened: for the log of the list's owner alone. Whoever sent it must not
/// learn which of them it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Malformed,
    NotEncrypted,
    NoIntegrity,
    NoKey,
    WeakCipher,
    Damaged,
    TooBig,
    EncryptedTwice,
}

impl Failure {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Malformed => "it is not a well-formed OpenPGP message",
            Self::NotEncrypted => "it is not encrypted",
            Self::NoIntegrity => "it is encrypted without integrity protection",
            Self::NoKey => "it is encrypted to other keys",
            Self::WeakCipher => "it is encrypted with a cipher that is not trusted any more",
            Self::Damaged => "it has been damaged or changed on its way",
            Self::EncryptedTwice => "it is encrypted twice",
            Self::TooBig => "it unpacks to more than is allowed",
        }
    }
}

/// Opens a binary message. Ciphers are judged by the policy as of `now`; what we sealed ourselves needs
/// no such judgement.
pub(super) fn decrypt(
    message: &[u8],
    holder: &dyn KeyHolder,
    now: Option<Instant>,
) -> Result<Decrypted, Failure> {
    let mut reader = Reader::new(message.len(), now);
    let parser = PacketParserBuilder::from_bytes(message)
        .and_then(|builder| {
            builder
                .dearmor(Dearmor::Disabled)
                .max_recursion_depth(MOST_DEPTH)
                .automatic_hashing(false)
                .drop_unread_content()
                .build()
        })
        .map_err(|_| Failure::Malformed)?;
    let mut next = parser;
    while let PacketParserResult::Some(mut parser) = next {
        reader.meet(&mut parser, holder)?;
        let (packet, following) = parser.recurse().map_err(|_| reader.broken())?;
        reader.keep(packet);
        next = following;
    }
    match next {
        PacketParserResult::EOF(end) => end.is_message().map_err(|_| reader.broken())?,
        PacketParserResult::Some(_) => return Err(Failure::Malformed),
    }
    reader.finish()
}

/// Where we are in the message.
struct Reader {
    now: Option<Instant>,
    most_octets: usize,
    expected_octets: usize,
    outer_packets: usize,
    inner_packets: usize,
    compressions: usize,
    /// The session key packets as they came, with their version.
    wrapped: Vec<(Vec<u8>, u8)>,
    opened: Option<Opened>,
    literal: Option<Zeroizing<Vec<u8>>>,
    signatures: Signatures,
}

struct Opened {
    by: Fingerprint,
    /// The body proves its integrity by a packet at the end (SEIPDv1), and whether that was seen.
    proof_due: bool,
    proved: bool,
}

impl Reader {
    fn new(octets: usize, now: Option<Instant>) -> Self {
        Self {
            now,
            most_octets: octets.max(MOST_GROWTH),
            expected_octets: octets,
            outer_packets: 0,
            inner_packets: 0,
            compressions: 0,
            wrapped: Vec::new(),
            opened: None,
            literal: None,
            signatures: Signatures::default(),
        }
    }

    /// What a failure of the parser means at this point.
    fn broken(&self) -> Failure {
        if self.opened.is_some() { Failure::Damaged } else { Failure::Malformed }
    }

    /// Looks at a packet before its content is passed.
    fn meet(&mut self, parser: &mut PacketParser<'_>, holder: &dyn KeyHolder) -> Result<(), Failure> {
        if self.opened.is_some() { self.meet_inner(parser) } else { self.meet_outer(parser, holder) }
    }

    fn meet_outer(&mut self, parser: &mut PacketParser<'_>, holder: &dyn KeyHolder) -> Result<(), Failure> {
        self.outer_packets += 1;
        if self.outer_packets > MOST_OUTER_PACKETS {
            return Err(Failure::TooBig);
        }
        match &parser.packet {
            Packet::PKESK(packet) => {
                let octets = Packet::from(packet.clone()).to_vec().map_err(|_| Failure::Malformed)?;
                self.wrapped.push((octets, packet.version()));
                Ok(())
            }
            // A passphrase is never tried: it costs what the sender says it should cost.
            Packet::SKESK(_) | Packet::Marker(_) | Packet::Padding(_) => Ok(()),
            Packet::SEIP(_) => self.unlock(parser, holder),
            Packet::Unknown(unknown) => match unknown.tag() {
                // Never opened: without integrity protection it can be made to say where its content
                // is to be sent (EFAIL).
                Tag::SED => Err(Failure::NoIntegrity),
                // A session key packet of a kind or version that we do not know is for others.
                Tag::PKESK | Tag::SKESK => Ok(()),
                _ => Err(Failure::Malformed),
            },
            Packet::Literal(_) | Packet::CompressedData(_) | Packet::OnePassSig(_) | Packet::Signature(_) => {
                Err(Failure::NotEncrypted)
            }
            _ => Err(Failure::Malformed),
        }
    }

    /// Tries the session keys until one fits.
    fn unlock(&mut self, parser: &mut PacketParser<'_>, holder: &dyn KeyHolder) -> Result<(), Failure> {
        let (cipher, proof_due, version) = match &parser.packet {
            Packet::SEIP(SEIP::V2(body)) => (Some(u8::from(body.symmetric_algo())), false, 6),
            _ => (None, true, 3),
        };
        let mut trials = 0;
        for (packet, its_version) in std::mem::take(&mut self.wrapped) {
            // A session key of the one version before a body of the other comes from a message that was
            // rebuilt, to have its key used in a way that its author did not choose (RFC 9580, section
            // 10.3.2.1: such a packet must be ignored).
            if its_version != version {
                continue;
            }
            let wrapped = WrappedSessionKey { packet: &packet, cipher };
            let unwrapped = holder.unwrap_session_key(&wrapped);
            for key in unwrapped.found {
                if self.try_session_key(parser, key, proof_due)? {
                    return Ok(());
                }
            }
            trials += usize::from(unwrapped.tried > 0);
            if trials >= MOST_TRIALS {
                break;
            }
        }
        Err(Failure::NoKey)
    }

    fn try_session_key(
        &mut self,
        parser: &mut PacketParser<'_>,
        found: UnwrappedSessionKey,
        proof_due: bool,
    ) -> Result<bool, Failure> {
        let Some(cipher) = found.cipher.map(SymmetricAlgorithm::from) else { return Ok(false) };
        // The library panics on a body that is shorter than what it always begins and ends with, so a
        // truncated one must not get there.
        if parser.data(LEAST_BODY).map_or(0, <[u8]>::len) < LEAST_BODY {
            return Err(Failure::Damaged);
        }
        let session_key = found.session_key.as_slice().into();
        if parser.decrypt(cipher, &session_key).is_err() {
            return Ok(false);
        }
        if self.now.is_some_and(|now| key_state::policy(now).symmetric_algorithm(cipher).is_err()) {
            return Err(Failure::WeakCipher);
        }
        self.opened = Some(Opened { by: found.certificate, proof_due, proved: false });
        Ok(true)
    }

    fn meet_inner(&mut self, parser: &mut PacketParser<'_>) -> Result<(), Failure> {
        self.inner_packets += 1;
        if self.inner_packets > MOST_INNER_PACKETS {
            return Err(Failure::TooBig);
        }
        let depth = parser.recursion_depth();
        let proved = self.opened.as_ref().is_some_and(|opened| opened.proved);
        if depth < 1 || proved {
            // Behind the encrypted packet, or behind its proof.
            return Err(Failure::Malformed);
        }
        match &parser.packet {
            Packet::OnePassSig(_) | Packet::Signature(_) | Packet::Marker(_) | Packet::Padding(_) => Ok(()),
            Packet::CompressedData(_) => {
                self.compressions += 1;
                if self.compressions > MOST_COMPRESSIONS { Err(Failure::TooBig) } else { Ok(()) }
            }
            Packet::Literal(_) if self.literal.is_none() => {
                self.literal = Some(self.read_literal(parser)?);
                Ok(())
            }
            #[expect(deprecated, reason = "the proof of the format that nearly all mail still has")]
            Packet::MDC(proof) => match &mut self.opened {
                Some(opened) if opened.proof_due && depth == 1 && proof.valid() => {
                    opened.proved = true;
                    Ok(())
                }
                _ => Err(Failure::Damaged),
            },
            // A signature of a version or kind that we do not know says nothing to us.
            Packet::Unknown(unknown) if unknown.tag() == Tag::Signature => Ok(()),
            _ => Err(self.broken()),
        }
    }

    /// Reads the content into one buffer that never moves without being wiped.
    fn read_literal(&self, parser: &mut PacketParser<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.expected_octets));
        let mut chunk = Zeroizing::new(vec![0; 64 << 10]);
        loop {
            let read = parser.read(&mut chunk).map_err(|_| Failure::Damaged)?;
            if read == 0 {
                return Ok(out);
            }
            let octets = chunk.get(..read).unwrap_or_default();
            let length = out.len().saturating_add(read);
            if length > self.most_octets {
                return Err(Failure::TooBig);
            }
            if length > out.capacity() {
                let mut larger = Vec::with_capacity(length.saturating_mul(2).min(self.most_octets));
                larger.extend_from_slice(&out);
                out.zeroize();
                out = Zeroizing::new(larger);
            }
            out.extend_from_slice(octets);
        }
    }

    /// Keeps what is needed of a packet that was passed.
    fn keep(&mut self, packet: Packet) {
        // Signatures around the encryption say nothing: anybody can put theirs there.
        if self.opened.is_some() && packet.tag() == Tag::Signature {
            self.signatures.push(packet);
        }
    }

    fn finish(self) -> Result<Decrypted, Failure> {
        match (self.opened, self.literal) {
            (Some(opened), Some(literal)) if opened.proved || !opened.proof_due => {
                Ok(Decrypted { literal, signatures: self.signatures, opened_by: opened.by })
            }
            (Some(_), _) => Err(Failure::Damaged),
            (None, _) => Err(Failure::NotEncrypted),
        }
    }
}
