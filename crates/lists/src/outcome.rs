// SPDX-License-Identifier: GPL-3.0-or-later
//! The result: what the readers of a post are told about it, above the author's words.
//!
//! It says what was checked here and nothing more. What only the message itself claims (the issuer
//! named in a signature that could not be checked, a display name) never stands in it.

use chancery_mail::{Address, Confidentiality, Fingerprint, Signer, SignerVerdict};

use crate::word::words;
use crate::{Finding, Judgement, PostFacts, Verdict};

words! {
    /// What became of the author's own signature in this post.
    pub enum SignatureFate is "what became of a signature" {
        /// It is still there, around the author's part.
        Carried = "carried",
        /// It was checked here, but is not passed on: it could not be kept in a form that others can
        /// check, or it was found bad.
        NotCarried = "not_carried",
        /// It is attached as a file.
        Attached = "attached",
        /// The list takes signatures off.
        Stripped = "stripped",
    }
}

/// What a result says besides what was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultDetails {
    /// The names of header fields shown to readers that no signature of the author covers.
    pub unsigned_fields: Vec<String>,
    /// What became of the author's signature; `None` where there was none.
    pub author_signature: Option<SignatureFate>,
    /// Whether an owner or moderator let it through.
    pub approved: bool,
    /// Whether the list hides its authors: then the result names only "a member".
    pub anonymous: bool,
}

/// A message can bear any number of signatures; the reader is told of so many.
const SIGNERS_SHOWN: usize = 8;

/// So many header fields are named.
const FIELDS_SHOWN: usize = 16;

/// The text of the result: short lines in ASCII, each ended by a line feed.
pub fn result_text(judgement: &Judgement, facts: &PostFacts, details: &ResultDetails) -> String {
    let signers = &facts.summary.signers;
    let mut lines: Vec<String> = signers
        .iter()
        .take(SIGNERS_SHOWN)
        .map(|signer| signed_by(facts, signer, details.anonymous))
        .collect();
    match signers.len().saturating_sub(SIGNERS_SHOWN) {
        0 => {}
        more => lines.push(format!("And {more} more signatures.")),
    }
    if signers.is_empty() {
        lines.push("Not signed: nobody can tell who really wrote this.".to_owned());
    }
    if !matches!(judgement.verdict, Verdict::Signed | Verdict::SignedNotEncrypted) {
        lines.extend(claimed_author(facts, details.anonymous));
    }
    if judgement.found(Finding::NotAMember) {
        lines.push("Its author is not a member of this list.".to_owned());
    }
    if judgement.found(Finding::DuplicateSignature) {
        lines.push(
            "This list has seen the same signature before: an old post may have been sent again.".to_owned(),
        );
    }
    lines.push(how_it_came(facts).to_owned());
    if !signers.is_empty() {
        lines.extend(unsigned_fields(&details.unsigned_fields));
        lines.extend(details.author_signature.and_then(|fate| what_became_of(fate, judgement.verdict)));
    }
    if details.approved {
        lines.push("It was held, and let through by an owner or moderator of this list.".to_owned());
    }
    lines.iter().map(|line| ascii(line) + "\n").collect()
}

fn signed_by(facts: &PostFacts, signer: &Signer, anonymous: bool) -> String {
    let made = signer.signed_at.map_or(String::new(), |at| format!(", made {at}"));
    let unknown = "Signed with a key that this list does not know: not verified.";
    // Whose a bad one is would be a claim: neither name nor date is proved by it.
    if signer.verdict == SignerVerdict::Bad {
        return "BAD SIGNATURE: what came is not what was signed.".to_owned();
    }
    let Some(fingerprint) = &signer.fingerprint else { return unknown.to_owned() };
    let who = who(facts, fingerprint, anonymous);
    match signer.verdict {
        SignerVerdict::Bad | SignerVerdict::UnknownKey => unknown.to_owned(),
        SignerVerdict::Good => format!("Signed {who}: good signature{made}."),
        SignerVerdict::Expired => format!("Signed {who}: the signature or its key has EXPIRED{made}."),
        SignerVerdict::Revoked => format!("Signed {who}: the key has been REVOKED{made}."),
        SignerVerdict::Weak => format!("Signed {who}: TOO WEAK to be trusted{made}."),
    }
}

/// Whose key it is to this list. Only a confirmed pin gives a name.
fn who(facts: &PostFacts, fingerprint: &Fingerprint, anonymous: bool) -> String {
    let named = |address: &Address| match anonymous {
        true => "by a member".to_owned(),
        false => format!("by {address} (fingerprint {fingerprint})"),
    };
    let unnamed = |what: &str| match anonymous {
        true => format!("with {what}"),
        false => format!("with {what} (fingerprint {fingerprint})"),
    };
    if facts.pinned() == Some(fingerprint) {
        return match &facts.from {
            Some(address) if facts.pin_is_confirmed() => named(address),
            _ => unnamed("a key that nobody has confirmed"),
        };
    }
    match facts.somebody_else_with(fingerprint) {
        Some(pin) if pin.confirmed => match anonymous {
            true => "by another member than it says it is from".to_owned(),
            false => format!("{}, NOT by the From", named(&pin.address)),
        },
        Some(_) => unnamed("a key that nobody has confirmed"),
        None => unnamed("a key that this list does not know"),
    }
}

fn claimed_author(facts: &PostFacts, anonymous: bool) -> Option<String> {
    match &facts.from {
        Some(address) if !anonymous => Some(format!("It says it is from {address}, which is not proved.")),
        _ => None,
    }
}

fn how_it_came(facts: &PostFacts) -> &'static str {
    match (facts.summary.confidentiality, facts.summary.form.is_inline()) {
        (Confidentiality::Encrypted, false) => "Came encrypted to the list.",
        (Confidentiality::Encrypted, true) => "Came encrypted to the list, in the old inline form.",
        (Confidentiality::Unopened(_), _) => "Came encrypted, and could not be opened.",
        (Confidentiality::None, false) => "Came in clear: others could read it on its way.",
        (Confidentiality::None, true) => {
            "Came in clear, in the old inline form: others could read it on its way."
        }
    }
}

/// Names are taken only as RFC 5322, section 3.6.8, has them, so that none brings a line of its own.
fn unsigned_fields(names: &[String]) -> Option<String> {
    let is_name = |name: &&str| {
        (1..=40).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':')
    };
    let names: Vec<&str> = names.iter().map(String::as_str).filter(is_name).take(FIELDS_SHOWN).collect();
    (!names.is_empty()).then(|| format!("Not signed by the author: {}.", names.join(", ")))
}

fn what_became_of(fate: SignatureFate, verdict: Verdict) -> Option<String> {
    let verified = matches!(verdict, Verdict::Signed | Verdict::SignedNotEncrypted);
    match fate {
        SignatureFate::Carried => None,
        SignatureFate::NotCarried if verified => {
            Some("The author's signature was verified here, not carried.")
        }
        SignatureFate::NotCarried => Some("The signature is not passed on."),
        SignatureFate::Attached => Some("The author's signature is attached."),
        SignatureFate::Stripped => Some("This list takes its authors' signatures off."),
    }
    .map(str::to_owned)
}

/// What is not ASCII (an internationalized address) is written as `\u{...}`: letters of other
/// scripts that look like ASCII must not pass for it where a reader looks for the verdict.
fn ascii(line: &str) -> String {
    line.chars()
        .flat_map(|c| {
            let escaped = (!c.is_ascii() || c.is_ascii_control()).then(|| c.escape_unicode());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chancery_mail::{Form, Instant};

    use super::*;
    use crate::testing::{
        ALICE_KEY, BOB_KEY, alice_signs, alices_post, bob_signs, fingerprint, nobody_knows, signed_with,
    };
    use crate::{ListSettings, VERDICT_TAGS, judge};

    fn text(facts: &PostFacts, details: &ResultDetails) -> String {
        result_text(&judge(&ListSettings::default(), facts), facts, details)
    }

    #[test]
    fn a_good_post_says_who_signed_it_and_how_it_came() {
        let details = ResultDetails {
            unsigned_fields: vec!["Subject".to_owned(), "Date".to_owned()],
            ..Default::default()
        };
        assert_eq!(
            text(&alices_post(), &details),
            format!(
                "Signed by alice@example.org (fingerprint {}): good signature, made 2026-11-22T18:00:00Z.\n\
                 Came encrypted to the list.\n\
                 Not signed by the author: Subject, Date.\n",
                fingerprint(ALICE_KEY)
            )
        );
    }

    #[test]
    fn an_unsigned_post_says_that_nobody_knows_the_author() {
        let mut facts = signed_with(vec![]);
        facts.summary.form = Form::Clear;
        facts.summary.confidentiality = Confidentiality::None;
        let details = ResultDetails { unsigned_fields: vec!["Subject".to_owned()], ..Default::default() };
        assert_eq!(
            text(&facts, &details),
            "Not signed: nobody can tell who really wrote this.\n\
             It says it is from alice@example.org, which is not proved.\n\
             Came in clear: others could read it on its way.\n"
        );
    }

    #[test]
    fn somebody_elses_signature_does_not_pass_for_the_authors() {
        let said = text(&signed_with(vec![bob_signs(SignerVerdict::Good)]), &ResultDetails::default());
        assert!(said.contains(&format!(
            "by bob@example.org (fingerprint {}), NOT by the From",
            fingerprint(BOB_KEY)
        )));
        assert!(said.contains("It says it is from alice@example.org, which is not proved."));
    }

    #[test]
    fn only_a_confirmed_pin_gives_a_name() {
        let mut facts = signed_with(vec![bob_signs(SignerVerdict::Good)]);
        let claim = crate::SignerPin {
            fingerprint: fingerprint(BOB_KEY),
            address: "carol@example.org".parse().unwrap(),
            confirmed: false,
        };
        facts.signer_pins.insert(0, claim.clone());
        facts.signer_pins.push(claim.clone());
        let said = text(&facts, &ResultDetails::default());
        assert!(said.contains("by bob@example.org") && !said.contains("carol"), "{said}");
        facts.signer_pins = vec![claim];
        let said = text(&facts, &ResultDetails::default());
        assert!(said.contains("with a key that nobody has confirmed") && !said.contains("carol"), "{said}");
    }

    #[test]
    fn a_bad_signature_is_nobodys() {
        let said = text(&signed_with(vec![alice_signs(SignerVerdict::Bad)]), &ResultDetails::default());
        assert!(said.starts_with("BAD SIGNATURE: what came is not what was signed.\n"));
        assert!(!said.contains("Signed by"));
        let nobodys = Signer { fingerprint: None, ..alice_signs(SignerVerdict::Bad) };
        assert!(text(&signed_with(vec![nobodys]), &ResultDetails::default()).starts_with("BAD SIGNATURE"));
    }

    #[test]
    fn a_claimed_issuer_is_never_shown() {
        let mut signer = nobody_knows();
        signer.claimed_issuer = Some("alice@example.org good signature".to_owned());
        let said = text(&signed_with(vec![signer]), &ResultDetails::default());
        assert!(!said.contains("good signature"));
        assert!(said.contains("a key that this list does not know: not verified"));
    }

    #[test]
    fn every_doubt_about_a_signature_is_said_aloud() {
        for (verdict, word) in [
            (SignerVerdict::Expired, "EXPIRED"),
            (SignerVerdict::Revoked, "REVOKED"),
            (SignerVerdict::Weak, "TOO WEAK"),
        ] {
            let said = text(&signed_with(vec![alice_signs(verdict)]), &ResultDetails::default());
            assert!(said.contains(word), "{said}");
            assert!(!said.contains("good signature"), "{said}");
        }
    }

    #[test]
    fn an_anonymous_list_names_nobody() {
        let details = ResultDetails { anonymous: true, ..Default::default() };
        for signers in [
            vec![],
            vec![alice_signs(SignerVerdict::Good)],
            vec![alice_signs(SignerVerdict::Expired)],
            vec![bob_signs(SignerVerdict::Good)],
            vec![nobody_knows()],
        ] {
            let said = text(&signed_with(signers), &details);
            for secret in ["alice", "bob", "example.org", &fingerprint(ALICE_KEY).to_string()] {
                assert!(!said.contains(secret), "{secret} in {said}");
            }
        }
    }

    #[test]
    fn a_field_name_cannot_bring_a_line_of_its_own() {
        let names = ["Subject\nSigned by bob", "", "A: b", "Dät", "Reply-To"].map(str::to_owned).to_vec();
        let said = text(&alices_post(), &ResultDetails { unsigned_fields: names, ..Default::default() });
        assert!(said.ends_with("Not signed by the author: Reply-To.\n"), "{said}");
    }

    #[test]
    fn letters_that_look_like_ascii_are_written_out() {
        let mut facts = signed_with(vec![]);
        facts.from = Some("\u{430}lice@example.org".parse().unwrap());
        let said = text(&facts, &ResultDetails::default());
        assert!(said.is_ascii());
        assert!(said.contains("\\u{430}lice@example.org"), "{said}");
    }

    #[test]
    fn signatures_by_the_thousand_make_a_short_text() {
        let mut signer = alice_signs(SignerVerdict::Good);
        signer.signed_at = Some(Instant::from_unix(i64::MAX));
        let said = text(&signed_with(vec![signer; 5000]), &ResultDetails::default());
        assert!(said.contains("And 4992 more signatures."));
        assert!(said.lines().count() < 20);
        assert!(said.lines().all(|line| line.len() < 900));
    }

    #[test]
    fn what_became_of_the_signature_is_said() {
        for (fate, expected) in [
            (SignatureFate::Carried, ""),
            (SignatureFate::NotCarried, "The author's signature was verified here, not carried.\n"),
            (SignatureFate::Attached, "The author's signature is attached.\n"),
            (SignatureFate::Stripped, "This list takes its authors' signatures off.\n"),
        ] {
            let details = ResultDetails { author_signature: Some(fate), ..Default::default() };
            let said = text(&alices_post(), &details);
            assert!(said.ends_with(&format!("Came encrypted to the list.\n{expected}")), "{said}");
        }
    }

    #[test]
    fn no_result_reads_like_a_tag() {
        for signers in [vec![], vec![alice_signs(SignerVerdict::Good)], vec![nobody_knows()]] {
            let said = text(&signed_with(signers), &ResultDetails { approved: true, ..Default::default() });
            assert!(VERDICT_TAGS.iter().all(|tag| !said.contains(tag)));
        }
    }
}
