// SPDX-License-Identifier: GPL-3.0-or-later
//! The words for algorithms and reasons in commands and help.

use std::str::FromStr;

use super::key_pair::{KeyAlgorithm, RevocationReason};

impl FromStr for KeyAlgorithm {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "ed25519" => Ok(Self::Ed25519V4),
            "ed25519-v6" => Ok(Self::Ed25519V6),
            "rsa3072" => Ok(Self::Rsa3072),
            "rsa4096" => Ok(Self::Rsa4096),
            "p256" => Ok(Self::NistP256),
            _ => Err("use ed25519, ed25519-v6, rsa3072, rsa4096 or p256".to_owned()),
        }
    }
}

impl FromStr for RevocationReason {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "compromised" => Ok(Self::Compromised),
            "superseded" => Ok(Self::Superseded),
            "retired" => Ok(Self::Retired),
            _ => Err("use compromised, superseded or retired".to_owned()),
        }
    }
}
