// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a subscriber can get an encrypted copy now, and if not, why.

use chancery_mail::{Instant, KeyState};

use crate::word::words;

/// What is known of one subscription when a copy is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyFacts {
    /// Whether delivery to it is switched on.
    pub enabled: bool,
    /// The key that is pinned to it.
    pub pin: Option<PinFacts>,
}

/// What is known of a pinned key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinFacts {
    /// Whether it was confirmed that the key is this subscriber's.
    pub confirmed: bool,
    /// Whether mail could be encrypted to it when that was last computed.
    pub encryption: KeyState,
    /// When it ends (or its encryption subkey does, if earlier); `None` when it never does.
    pub expires: Option<Instant>,
}

words! {
    /// Why a subscriber gets no copy.
    pub enum NoCopy is "a reason for no copy" {
        /// Delivery is switched off.
        Disabled = "disabled",
        /// There is no key.
        Missing = "missing",
        /// Nobody has confirmed that the key is theirs.
        Unconfirmed = "unconfirmed",
        /// The key has expired.
        Expired = "expired",
        /// The key has been revoked.
        Revoked = "revoked",
        /// The key, or its algorithm, is not trusted any more.
        Weak = "weak",
        /// The key can sign, but nothing can be encrypted to it.
        Incapable = "incapable",
    }
}

impl NoCopy {
    /// What it means and what helps, for an owner: goes on from the member's address.
    pub const fn plain_words(self) -> &'static str {
        match self {
            Self::Disabled => "gets no posts: delivery is switched off",
            Self::Missing => "gets no posts: the list has no key of theirs",
            Self::Unconfirmed => "gets no posts: nobody has confirmed yet that the key is theirs",
            Self::Expired => "gets no posts: their key has expired, and they should send it anew, extended",
            Self::Revoked => "gets no posts: their key has been revoked, and they should send their new one",
            Self::Weak => {
                "gets no posts: their key is too weak to be trusted today, and they should make a new one"
            }
            Self::Incapable => {
                "gets no posts: their key can only sign; they should add a part for encryption"
            }
        }
    }
}

/// Whether an encrypted copy can be made for a subscriber now.
///
/// # Errors
/// The reason, when it cannot; the first in the order of what an owner would mend first.
pub fn usable_copy(facts: &CopyFacts, now: Instant) -> Result<(), NoCopy> {
    if !facts.enabled {
        return Err(NoCopy::Disabled);
    }
    let pin = facts.pin.ok_or(NoCopy::Missing)?;
    match pin.encryption {
        KeyState::Missing => return Err(NoCopy::Missing),
        _ if !pin.confirmed => return Err(NoCopy::Unconfirmed),
        KeyState::Usable => {}
        KeyState::Expired => return Err(NoCopy::Expired),
        KeyState::Revoked => return Err(NoCopy::Revoked),
        KeyState::Weak => return Err(NoCopy::Weak),
        KeyState::Incapable => return Err(NoCopy::Incapable),
    }
    // The stored state may be older than the end of the key.
    match pin.expires {
        Some(end) if end <= now => Err(NoCopy::Expired),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_unix(1000);

    #[test]
    fn a_copy_needs_a_confirmed_and_usable_key() {
        let pin = |confirmed, encryption, expires: Option<i64>| {
            Some(PinFacts { confirmed, encryption, expires: expires.map(Instant::from_unix) })
        };
        let table = [
            (true, pin(true, KeyState::Usable, None), Ok(())),
            (true, pin(true, KeyState::Usable, Some(1001)), Ok(())),
            (true, pin(true, KeyState::Usable, Some(1000)), Err(NoCopy::Expired)),
            (true, pin(true, KeyState::Usable, Some(0)), Err(NoCopy::Expired)),
            (false, pin(true, KeyState::Usable, None), Err(NoCopy::Disabled)),
            (true, None, Err(NoCopy::Missing)),
            (true, pin(true, KeyState::Missing, None), Err(NoCopy::Missing)),
            (true, pin(false, KeyState::Missing, None), Err(NoCopy::Missing)),
            (true, pin(false, KeyState::Usable, None), Err(NoCopy::Unconfirmed)),
            (true, pin(false, KeyState::Revoked, None), Err(NoCopy::Unconfirmed)),
            (true, pin(true, KeyState::Expired, None), Err(NoCopy::Expired)),
            (true, pin(true, KeyState::Revoked, Some(0)), Err(NoCopy::Revoked)),
            (true, pin(true, KeyState::Weak, None), Err(NoCopy::Weak)),
            (true, pin(true, KeyState::Incapable, None), Err(NoCopy::Incapable)),
        ];
        for (enabled, pin, expected) in table {
            assert_eq!(usable_copy(&CopyFacts { enabled, pin }, NOW), expected, "{enabled} {pin:?}");
        }
    }
}
