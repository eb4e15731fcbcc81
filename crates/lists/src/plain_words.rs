// SPDX-License-Identifier: GPL-3.0-or-later
//! What a poster may do and what happens then, in sentences.

use crate::ListSettings;

/// What a list does with posts, in sentences for people who know nothing of cryptography.
pub fn plain_words(_settings: &ListSettings) -> Vec<String> {
    Vec::new()
}
