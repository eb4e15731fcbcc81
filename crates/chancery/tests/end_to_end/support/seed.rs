// SPDX-License-Identifier: GPL-3.0-or-later
//! Chance that can be repeated: a small generator from a seed, and how many seeds a run takes.

/// Is this the long run before a release (`./test full`)?
pub(crate) fn full() -> bool {
    std::env::var("CHANCERY_TEST").is_ok_and(|what| what == "full")
}

/// SplitMix64: enough to choose moments and words, and the same everywhere.
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
