// SPDX-License-Identifier: GPL-3.0-or-later
//! What opening, verifying, sealing and wrapping cost, beside the bare primitives: of OpenSSL, and for
//! the agreement on Curve25519 of x25519-dalek too, whichever is faster.
//!
//! On both sides key objects are built from stored bytes. After criterion's figures comes a table of
//! ratios, measured in turns, so that a busy machine disturbs both sides alike; each side counts with
//! its best round. Signatures that are verified are all different, since the library remembers good
//! ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at what it cannot do, and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant as Stopwatch};

use chancery_crypto::{
    BodyFormat, Certificate, Content, KeyAlgorithm, KeyPair, Keyring, NewKey, RecipientKey, RecipientKeyId,
    SealedBody, SessionKey, detached_signature, open, seal,
};
use chancery_mail::{Cleartext, Entity, Instant, Public, SignerVerdict};
use criterion::{BatchSize, Criterion, criterion_group};
use openssl::rand::rand_bytes;
use openssl::{
    bn::BigNum,
    derive::Deriver,
    hash::{MessageDigest, hash},
    pkey::{Id, PKey},
    rsa::{Padding, Rsa},
    sign::{Signer, Verifier},
    symm::{Cipher, encrypt},
};
use x25519_dalek::{PublicKey, StaticSecret};

const NOW: Instant = Instant::from_unix(1_767_225_600);
const SIZES: [(&str, usize); 2] = [("10 KiB", 10 << 10), ("1 MiB", 1 << 20)];
const ALGORITHMS: [(&str, KeyAlgorithm); 2] =
    [("Cv25519", KeyAlgorithm::Ed25519V4), ("RSA-3072", KeyAlgorithm::Rsa3072)];

/// One kind of key, with everything stored as bytes.
struct Case {
    holder: Keyring,
    certificate: Vec<u8>,
    recipient: Vec<u8>,
    bare: Bare,
}

/// The same strength for the bare primitives.
enum Bare {
    Curve { agreement: Vec<u8>, agreement_secret: Vec<u8>, signing: Vec<u8>, signing_secret: Vec<u8> },
    Rsa { modulus: Vec<u8>, exponent: Vec<u8>, secret: Vec<u8> },
}

fn case(algorithm: KeyAlgorithm) -> Case {
    let new = NewKey {
        address: "list@example.org".parse().unwrap(),
        name: String::new(),
        algorithm,
        lifetime: None,
    };
    let (pair, _) = KeyPair::generate(&new, NOW.before(Duration::from_secs(86_400))).unwrap();
    let certificate = pair.certificate();
    let bare = if algorithm == KeyAlgorithm::Rsa3072 {
        let key = Rsa::generate(3072).unwrap();
        Bare::Rsa {
            modulus: key.n().to_vec(),
            exponent: key.e().to_vec(),
            secret: key.private_key_to_der().unwrap(),
        }
    } else {
        let (agreement, signing) = (PKey::generate_x25519().unwrap(), PKey::generate_ed25519().unwrap());
        Bare::Curve {
            agreement: agreement.raw_public_key().unwrap(),
            agreement_secret: agreement.raw_private_key().unwrap(),
            signing: signing.raw_public_key().unwrap(),
            signing_secret: signing.raw_private_key().unwrap(),
        }
    };
    Case {
        recipient: certificate.recipient_key(NOW).unwrap().to_octets(),
        certificate: certificate.octets(),
        holder: Keyring::new(pair, Vec::new()),
        bare,
    }
}

impl Bare {
    /// One public-key encryption from the stored public key.
    fn wrap(&self) -> Vec<u8> {
        match self {
            Self::Curve { agreement, .. } => {
                let ephemeral = PKey::generate_x25519().unwrap();
                let peer = PKey::public_key_from_raw_bytes(agreement, Id::X25519).unwrap();
                let mut deriver = Deriver::new(&ephemeral).unwrap();
                deriver.set_peer(&peer).unwrap();
                deriver.derive_to_vec().unwrap()
            }
            Self::Rsa { modulus, exponent, .. } => {
                let key = Rsa::from_public_components(
                    BigNum::from_slice(modulus).unwrap(),
                    BigNum::from_slice(exponent).unwrap(),
                )
                .unwrap();
                let mut out = vec![0; 384];
                key.public_encrypt(&[7; 35], &mut out, Padding::PKCS1).unwrap();
                out
            }
        }
    }

    /// The same agreement by another implementation, so that the floor is the faster of the two. Of
    /// RSA there is none at hand that comes near OpenSSL.
    fn wrap_elsewhere(&self) -> Option<[u8; 32]> {
        let Self::Curve { agreement, .. } = self else { return None };
        let mut seed = [0; 32];
        rand_bytes(&mut seed).unwrap();
        let ephemeral = StaticSecret::from(seed);
        let peer: [u8; 32] = agreement.as_slice().try_into().unwrap();
        black_box(PublicKey::from(&ephemeral));
        Some(ephemeral.diffie_hellman(&PublicKey::from(peer)).to_bytes())
    }

    /// One decryption of what [`Bare::wrap`] makes, from the stored secret key.
    fn unwrap(&self, wrapped: &[u8]) -> Vec<u8> {
        match self {
            Self::Curve { agreement, agreement_secret, .. } => {
                let own = PKey::private_key_from_raw_bytes(agreement_secret, Id::X25519).unwrap();
                let peer = PKey::public_key_from_raw_bytes(agreement, Id::X25519).unwrap();
                let mut deriver = Deriver::new(&own).unwrap();
                deriver.set_peer(&peer).unwrap();
                deriver.derive_to_vec().unwrap()
            }
            Self::Rsa { secret, .. } => {
                let key = Rsa::private_key_from_der(secret).unwrap();
                let mut out = vec![0; 384];
                key.private_decrypt(wrapped, &mut out, Padding::PKCS1).unwrap();
                out
            }
        }
    }

    fn sign(&self, digest: &[u8]) -> Vec<u8> {
        match self {
            Self::Curve { signing_secret, .. } => {
                let key = PKey::private_key_from_raw_bytes(signing_secret, Id::ED25519).unwrap();
                Signer::new_without_digest(&key).unwrap().sign_oneshot_to_vec(digest).unwrap()
            }
            Self::Rsa { secret, .. } => {
                let key = PKey::from_rsa(Rsa::private_key_from_der(secret).unwrap()).unwrap();
                let mut signer = Signer::new(MessageDigest::sha512(), &key).unwrap();
                signer.sign_oneshot_to_vec(digest).unwrap()
            }
        }
    }

    fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Curve { signing, .. } => {
                let key = PKey::public_key_from_raw_bytes(signing, Id::ED25519).unwrap();
                Verifier::new_without_digest(&key).unwrap().verify_oneshot(signature, digest).unwrap()
            }
            Self::Rsa { modulus, exponent, .. } => {
                let key = Rsa::from_public_components(
                    BigNum::from_slice(modulus).unwrap(),
                    BigNum::from_slice(exponent).unwrap(),
                )
                .unwrap();
                let key = PKey::from_rsa(key).unwrap();
                Verifier::new(MessageDigest::sha512(), &key)
                    .unwrap()
                    .verify_oneshot(signature, digest)
                    .unwrap()
            }
        }
    }

    /// Hash and sign, encrypt with CFB, hash for the modification detection.
    fn seal(&self, content: &[u8]) -> usize {
        let digest = hash(MessageDigest::sha512(), content).unwrap();
        let signature = self.sign(&digest);
        let sealed = encrypt(Cipher::aes_256_cfb128(), &[7; 32], Some(&[0; 16]), content).unwrap();
        let proof = hash(MessageDigest::sha1(), content).unwrap();
        signature.len() + sealed.len() + proof.len()
    }

    /// The way back: unwrap, decrypt, both hashes, verify.
    fn open(&self, wrapped: &[u8], sealed: &[u8], signature: &[u8], digest: &[u8]) -> usize {
        let key = self.unwrap(wrapped);
        let content =
            openssl::symm::decrypt(Cipher::aes_256_cfb128(), &[7; 32], Some(&[0; 16]), sealed).unwrap();
        let proof = hash(MessageDigest::sha1(), &content).unwrap();
        let hashed = hash(MessageDigest::sha512(), &content).unwrap();
        let good = self.verify(digest, signature);
        key.len() + proof.len() + hashed.len() + usize::from(good)
    }
}

/// Text of this size with CRLF.
fn payload(octets: usize) -> Vec<u8> {
    let mut out = b"Content-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    let mut number = 1u32;
    while out.len() < octets {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        out.extend_from_slice(
            format!("{number:x} the quick brown fox jumps over the lazy dog\r\n").as_bytes(),
        );
    }
    out
}

fn sealed(case: &Case, content: &[u8]) -> (SealedBody, SessionKey) {
    seal(&Entity::<Cleartext>::new(content.to_vec()), &case.holder, BodyFormat::SeipdV1, NOW).unwrap()
}

fn wrapped(case: &Case, body: &SealedBody, key: &SessionKey) -> usize {
    let recipient = RecipientKey::from_octets(&case.recipient).unwrap();
    let copy = body.wrap(key, &recipient, RecipientKeyId::Hidden).unwrap();
    black_box(copy.slices()).iter().map(|slice| slice.len()).sum()
}

fn encrypted_letter(case: &Case, content: &[u8]) -> Entity<Public> {
    let (body, key) = sealed(case, content);
    let recipient = RecipientKey::from_octets(&case.recipient).unwrap();
    let copy = body.wrap(&key, &recipient, RecipientKeyId::Shown).unwrap().slices().concat();
    let mut out =
        b"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n\
        --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
        --b\r\nContent-Type: application/octet-stream\r\n\r\n"
            .to_vec();
    out.extend(copy);
    out.extend(b"\r\n--b--\r\n");
    Entity::new(out)
}

fn signed_letter(case: &Case, content: &[u8]) -> Entity<Public> {
    let signature = detached_signature(content, &case.holder, NOW).unwrap();
    let mut out =
        b"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n--b\r\n"
            .to_vec();
    out.extend(content);
    out.extend(b"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n");
    out.extend(signature.armored);
    out.extend(b"\r\n--b--\r\n");
    Entity::new(out)
}

fn opened(case: &Case, letter: &Entity<Public>) -> bool {
    let opened =
        open(letter, &case.holder, &mut |_| vec![Certificate::parse(&case.certificate).unwrap()], NOW);
    assert!(opened.summary.signers.iter().all(|signer| signer.verdict == SignerVerdict::Good));
    !matches!(opened.content, Content::None)
}

fn all(criterion: &mut Criterion) {
    for (name, algorithm) in ALGORITHMS {
        let case = case(algorithm);
        for (size, octets) in SIZES {
            let content = payload(octets);
            let mut group = criterion.benchmark_group(format!("{name}, {size}"));
            group
                .sample_size(10)
                .measurement_time(Duration::from_secs(2))
                .warm_up_time(Duration::from_millis(300));
            let (body, key) = sealed(&case, &content);
            group.bench_function("wrap", |b| b.iter(|| wrapped(&case, &body, &key)));
            group.bench_function("wrap: primitive", |b| b.iter(|| case.bare.wrap()));
            group.bench_function("seal", |b| b.iter(|| sealed(&case, &content)));
            group.bench_function("seal: primitive", |b| b.iter(|| case.bare.seal(&content)));
            group.bench_function("open", |b| {
                b.iter_batched(
                    || encrypted_letter(&case, &content),
                    |letter| opened(&case, &letter),
                    BatchSize::PerIteration,
                );
            });
            group.bench_function("verify", |b| {
                b.iter_batched(
                    || signed_letter(&case, &content),
                    |letter| opened(&case, &letter),
                    BatchSize::PerIteration,
                );
            });
            group.finish();
        }
    }
}

/// The best of several rounds, both sides in turns, in microseconds per operation.
fn in_turns(rounds: usize, operations: u32, ours: &mut dyn FnMut(), theirs: &mut dyn FnMut()) -> (f64, f64) {
    let round = |act: &mut dyn FnMut()| {
        let watch = Stopwatch::now();
        (0..operations).for_each(|_| act());
        watch.elapsed().as_secs_f64() * 1e6 / f64::from(operations)
    };
    let mut best = (f64::MAX, f64::MAX);
    for _ in 0..rounds {
        best.0 = best.0.min(round(ours));
        best.1 = best.1.min(round(theirs));
    }
    best
}

/// The best of several letters, each opened once; the time of making them does not count.
fn once_each(
    rounds: usize,
    letter: &dyn Fn() -> Entity<Public>,
    act: &dyn Fn(&Entity<Public>) -> bool,
) -> f64 {
    (0..rounds).fold(f64::MAX, |best, _| {
        let letter = letter();
        let watch = Stopwatch::now();
        black_box(act(&letter));
        best.min(watch.elapsed().as_secs_f64() * 1e6)
    })
}

fn ratios() {
    println!(
        "\n{:<10} {:<7} {:<7} {:>10} {:>10} {:>7}",
        "key", "size", "act", "ours us", "bare us", "bare/ours"
    );
    let row = |name: &str, size: &str, act: &str, (ours, bare): (f64, f64)| {
        println!("{name:<10} {size:<7} {act:<7} {ours:>10.1} {bare:>10.1} {:>7.2}", bare / ours);
    };
    for (name, algorithm) in ALGORITHMS {
        let case = case(algorithm);
        let mut wraps = Vec::new();
        for (size, octets) in SIZES {
            let content = payload(octets);
            let (body, key) = sealed(&case, &content);
            let wrap = in_turns(
                40,
                100,
                &mut || {
                    black_box(wrapped(&case, &body, &key));
                },
                &mut || {
                    black_box(case.bare.wrap());
                },
            );
            let elsewhere = case.bare.wrap_elsewhere().map(|_| {
                let act = &mut || {
                    black_box(case.bare.wrap_elsewhere());
                };
                in_turns(40, 100, &mut || {}, act).1
            });
            row(name, size, "wrap", (wrap.0, elsewhere.map_or(wrap.1, |other| other.min(wrap.1))));
            wraps.push(wrap.0);
            let seal = in_turns(
                10,
                5,
                &mut || {
                    black_box(sealed(&case, &content));
                },
                &mut || {
                    black_box(case.bare.seal(&content));
                },
            );
            row(name, size, "seal", seal);
            let wrapped_bare = case.bare.wrap();
            let digest = hash(MessageDigest::sha512(), &content).unwrap();
            let signature = case.bare.sign(&digest);
            let cipher = encrypt(Cipher::aes_256_cfb128(), &[7; 32], Some(&[0; 16]), &content).unwrap();
            let bare_open = in_turns(10, 5, &mut || {}, &mut || {
                black_box(case.bare.open(&wrapped_bare, &cipher, &signature, &digest));
            });
            let bare_verify = in_turns(10, 5, &mut || {}, &mut || {
                let digest = hash(MessageDigest::sha512(), &content).unwrap();
                black_box(case.bare.verify(&digest, &signature));
            });
            let act = |letter: &Entity<Public>| opened(&case, letter);
            row(
                name,
                size,
                "open",
                (once_each(20, &|| encrypted_letter(&case, &content), &act), bare_open.1),
            );
            row(
                name,
                size,
                "verify",
                (once_each(20, &|| signed_letter(&case, &content), &act), bare_verify.1),
            );
        }
        let source = vec![1u8; 1 << 20];
        let mut target = vec![0u8; 1 << 20];
        let copy = in_turns(40, 20, &mut || {}, &mut || {
            target.copy_from_slice(black_box(&source));
            black_box(&target);
        });
        let [small, large] = wraps.as_slice() else { return };
        println!(
            "{name:<10} a wrap of 1 MiB costs {:.1} us more than one of 10 KiB: {:.2} memcpy of those bytes",
            large - small,
            (large - small) / copy.1
        );
    }
}

criterion_group!(benches, all);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // `cargo test --benches` only asks whether it runs.
    if std::env::args().any(|argument| argument == "--bench") {
        ratios();
    }
}
