// SPDX-License-Identifier: GPL-3.0-or-later
//! People, letters, and programs in directories of their own.

pub(crate) mod letters;
pub(crate) mod people;
pub(crate) mod programs;
