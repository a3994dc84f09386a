//! Instances that begin in the middle of their process: for tests that start from there.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Book, Engine, Instance, erased::Data, routes::Spot, step::Step};
use crate::{envelope::Envelope, store::InstanceId};

impl Engine {
    /// An instance that has just entered a declared state, with the timers of that state armed. `cause` stands for
    /// whatever led there. `None`: there is no such state.
    pub(crate) fn place(
        &self,
        id: InstanceId,
        state: &str,
        data: Data,
        cause: &Arc<Envelope>,
        now: Timestamp,
    ) -> Option<Instance> {
        let state = self.states.iter().position(|known| **known == *state)?;
        let spot = Spot::State(u16::try_from(state).ok()?);
        let mut instance = Instance {
            id,
            incarnation: cause.id.incarnation(),
            version: None,
            spot,
            data,
            book: Book::started_by(cause),
            created_at: now,
            ended: false,
            dirty: true,
        };
        let mut out = Vec::new();
        let mut step = Step::new(self, &mut instance, cause, now, 0, &mut out);
        step.enter(spot);
        step.follow_at_timers();
        Some(instance)
    }
}
