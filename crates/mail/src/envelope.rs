// SPDX-License-Identifier: GPL-3.0-or-later
//! The SMTP envelope (RFC 5321, section 2.3.1).

use crate::Address;

/// Who hands a message in and for whom; nothing of it is part of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The address for reports; `None` is the null reverse path `<>` of reports themselves.
    pub reverse_path: Option<Address>,
    /// The recipients of this transaction, in the order in which they were named.
    pub forward_paths: Vec<Address>,
}
