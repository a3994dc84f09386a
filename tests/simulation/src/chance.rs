//! The dice of one run: everything that is left to chance is asked of one seeded generator, in one order.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use saga_runtime::{Timestamp, envelope::MessageId};

/// A seeded generator; clones throw the same dice.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<fastrand::Rng>>);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    fn throw<T>(&self, throw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        throw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `true` with this probability.
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.throw(|rng| rng.f64()) < probability
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        self.throw(|rng| rng.usize(..bound))
    }

    /// A number unlike every other of the run.
    pub fn ticket(&self) -> u64 {
        self.throw(|rng| rng.u64(..))
    }

    /// A span of time, to the millisecond.
    pub fn between(&self, least: Duration, most: Duration) -> Duration {
        let (least, most) = (millis(least), millis(most));
        Duration::from_millis(self.throw(|rng| rng.u64(least..=most.max(least))))
    }

    /// A span of time below `most`, short ones more often than long ones.
    pub fn mostly_short(&self, most: Duration) -> Duration {
        let share = self.throw(|rng| rng.f64());
        most.mul_f64(share * share * share)
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&self, list: &mut [T]) {
        self.throw(|rng| rng.shuffle(list));
    }

    /// A time-ordered id, unlike every other of the run.
    pub fn id(&self, now: Timestamp) -> MessageId {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let random = self.throw(|rng| rng.u128(..)).to_be_bytes();
        let mut tail = [0; 10];
        tail.copy_from_slice(&random[..10]);
        MessageId(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}

/// A number that depends on its parts alone, for what must come out the same in whatever order it is asked.
pub fn mixed(seed: u64, subject: u32, salt: u64) -> u64 {
    // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    let mut z = seed
        .wrapping_add(u64::from(subject).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(salt.wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
