// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets, run on stable by the test suite too: whatever the bytes, they return.

/// Opens arbitrary bytes as a received message.
pub fn open(data: &[u8]) {
    let _ = data;
}
