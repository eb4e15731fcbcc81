// SPDX-License-Identifier: GPL-3.0-or-later
//! A notice: the list's own words to one person. It quotes nobody.

use rand::RngCore;

use super::field::OutField;
use super::message_id::boundary;
use super::outer::ListFace;
use super::part::{Transport, attachment, multipart, text_part};
use crate::list_fields::list_fields;
use crate::{Address, Entity, Instant, Public};

/// What a notice says, and to whom.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Who is told.
    pub to: &'a Address,
    /// The subject.
    pub subject: &'a str,
    /// Our own words, in lines.
    pub text: &'a str,
    /// What goes with them: a public key, for one.
    pub attachments: &'a [Attachment<'a>],
    /// The message that is answered, with its angle brackets.
    pub in_reply_to: Option<&'a str>,
    /// When it is written.
    pub date: Instant,
    /// Its own id, with angle brackets.
    pub message_id: &'a str,
}

/// Something of ours that goes with a notice.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'a> {
    /// The media type, as `application/pgp-keys`.
    pub media_type: &'a str,
    /// The file name.
    pub file_name: &'a str,
    /// The content.
    pub octets: &'a [u8],
}

/// A whole message with our own words, marked so that no machine answers it (RFC 3834, section 5).
pub fn notice(list: &ListFace, notice: &Notice<'_>, rng: &mut dyn RngCore) -> Entity<Public> {
    let id = |id: Option<&str>| id.map(|id| vec![id.to_owned()]).unwrap_or_default();
    let mut fields = vec![
        OutField::mailbox("From", &list.display_name, &list.address),
        OutField::mailbox("To", "", notice.to),
        OutField::date("Date", None, notice.date),
    ];
    fields.extend(OutField::ids("Message-ID", &id(Some(notice.message_id))));
    fields.push(OutField::unstructured("Subject", notice.subject));
    fields.extend(OutField::ids("In-Reply-To", &id(notice.in_reply_to)));
    fields.extend(OutField::ids("References", &id(notice.in_reply_to)));
    fields.push(OutField::verbatim("Auto-Submitted", "auto-replied".to_owned()));
    fields.extend(list_fields(list));
    fields.extend(list.autocrypt.as_deref().map(|key| OutField::autocrypt(&list.address, key)));
    fields.push(OutField::verbatim("MIME-Version", "1.0".to_owned()));
    let mut head = Vec::new();
    for field in &fields {
        field.write(&mut head);
    }
    let words = text_part(notice.text, Transport::Open);
    if notice.attachments.is_empty() {
        head.extend_from_slice(&words);
        return Entity::new(head);
    }
    let boundary = boundary(rng);
    head.extend_from_slice(
        format!("Content-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\n").as_bytes(),
    );
    let attachments: Vec<_> =
        notice.attachments.iter().map(|a| attachment(a.media_type, a.file_name, a.octets)).collect();
    let attachments: Vec<[&[u8]; 1]> = attachments.iter().map(|part| [part.as_slice()]).collect();
    let words = [words.as_slice()];
    let parts: Vec<&[&[u8]]> =
        std::iter::once(words.as_slice()).chain(attachments.iter().map(<[&[u8]; 1]>::as_slice)).collect();
    Entity::new(multipart(&head, &boundary, &parts))
}

/// Our own words as a MIME part, for whoever has nothing but words to seal or to send.
pub fn plain_text(words: &str) -> Entity<Public> {
    Entity::from_zeroizing(text_part(words, Transport::Open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::fixture::{chance, friends, names, only};
    use crate::{letterhead, shape};

    fn of(subject: &str, attachments: &[Attachment<'_>]) -> Entity<Public> {
        let to = "alice@example.org".parse().unwrap();
        let words = Notice {
            to: &to,
            subject,
            text: "Here is the key.\nGrüße",
            attachments,
            in_reply_to: Some("<1@example.org>"),
            date: Instant::from_unix(1_700_000_000),
            message_id: "<2@lists.example.org>",
        };
        notice(&friends(), &words, &mut chance())
    }

    #[test]
    fn a_notice_is_marked_so_that_no_machine_answers_it() {
        let notice = of("The key of friends", &[]);
        assert_eq!(only(notice.octets(), "Auto-Submitted"), "auto-replied");
        assert_eq!(only(notice.octets(), "To"), "<alice@example.org>");
        assert_eq!(only(notice.octets(), "In-Reply-To"), "<1@example.org>");
        assert!(letterhead(&notice).automatic);
        assert!(notice.octets().is_ascii());
    }

    #[test]
    fn attachments_go_with_it() {
        let key = Attachment { media_type: "application/pgp-keys", file_name: "friends.asc", octets: b"key" };
        let notice = of("key", &[key, key]);
        assert!(only(notice.octets(), "Content-Type").starts_with("multipart/mixed"));
        let parsed = mail_parser::MessageParser::new().parse(notice.octets()).unwrap();
        assert_eq!(parsed.body_text(0).unwrap(), "Here is the key.\r\nGrüße\r\n");
        let names: Vec<_> = parsed
            .attachments()
            .map(|part| mail_parser::MimeHeaders::attachment_name(part).unwrap())
            .collect();
        assert_eq!(names, ["friends.asc", "friends.asc"]);
        assert_eq!(shape(&notice), crate::Shape::Clear);
    }

    #[test]
    fn a_subject_adds_no_field() {
        assert_eq!(names(of("a\r\nBcc: x\r\n\r\ny", &[]).octets()), names(of("a", &[]).octets()));
    }

    #[test]
    fn plain_words_are_a_part() {
        assert_eq!(names(plain_text("a").octets()), ["Content-Type", "Content-Transfer-Encoding"]);
    }
}
