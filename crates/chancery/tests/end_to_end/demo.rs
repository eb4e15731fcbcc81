// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery demo`: the whole way of one post, told and checked by the program itself.

use crate::support::process::Program;
use crate::support::server::entries;

#[test]
fn every_step_of_the_demo_holds() {
    let directory = tempfile::tempdir().unwrap();
    let ran = Program::new(env!("CARGO_BIN_EXE_chancery"))
        .args(&["demo", "--json"])
        .without_env("CHANCERY_CONFIG")
        .env("TMPDIR", directory.path())
        .directory(directory.path())
        .ok();
    let document: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(document["held"], true, "{document:#}");
    let steps = entries(&document["steps"]);
    assert!(steps.len() >= 10, "{document:#}");
    for step in steps {
        assert_eq!(step["held"], true, "{step:#}");
    }
    let told = document.to_string();
    for word in ["alice", "bob", "carol", "unsigned", "unknown_key", "duplicate_signature"] {
        assert!(told.contains(word), "{word} does not occur in {document:#}");
    }
    // It cleans up behind itself.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn the_demo_tells_its_story_line_by_line() {
    let ran = Program::new(env!("CARGO_BIN_EXE_chancery")).arg("demo").without_env("CHANCERY_CONFIG").ok();
    let told = ran.text();
    assert!(told.lines().count() >= 15, "{told}");
    for word in ["alice", "bob", "carol", "signed", "refused"] {
        assert!(told.to_lowercase().contains(word), "{word} does not occur in\n{told}");
    }
}
