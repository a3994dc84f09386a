//! Setting a message aside, even where the store refuses the dead letter: it ends in sight, and holds up nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    arrival::{Arrival, Tries},
    shared::Shared,
};
use crate::{
    dead_letter::Reason,
    store::{Outcome, Unit, Wait},
};

/// A message whose dead letter is refused is handled again after this.
const PAUSE: Duration = Duration::from_secs(600);

impl Shared {
    /// Commits what becomes of a message that could not be handled. A dead letter that the store refuses is made anew
    /// without what happened in words; if that is refused as well, the message waits, unclaimed, and comes again.
    pub(crate) async fn set_aside(&self, arrival: &Arrival, unit: Unit) {
        let Some(why) = self.refusal_of(unit).await else {
            return;
        };
        let now = self.now();
        let mut plain = Unit::default();
        let detail = "the store refuses the dead letter that says what happened; the log has it".to_owned();
        tracing::error!(message.name = %arrival.envelope.name, message.id = %arrival.envelope.id, why, detail);
        arrival.bury_after(Tries::default(), &mut plain, Reason::RefusedByStore, detail, now);
        let Some(why) = self.refusal_of(plain).await else {
            return;
        };
        let due = now.saturating_add(PAUSE).unwrap_or(Timestamp::MAX);
        let mut waiting = Unit::default();
        arrival.park_after(Tries::default(), &mut waiting, Wait::Retry, due, None);
        tracing::error!(
            message.name = %arrival.envelope.name, message.id = %arrival.envelope.id, why,
            "the store refuses every dead letter of a message; it is handled again in {PAUSE:?}"
        );
        if let Some(why) = self.refusal_of(waiting).await {
            tracing::error!(message.id = %arrival.envelope.id, why, "the store lets a message not even wait");
        }
    }

    async fn refusal_of(&self, unit: Unit) -> Option<String> {
        match self.commit_patiently(&[unit]).await.pop() {
            Some(Outcome::Rejected(why)) => Some(why),
            _ => None,
        }
    }
}
