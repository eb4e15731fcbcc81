// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets, run on stable by the test-suite too.

/// A session fed with arbitrary octets in arbitrary pieces.
pub fn session(_data: &[u8]) {}
