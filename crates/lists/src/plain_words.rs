// SPDX-License-Identifier: GPL-3.0-or-later
//! What a poster may do and what happens then, in sentences.

use crate::settings::{AuthorSignatureHandling, HeaderProtectionLevel, Protection, RecipientKeyIdMode};
use crate::{Disposition, Finding, ListSettings};

/// What a list does with posts, in sentences for people who know nothing of cryptography. A list
/// that cannot work as it is set says so first.
pub fn plain_words(settings: &ListSettings) -> Vec<String> {
    warnings(settings)
        .into_iter()
        .chain(who_may_post(settings))
        .chain(how_a_post_must_come(settings))
        .chain(what_stops_a_post(settings))
        .chain(how_copies_leave(settings))
        .collect()
}

fn warnings(list: &ListSettings) -> Vec<String> {
    let mut said = Vec::new();
    if list.emergency {
        said.push("The list is stopped: every post waits for an owner or moderator.".to_owned());
    }
    if list.encrypt_outgoing == Protection::Never && list.nonencrypted_msg_action >= Disposition::Reject {
        said.push(
            "As it is set, nothing can be posted: posts must come encrypted, but leave in clear, which is \
             never done with them. Set encrypt_policy to mandatory, voluntary or none."
                .to_owned(),
        );
    }
    if list.unsigned_msg_action == Disposition::Accept {
        said.push(
            "Posts need no signature here: anybody can write in the name of a member, and readers are told \
             so."
            .to_owned(),
        );
    } else if !impersonable(list).is_empty() {
        said.push(format!(
            "Take care: {} goes out, so that somebody can write in the name of a member.",
            either(&impersonable(list))
        ));
    }
    said
}

/// The accepted findings with which a signature proves no author.
fn impersonable(list: &ListSettings) -> Vec<&'static str> {
    [
        (list.invalid_sig_action, "a post with a signature that does not fit"),
        (list.unknown_key_action, "a post signed with an unknown key"),
        (list.wrong_signer_action, "a post signed by somebody else than it is from"),
        (list.revoked_sig_action, "a post signed with a revoked key"),
        (list.weak_algorithm_action, "a post with a weak signature"),
    ]
    .into_iter()
    .filter(|(action, _)| *action == Disposition::Accept)
    .map(|(_, what)| what)
    .collect()
}

fn who_may_post(list: &ListSettings) -> Vec<String> {
    let (members, others) = (list.default_member_action, list.default_nonmember_action);
    vec![
        match members {
            Disposition::Accept => "Members, owners and moderators may post.".to_owned(),
            other => format!("Each post of a member, owner or moderator {}.", fate(other)),
        },
        match others {
            Disposition::Accept => "Everybody else may post, too.".to_owned(),
            other => format!("A post from anybody else {}.", fate(other)),
        },
    ]
}

fn how_a_post_must_come(list: &ListSettings) -> Vec<String> {
    vec![
        match list.nonencrypted_msg_action {
            Disposition::Accept => "A post may come encrypted to the list's key, and need not.".to_owned(),
            other => format!("A post must be encrypted to the list's key; one that is not {}.", fate(other)),
        },
        match list.unsigned_msg_action {
            Disposition::Accept => "A post may be signed by its author, and need not.".to_owned(),
            other => format!(
                "A post must be signed with the key that the list knows as its author's; one that is not \
                 signed {}.",
                fate(other)
            ),
        },
    ]
}

/// Further findings, gathered by what is done about them, so that a usual list needs few sentences.
fn what_stops_a_post(list: &ListSettings) -> Vec<String> {
    let others = [
        (list.unknown_key_action, "is signed with a key that the list does not know"),
        (list.wrong_signer_action, "is signed by somebody else than it is from"),
        (list.invalid_sig_action, "has a signature that does not fit"),
        (list.duplicate_sig_action, "was sent before"),
        (list.expired_sig_action, "has a signature or key past its date"),
        (list.revoked_sig_action, "is signed with a revoked key"),
        (list.weak_algorithm_action, "has a signature too weak for today"),
        (list.inline_pgp_action, "comes in the old inline form"),
        (list.undecryptable_action, "cannot be opened"),
        (list.partly_protected_action, "is protected only in part"),
    ];
    let mut said: Vec<String> = Disposition::ALL
        .iter()
        .filter_map(|action| {
            let these: Vec<_> = others.iter().filter(|(of, _)| of == action).map(|(_, what)| *what).collect();
            (!these.is_empty()).then(|| format!("A post that {} {}.", either(&these), also(*action)))
        })
        .collect();
    said.push(
        "A post that does not say plainly who it is from, or is signed with a key that nobody has \
         confirmed yet, is refused whatever the settings say."
            .to_owned(),
    );
    said.push("Where several of these apply, the strictest decides.".to_owned());
    if !list.collect_sig_hashes {
        said.push(
            "Signatures are not remembered: who has an old post can send it again unnoticed.".to_owned(),
        );
    }
    said
}

fn how_copies_leave(list: &ListSettings) -> Vec<String> {
    let mut said = vec![
        match list.encrypt_outgoing {
            Protection::Always => {
                "Each member gets a copy of their own, encrypted to their key and signed by the list; who \
                 has no usable, confirmed key gets none."
            }
            Protection::AsReceived => {
                "What came encrypted leaves encrypted to each member's key and signed by the list (who has \
                 no usable, confirmed key gets none of it); what came in clear leaves in clear."
            }
            Protection::Never => "Copies leave in clear: whoever carries them can read them.",
        }
        .to_owned(),
    ];
    if list.encrypt_outgoing == Protection::Never && list.nonencrypted_msg_action < Disposition::Reject {
        said.push(format!("A post that came encrypted is refused: it {}.", Finding::WouldLeak.plain_words()));
    }
    if list.encrypt_outgoing != Protection::Always {
        said.push(
            match list.sign_outgoing {
                Protection::Always => "Copies in clear are signed by the list.",
                Protection::AsReceived => "Copies in clear are signed by the list if the post came signed.",
                Protection::Never => "The list does not sign what it sends.",
            }
            .to_owned(),
        );
    }
    said.push(
        match list.author_signature {
            AuthorSignatureHandling::Carry => "The author's own signature stays, where readers can check it.",
            AuthorSignatureHandling::Attach => "The author's own signature is attached as a file.",
            AuthorSignatureHandling::Strip => {
                "The author's own signature is taken off: readers have the list's word for who wrote it."
            }
        }
        .to_owned(),
    );
    if list.encrypt_outgoing != Protection::Never {
        said.extend(what_outsiders_see(list).map(str::to_owned));
    }
    if list.verdict_tag {
        said.push("The Subject says what is known of the author, as in '[signed]'.".to_owned());
    }
    said
}

fn what_outsiders_see(list: &ListSettings) -> impl Iterator<Item = &'static str> {
    let subject = match list.header_protection {
        HeaderProtectionLevel::Subject => "Outside an encrypted copy the Subject reads '[...]'.",
        HeaderProtectionLevel::Clear => {
            "The Subject of an encrypted copy can be read by whoever carries it, unless it came hidden."
        }
    };
    let name = list.author_name_outside.then_some("The author's name stands outside, too.");
    let key = (list.recipient_key_id == RecipientKeyIdMode::Shown)
        .then_some("A copy names the key that it is encrypted to.");
    [Some(subject), name, key].into_iter().flatten()
}

/// What becomes of a post: goes on from "a post ...".
const fn fate(action: Disposition) -> &'static str {
    match action {
        Disposition::Accept => "goes out",
        Disposition::Hold => "waits for an owner or moderator",
        Disposition::Reject => "is refused",
        Disposition::Discard => "is dropped without a word",
    }
}

const fn also(action: Disposition) -> &'static str {
    match action {
        Disposition::Accept => "is not stopped by that",
        other => fate(other),
    }
}

/// `a, b or c`.
fn either(items: &[&str]) -> String {
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(changes: &[(&str, &str)]) -> Vec<String> {
        let mut settings = ListSettings::default();
        settings.set_all(changes.iter().copied()).unwrap();
        plain_words(&settings)
    }

    #[test]
    fn a_new_list_is_described_in_plain_words() {
        assert_eq!(
            words_of(&[]),
            [
                "Members, owners and moderators may post.",
                "A post from anybody else waits for an owner or moderator.",
                "A post must be encrypted to the list's key; one that is not is refused.",
                "A post must be signed with the key that the list knows as its author's; one that is not \
                 signed is refused.",
                "A post that has a signature or key past its date waits for an owner or moderator.",
                "A post that is signed with a key that the list does not know, is signed by somebody else \
                 than it is from, has a signature that does not fit, was sent before, is signed with a \
                 revoked key, has a signature too weak for today, comes in the old inline form, cannot be \
                 opened or is protected only in part is refused.",
                "A post that does not say plainly who it is from, or is signed with a key that nobody has \
                 confirmed yet, is refused whatever the settings say.",
                "Where several of these apply, the strictest decides.",
                "Each member gets a copy of their own, encrypted to their key and signed by the list; who \
                 has no usable, confirmed key gets none.",
                "The author's own signature stays, where readers can check it.",
                "Outside an encrypted copy the Subject reads '[...]'.",
                "The Subject says what is known of the author, as in '[signed]'.",
            ]
        );
    }

    #[test]
    fn a_list_that_cannot_work_says_so_first() {
        let said = words_of(&[("encrypt_outgoing", "never")]);
        assert!(said[0].starts_with("As it is set, nothing can be posted"), "{said:?}");
    }

    #[test]
    fn a_list_where_anybody_can_be_imitated_says_so_first() {
        assert!(words_of(&[("sign_policy", "voluntary")])[0].contains("in the name of a member"));
        let said = words_of(&[("wrong_signer_action", "accept")]);
        assert_eq!(
            said[0],
            "Take care: a post signed by somebody else than it is from goes out, so that somebody can \
             write in the name of a member."
        );
    }

    #[test]
    fn every_setting_that_changes_something_changes_the_words() {
        for (name, value) in [
            ("encrypt_policy", "voluntary"),
            ("encrypt_policy", "none"),
            ("sign_policy", "voluntary"),
            ("unsigned_msg_action", "hold"),
            ("inline_pgp_action", "accept"),
            ("expired_sig_action", "reject"),
            ("revoked_sig_action", "hold"),
            ("invalid_sig_action", "discard"),
            ("duplicate_sig_action", "hold"),
            ("nonencrypted_msg_action", "discard"),
            ("unknown_key_action", "hold"),
            ("wrong_signer_action", "hold"),
            ("undecryptable_action", "discard"),
            ("weak_algorithm_action", "hold"),
            ("partly_protected_action", "hold"),
            ("default_member_action", "hold"),
            ("default_nonmember_action", "reject"),
            ("author_signature", "strip"),
            ("author_signature", "attach"),
            ("collect_sig_hashes", "false"),
            ("header_protection", "clear"),
            ("author_name_outside", "true"),
            ("verdict_tag", "false"),
            ("recipient_key_id", "shown"),
            ("emergency", "true"),
        ] {
            assert_ne!(words_of(&[(name, value)]), words_of(&[]), "{name}={value}");
        }
    }
}
