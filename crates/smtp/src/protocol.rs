// SPDX-License-Identifier: GPL-3.0-or-later
//! The two protocols that a listener can speak.

/// What a listener speaks. The two differ in the greeting (`LHLO`) and in who is answered after
/// the message: LMTP answers for each recipient, SMTP once for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 2033: from the mail server on the same machine or network. The right one for lists.
    Lmtp,
    /// RFC 5321.
    Smtp,
}
