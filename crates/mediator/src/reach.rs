// SPDX-License-Identifier: GPL-3.0-or-later
//! Who can be reached: for whom an encrypted copy can be made now, and whether some owner of a list is
//! among them.

use chancery_lists::{CopyFacts, NoCopy, PinFacts as KeyFacts, Role};
use chancery_mail::{Instant, KeyState};
use chancery_store::{ListId, PinFacts};

use crate::{OperationError, Site};

/// Whether an encrypted copy can be made for somebody at this moment.
pub(crate) fn usable_copy(enabled: bool, pin: Option<&PinFacts>, now: Instant) -> Result<(), NoCopy> {
    let pin = pin.map(|pin| KeyFacts {
        confirmed: pin.confirmed,
        encryption: stored_state(pin),
        expires: pin.key_expires,
    });
    chancery_lists::usable_copy(&CopyFacts { enabled, pin }, now)
}

/// The state of a pinned key at this moment.
pub(crate) fn state_now(pin: &PinFacts, now: Instant) -> KeyState {
    let ended = pin.key_expires.is_some_and(|expires| expires <= now);
    match stored_state(pin) {
        KeyState::Usable if ended => KeyState::Expired,
        state => state,
    }
}

/// A word that nobody knows counts as no key: it must not open anything.
fn stored_state(pin: &PinFacts) -> KeyState {
    KeyState::from_word(&pin.key_state).unwrap_or(KeyState::Missing)
}

/// What is said of a list whose owners cannot be reached.
pub(crate) const NO_OWNER: &str = "no owner has a confirmed, usable key: nobody can read held posts or mail to the \
                                   owners; add one with `chancery member add LIST ADDRESS --role owner --key FILE \
                                   --confirmed`";

/// Whether somebody could be told about what happens on the list.
pub(crate) async fn has_reachable_owner(
    site: &Site,
    list: ListId,
    now: Instant,
) -> Result<bool, OperationError> {
    let owners = site.database.subscriptions(list, Some(Role::Owner.as_str()), None, MOST_OWNERS).await?;
    Ok(owners.iter().any(|owner| usable_copy(true, owner.key.as_ref(), now).is_ok()))
}

/// How many owners of a list are looked at.
pub(crate) const MOST_OWNERS: u32 = 1000;
