// SPDX-License-Identifier: GPL-3.0-or-later
//! Who asks for an operation, and whether they may.
//!
//! A door (mail, command line, later pages and REST) names an actor and an operation; it holds no
//! policy of its own. The answer is found here, in one place for all doors.

use chancery_lists::Role;
use chancery_mail::Address;
use chancery_store::ListId;

use crate::{OperationError, Site};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever runs the server: reached by having its files, not by any message.
    Operator,
    /// A person, proved by the door that names them.
    Person(Address),
}

/// What somebody wants to do to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Create and delete lists, read the whole queue.
    Site,
    /// Read and change settings, members, list keys.
    Administer,
    /// See and decide on held posts.
    Moderate,
}

impl Permission {
    fn granted_to(self) -> &'static [Role] {
        match self {
            Self::Site => &[],
            Self::Administer => &[Role::Owner],
            Self::Moderate => &[Role::Owner, Role::Moderator],
        }
    }
}

/// Whether the actor may do this to the list (`None`: to the site as a whole).
///
/// # Errors
/// [`OperationError::Forbidden`] when not; a failing database is told as such.
pub(crate) async fn authorize(
    site: &Site,
    actor: &Actor,
    permission: Permission,
    list: Option<ListId>,
) -> Result<(), OperationError> {
    let address = match actor {
        Actor::Operator => return Ok(()),
        Actor::Person(address) => address,
    };
    if let Some(list) = list {
        let rows = site.database.subscription(list, address).await?;
        let granted = permission.granted_to();
        if rows.iter().any(|row| granted.iter().any(|role| role.as_str() == row.role)) {
            return Ok(());
        }
    }
    Err(OperationError::Forbidden)
}
