// SPDX-License-Identifier: GPL-3.0-or-later
//! The house, its people, their letters, and how they read.

pub(crate) mod house;
pub(crate) mod letters;
pub(crate) mod people;
pub(crate) mod reading;
