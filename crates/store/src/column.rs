// SPDX-License-Identifier: GPL-3.0-or-later
//! Columns as the values that they mean.

use chancery_mail::{Address, Fingerprint, Instant};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::{StoreError, While as _};

const ACT: &str = "read a row";

/// Reads columns by name. What does not parse is damage, reported without its value.
pub(crate) trait Columns {
    fn integer(&self, name: &'static str) -> Result<i64, StoreError>;
    fn integer_or_none(&self, name: &'static str) -> Result<Option<i64>, StoreError>;
    fn text(&self, name: &'static str) -> Result<String, StoreError>;
    fn text_or_none(&self, name: &'static str) -> Result<Option<String>, StoreError>;
    fn octets(&self, name: &'static str) -> Result<Vec<u8>, StoreError>;
    fn octets_or_none(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError>;

    fn flag(&self, name: &'static str) -> Result<bool, StoreError> {
        Ok(self.integer(name)? != 0)
    }

    fn instant(&self, name: &'static str) -> Result<Instant, StoreError> {
        self.integer(name).map(Instant::from_unix)
    }

    fn instant_or_none(&self, name: &'static str) -> Result<Option<Instant>, StoreError> {
        Ok(self.integer_or_none(name)?.map(Instant::from_unix))
    }

    fn address(&self, name: &'static str) -> Result<Address, StoreError> {
        self.text(name)?.parse().map_err(|_| corrupt(name))
    }

    fn fingerprint(&self, name: &'static str) -> Result<Fingerprint, StoreError> {
        Fingerprint::from_octets(&self.octets(name)?).map_err(|_| corrupt(name))
    }

    fn count(&self, name: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.integer(name)?).map_err(|_| corrupt(name))
    }
}

impl Columns for AnyRow {
    fn integer(&self, name: &'static str) -> Result<i64, StoreError> {
        self.try_get(name).to(ACT)
    }

    fn integer_or_none(&self, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.try_get(name).to(ACT)
    }

    fn text(&self, name: &'static str) -> Result<String, StoreError> {
        self.try_get(name).to(ACT)
    }

    fn text_or_none(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.try_get(name).to(ACT)
    }

    fn octets(&self, name: &'static str) -> Result<Vec<u8>, StoreError> {
        self.try_get(name).to(ACT)
    }

    fn octets_or_none(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.try_get(name).to(ACT)
    }
}

/// A column whose value cannot have been written by us.
pub(crate) fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt { act: ACT, what: format!("column {column} has a value that it cannot have") }
}
