// SPDX-License-Identifier: GPL-3.0-or-later
//! What holds for every list and every post: properties over arbitrary facts and settings.

use chancery_mail::{
    Confidentiality, Coverage, CryptographicSummary, Form, Instant, SignatureDigest, Signer, SignerVerdict,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::testing::{ALICE_KEY, BOB_KEY, MALLORY_KEY, fingerprint};
use crate::{
    Disposition, Finding, ListSettings, Outgoing, PostFacts, Poster, ResultDetails, Role, SettingKind,
    SignatureFate, SignerPin, VERDICT_TAGS, Verdict, candidates, findings, judge, judge_approved,
    list_address, plain_words, result_text, settings, valid_list_local, verdict_tag,
};

const NAMES: [&str; 3] = ["alice", "bob", "mallory"];
const KEYS: [u8; 3] = [ALICE_KEY, BOB_KEY, MALLORY_KEY];

fn signer() -> impl Strategy<Value = Signer> {
    let verdicts = vec![
        SignerVerdict::Good,
        SignerVerdict::Expired,
        SignerVerdict::Revoked,
        SignerVerdict::Weak,
        SignerVerdict::Bad,
        SignerVerdict::UnknownKey,
    ];
    (proptest::option::of(select(&KEYS[..])), select(verdicts), any::<i64>(), ".*").prop_map(
        |(key, verdict, at, claim)| Signer {
            fingerprint: key.map(fingerprint),
            claimed_issuer: Some(claim),
            signed_at: Some(Instant::from_unix(at)),
            coverage: Coverage::Content,
            verdict,
            digest: key.map(|key| SignatureDigest(vec![key])),
        },
    )
}

fn summary() -> impl Strategy<Value = CryptographicSummary> {
    let forms = vec![
        Form::Clear,
        Form::PgpMimeEncrypted,
        Form::PgpMimeSignedInEncrypted,
        Form::PgpMimeSigned,
        Form::InlineEncrypted,
        Form::InlineSigned,
        Form::Partly,
    ];
    let confidentialities =
        vec![Confidentiality::None, Confidentiality::Encrypted, Confidentiality::Unopened("no key")];
    (select(forms), select(confidentialities), proptest::collection::vec(signer(), 0..4))
        .prop_map(|(form, confidentiality, signers)| CryptographicSummary { form, confidentiality, signers })
}

fn poster() -> impl Strategy<Value = Poster> {
    (
        proptest::collection::vec(select(Role::ALL), 0..3),
        proptest::option::of(select(&KEYS[..])),
        any::<bool>(),
        proptest::option::of(select(Disposition::ALL)),
    )
        .prop_map(|(roles, pinned, confirmed, moderation)| Poster {
            roles,
            pinned: pinned.map(fingerprint),
            confirmed,
            moderation,
        })
}

fn pin() -> impl Strategy<Value = SignerPin> {
    (select(&KEYS[..]), select(&NAMES[..]), any::<bool>()).prop_map(|(key, name, confirmed)| SignerPin {
        fingerprint: fingerprint(key),
        address: format!("{name}@example.org").parse().unwrap(),
        confirmed,
    })
}

fn facts() -> impl Strategy<Value = PostFacts> {
    (
        summary(),
        proptest::option::weighted(0.9, select(&NAMES[..])),
        proptest::option::weighted(0.9, poster()),
        proptest::collection::vec(pin(), 0..4),
        any::<bool>(),
    )
        .prop_map(|(summary, from, poster, signer_pins, duplicate)| PostFacts {
            summary,
            from: from.map(|name| format!("{name}@example.org").parse().unwrap()),
            poster,
            signer_pins,
            duplicate,
        })
}

/// A list with each setting at one of its values, as far as they go together.
fn list() -> impl Strategy<Value = ListSettings> {
    let choices: Vec<_> = settings()
        .iter()
        .filter(|declared| !matches!(declared.kind, SettingKind::Line | SettingKind::Text))
        .map(|declared| (Just(declared.name), select(declared.accepted)))
        .collect();
    choices.prop_map(|changes| {
        let mut list = ListSettings::default();
        for (name, value) in changes {
            // What does not go together with an earlier one is left as it is.
            let _ = list.set(name, value);
        }
        list
    })
}

/// The findings that an action setting decides on.
fn adjustable() -> impl Strategy<Value = (Finding, &'static str)> {
    let adjustable: Vec<_> = Finding::ALL
        .iter()
        .filter(|finding| !finding.bars_sending())
        .filter_map(|finding| Some((*finding, finding.setting().filter(|name| name.ends_with("_action"))?)))
        .collect();
    select(adjustable)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_strictest_decides(list in list(), facts in facts()) {
        for judgement in [judge(&list, &facts), judge_approved(&list, &facts)] {
            let strictest = judgement.findings.iter().map(|(_, action)| *action).max();
            prop_assert_eq!(judgement.disposition, strictest.unwrap_or(Disposition::Accept));
            prop_assert_eq!(judgement.disposition == Disposition::Accept, judgement.reasons().count() == 0);
        }
    }

    #[test]
    fn all_findings_are_made_whatever_the_settings(list in list(), facts in facts()) {
        let judgement = judge(&list, &facts);
        for finding in findings(&facts) {
            prop_assert!(judgement.found(finding));
        }
        prop_assert!(judgement.findings.is_sorted_by_key(|(finding, _)| *finding));
        prop_assert!(judgement.findings.windows(2).all(|pair| pair[0].0 != pair[1].0));
    }

    #[test]
    fn accepting_one_finding_changes_nothing_for_a_message_that_has_another(
        list in list(), facts in facts(), (finding, setting) in adjustable(),
    ) {
        let with = |action: &str| {
            let mut list = list.clone();
            list.set(setting, action).unwrap();
            judge(&list, &facts)
        };
        let (strict, mild) = (with("reject"), with("accept"));
        let others = |judgement: &crate::Judgement| -> Vec<_> {
            judgement.findings.iter().copied().filter(|(found, _)| *found != finding).collect()
        };
        // Every other finding is there as before, with the action that it had.
        prop_assert_eq!(others(&strict), others(&mild));
        // They alone decide then, unless the person has an action of their own.
        let of_others = others(&strict).iter().map(|(_, action)| *action).max();
        let of_others = of_others.unwrap_or(Disposition::Accept);
        prop_assert!(mild.disposition >= of_others);
        if of_others >= Disposition::Reject {
            prop_assert_eq!(strict.disposition, mild.disposition.max(Disposition::Reject));
            prop_assert_eq!(mild.disposition, strict.disposition);
        }
        // And nothing else about the post is different.
        prop_assert_eq!((strict.outgoing, strict.verdict), (mild.outgoing, mild.verdict));
    }

    #[test]
    fn where_every_finding_rejects_accepting_one_saves_no_message_with_another(
        facts in facts(), (finding, setting) in adjustable(),
    ) {
        let mut list = ListSettings::default();
        for declared in settings().iter().filter(|declared| declared.kind == SettingKind::Action) {
            if declared.name != "default_member_action" {
                list.set(declared.name, "reject").unwrap();
            }
        }
        let mut facts = facts;
        if let Some(poster) = &mut facts.poster {
            poster.moderation = None;
        }
        let before = judge(&list, &facts);
        list.set(setting, "accept").unwrap();
        let after = judge(&list, &facts);
        if before.findings.iter().any(|(found, _)| *found != finding) {
            prop_assert_eq!(before.disposition, after.disposition);
        }
    }

    #[test]
    fn what_came_encrypted_goes_out_encrypted_or_not_at_all(list in list(), facts in facts()) {
        let hidden = facts.summary.confidentiality != Confidentiality::None;
        let encrypted = hidden || facts.summary.form.is_encrypted();
        for judgement in [judge(&list, &facts), judge_approved(&list, &facts)] {
            if encrypted && judgement.disposition <= Disposition::Hold {
                prop_assert_eq!(judgement.outgoing, Outgoing::Encrypted);
            }
        }
    }

    #[test]
    fn only_the_pinned_and_confirmed_key_of_the_from_authorises(facts in facts()) {
        let poster = facts.poster.clone().unwrap_or_default();
        let by_author = facts.from.is_some() && poster.confirmed && facts.summary.signers.iter().any(|signer| {
            signer.verdict == SignerVerdict::Good
                && signer.fingerprint.is_some()
                && signer.fingerprint == poster.pinned
        });
        let judgement = judge(&ListSettings::default(), &facts);
        if judgement.disposition == Disposition::Accept {
            prop_assert!(by_author);
            prop_assert_eq!(facts.summary.confidentiality, Confidentiality::Encrypted);
        }
        if matches!(judgement.verdict, Verdict::Signed | Verdict::SignedNotEncrypted) {
            prop_assert!(by_author);
        }
    }

    #[test]
    fn one_more_bad_signature_never_makes_it_better(list in list(), facts in facts(), more in signer()) {
        prop_assume!(!facts.summary.signers.is_empty());
        let mut worse = facts.clone();
        worse.summary.signers.push(Signer { verdict: SignerVerdict::Bad, ..more });
        prop_assert!(judge(&list, &worse).disposition >= judge(&list, &facts).disposition);
        prop_assert_eq!(judge(&list, &worse).verdict, Verdict::BadSignature);
    }

    #[test]
    fn an_approval_turns_hold_into_accept_and_nothing_else(list in list(), facts in facts()) {
        let (first, approved) = (judge(&list, &facts), judge_approved(&list, &facts));
        prop_assert_eq!(first.findings.len(), approved.findings.len());
        for ((finding, before), (_, after)) in first.findings.iter().zip(&approved.findings) {
            let lifted = *before == Disposition::Hold && !finding.bars_sending();
            prop_assert_eq!(*after, if lifted { Disposition::Accept } else { *before });
        }
        prop_assert_eq!((first.outgoing, first.verdict), (approved.outgoing, approved.verdict));
    }

    #[test]
    fn the_result_is_short_lines_of_ascii(
        list in list(), facts in facts(), unsigned_fields in proptest::collection::vec(".*", 0..20),
        author_signature in proptest::option::of(select(SignatureFate::ALL)), approved: bool, anonymous: bool,
    ) {
        let judgement = judge(&list, &facts);
        let details = ResultDetails { unsigned_fields, author_signature, approved, anonymous };
        let text = result_text(&judgement, &facts, &details);
        prop_assert!(text.ends_with('\n'));
        prop_assert!(text.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet)));
        prop_assert!(text.lines().all(|line| !line.is_empty() && line.len() < 900));
        prop_assert!(!anonymous || !text.contains("example.org"));
        prop_assert!(VERDICT_TAGS.contains(&verdict_tag(&judgement)));
    }

    #[test]
    fn settings_go_to_the_store_and_back(list in list()) {
        prop_assert_eq!(ListSettings::from_stored(list.to_stored()), Ok(list.clone()));
        prop_assert!(plain_words(&list).iter().all(|sentence| sentence.ends_with('.')));
    }

    #[test]
    fn what_the_store_is_told_leads_to_what_is_kept(
        list in list(),
        name in select(settings()).prop_map(|declared| declared.name),
        value in "[a-z_]{0,12}",
    ) {
        let mut kept: std::collections::BTreeMap<String, String> = list.to_stored().into_iter().collect();
        let mut changed = list.clone();
        match changed.set(name, &value) {
            Err(_) => prop_assert_eq!(changed, list),
            Ok(changes) => {
                for (name, value) in changes {
                    match value {
                        Some(value) => kept.insert(name, value),
                        None => kept.remove(&name),
                    };
                }
                prop_assert_eq!(kept, changed.to_stored().into_iter().collect());
            }
        }
    }

    #[test]
    fn any_text_is_taken_or_refused_with_words(name in ".*", value in ".*") {
        let mut list = ListSettings::default();
        for name in settings().iter().map(|declared| declared.name).chain([name.as_str()]) {
            if let Err(error) = list.set(name, &value) {
                prop_assert!(!error.remedy.is_empty());
                prop_assert!(!error.to_string().chars().any(char::is_control));
            }
        }
        prop_assert_eq!(ListSettings::from_stored(list.to_stored()), Ok(list));
    }

    #[test]
    fn an_address_is_of_one_list_at_most(local in "[a-zA-Z0-9+_.-]{0,40}|.*") {
        let found = candidates(&local);
        prop_assert!(found.len() <= 1);
        for (list, address) in found {
            prop_assert_eq!(valid_list_local(&list), Ok(()));
            prop_assert_eq!(list_address(&local, &list), Some(address));
        }
    }

    #[test]
    fn the_addresses_of_a_list_are_its_own(
        local in "[a-z0-9]{1,8}(-[a-z]{1,8}){0,2}",
        suffix in select(vec!["owner", "key", "bounces", "confirm+a1"]),
    ) {
        if valid_list_local(&local).is_ok() {
            let found = candidates(&format!("{local}-{suffix}"));
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(&found[0].0, &local);
        }
    }
}
