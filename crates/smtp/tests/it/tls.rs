// SPDX-License-Identifier: GPL-3.0-or-later
//! TLS towards the relay: verified or not at all.

use std::path::Path;
use std::sync::{Arc, Mutex};

use chancery_mail::Envelope;
use chancery_smtp::{Relay, Reply, Security, Submit, SubmitError, Timeouts, Transport};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::{address, follow};

const MESSAGE: &[&[u8]] = &[b"Subject: secret\r\n\r\n", b"a sealed letter\r\n"];
const OFFERS: &str = "250-relay\r\n250 PIPELINING\r\n";
const TRANSACTION: [&str; 2] = ["250 a\r\n250 b\r\n354 c\r\n", "250 2.0.0 taken\r\n"];

/// An authority, its certificate in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, directory }
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("ca.pem")
    }

    fn certify(&self, name: &str, until: i32) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der().clone(), &key)
    }
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// What the relay heard in clear, and what under TLS.
#[derive(Default)]
struct Heard {
    clear: Vec<String>,
    secured: Vec<String>,
}

/// A relay for one connection: a script in clear, then, with an acceptor, one under TLS.
async fn start(clear: &[&str], acceptor: Option<TlsAcceptor>, secured: &[&str]) -> (u16, Arc<Mutex<Heard>>) {
    let owned = |script: &[&str]| script.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let (clear, secured) = (owned(clear), owned(secured));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let hearing = Arc::clone(&heard);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let pieces = follow(&mut stream, &clear).await;
        hearing.lock().unwrap().clear = pieces;
        match acceptor {
            Some(acceptor) => {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let pieces = follow(&mut stream, &secured).await;
                hearing.lock().unwrap().secured = pieces;
            }
            None => rest(stream, &hearing).await,
        }
    });
    (port, heard)
}

/// What a client goes on to say when it should have gone.
async fn rest(mut stream: TcpStream, hearing: &Mutex<Heard>) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    if !rest.is_empty() {
        hearing.lock().unwrap().clear.push(String::from_utf8_lossy(&rest).into_owned());
    }
}

async fn submit(port: u16, security: Security, ca_file: Option<&Path>) -> Result<Vec<Reply>, SubmitError> {
    let relay = Relay {
        host: "localhost".to_owned(),
        port,
        security,
        ca_file: ca_file.map(Path::to_owned),
        hello: "lists.example.org".to_owned(),
    };
    let mut transport = Transport::new(relay, Timeouts::default())?;
    let envelope = Envelope { reverse_path: None, forward_paths: vec![address("bob@example.org")] };
    transport.submit(&envelope, MESSAGE).await
}

/// It was a TLS failure, temporary, and neither the envelope nor the message was heard in clear.
fn assert_refused(outcome: Result<Vec<Reply>, SubmitError>, heard: &Mutex<Heard>, case: &str) {
    let error = outcome.expect_err(case);
    assert!(matches!(error, SubmitError::Tls(_)) && error.is_temporary(), "{case}: {error:?}");
    let heard = heard.lock().unwrap();
    let all = [&heard.clear[..], &heard.secured].concat().concat();
    assert!(!all.contains("MAIL") && !all.contains("secret") && !all.contains("bob"), "{case}: {all}");
}

#[tokio::test]
async fn smtps_and_starttls_carry_a_message_to_a_verified_relay() {
    let authority = Authority::new();
    let under_tls = ["220 relay\r\n", OFFERS, TRANSACTION[0], TRANSACTION[1]];
    let (port, heard) = start(&[], Some(authority.certify("localhost", 2090)), &under_tls).await;
    submit(port, Security::Smtps, Some(&authority.file())).await.unwrap();
    assert!(heard.lock().unwrap().clear.is_empty());

    let clear = ["220 relay\r\n", "250-relay\r\n250 STARTTLS\r\n", "220 go\r\n"];
    // Nothing is said first under TLS: the client speaks.
    let under_tls = ["", OFFERS, TRANSACTION[0], TRANSACTION[1]];
    let (port, heard) = start(&clear, Some(authority.certify("localhost", 2090)), &under_tls).await;
    let replies = submit(port, Security::StartTls, Some(&authority.file())).await.unwrap();
    assert_eq!(replies, [Reply::new(250, (2, 0, 0), "taken")]);
    assert_eq!(heard.lock().unwrap().clear, ["EHLO lists.example.org\r\n", "STARTTLS\r\n"]);
}

#[tokio::test]
async fn a_relay_that_cannot_prove_its_name_gets_nothing() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let key = KeyPair::generate().unwrap();
    let alone = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let cases = [
        ("wrong name", authority.certify("mallory.example", 2090)),
        ("expired", authority.certify("localhost", 2021)),
        ("unknown authority", stranger.certify("localhost", 2090)),
        ("self-signed", acceptor(alone.der().clone(), &key)),
    ];
    for (case, acceptor) in cases {
        let under_tls = ["220 relay\r\n", OFFERS, TRANSACTION[0], TRANSACTION[1]];
        let (port, heard) = start(&[], Some(acceptor.clone()), &under_tls).await;
        assert_refused(submit(port, Security::Smtps, Some(&authority.file())).await, &heard, case);

        let clear = ["220 relay\r\n", "250-relay\r\n250 STARTTLS\r\n", "220 go\r\n"];
        let under_tls = ["", OFFERS, TRANSACTION[0], TRANSACTION[1]];
        let (port, heard) = start(&clear, Some(acceptor), &under_tls).await;
        assert_refused(submit(port, Security::StartTls, Some(&authority.file())).await, &heard, case);
    }
}

#[tokio::test]
async fn the_systems_trust_does_not_cover_our_authority() {
    let authority = Authority::new();
    let (port, heard) = start(&[], Some(authority.certify("localhost", 2090)), &[]).await;
    assert_refused(submit(port, Security::Smtps, None).await, &heard, "no CA file");
}

#[tokio::test]
async fn starttls_that_was_taken_out_is_an_error_and_never_clear_text() {
    let authority = Authority::new();
    for (case, script) in [
        ("not offered", &["220 r\r\n", OFFERS, TRANSACTION[0], TRANSACTION[1]][..]),
        ("only HELO", &["220 r\r\n", "502 no\r\n", "250 r\r\n", TRANSACTION[0], TRANSACTION[1]]),
        (
            "refused",
            &["220 r\r\n", "250-r\r\n250 STARTTLS\r\n", "454 no\r\n", TRANSACTION[0], TRANSACTION[1]],
        ),
        (
            "words put in before TLS",
            &["220 r\r\n", "250-r\r\n250 STARTTLS\r\n", "220 go\r\n250-evil\r\n250 AUTH\r\n"],
        ),
    ] {
        let (port, heard) = start(script, None, &[]).await;
        assert_refused(submit(port, Security::StartTls, Some(&authority.file())).await, &heard, case);
    }
}

#[tokio::test]
async fn a_relay_without_tls_is_no_smtps_relay() {
    let authority = Authority::new();
    let (port, heard) = start(&["220 relay\r\n", OFFERS, TRANSACTION[0]], None, &[]).await;
    assert_refused(submit(port, Security::Smtps, Some(&authority.file())).await, &heard, "clear");
}

#[tokio::test]
async fn a_file_without_certificates_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty.pem", Some("")),
        ("text.pem", Some("hello\n")),
        ("broken.pem", Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
        ("missing.pem", None),
    ] {
        let path = directory.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let outcome = submit(1, Security::StartTls, Some(&path)).await;
        assert!(matches!(outcome, Err(SubmitError::Tls(_))), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_in_the_handshake_is_an_error() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let outcome = submit(port, Security::Smtps, Some(&authority.file())).await;
    assert!(matches!(outcome, Err(SubmitError::Tls(_))), "{outcome:?}");
}
