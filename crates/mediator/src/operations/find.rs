// SPDX-License-Identifier: GPL-3.0-or-later
//! Names to rows, with an answer that helps when there is none.

use chancery_mail::Address;
use chancery_store::ListRow;

use crate::{OperationError, Site};

/// The list of this address.
pub(crate) async fn find_list(site: &Site, address: &Address) -> Result<ListRow, OperationError> {
    site.database.list_by_address(address).await?.ok_or_else(|| {
        OperationError::NotFound(format!(
            "there is no list {address}; `chancery list list` names those there are"
        ))
    })
}
