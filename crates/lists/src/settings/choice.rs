// SPDX-License-Identifier: GPL-3.0-or-later
//! The choices that settings offer.

use crate::word::words;

words! {
    /// When what goes out is protected.
    pub enum Protection is "a choice" {
        /// Every copy.
        Always = "always" | "true" | "yes" | "on",
        /// The copies of a post that came so.
        AsReceived = "as_received",
        /// No copy.
        Never = "never" | "false" | "no" | "off",
    }
}

words! {
    /// What becomes of the author's own signature.
    pub enum AuthorSignatureHandling is "a choice" {
        /// It stays around the author's part, so that every reader can check it.
        Carry = "carry",
        /// It is attached as a file.
        Attach = "attach",
        /// It is taken off: only the list vouches for the author.
        Strip = "strip",
    }
}

words! {
    /// Which header fields are readable outside.
    pub enum HeaderProtectionLevel is "a choice" {
        /// The Subject is inside only; outside it reads `[...]`.
        Subject = "subject",
        /// The Subject is readable outside as well.
        Clear = "clear",
    }
}

words! {
    /// Whether a copy names the key that it is encrypted to.
    pub enum RecipientKeyIdMode is "a choice" {
        /// It does not: who looks on learns nothing, the reader's program tries its keys.
        Hidden = "hidden",
        /// It does: some programs need it.
        Shown = "shown",
    }
}
