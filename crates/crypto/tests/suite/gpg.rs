// SPDX-License-Identifier: GPL-3.0-or-later
//! GnuPG 2.2 at the other end: it reads what we write, and we read what it writes.

use chancery_crypto::{
    BodyFormat, Certificate, KeyPair, RecipientKey, RevocationReason, clearsign, detached_signature, seal,
};
use chancery_mail::{Cleartext, Confidentiality, Entity, Form, KeyState, SignerVerdict};

use crate::support::letters::{self, PAYLOAD, inline};
use crate::support::people::{
    BOTH_IDS, DAY, NOW, YEAR, holder, joined, only_signer, open, person, reader, text, verdicts,
};
use crate::support::programs::Gpg;

/// A GnuPG with alice's key and the list's certificate, the list, and alice's certificate.
fn alice_and_list() -> (Gpg, KeyPair, Certificate) {
    let gpg = Gpg::new();
    gpg.make_key("alice", "ed25519", "cv25519");
    let list = person("list");
    gpg.import(list.certificate().armored());
    let alice = Certificate::parse(&gpg.export("alice")).unwrap();
    (gpg, list, alice)
}

#[test]
fn gpg_opens_copies_for_every_kind_of_key() {
    let list = person("list");
    for (signing, encryption) in [
        ("ed25519", "cv25519"),
        ("nistp256", "nistp256"),
        ("rsa2048", "rsa2048"),
        ("rsa3072", "rsa3072"),
        ("rsa4096", "rsa4096"),
    ] {
        let gpg = Gpg::new();
        gpg.make_key("bob", signing, encryption);
        gpg.import(list.certificate().octets());
        let bob = Certificate::parse(&gpg.export("bob")).unwrap().recipient_key(NOW).unwrap();
        let bob = RecipientKey::from_octets(&bob.to_octets()).unwrap();
        // Three lengths: GnuPG 2.2 treats those divisible by three differently.
        for length in 0..3 {
            let content = format!("{PAYLOAD}{}\r\n", "x".repeat(length));
            let entity = Entity::<Cleartext>::new(content.clone().into_bytes());
            let (body, session_key) = seal(&entity, &holder(&list), BodyFormat::SeipdV1, NOW).unwrap();
            for id in BOTH_IDS {
                let copy = joined(&body.wrap(&session_key, &bob, id).unwrap());
                let (plain, status) = gpg.ok(&["--decrypt"], copy);
                assert_eq!(plain, content.as_bytes(), "{encryption} {id:?}");
                assert!(status.contains("[GNUPG:] GOODSIG"), "{encryption} {id:?}: {status}");
                assert!(status.contains("[GNUPG:] DECRYPTION_OKAY"), "{status}");
                assert!(status.contains("[GNUPG:] GOODMDC"), "{status}");
            }
        }
    }
}

#[test]
fn a_letter_encrypted_and_signed_by_gpg_is_opened() {
    let (gpg, list, alice) = alice_and_list();
    for extra in [
        &[][..],
        &["--throw-keyids"],
        &["--compress-algo", "none"],
        &["--compress-algo", "zlib"],
        &["--cipher-algo", "AES128"],
        &["--encrypt-to", "alice@example.org"],
    ] {
        let arguments =
            [&["--armor", "--sign", "--encrypt", "-u", "alice@example.org", "-r", "list@example.org"], extra]
                .concat();
        let (message, _) = gpg.ok(&arguments, PAYLOAD);
        let opened = open(&letters::encrypted(message), &list, std::slice::from_ref(&alice));
        assert_eq!(text(&opened), PAYLOAD, "{extra:?}");
        assert_eq!(opened.summary.form, Form::PgpMimeEncrypted);
        assert_eq!(opened.summary.confidentiality, Confidentiality::Encrypted);
        assert_eq!(only_signer(&opened).verdict, SignerVerdict::Good, "{extra:?}");
        assert_eq!(only_signer(&opened).fingerprint, Some(alice.fingerprint()));
        assert!(opened.author_signature.unwrap().carriable);
    }
}

#[test]
fn a_combined_signature_is_carriable_exactly_when_gpg_verifies_it_over_crlf() {
    let (gpg, list, alice) = alice_and_list();
    let with_lf = PAYLOAD.replace("\r\n", "\n");
    for (content, mode, expected) in [
        (PAYLOAD, &[][..], true),
        (&with_lf, &[][..], false),
        (&with_lf, &["--textmode"][..], true),
        (PAYLOAD, &["--textmode"][..], true),
    ] {
        let arguments =
            [&["--armor", "--sign", "--encrypt", "-u", "alice@example.org", "-r", "list@example.org"], mode]
                .concat();
        let (message, _) = gpg.ok(&arguments, content);
        let opened = open(&letters::encrypted(message), &list, std::slice::from_ref(&alice));
        assert_eq!(text(&opened), PAYLOAD);
        assert_eq!(only_signer(&opened).verdict, SignerVerdict::Good, "{mode:?}");
        let signature = opened.author_signature.unwrap();
        assert_eq!(signature.carriable, expected, "{mode:?}");
        assert_eq!(signature.micalg, "pgp-sha512");
        let (entity, detached) = (gpg.file("entity", PAYLOAD), gpg.file("detached", &signature.armored));
        let verified = gpg.run(&["--verify", detached.to_str().unwrap(), entity.to_str().unwrap()], "");
        assert_eq!(verified.status.success(), expected, "{mode:?}");
    }
}

#[test]
fn multipart_signed_by_gpg_is_verified_alone_and_inside_encryption() {
    let (gpg, list, alice) = alice_and_list();
    for mode in ["--no-textmode", "--textmode"] {
        let arguments = ["--armor", "--detach-sign", mode, "-u", "alice@example.org"];
        let (signature, _) = gpg.ok(&arguments, PAYLOAD);
        let alone = letters::entity(letters::signed(PAYLOAD, &signature, true));
        let opened = open(&alone, &list, std::slice::from_ref(&alice));
        assert_eq!(opened.summary.form, Form::PgpMimeSigned);
        assert_eq!(opened.summary.confidentiality, Confidentiality::None);
        assert_eq!(text(&opened).as_bytes(), alone.octets());
        assert_eq!(verdicts(&opened), [SignerVerdict::Good]);

        let inside = letters::signed(PAYLOAD, &signature, false).replace("\r\n", "\n").replace('\n', "\r\n");
        let (message, _) = gpg.ok(&["--armor", "--encrypt", "-r", "list@example.org"], &inside);
        let opened = open(&letters::encrypted(message), &list, std::slice::from_ref(&alice));
        assert_eq!(opened.summary.form, Form::PgpMimeSignedInEncrypted);
        assert_eq!(text(&opened), inside);
        assert_eq!(verdicts(&opened), [SignerVerdict::Good]);
        assert!(opened.author_signature.unwrap().carriable);
    }
}

#[test]
fn a_letter_that_is_not_signed_has_no_signer() {
    let (gpg, list, alice) = alice_and_list();
    let (message, _) = gpg.ok(&["--armor", "--encrypt", "-r", "list@example.org"], PAYLOAD);
    let opened = open(&letters::encrypted(message), &list, &[alice]);
    assert_eq!(verdicts(&opened), []);
    assert_eq!(opened.author_signature, None);
}

#[test]
fn an_inline_block_of_gpg_is_opened_as_text() {
    let (gpg, list, alice) = alice_and_list();
    let (message, _) = gpg.ok(
        &["--armor", "--sign", "--encrypt", "-u", "alice@example.org", "-r", "list@example.org"],
        "Grüße,\nAlice\n",
    );
    let opened = open(&inline(std::str::from_utf8(&message).unwrap()), &list, &[alice]);
    assert_eq!(opened.summary.form, Form::InlineEncrypted);
    assert_eq!(verdicts(&opened), [SignerVerdict::Good]);
    assert!(!opened.author_signature.as_ref().unwrap().carriable);
    let text = text(&opened);
    assert!(text.starts_with("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nGrüße,\r\nAlice\r\n"), "{text}");
}

#[test]
fn a_text_that_gpg_clearsigned_is_verified_and_shown_as_it_was_verified() {
    let (gpg, list, alice) = alice_and_list();
    for (written, shown) in [
        ("Dear friends,\n\n- a dash\n-- \nAlice\n", "Dear friends,\r\n\r\n- a dash\r\n--\r\nAlice\r\n"),
        ("one line\n", "one line\r\n"),
        ("\nan empty line first\n", "\r\nan empty line first\r\n"),
    ] {
        let (message, _) = gpg.ok(&["--clearsign", "-u", "alice@example.org"], written);
        let message = String::from_utf8(message).unwrap();
        for letter in [message.clone(), message.replace('\n', "\r\n")] {
            let opened = open(&inline(&letter), &list, std::slice::from_ref(&alice));
            assert_eq!(opened.summary.form, Form::InlineSigned);
            assert_eq!(verdicts(&opened), [SignerVerdict::Good], "{written:?}");
            let text = text(&opened);
            assert!(text.contains("\r\nSubject: hello\r\n"), "{text}");
            assert!(text.ends_with(&format!("\r\n\r\n{shown}")), "{text:?}");
        }
        let changed = message.replacen("line", "lime", 1).replacen("Dear", "Poor", 1);
        let opened = open(&inline(&changed), &list, std::slice::from_ref(&alice));
        assert_eq!(verdicts(&opened), [SignerVerdict::Bad], "{changed}");
    }
}

#[test]
fn gpg_verifies_our_detached_and_clear_signatures() {
    let gpg = Gpg::new();
    let (old, new) = (person("old"), person("new"));
    gpg.import(old.certificate().octets());
    gpg.import(new.certificate().octets());
    let signature = detached_signature(PAYLOAD.as_bytes(), &holder(&new), NOW).unwrap();
    assert_eq!(signature.micalg, "pgp-sha512");
    let (entity, detached) = (gpg.file("entity", PAYLOAD), gpg.file("detached", &signature.armored));
    let (_, status) = gpg.ok(&["--verify", detached.to_str().unwrap(), entity.to_str().unwrap()], "");
    assert!(status.contains("GOODSIG"), "{status}");

    let statement =
        clearsign("The list has a new key.\n- dash\n", &[&holder(&old), &holder(&new)], NOW).unwrap();
    let (_, status) = gpg.ok(&["--verify"], &statement);
    assert_eq!(status.matches("[GNUPG:] GOODSIG").count(), 2, "{status}");
}

#[test]
fn gpg_takes_our_certificates_minimal_extended_and_revoked() {
    let address = "list@example.org".parse().unwrap();
    let new = chancery_crypto::NewKey {
        address,
        name: "list".to_owned(),
        algorithm: Default::default(),
        lifetime: Some(YEAR),
    };
    let (list, revocation) = KeyPair::generate(&new, NOW.before(DAY)).unwrap();
    let minimal = list.certificate().minimal(&new.address);
    assert!(minimal.len() < 800, "{} octets", minimal.len());

    let gpg = Gpg::new();
    gpg.import(&minimal);
    let listed = |gpg: &Gpg| {
        String::from_utf8(gpg.ok(&["--with-colons", "--list-keys", "list@example.org"], "").0).unwrap()
    };
    assert!(
        listed(&gpg).contains("uid:f:") || listed(&gpg).contains("uid:u:") || listed(&gpg).contains("uid:-:"),
        "{}",
        listed(&gpg)
    );
    let (message, _) = gpg.ok(&["--armor", "--encrypt", "-r", "list@example.org"], PAYLOAD);
    assert_eq!(text(&open(&letters::encrypted(message), &list, &[])), PAYLOAD);

    let extended = list.extend(NOW.after(YEAR * 3), NOW).unwrap();
    gpg.import(extended.certificate().octets());
    let end = NOW.after(YEAR * 3).unix().to_string();
    assert!(
        listed(&gpg).lines().any(|line| line.starts_with("pub:") && line.contains(&end)),
        "{}",
        listed(&gpg)
    );

    gpg.import(&revocation.0);
    assert!(listed(&gpg).lines().any(|line| line.starts_with("pub:r:")), "{}", listed(&gpg));

    let other = Gpg::new();
    let revoked = list.revoke(RevocationReason::Superseded, "a new key", NOW).unwrap();
    other.import(revoked.certificate().octets());
    assert!(listed(&other).lines().any(|line| line.starts_with("pub:r:")), "{}", listed(&other));
}

#[test]
fn a_key_of_gpg_is_taken_with_its_passphrase() {
    let gpg = Gpg::new();
    gpg.make_key("alice", "rsa2048", "rsa2048");
    let secret = gpg.export_secret("alice");
    let pair = KeyPair::parse(&secret, None).unwrap();
    let certificate = Certificate::parse(&gpg.export("alice")).unwrap();
    assert_eq!(pair.certificate().fingerprint(), certificate.fingerprint());
    let facts = certificate.facts(NOW);
    assert_eq!((facts.algorithm.as_str(), facts.version), ("RSA-2048", 4));
    assert_eq!((facts.encryption, facts.signing), (KeyState::Usable, KeyState::Usable));
    let (message, _) = gpg.ok(&["--armor", "--encrypt", "-r", "alice@example.org"], PAYLOAD);
    assert_eq!(text(&open(&letters::encrypted(message), &pair, &[])), PAYLOAD);
    assert_eq!(reader(&pair), certificate.recipient_key(NOW).unwrap());

    let locked = Gpg::new();
    let user = "bob <bob@example.org>";
    locked.ok(
        &["--passphrase", "open sesame", "--quick-generate-key", user, "ed25519", "sign,cert", "never"],
        "",
    );
    let (secret, _) = locked.ok(&["--passphrase", "open sesame", "--export-secret-keys"], "");
    assert_eq!(KeyPair::parse(&secret, None).unwrap_err(), chancery_crypto::KeyPairError::PassphraseNeeded);
    assert_eq!(
        KeyPair::parse(&secret, Some(b"wrong")).unwrap_err(),
        chancery_crypto::KeyPairError::WrongPassphrase
    );
    let bob = KeyPair::parse(&secret, Some(b"open sesame")).unwrap();
    let again = KeyPair::parse(&bob.octets(), None).unwrap();
    assert_eq!(again.certificate().facts(NOW).encryption, KeyState::Incapable);
    assert_eq!(again.certificate().facts(NOW).signing, KeyState::Usable);
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    for (signing, encryption, extra, expected) in [
        ("rsa1024", Some("rsa1024"), &[][..], (KeyState::Weak, KeyState::Weak)),
        ("rsa2048", Some("rsa2048"), &["--cert-digest-algo", "SHA1"][..], (KeyState::Weak, KeyState::Weak)),
        ("rsa2048", Some("rsa1024"), &[][..], (KeyState::Weak, KeyState::Usable)),
        ("rsa2048", Some("elg2048"), &[][..], (KeyState::Weak, KeyState::Usable)),
        ("ed25519", None, &[][..], (KeyState::Incapable, KeyState::Usable)),
    ] {
        let gpg = Gpg::new();
        let user = "carol <carol@example.org>";
        gpg.ok(&[extra, &["--quick-generate-key", user, signing, "sign,cert", "2y"]].concat(), "");
        if let Some(encryption) = encryption {
            let listed = String::from_utf8(gpg.ok(&["--with-colons", "--list-keys"], "").0).unwrap();
            let fingerprint =
                listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':');
            gpg.ok(&[extra, &["--quick-add-key", fingerprint, encryption, "encr", "1y"]].concat(), "");
        }
        let carol = Certificate::parse(&gpg.export("carol")).unwrap();
        let facts = carol.facts(NOW);
        assert_eq!((facts.encryption, facts.signing), expected, "{signing} {encryption:?} {extra:?}");
        assert_eq!(carol.recipient_key(NOW).err().unwrap(), expected.0);
        if encryption == Some("rsa1024") && signing == "rsa2048" {
            // The subkey lasts one year, its certificate two.
            assert_eq!(carol.facts(NOW.after(YEAR * 3 / 2)).signing, KeyState::Usable);
        }
    }
}

#[test]
fn a_subkey_that_ended_before_its_certificate_is_expired() {
    let gpg = Gpg::new();
    gpg.ok(&["--quick-generate-key", "carol <carol@example.org>", "ed25519", "sign,cert", "2y"], "");
    let listed = String::from_utf8(gpg.ok(&["--with-colons", "--list-keys"], "").0).unwrap();
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':');
    gpg.ok(&["--quick-add-key", fingerprint, "cv25519", "encr", "1y"], "");
    let carol = Certificate::parse(&gpg.export("carol")).unwrap();
    let key = carol.recipient_key(NOW).unwrap();
    assert_eq!(key.expires(), Some(NOW.after(YEAR)), "the subkey's end is the nearer one");
    let facts = carol.facts(NOW.after(YEAR * 3 / 2));
    assert_eq!((facts.encryption, facts.signing), (KeyState::Expired, KeyState::Usable));
}
