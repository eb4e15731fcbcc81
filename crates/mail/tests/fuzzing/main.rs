// SPDX-License-Identifier: GPL-3.0-or-later
//! The bodies of the fuzz targets, over the corpus and seeded mutations of it.

use std::path::Path;

use chancery_mail::fuzz;
use chancery_testkit::mutate::{corpus, mutation, rounds};

#[test]
fn mutated_letters_break_no_promise() {
    let corpus = corpus(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"));
    let letters = corpus.iter().cloned().chain((0..rounds()).map(|number| mutation(&corpus, number)));
    for letter in letters {
        fuzz::message(&letter);
        fuzz::address(&letter);
        fuzz::protected_header(&letter);
    }
}
