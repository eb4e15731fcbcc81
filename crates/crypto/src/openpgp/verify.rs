// SPDX-License-Identifier: GPL-3.0-or-later
//! Verifies.
use chancery_mail::Fingerprint;
/// Whom a signature names as its maker: a hint to find certificates by, which proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerHint {
    /// The id of the key (primary or subkey) that made it.
    pub key_id: [u8; 8],
    /// That key's fingerprint, if the signature says it.
    pub fingerprint: Option<Fingerprint>,
}
