// SPDX-License-Identifier: GPL-3.0-or-later
//! The true binary with real programs at both ends: GnuPG, Sequoia's sq, OpenPGP.js, notmuch, NeoMutt, Postfix.
//!
//! Each test starts its own server in its own directory and speaks to it line by line. A missing program fails the
//! test; `./test` installs them all. `CHANCERY_TEST=full` takes more seeds and larger sizes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test that meets what it did not expect stops there and says so"
)]

mod support;

mod addresses;
mod canary;
mod command_line;
mod crash;
mod demo;
mod gpg_composes;
mod large;
mod list_keys;
mod openpgpjs;
mod postfix;
mod public_lists;
mod readers;
mod refusals;
mod sq_composes;
