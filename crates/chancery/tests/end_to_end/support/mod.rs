// SPDX-License-Identifier: GPL-3.0-or-later
//! What the end-to-end tests stand on: the true binary with a directory of its own, a sink for what it sends, people
//! with real programs, and ways to take a message apart that are not Chancery's.

pub(crate) mod compose;
pub(crate) mod copy;
pub(crate) mod dialogue;
pub(crate) mod drain;
pub(crate) mod forge;
pub(crate) mod gpg;
pub(crate) mod marker;
pub(crate) mod mime;
pub(crate) mod process;
pub(crate) mod seed;
pub(crate) mod server;
pub(crate) mod sink;
pub(crate) mod wait;
