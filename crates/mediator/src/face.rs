// SPDX-License-Identifier: GPL-3.0-or-later
//! How a list presents itself in header fields.

use chancery_crypto::{KeyHolder as _, Keyring};
use chancery_lists::ListSettings;
use chancery_mail::{Address, ListFace};
use chancery_store::ListRow;

/// The face of a list whose copies this key signs.
pub(crate) fn list_face(list: &ListRow, settings: &ListSettings, signing: &Keyring) -> ListFace {
    let name = if settings.display_name.is_empty() { list.address.local() } else { &settings.display_name };
    ListFace {
        address: list.address.clone(),
        display_name: name.to_owned(),
        list_id: list_id(&list.address),
        autocrypt: Some(signing.certificate().minimal(&list.address)),
        posting_allowed: true,
    }
}

/// The identifier in `List-Id` (RFC 2919, section 2).
pub(crate) fn list_id(address: &Address) -> String {
    format!("{}.{}", address.local(), address.domain())
}
