//! The random input of a test.

use std::time::SystemTime;

/// Numbers from a seed that is printed, should the test fail.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// With the time as seed.
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        println!("seed: {nanos}");
        Self(u64::try_from(nanos & u128::from(u64::MAX)).unwrap_or_default())
    }

    /// The next number below `bound` (SplitMix64).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}
