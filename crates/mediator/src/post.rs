// SPDX-License-Identifier: GPL-3.0-or-later
//! The walk of one post, from the claimed row to its fate.
//!
//! Read [`post`] as a table of contents. Each step is a function of its own, here or in the room
//! that knows how; none of them decides what another should.

use std::sync::Arc;

use chancery_crypto::{Certificate, IssuerHint, Opened};
use chancery_lists::{
    Disposition, Judgement, ListSettings, PostFacts, Poster, Role, SignerPin, judge, judge_approved,
};
use chancery_mail::{Address, Confidentiality, Entity, Fingerprint, Instant, Public, SignerVerdict};
use chancery_store::{
    InboundRow, KeyPurpose, ListRow, NewHeld, NewLogLine, PinRow, Seen, StoreError, Transaction,
};

use crate::distribute::prepare;
use crate::effective_header::{EffectiveHeader, effective_header};
use crate::settings::settings_of;
use crate::work::WorkError;
use crate::{Site, blocking};

/// Walks one post to its fate: delivered, held, refused or discarded.
///
/// # Errors
/// When a step fails that should not; the caller parks the post visibly. Nothing that a sender can
/// write is an error: it is a finding.
pub(crate) async fn post(
    site: &Arc<Site>,
    row: &InboundRow,
    list: &ListRow,
    sealed: Vec<u8>,
) -> Result<(), WorkError> {
    let settings = settings_of(list)?;
    let now = site.now();
    let received = crate::intake::withdraw_received(site, list.id, sealed).await?;
    let opened = open(site, list, received, now).await?;
    let facts = gather(site, list, &opened).await?;
    settle(site, row, list, &settings, opened, facts).await
}

/// Everything that opening and looking gave, before anything was decided.
pub(crate) struct OpenedPost {
    pub(crate) opened: Opened,
    pub(crate) header: EffectiveHeader,
    /// The certificates that were looked up for the signatures, as they are pinned.
    pins: Vec<PinRow>,
}

async fn open(
    site: &Arc<Site>,
    list: &ListRow,
    received: Entity<Public>,
    now: Instant,
) -> Result<OpenedPost, WorkError> {
    let keyring = site.vault()?.keyring(&site.database, list.id, KeyPurpose::Posting, now).await?;
    let database = site.database.clone();
    let list = list.id;
    let runtime = tokio::runtime::Handle::current();
    blocking(move || {
        let mut pins = Vec::new();
        let mut failed: Option<StoreError> = None;
        let mut look_up =
            |hint: &IssuerHint| match runtime.block_on(database.pins_by_key_id(list, &hint.key_id)) {
                Ok(rows) => certificates(rows, &mut pins),
                Err(error) => {
                    failed = Some(error);
                    Vec::new()
                }
            };
        let opened = chancery_crypto::open(&received, &keyring, &mut look_up, now);
        // A database that did not answer must not look like an unknown key.
        if let Some(error) = failed {
            return Err(WorkError::from(error));
        }
        Ok(OpenedPost { header: effective_header(&received, &opened), opened, pins })
    })
    .await
}

fn certificates(rows: Vec<PinRow>, pins: &mut Vec<PinRow>) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    for row in rows {
        if let Ok(certificate) = Certificate::parse(&row.certificate) {
            certificates.push(certificate);
            pins.push(row);
        }
    }
    certificates
}

/// Fetches the facts that the rules of the list read.
async fn gather(site: &Site, list: &ListRow, post: &OpenedPost) -> Result<PostFacts, WorkError> {
    let from = post.header.letterhead.from.as_ref().ok().map(|mailbox| mailbox.address.clone());
    let poster = match &from {
        Some(address) => poster(site, list, address).await?,
        None => None,
    };
    // All pins of the keys that were looked up; the rules pick those of the signers.
    let signer_pins = post
        .pins
        .iter()
        .map(|pin| SignerPin {
            fingerprint: pin.facts.fingerprint.clone(),
            address: pin.address.clone(),
            confirmed: pin.facts.confirmed,
        })
        .collect();
    Ok(PostFacts { summary: post.opened.summary.clone(), from, poster, signer_pins, duplicate: false })
}

async fn poster(site: &Site, list: &ListRow, address: &Address) -> Result<Option<Poster>, WorkError> {
    let subscriptions = site.database.subscription(list.id, address).await?;
    let pin = site.database.pin_of(list.id, address).await?;
    if subscriptions.is_empty() {
        return Ok(None);
    }
    Ok(Some(Poster {
        roles: subscriptions.iter().filter_map(|row| row.role.parse::<Role>().ok()).collect(),
        confirmed: pin.as_ref().is_some_and(|pin| pin.facts.confirmed),
        pinned: pin.map(|pin| pin.facts.fingerprint),
        moderation: subscriptions
            .iter()
            .filter_map(|row| row.moderation.as_deref()?.parse::<Disposition>().ok())
            .max(),
    }))
}

fn decide(settings: &ListSettings, facts: &PostFacts, row: &InboundRow, duplicate: bool) -> Judgement {
    let facts = PostFacts { duplicate, ..facts.clone() };
    if row.approval.is_some() { judge_approved(settings, &facts) } else { judge(settings, &facts) }
}

/// Carries the judgement out in one transaction, together with the memory of the signatures: if one
/// of them is known already, nothing of it happened and the post is judged again with that fact.
async fn settle(
    site: &Arc<Site>,
    row: &InboundRow,
    list: &ListRow,
    settings: &ListSettings,
    post: OpenedPost,
    facts: PostFacts,
) -> Result<(), WorkError> {
    let post = Arc::new(post);
    let mut duplicate = false;
    loop {
        let judgement = decide(settings, &facts, row, duplicate);
        let departure = match judgement.disposition {
            Disposition::Accept => {
                let approved = row.approval.is_some();
                Some(prepare(site, list, settings, &judgement, &facts, &post, approved).await?)
            }
            Disposition::Hold | Disposition::Reject | Disposition::Discard => None,
        };
        let mut transaction = site.database.begin().await?;
        if !duplicate
            && settings.collect_sig_hashes
            && !remember(&mut transaction, site, row, list, &post.opened).await?
        {
            transaction.rollback().await?;
            duplicate = true;
            continue;
        }
        let mut entry = log_entry(site, row, list, &judgement, &facts.summary);
        if let Some(departure) = departure {
            let copies = departure.record(&mut transaction).await?;
            entry.detail = join(&entry.detail, &format!("{copies} copies to deliver"));
        }
        if judgement.disposition == Disposition::Hold {
            transaction.hold(&row.lease, &held(site, &judgement, &facts, &post.header)).await?;
        } else {
            transaction.finish_inbound(&row.lease).await?;
        }
        transaction.owner_log(&entry).await?;
        transaction.commit().await?;
        tracing::info!(
            list = list.id.0,
            inbound = row.lease.inbound.0,
            disposition = judgement.disposition.as_str(),
            findings = findings_text(&judgement),
            "judged a post"
        );
        site.bell.notify_waiters();
        return Ok(());
    }
}

/// An address that stood inside the encryption alone is not written down: the table is in clear.
fn held(site: &Site, judgement: &Judgement, facts: &PostFacts, header: &EffectiveHeader) -> NewHeld {
    NewHeld {
        from: facts.from.as_ref().filter(|_| header.in_clear.author).map(Address::to_string),
        findings: findings_text(judgement),
        held_at: site.now(),
    }
}

/// All findings with the action of each: `unsigned=reject not_a_member=hold`.
fn findings_text(judgement: &Judgement) -> String {
    let words: Vec<String> = judgement
        .findings
        .iter()
        .map(|(finding, disposition)| format!("{}={}", finding.as_str(), disposition.as_str()))
        .collect();
    words.join(" ")
}

/// Writes down every good signature of the post; `false` when one of them belongs to another post.
async fn remember(
    transaction: &mut Transaction,
    site: &Site,
    row: &InboundRow,
    list: &ListRow,
    opened: &Opened,
) -> Result<bool, WorkError> {
    for signer in &opened.summary.signers {
        let (Some(fingerprint), Some(digest)) = (&signer.fingerprint, &signer.digest) else { continue };
        if signer.verdict == SignerVerdict::Bad || signer.verdict == SignerVerdict::UnknownKey {
            continue;
        }
        let inbound = row.lease.inbound;
        let seen = transaction
            .remember_signature(list.id, fingerprint, digest, inbound, signer.signed_at, site.now())
            .await?;
        if seen == Seen::Duplicate {
            return Ok(false);
        }
    }
    Ok(true)
}

fn log_entry(
    site: &Site,
    row: &InboundRow,
    list: &ListRow,
    judgement: &Judgement,
    summary: &chancery_mail::CryptographicSummary,
) -> NewLogLine {
    let mut detail = Vec::new();
    if let Confidentiality::Unopened(why) = summary.confidentiality {
        detail.push(why.to_owned());
    }
    for signer in &summary.signers {
        let who = signer
            .fingerprint
            .as_ref()
            .map(Fingerprint::to_string)
            .or_else(|| signer.claimed_issuer.clone())
            .unwrap_or_else(|| "nobody named".to_owned());
        detail.push(format!("signature by {who}: {}", signer.verdict.as_str()));
    }
    if let Some(approval) = &row.approval {
        detail.push(format!("approved by {}", approval.by));
    }
    NewLogLine {
        list: list.id,
        at: site.now(),
        event: "post".to_owned(),
        finding: Some(findings_text(judgement)),
        disposition: Some(judgement.disposition.as_str().to_owned()),
        detail: detail.join("; "),
        inbound: Some(row.lease.inbound),
    }
}

fn join(detail: &str, more: &str) -> String {
    if detail.is_empty() { more.to_owned() } else { format!("{detail}; {more}") }
}
