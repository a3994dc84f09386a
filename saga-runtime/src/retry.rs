//! When to try a failed message again: a pure function from policy and failure to action.

use std::time::Duration;

/// How often and how soon a service's message is tried again.
///
/// Sagas need none: their handlers are pure, so a failure is a dead letter at once.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts repeated on the spot: 2.
    pub immediate: u32,
    /// Attempts after a delay, beyond the immediate ones: 8.
    pub delayed: u32,
    /// The first delay: 1 s. Each further one doubles.
    pub first_delay: Duration,
    /// The longest delay: 10 min.
    pub max_delay: Duration,
    /// The share of a delay that is left to chance, 0.0 to 1.0: 0.2.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            immediate: 2,
            delayed: 8,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(600),
            jitter: 0.2,
        }
    }
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Again, on the spot.
    Now,
    /// Again, after a delay.
    After(Duration),
    /// Never: it becomes a dead letter.
    GiveUp,
}

impl RetryPolicy {
    /// No second try.
    pub fn never() -> Self {
        Self {
            immediate: 0,
            delayed: 0,
            ..Self::default()
        }
    }

    /// What to do when `failures` attempts have failed, the last one with a failure that is retryable or not.
    ///
    /// `chance` is a number from 0.0 to 1.0 that spreads retries of many messages over time.
    pub fn decide(&self, failures: u32, retryable: bool, chance: f64) -> Retry {
        if !retryable {
            return Retry::GiveUp;
        }
        if failures <= self.immediate {
            return Retry::Now;
        }
        let delayed = failures - self.immediate;
        if delayed > self.delayed {
            return Retry::GiveUp;
        }
        Retry::After(self.delay(delayed, chance))
    }

    fn delay(&self, nth: u32, chance: f64) -> Duration {
        let doubled = 2_f64.powi(i32::try_from(nth.saturating_sub(1)).unwrap_or(i32::MAX));
        let full = (self.first_delay.as_secs_f64() * doubled).min(self.max_delay.as_secs_f64());
        let share = 1.0 - self.jitter.clamp(0.0, 1.0) * chance.clamp(0.0, 1.0);
        Duration::from_secs_f64(full * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RetryPolicy {
        RetryPolicy {
            immediate: 1,
            delayed: 3,
            jitter: 0.5,
            ..RetryPolicy::default()
        }
    }

    #[test]
    fn immediate_then_doubling_delays_then_never() {
        let actions: Vec<Retry> = (1..=5)
            .map(|failures| policy().decide(failures, true, 0.0))
            .collect();
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        assert_eq!(actions, [Retry::Now, after(1), after(2), after(4), Retry::GiveUp]);
    }

    #[test]
    fn a_permanent_failure_is_not_retried() {
        assert_eq!(policy().decide(1, false, 0.0), Retry::GiveUp);
    }

    #[test]
    fn jitter_only_shortens_and_by_no_more_than_its_share() {
        assert_eq!(
            policy().decide(2, true, 1.0),
            Retry::After(Duration::from_millis(500))
        );
    }

    #[test]
    fn delays_stop_growing_at_the_longest() {
        let patient = RetryPolicy {
            delayed: 10_000,
            ..policy()
        };
        assert_eq!(
            patient.decide(5_000, true, 0.0),
            Retry::After(Duration::from_secs(600))
        );
    }
}
