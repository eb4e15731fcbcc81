// SPDX-License-Identifier: GPL-3.0-or-later
//! What leaves: sealed once, kept until the last of its copies is delivered or given up.

use chancery_mail::Instant;
use sqlx::any::AnyRow;

use crate::column::{Columns as _, corrupt};
use crate::error::StoreError;
use crate::id::{DepartureId, ListId};
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// What kind of mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DepartureKind {
    /// A post to the members.
    Post,
    /// Words of our own to one person.
    Notice,
    /// Mail to the owners.
    OwnerMail,
}

impl DepartureKind {
    /// The word in SQL, JSON and help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Notice => "notice",
            Self::OwnerMail => "owner_mail",
        }
    }

    pub(crate) fn from_column(row: &AnyRow) -> Result<Self, StoreError> {
        match row.text("kind")?.as_str() {
            "post" => Ok(Self::Post),
            "notice" => Ok(Self::Notice),
            "owner_mail" => Ok(Self::OwnerMail),
            _ => Err(corrupt("kind")),
        }
    }
}

/// Something that is to leave.
#[derive(Clone)]
pub struct NewDeparture {
    /// From which list.
    pub list: ListId,
    /// What kind of mail.
    pub kind: DepartureKind,
    /// The bodies by format, each sealed to the list's storage key.
    pub bodies: Vec<(String, Vec<u8>)>,
    /// The outer header and what else delivery must know, sealed to the list's storage key.
    pub sealed_header: Vec<u8>,
    /// When.
    pub created: Instant,
}

/// Something that leaves, without its bodies.
#[derive(Clone, PartialEq, Eq)]
pub struct DepartureRow {
    /// Its id.
    pub id: DepartureId,
    /// From which list.
    pub list: ListId,
    /// What kind of mail.
    pub kind: DepartureKind,
    /// As in [`NewDeparture`].
    pub sealed_header: Vec<u8>,
    /// The formats that there are bodies of.
    pub formats: Vec<String>,
    /// When it was made.
    pub created: Instant,
}

debug_shows! {
    NewDeparture { list, kind, created }
    DepartureRow { id, list, kind, formats, created }
}

impl Transaction {
    /// Keeps something that is to leave. Its deliveries belong in the same transaction; whoever
    /// finds no recipient ends with [`sweep_departure`](Transaction::sweep_departure).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list.
    pub async fn add_departure(&mut self, new: &NewDeparture) -> Result<DepartureId, StoreError> {
        const ACT: &str = "keep what is to leave";
        let departure = self
            .one(
                ACT,
                // It queues behind those whose turn was, before those whose turn will be again.
                sql("INSERT INTO departures (list, kind, sealed_header, created, turn)
                     VALUES ($1, $2, $3, $4, 0) RETURNING id")
                .bind(new.list.0)
                .bind(new.kind.as_str())
                .bind(new.sealed_header.as_slice())
                .bind(new.created.unix()),
            )
            .await?
            .integer("id")?;
        for (format, sealed) in &new.bodies {
            self.run(
                ACT,
                sql("INSERT INTO departure_bodies (departure, format, sealed) VALUES ($1, $2, $3)")
                    .bind(departure)
                    .bind(format.as_str())
                    .bind(sealed.as_slice()),
            )
            .await?;
        }
        Ok(DepartureId(departure))
    }

    /// What leaves, without its bodies.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn departure(&mut self, id: DepartureId) -> Result<Option<DepartureRow>, StoreError> {
        const ACT: &str = "read what is to leave";
        let row = self
            .optional(
                ACT,
                sql("SELECT id, list, kind, sealed_header, created FROM departures WHERE id = $1").bind(id.0),
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let formats = self
            .all(
                ACT,
                sql("SELECT format FROM departure_bodies WHERE departure = $1 ORDER BY format").bind(id.0),
            )
            .await?;
        Ok(Some(DepartureRow {
            id,
            list: ListId(row.integer("list")?),
            kind: DepartureKind::from_column(&row)?,
            sealed_header: row.octets("sealed_header")?,
            formats: formats.iter().map(|row| row.text("format")).collect::<Result<_, _>>()?,
            created: row.instant("created")?,
        }))
    }

    /// The sealed body of a format.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn departure_body(
        &mut self,
        id: DepartureId,
        format: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.optional(
            "read a body that is to leave",
            sql("SELECT sealed FROM departure_bodies WHERE departure = $1 AND format = $2")
                .bind(id.0)
                .bind(format),
        )
        .await?
        .map(|row| row.octets("sealed"))
        .transpose()
    }

    /// Deletes a departure with its bodies if none of its copies waits. Says whether it went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_departure(&mut self, id: DepartureId) -> Result<bool, StoreError> {
        let swept = self
            .run(
                "sweep up what has left",
                sql("DELETE FROM departures WHERE id = $1 AND NOT EXISTS
                        (SELECT 1 FROM deliveries d WHERE d.departure = $1 AND d.state = 'waiting')")
                .bind(id.0),
            )
            .await?;
        Ok(swept > 0)
    }

    /// The same for all departures of a list; says how many went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_departures(&mut self, list: ListId) -> Result<u64, StoreError> {
        self.run(
            "sweep up what has left",
            sql("DELETE FROM departures WHERE list = $1 AND NOT EXISTS
                    (SELECT 1 FROM deliveries d WHERE d.departure = departures.id AND d.state = 'waiting')")
            .bind(list.0),
        )
        .await
    }
}

also_on_database! {
    read departure(id: DepartureId) -> Option<DepartureRow>;
    read departure_body(id: DepartureId, format: &str) -> Option<Vec<u8>>;
}
