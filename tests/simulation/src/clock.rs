//! Virtual time: what tokio's paused clock says, counted from a fixed day.

use std::time::Duration;

use saga_runtime::{Timestamp, clock::Clock, envelope::MessageId, service::BoxFuture};
use tokio::time::Instant;

use crate::chance::Dice;

/// The day on which every run begins: 2026-01-01T00:00:00Z.
const DAWN: i64 = 1_767_225_600;

/// The clock of every node of a run.
#[derive(Clone, Debug)]
pub struct SimClock {
    began: Instant,
    dice: Dice,
}

impl SimClock {
    /// A clock that begins now; to be made within the runtime whose time is paused.
    pub fn new(dice: Dice) -> Self {
        Self {
            began: Instant::now(),
            dice,
        }
    }

    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

fn dawn() -> Timestamp {
    Timestamp::from_second(DAWN).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        dawn().saturating_add(self.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let since = deadline.duration_since(dawn());
        let since = Duration::try_from(since).unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep_until(self.began + since))
    }

    fn new_id(&self) -> MessageId {
        self.dice.id(self.now())
    }
}
