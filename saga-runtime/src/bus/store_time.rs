//! The store's time, as far as this process knows it: its own clock, put right by what the store says.
//!
//! Timers are due by the store's clock. A process whose own is minutes behind would fire them late or not at all, and one
//! that is ahead would ask for them without end. So everything the bus does goes by the store's clock; where store and
//! process share one, nothing is put right.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// From here on a difference is worth a word.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(5);

/// What stores leave out of the time they tell, in nanoseconds: fractions of a microsecond.
const LEFT_OUT: i64 = 999;

/// See the [module](self).
pub(crate) struct StoreTime {
    clock: Arc<dyn Clock>,
    /// How far the store's clock is ahead, in nanoseconds.
    ahead: AtomicI64,
}

/// When the store was asked, by this process's own clock.
#[derive(Clone, Copy)]
pub(crate) struct Asked(Timestamp);

impl StoreTime {
    /// Until the store says otherwise, its time is the clock's.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ahead: AtomicI64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.saturating_add(self.ahead()).unwrap_or(now)
    }

    pub(crate) async fn sleep_until(&self, deadline: Timestamp) {
        let own = deadline.saturating_sub(self.ahead()).unwrap_or(deadline);
        self.clock.sleep_until(own).await;
    }

    /// To be called before the store is asked for its time.
    pub(crate) fn ask(&self) -> Asked {
        Asked(self.clock.now())
    }

    /// The store said that it was `told`, somewhere between being asked and now. What is known of its clock is changed
    /// no further than that.
    pub(crate) fn told(&self, Asked(asked): Asked, told: Timestamp) {
        let (least, most) = (nanos(told, self.clock.now()), nanos(told, asked));
        let put_right = |ahead: i64| {
            let is_wrong = ahead < least || ahead > most.saturating_add(LEFT_OUT);
            is_wrong.then(|| ahead.max(least).min(most))
        };
        // If it gives up, nothing was wrong.
        let _ = self
            .ahead
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, put_right);
    }

    /// Says so if the clocks differ, once.
    pub(crate) fn mention(&self) {
        let ahead = self.ahead();
        if ahead.abs() >= NOTICEABLE {
            tracing::warn!(
                ahead = %ahead,
                "the store's clock differs from this machine's; all goes by the store's"
            );
        }
    }

    fn ahead(&self) -> SignedDuration {
        SignedDuration::from_nanos(self.ahead.load(Ordering::Acquire))
    }
}

fn nanos(later: Timestamp, earlier: Timestamp) -> i64 {
    let nanos = later.duration_since(earlier).as_nanos();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // Test code: a failure is the point.
mod tests {
    use std::{pin::pin, time::Duration};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::ManualClock;

    fn at(nanos: i128) -> Timestamp {
        Timestamp::from_nanosecond(nanos).unwrap()
    }

    /// The time told when asked at `asked` and answered at `answered`, both by the own clock, and then the store's.
    fn time(asked: i128, answered: i128, told: i128) -> StoreTime {
        let clock = ManualClock::new(at(asked));
        let time = StoreTime::new(Arc::new(clock.clone()));
        let question = time.ask();
        clock.advance(Duration::from_nanos(u64::try_from(answered - asked).unwrap()));
        time.told(question, at(told));
        time
    }

    #[test]
    fn a_clock_that_store_and_process_share_is_left_alone() {
        assert_eq!(
            time(10_500, 10_500, 10_000).now(),
            at(10_500),
            "the store leaves out fractions"
        );
        assert_eq!(time(10_500, 90_500, 40_000).now(), at(90_500));
    }

    #[test]
    fn a_clock_elsewhere_is_followed_as_closely_as_the_answer_allows() {
        const MINUTE: i128 = 60_000_000_000;
        let ahead = time(0, 5_000, 10 * MINUTE).now();
        assert!(
            (at(10 * MINUTE)..=at(10 * MINUTE + 5_000)).contains(&ahead),
            "{ahead}"
        );
        let behind = time(10 * MINUTE, 10 * MINUTE + 5_000, 0).now();
        assert!((at(0)..=at(5_000)).contains(&behind), "{behind}");
    }

    #[tokio::test]
    async fn a_sleep_ends_when_the_store_says_so() {
        let clock = ManualClock::new(at(0));
        let time = StoreTime::new(Arc::new(clock.clone()));
        time.told(time.ask(), at(60_000_000_000));
        let mut sleep = pin!(time.sleep_until(at(61_000_000_000)));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        sleep.await;
    }
}
