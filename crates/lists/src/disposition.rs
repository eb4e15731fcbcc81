// SPDX-License-Identifier: GPL-3.0-or-later
//! What becomes of a post.

use crate::word::words;

words! {
    /// What becomes of a post, from mild to strict: of several, the greatest decides.
    ///
    /// `defer`, which mailman-pgp has besides, is read as `accept`: both mean that this finding does
    /// not stop the post, and nothing more. Neither ever skips another check.
    pub enum Disposition is "an action" {
        /// Nothing stands against it: it goes out.
        Accept = "accept" | "defer",
        /// It waits for an owner or moderator.
        Hold = "hold",
        /// It is refused, and the sender may be told.
        Reject = "reject",
        /// It is dropped, and nobody but the owner's log is told.
        Discard = "discard",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_is_the_greatest() {
        assert!(Disposition::Discard > Disposition::Reject);
        assert!(Disposition::Reject > Disposition::Hold);
        assert!(Disposition::Hold > Disposition::Accept);
    }

    #[test]
    fn defer_is_read_as_accept_and_never_written() {
        assert_eq!("defer".parse(), Ok(Disposition::Accept));
        assert_eq!(Disposition::WORDS, ["accept", "hold", "reject", "discard"]);
    }

    #[test]
    fn every_word_is_read_back() {
        for disposition in Disposition::ALL {
            assert_eq!(disposition.as_str().parse(), Ok(*disposition));
            assert_eq!(format!(" {} ", disposition.as_str().to_uppercase()).parse(), Ok(*disposition));
        }
    }

    #[test]
    fn a_wrong_word_is_answered_with_the_right_ones() {
        let error = "rejct\n".parse::<Disposition>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "'rejct?' is not an action: accept, hold, reject, discard (did you mean 'reject'?)"
        );
    }

    #[test]
    fn serde_writes_and_reads_the_same_word() {
        use serde::Deserialize;
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, StrDeserializer};

        let read = |word: &'static str| {
            let text: StrDeserializer<'_, Error> = word.into_deserializer();
            Disposition::deserialize(text)
        };
        assert_eq!(read("discard"), Ok(Disposition::Discard));
        assert!(
            read("banana").is_err_and(|error| error.to_string().contains("accept, hold, reject, discard"))
        );
    }
}
