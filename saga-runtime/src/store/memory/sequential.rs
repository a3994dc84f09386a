//! A quick hash for numbers that count up.

use std::hash::{BuildHasherDefault, Hasher};

/// Hashes row numbers, which the store hands out itself and which nobody can choose to collide.
#[derive(Default)]
pub(super) struct Sequential(u64);

pub(super) type BuildSequential = BuildHasherDefault<Sequential>;

impl Hasher for Sequential {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_u64(&mut self, number: u64) {
        // Spread over all bits, for the table takes some from either end.
        self.0 = (self.0 ^ number)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }
}
