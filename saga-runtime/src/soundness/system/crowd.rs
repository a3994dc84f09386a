//! Some of the parts of a system, as a set.

/// A set of parts by number, below 128.
#[derive(Clone, Copy)]
pub(super) struct Crowd(u128);

impl Crowd {
    pub(super) const NOBODY: Self = Self(0);

    pub(super) const fn add(&mut self, part: usize) {
        self.0 |= 1 << part;
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn has(self, part: usize) -> bool {
        self.0 & (1 << part) != 0
    }

    pub(super) const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(super) const fn is_first(self, part: usize) -> bool {
        self.0.trailing_zeros() as usize == part
    }

    /// Whether this part is the second: with it, something is done twice.
    pub(super) const fn is_second(self, part: usize) -> bool {
        Self(self.0 & self.0.wrapping_sub(1)).is_first(part)
    }
}
