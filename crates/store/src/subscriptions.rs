// SPDX-License-Identifier: GPL-3.0-or-later
//! Who is on a list, and as what. Roles and moderation are words to this room.

use chancery_mail::{Address, Instant};
use sqlx::any::AnyRow;

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::{ListId, SubscriptionId};
use crate::pins::{PinFacts, pin_facts};
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// A subscription to make, enabled.
#[derive(Clone)]
pub struct NewSubscription {
    /// The list.
    pub list: ListId,
    /// Who.
    pub address: Address,
    /// As what: `member`, `owner`, `moderator`, `nonmember`.
    pub role: String,
    /// The name to show, or nothing.
    pub display_name: String,
    /// When.
    pub created: Instant,
}

/// An address in one role on one list.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Its id.
    pub id: SubscriptionId,
    /// The list.
    pub list: ListId,
    /// Who, as written when it was made.
    pub address: Address,
    /// The name to show, or nothing.
    pub display_name: String,
    /// As what.
    pub role: String,
    /// Whether copies are sent at present.
    pub enabled: bool,
    /// What happens to this person's posts whatever they are; `None` for the list's default.
    pub moderation: Option<String>,
    /// Whether copies show the recipient's key id; `None` for the list's choice.
    pub recipient_key_id: Option<String>,
    /// When it was made.
    pub created: Instant,
}

/// A subscription and what is known of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The subscription.
    pub subscription: SubscriptionRow,
    /// The pinned key, without its certificate.
    pub key: Option<PinFacts>,
}

/// What to change of a subscription; `None` leaves a thing as it is.
#[derive(Clone, Default)]
pub struct SubscriptionChange {
    /// The name to show.
    pub display_name: Option<String>,
    /// Whether copies are sent.
    pub enabled: Option<bool>,
    /// The moderation, or back to the list's default.
    pub moderation: Option<Option<String>>,
    /// Whether the key id is shown, or back to the list's choice.
    pub recipient_key_id: Option<Option<String>>,
}

/// How many subscriptions in a role have keys in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCount {
    /// `usable`, `expired`, ... or `missing` where there is no pin.
    pub key_state: String,
    /// Whether the pin is confirmed.
    pub confirmed: bool,
    /// Whether copies are sent.
    pub enabled: bool,
    /// How many.
    pub subscriptions: u64,
}

debug_shows! {
    NewSubscription { list, role, created }
    SubscriptionRow { id, list, role, enabled, moderation, recipient_key_id, created }
    SubscriptionChange { enabled, moderation, recipient_key_id }
}

impl Transaction {
    /// Puts an address on a list in a role.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when it is there in that role; [`StoreError::NotFound`] when there is
    /// no such list.
    pub async fn subscribe(&mut self, new: &NewSubscription) -> Result<SubscriptionId, StoreError> {
        self.one(
            "subscribe an address",
            sql("INSERT INTO subscriptions (list, address, written, display_name, role, created)
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING id")
            .bind(new.list.0)
            .bind(new.address.canonical())
            .bind(new.address.to_string())
            .bind(new.display_name.as_str())
            .bind(new.role.as_str())
            .bind(new.created.unix()),
        )
        .await?
        .integer("id")
        .map(SubscriptionId)
    }

    /// Takes an address off a list, in one role or (`None`) in all. Its waiting copies go in the
    /// same transaction. With its last role its pins go too, history and all: who left is
    /// forgotten. Says how many subscriptions there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unsubscribe(
        &mut self,
        list: ListId,
        address: &Address,
        role: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ACT: &str = "unsubscribe an address";
        let statement = match role {
            Some(role) => sql("DELETE FROM subscriptions WHERE list = $1 AND address = $2 AND role = $3")
                .bind(list.0)
                .bind(address.canonical())
                .bind(role),
            None => sql("DELETE FROM subscriptions WHERE list = $1 AND address = $2")
                .bind(list.0)
                .bind(address.canonical()),
        };
        let ended = self.run(ACT, statement).await?;
        if ended > 0 {
            self.run(
                ACT,
                sql("DELETE FROM pins WHERE list = $1 AND address = $2 AND NOT EXISTS
                         (SELECT 1 FROM subscriptions s WHERE s.list = $1 AND s.address = $2)")
                .bind(list.0)
                .bind(address.canonical()),
            )
            .await?;
            self.sweep_departures(list).await?;
        }
        Ok(ended)
    }

    /// The roles of an address on a list; empty when it is not there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscription(
        &mut self,
        list: ListId,
        address: &Address,
    ) -> Result<Vec<SubscriptionRow>, StoreError> {
        self.all(
            "look up a subscription",
            sql(
                "SELECT id, list, written, display_name, role, enabled, moderation, recipient_key_id, created
                 FROM subscriptions WHERE list = $1 AND address = $2 ORDER BY id",
            )
            .bind(list.0)
            .bind(address.canonical()),
        )
        .await?
        .iter()
        .map(subscription)
        .collect()
    }

    /// A page of the subscriptions of a list, with what is known of their keys, in the order in
    /// which they were made: in one role or in all, those after an id, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscriptions(
        &mut self,
        list: ListId,
        role: Option<&str>,
        after: Option<SubscriptionId>,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        const ACT: &str = "list subscriptions";
        let after = after.map_or(0, |id| id.0);
        let statement = match role {
            Some(role) => {
                sql("SELECT s.id, s.list, s.written, s.display_name, s.role, s.enabled, s.moderation,
                        s.recipient_key_id, s.created, p.id AS pin, p.fingerprint, p.confirmed, p.format,
                        p.key_state, p.key_expires, p.pinned_at
                 FROM subscriptions s
                 LEFT JOIN pins p ON p.list = s.list AND p.address = s.address AND p.ended IS NULL
                 WHERE s.list = $1 AND s.id > $2 AND s.role = $4 ORDER BY s.id LIMIT $3")
                .bind(list.0)
                .bind(after)
                .bind(i64::from(limit))
                .bind(role)
            }
            None => sql("SELECT s.id, s.list, s.written, s.display_name, s.role, s.enabled, s.moderation,
                        s.recipient_key_id, s.created, p.id AS pin, p.fingerprint, p.confirmed, p.format,
                        p.key_state, p.key_expires, p.pinned_at
                 FROM subscriptions s
                 LEFT JOIN pins p ON p.list = s.list AND p.address = s.address AND p.ended IS NULL
                 WHERE s.list = $1 AND s.id > $2 ORDER BY s.id LIMIT $3")
            .bind(list.0)
            .bind(after)
            .bind(i64::from(limit)),
        };
        self.all(ACT, statement)
            .await?
            .iter()
            .map(|row| {
                let key = row.integer_or_none("pin")?.map(|_| pin_facts(row)).transpose()?;
                Ok(MemberRow { subscription: subscription(row)?, key })
            })
            .collect()
    }

    /// Changes a subscription.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such subscription.
    pub async fn set_subscription(
        &mut self,
        id: SubscriptionId,
        change: &SubscriptionChange,
    ) -> Result<(), StoreError> {
        // A flag tells for each nullable column whether its new value counts.
        self.run_one(
            "change a subscription",
            sql("UPDATE subscriptions SET
                    display_name = COALESCE($2, display_name),
                    enabled = COALESCE($3, enabled),
                    moderation = CASE WHEN $4 = 1 THEN $5 ELSE moderation END,
                    recipient_key_id = CASE WHEN $6 = 1 THEN $7 ELSE recipient_key_id END
                 WHERE id = $1")
            .bind(id.0)
            .bind(change.display_name.as_deref())
            .bind(change.enabled.map(i64::from))
            .bind(i64::from(change.moderation.is_some()))
            .bind(change.moderation.as_ref().and_then(Option::as_deref))
            .bind(i64::from(change.recipient_key_id.is_some()))
            .bind(change.recipient_key_id.as_ref().and_then(Option::as_deref)),
        )
        .await
    }

    /// How many subscriptions a list has, in one role or in all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_subscriptions(&mut self, list: ListId, role: Option<&str>) -> Result<u64, StoreError> {
        const ACT: &str = "count subscriptions";
        let statement = match role {
            Some(role) => sql("SELECT COUNT(*) AS n FROM subscriptions WHERE list = $1 AND role = $2")
                .bind(list.0)
                .bind(role),
            None => sql("SELECT COUNT(*) AS n FROM subscriptions WHERE list = $1").bind(list.0),
        };
        self.one(ACT, statement).await?.count("n")
    }

    /// How the keys of those in a role stand, in numbers. What expired since it was last looked at
    /// counts as `expired`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_keys(
        &mut self,
        list: ListId,
        role: &str,
        now: Instant,
    ) -> Result<Vec<KeyCount>, StoreError> {
        self.all(
            "count keys",
            sql("SELECT CASE WHEN p.id IS NULL THEN 'missing'
                             WHEN p.key_state = 'usable' AND p.key_expires <= $3 THEN 'expired'
                             ELSE p.key_state END AS key_state,
                        COALESCE(p.confirmed, 0) AS confirmed, s.enabled AS enabled, COUNT(*) AS n
                 FROM subscriptions s
                 LEFT JOIN pins p ON p.list = s.list AND p.address = s.address AND p.ended IS NULL
                 WHERE s.list = $1 AND s.role = $2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
            .bind(list.0)
            .bind(role)
            .bind(now.unix()),
        )
        .await?
        .iter()
        .map(|row| {
            Ok(KeyCount {
                key_state: row.text("key_state")?,
                confirmed: row.flag("confirmed")?,
                enabled: row.flag("enabled")?,
                subscriptions: row.count("n")?,
            })
        })
        .collect()
    }
}

also_on_database! {
    write subscribe(new: &NewSubscription) -> SubscriptionId;
    write unsubscribe(list: ListId, address: &Address, role: Option<&str>) -> u64;
    read subscription(list: ListId, address: &Address) -> Vec<SubscriptionRow>;
    read subscriptions(list: ListId, role: Option<&str>, after: Option<SubscriptionId>, limit: u32)
        -> Vec<MemberRow>;
    write set_subscription(id: SubscriptionId, change: &SubscriptionChange) -> ();
    read count_subscriptions(list: ListId, role: Option<&str>) -> u64;
    read count_keys(list: ListId, role: &str, now: Instant) -> Vec<KeyCount>;
}

fn subscription(row: &AnyRow) -> Result<SubscriptionRow, StoreError> {
    Ok(SubscriptionRow {
        id: SubscriptionId(row.integer("id")?),
        list: ListId(row.integer("list")?),
        address: row.address("written")?,
        display_name: row.text("display_name")?,
        role: row.text("role")?,
        enabled: row.flag("enabled")?,
        moderation: row.text_or_none("moderation")?,
        recipient_key_id: row.text_or_none("recipient_key_id")?,
        created: row.instant("created")?,
    })
}
