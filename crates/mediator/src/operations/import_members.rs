// SPDX-License-Identifier: GPL-3.0-or-later
//! Subscribes many people from a CSV file and a file of public keys: all of them, or, when one row
//! is wrong, none.

use std::collections::HashMap;

use chancery_crypto::Certificate;
use chancery_lists::Role;
use chancery_mail::{Address, Fingerprint, Instant};
use chancery_store::NewSubscription;
use serde::{Deserialize, Serialize};

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::enrol::{GivenKey, enrol};
use crate::vault::crypto;
use crate::{OperationError, Site};

/// What to import.
#[derive(Clone, Debug)]
pub struct MemberImport {
    /// CSV with a header line: `address`, and if wanted `name`, `role`, `fingerprint`.
    pub csv: Vec<u8>,
    /// Public keys, one after the other. A row takes the key that its `fingerprint` names, else the
    /// only key that names its address.
    pub keys: Option<Vec<u8>>,
    /// Whether the caller has made sure that the keys are theirs.
    pub confirmed: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    /// How many were subscribed.
    pub subscribed: usize,
    /// How many of them have a key.
    pub with_key: usize,
    /// Addresses that were subscribed in that role before and stayed as they were.
    pub already: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    address: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    fingerprint: String,
}

struct Person {
    /// Where in the file they stand.
    line: usize,
    address: Address,
    name: String,
    role: Role,
    certificate: Option<Certificate>,
}

/// Imports them in one transaction; `progress` hears how many rows of how many are done.
///
/// # Errors
/// When the file cannot be read: the line and the reason; nothing is changed then.
pub async fn import_members(
    site: &Site,
    actor: &Actor,
    list: &Address,
    import: MemberImport,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<ImportReport, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let now = site.now();
    let people = read(&import, now)?;
    let mut report = ImportReport { subscribed: 0, with_key: 0, already: Vec::new() };
    let mut transaction = site.database.begin().await?;
    for (done, person) in people.iter().enumerate() {
        if done % 100 == 0 {
            progress(done, people.len());
        }
        let role = person.role.as_str();
        let there = transaction.subscription(row.id, &person.address).await?;
        if there.iter().any(|subscription| subscription.role == role) {
            report.already.push(person.address.clone());
            continue;
        }
        transaction
            .subscribe(&NewSubscription {
                list: row.id,
                address: person.address.clone(),
                role: role.to_owned(),
                display_name: person.name.clone(),
                created: now,
            })
            .await?;
        report.subscribed += 1;
        if let Some(certificate) = &person.certificate {
            // A key was found by the address in it, or named by its fingerprint: then it is theirs.
            let key = GivenKey {
                certificate: certificate.clone(),
                confirmed: import.confirmed,
                any_user_id: true,
                replaces: false,
            };
            enrol(&mut transaction, row.id, &person.address, &key, now)
                .await
                .map_err(|error| at_line(person.line, error))?;
            report.with_key += 1;
        }
    }
    transaction.commit().await?;
    progress(people.len(), people.len());
    Ok(report)
}

fn read(import: &MemberImport, now: Instant) -> Result<Vec<Person>, OperationError> {
    let keys = Keys::read(import.keys.as_deref().unwrap_or_default(), now)?;
    let mut people = Vec::new();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(import.csv.as_slice());
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let line = index + 2;
        let wrong = |why: String| at_line(line, OperationError::Conflict(why));
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let address: Address = row.address.parse().map_err(|error| wrong(format!("{error}")))?;
        let role = match row.role.as_str() {
            "" => Role::Member,
            word => word.parse().map_err(|_| wrong(format!("{word} is not a role")))?,
        };
        let certificate = keys.of(&address, &row.fingerprint).map_err(wrong)?.cloned();
        people.push(Person { line, address, name: row.name, role, certificate });
    }
    Ok(people)
}

/// What is wrong with a line of the file; a failing database is no fault of the file.
fn at_line(line: usize, error: OperationError) -> OperationError {
    match error {
        OperationError::Store(error) => OperationError::Store(error),
        other => OperationError::invalid(
            &format!("line {line}"),
            other.to_string(),
            "Correct the file and import it again; nobody was subscribed",
        ),
    }
}

/// The keys of the import, by fingerprint and by address.
struct Keys {
    by_fingerprint: HashMap<Fingerprint, Certificate>,
    by_address: HashMap<String, Vec<Fingerprint>>,
}

impl Keys {
    fn read(octets: &[u8], now: Instant) -> Result<Self, OperationError> {
        let mut keys = Self { by_fingerprint: HashMap::new(), by_address: HashMap::new() };
        if octets.is_empty() {
            return Ok(keys);
        }
        let certificates = Certificate::parse_many(octets).map_err(|error| {
            OperationError::invalid("key", error.to_string(), "Give a file of public OpenPGP keys")
        })?;
        for certificate in certificates {
            keys.add(certificate, now)?;
        }
        Ok(keys)
    }

    /// Copies of one key are joined: what one of them says of a revocation counts.
    fn add(&mut self, certificate: Certificate, now: Instant) -> Result<(), OperationError> {
        let fingerprint = certificate.fingerprint();
        for address in certificate.facts(now).addresses {
            let named = self.by_address.entry(address.canonical()).or_default();
            if !named.contains(&fingerprint) {
                named.push(fingerprint.clone());
            }
        }
        let joined = match self.by_fingerprint.remove(&fingerprint) {
            Some(known) => known.merge(&certificate).map_err(crypto)?,
            None => certificate,
        };
        self.by_fingerprint.insert(fingerprint, joined);
        Ok(())
    }

    fn of(&self, address: &Address, named: &str) -> Result<Option<&Certificate>, String> {
        if !named.is_empty() {
            let fingerprint: Fingerprint = named.parse().map_err(|error| format!("{error}"))?;
            return match self.by_fingerprint.get(&fingerprint) {
                Some(certificate) => Ok(Some(certificate)),
                None => Err(format!("the key file has no key {fingerprint}")),
            };
        }
        match self.by_address.get(&address.canonical()).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one]) => Ok(self.by_fingerprint.get(one)),
            Some(several) => {
                Err(format!("{} keys name {address}; say which in a column `fingerprint`", several.len()))
            }
        }
    }
}
