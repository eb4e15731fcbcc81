// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes mail in: known here, of a sensible size, not going round in a loop; then sealed to the
//! list's storage key, whatever it is, and committed. Only then is 250 said.

use std::sync::Arc;

use chancery_lists::{ListAddress, candidates};
use chancery_mail::{Address, Entity, Envelope, Public};
use chancery_smtp::{Handler, Peer, Reply};
use chancery_store::{KeyPurpose, ListId, ListRow, NewInbound};
use zeroize::Zeroizing;

use crate::face::list_id;
use crate::list_keys::storage_certificate;
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{Site, blocking};

/// The handler of the LMTP and SMTP doors.
pub struct Intake {
    site: Arc<Site>,
}

impl Intake {
    /// Mail for the lists of this site.
    pub fn new(site: Arc<Site>) -> Self {
        Self { site }
    }

    /// Finds out for each recipient what it is here, and whether this message has been there.
    async fn recipients(
        &self,
        envelope: &Envelope,
        entity: &Entity<Public>,
    ) -> Result<Vec<Recipient>, WorkError> {
        let mut recipients = Vec::new();
        for forward_path in &envelope.forward_paths {
            recipients.push(match find_recipient(&self.site, forward_path).await? {
                None => Recipient::Gone,
                Some((list, _)) if chancery_mail::has_loop_mark(entity, &list_id(&list.address)) => {
                    Recipient::Loop
                }
                Some((list, part)) => Recipient::Known(list, part),
            });
        }
        Ok(recipients)
    }

    /// Seals the message for each of its recipients, and commits.
    async fn take(
        &self,
        peer: &Peer,
        envelope: &Envelope,
        entity: &Entity<Public>,
    ) -> Result<Vec<Reply>, WorkError> {
        let recipients = self.recipients(envelope, entity).await?;
        let mut rows = Vec::new();
        let mut taken: Vec<(ListId, &ListAddress)> = Vec::new();
        for recipient in &recipients {
            let Recipient::Known(list, part) = recipient else { continue };
            // Two spellings of one address are one recipient, or the post would be its own replay.
            if !taken.contains(&(list.id, part)) {
                taken.push((list.id, part));
                rows.push(self.sealed_row(peer, envelope, entity, list, part).await?);
            }
        }
        let mut transaction = self.site.database.begin().await?;
        for row in &rows {
            transaction.add_inbound(row).await?;
        }
        transaction.commit().await?;
        Ok(recipients.iter().map(Recipient::reply).collect())
    }

    async fn sealed_row(
        &self,
        peer: &Peer,
        envelope: &Envelope,
        entity: &Entity<Public>,
        list: &ListRow,
        part: &ListAddress,
    ) -> Result<NewInbound, WorkError> {
        let storage = storage_certificate(&self.site, list.id).await?;
        let trace = trace_fields(&self.site, peer, envelope, &list.address);
        let mut received = Zeroizing::new(Vec::with_capacity(trace.len() + entity.len()));
        received.extend_from_slice(trace.as_bytes());
        received.extend_from_slice(entity.octets());
        let sealed =
            blocking(move || Ok(chancery_crypto::deposit(&received, &storage).map_err(crypto)?)).await?;
        Ok(NewInbound {
            list: list.id,
            part: part.as_str().to_owned(),
            token: part.token().map(str::to_owned),
            sealed,
            received_at: self.site.now(),
        })
    }
}

/// What a recipient of a message is.
enum Recipient {
    Known(ListRow, ListAddress),
    /// The message has been through this list.
    Loop,
    /// The list was deleted since it was named.
    Gone,
}

impl Recipient {
    fn reply(&self) -> Reply {
        match self {
            Self::Known(..) => Reply::new(250, (2, 0, 0), "Taken"),
            Self::Loop => Reply::new(554, (5, 4, 6), "This message has been through this list"),
            Self::Gone => no_such_list(),
        }
    }
}

impl Handler for Intake {
    async fn recipient(&self, _reverse_path: Option<&Address>, forward_path: &Address) -> Reply {
        match find_recipient(&self.site, forward_path).await {
            Ok(Some(_)) => Reply::new(250, (2, 1, 5), "Recipient known"),
            Ok(None) => no_such_list(),
            Err(error) => {
                tracing::error!(%error, "could not look a recipient up");
                temporary_failure()
            }
        }
    }

    async fn message(&self, peer: &Peer, envelope: Envelope, octets: Zeroizing<Vec<u8>>) -> Vec<Reply> {
        let everybody = |reply: Reply| vec![reply; envelope.forward_paths.len()];
        let entity = Entity::<Public>::from_zeroizing(octets);
        if chancery_mail::received_count(&entity) > self.site.config.received_limit {
            return everybody(Reply::new(554, (5, 4, 6), "Too many hops, this looks like a loop"));
        }
        match self.take(peer, &envelope, &entity).await {
            Ok(replies) => {
                self.site.bell.notify_waiters();
                replies
            }
            Err(error) => {
                tracing::error!(%error, "could not take a message in");
                everybody(temporary_failure())
            }
        }
    }
}

fn no_such_list() -> Reply {
    Reply::new(550, (5, 1, 1), "No such list here")
}

fn temporary_failure() -> Reply {
    Reply::new(451, (4, 3, 0), "Cannot take mail at the moment, try again later")
}

/// Which list and which of its addresses this is.
async fn find_recipient(
    site: &Site,
    forward_path: &Address,
) -> Result<Option<(ListRow, ListAddress)>, WorkError> {
    if !forward_path.domain().eq_ignore_ascii_case(&site.config.domain) {
        return Ok(None);
    }
    for (local, part) in candidates(forward_path.local()) {
        let Ok(address) = forward_path.with_local(&local) else { continue };
        if let Some(list) = site.database.list_by_address(&address).await? {
            return Ok(Some((list, part)));
        }
    }
    Ok(None)
}

/// `Return-Path` and `Received` (RFC 5321, section 4.4), for the sealed copy alone.
fn trace_fields(site: &Site, peer: &Peer, envelope: &Envelope, list: &Address) -> String {
    let reverse_path = envelope.reverse_path.as_ref().map(Address::to_string).unwrap_or_default();
    format!(
        "Return-Path: <{reverse_path}>\r\nReceived: from {} by {} with {}\r\n\tfor <{list}>; {}\r\n",
        peer.hello,
        site.config.domain,
        peer.with,
        site.now().to_rfc5322(),
    )
}

/// Opens what intake sealed.
pub(crate) async fn withdraw_received(
    site: &Arc<Site>,
    list: ListId,
    sealed: Vec<u8>,
) -> Result<Entity<Public>, WorkError> {
    let keyring = site.vault()?.keyring(&site.database, list, KeyPurpose::Storage, site.now()).await?;
    blocking(move || {
        let octets = chancery_crypto::withdraw(&sealed, &keyring)
            .map_err(|error| WorkError::Unworkable(format!("the stored message does not open: {error}")))?;
        Ok(Entity::from_zeroizing(octets))
    })
    .await
}

#[cfg(test)]
mod tests {
    use chancery_crypto::{KeyAlgorithm, PassphraseCost};
    use chancery_mail::Instant;
    use chancery_smtp::{Relay, Security};
    use chancery_store::Database;
    use chancery_testkit::SettableClock;

    use super::*;
    use crate::{Actor, NewList, SiteConfig, Vault, create_list};

    async fn site() -> Arc<Site> {
        let database = Database::in_memory().await.unwrap();
        let vault = Vault::create(&database, b"correct horse", PassphraseCost::cheap()).await.unwrap();
        let relay = Relay {
            host: "127.0.0.1".to_owned(),
            port: 9,
            security: Security::None,
            ca_file: None,
            hello: "lists.example.org".to_owned(),
        };
        let config = SiteConfig {
            domain: "lists.example.org".to_owned(),
            relay,
            relay_connections: 1,
            received_limit: 50,
        };
        let clock = Arc::new(SettableClock::at(Instant::from_unix(1_790_000_000)));
        let site = Arc::new(Site::new(database, clock, config, Some(vault), [7; 32]));
        let address = "friends@lists.example.org".parse().unwrap();
        let new = NewList { address, settings: Vec::new(), algorithm: KeyAlgorithm::Ed25519V4 };
        create_list(&site, &Actor::Operator, new).await.unwrap();
        site
    }

    #[tokio::test]
    async fn an_address_that_is_named_often_takes_the_letter_once() {
        let site = site().await;
        let names = ["friends", "Friends", "friends-owner", "friends", "friends-OWNER", "friends-key"];
        let forward_paths: Vec<Address> =
            names.iter().map(|local| format!("{local}@lists.example.org").parse().unwrap()).collect();
        let peer = Peer { address: None, hello: "mx".to_owned(), with: "LMTP" };
        let envelope = Envelope { reverse_path: None, forward_paths };
        let octets = Zeroizing::new(b"From: alice@example.org\r\n\r\nhello\r\n".to_vec());
        let replies = Intake::new(Arc::clone(&site)).message(&peer, envelope, octets).await;
        assert_eq!(replies.len(), names.len());
        assert!(replies.iter().all(Reply::is_positive), "{replies:?}");
        let kept = site.database.inbound(None, None, 100).await.unwrap();
        let parts: Vec<&str> = kept.iter().map(|row| row.part.as_str()).collect();
        assert_eq!(parts, ["post", "owner", "key"]);
    }
}
