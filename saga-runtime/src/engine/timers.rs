//! Timers: armed on entering a state, void on leaving it, fired once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Book, COMPENSATE, Emission, Engine, Failure, Instance, Slot, TIMER, Verdict, book::Armed, routes::Spot,
    step::Step,
};
use crate::{
    codec::Codec,
    dead_letter::Reason,
    definition::Trigger,
    envelope::{Envelope, InstanceAddress, MessageId},
    message::MessageKind,
};

impl Book {
    /// When the earliest timer is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.timers
            .iter()
            .filter(|armed| !armed.fired)
            .map(|armed| armed.due)
            .min()
    }
}

impl Engine {
    /// Fires the earliest timer that is due, and returns it. `skip` names timers that failed before.
    pub(crate) fn fire(
        &self,
        slot: &mut Slot,
        now: Timestamp,
        skip: &dyn Fn(MessageId) -> bool,
        out: &mut Vec<Emission>,
    ) -> Result<Option<Arc<Envelope>>, Failure> {
        let Slot::Live(instance) = slot else {
            return Ok(None);
        };
        let Some(index) = instance.due_timer(now) else {
            return Ok(None);
        };
        let armed = instance.book.timers[index].clone();
        let timer = Arc::new(self.timer_message(instance, &armed));
        instance.book.timers[index].fired = true;
        instance.dirty = true;
        let step = Step::new(self, instance, &timer, now, 0, out);
        if skip(timer.id) {
            step.miss(&armed);
        } else {
            step.fire(&armed).map_err(|failure| Failure {
                timer: Some(Arc::clone(&timer)),
                ..failure
            })?;
        }
        Ok(Some(timer))
    }

    /// Takes the timers that are due out of the instance, as messages for it, if one of them is not to be fired on the
    /// spot: it was due before `since`, and a process may have died of it; or this build does not know it. Messages
    /// are counted when processes die of them, and can wait for a build. Empty: [`fire`](Self::fire) them.
    pub(crate) fn hand_over(&self, slot: &mut Slot, now: Timestamp, since: Timestamp) -> Vec<Arc<Envelope>> {
        let Slot::Live(instance) = slot else {
            return Vec::new();
        };
        let is_suspect =
            |armed: &Armed| armed.due < since || self.timer_clause(instance.spot, &armed.handler).is_none();
        let due = |armed: &Armed| !armed.fired && armed.due <= now && &*armed.handler != COMPENSATE;
        if !instance
            .book
            .timers
            .iter()
            .any(|armed| due(armed) && is_suspect(armed))
        {
            return Vec::new();
        }
        // All that are due, so that none of them overtakes another.
        let mut handed = Vec::new();
        while let Some(index) = instance.due_timer(now)
            && due(&instance.book.timers[index])
        {
            instance.book.timers[index].fired = true;
            let armed = instance.book.timers[index].clone();
            handed.push(Arc::new(self.timer_message(instance, &armed)));
        }
        instance.dirty = true;
        handed
    }

    /// The clause of a timer in a state.
    fn timer_clause(&self, spot: Spot, handler: &str) -> Option<usize> {
        let Spot::State(state) = spot else { return None };
        let handler = self.definition.current_name(handler);
        let clauses = &self.definition.clauses;
        let here = self.routes.timers(state).iter().copied();
        here.into_iter()
            .find(|&clause| clauses[clause].handler == handler)
    }

    /// A timer as a message: what its handler's effects derive from, and what is set aside if it fails. Its body is the
    /// stay in a state that it belongs to.
    fn timer_message(&self, instance: &Instance, armed: &Armed) -> Envelope {
        let id = MessageId::of_timer(armed.due, &self.name, instance.incarnation, armed.number);
        let origin = instance.book.origin.as_ref();
        Envelope {
            id,
            kind: MessageKind::Event,
            name: format!("{TIMER}{}", armed.handler).into(),
            version: 1,
            content_type: Codec::Json,
            created_at: armed.due,
            conversation: origin.map_or(id, |origin| origin.conversation),
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: Some(InstanceAddress {
                saga: Arc::clone(&self.name),
                key: Arc::clone(&instance.id.key),
                incarnation: instance.incarnation,
            }),
            traceparent: origin.and_then(|origin| origin.traceparent.clone()),
            headers: BTreeMap::new(),
            body: instance.book.entered.to_string().into(),
        }
    }
}

impl Instance {
    fn due_timer(&self, now: Timestamp) -> Option<usize> {
        let due = self
            .book
            .timers
            .iter()
            .enumerate()
            .filter(|(_, armed)| !armed.fired && armed.due <= now);
        due.min_by_key(|(_, armed)| (armed.due, armed.number))
            .map(|(index, _)| index)
    }
}

impl Step<'_> {
    /// Arms the timers of a state that is entered; `at` timers follow when the step is over.
    pub(super) fn arm(&mut self, state: u16) {
        let engine = self.engine;
        for &clause in engine.routes.timers(state) {
            let written = &engine.definition.clauses[clause];
            if let Trigger::After(wait) | Trigger::Every(wait) = written.trigger
                && !engine.definition.is_retired_timer(written.handler)
            {
                let due = self.after(wait);
                self.arm_one(written.handler, due);
            }
        }
    }

    /// Lets `at` timers follow the saga's data. One that has fired fires again only when its time has moved.
    pub(super) fn follow_at_timers(&mut self) {
        let Spot::State(state) = self.instance.spot else {
            return;
        };
        let engine = self.engine;
        for &clause in engine.routes.timers(state) {
            let written = &engine.definition.clauses[clause];
            if let Trigger::At = written.trigger
                && !engine.definition.is_retired_timer(written.handler)
            {
                let due = engine.saga.due(&self.instance.data, clause);
                self.follow_at(written.handler, due);
            }
        }
    }

    fn follow_at(&mut self, handler: &'static str, due: Option<Timestamp>) {
        let timers = &mut self.instance.book.timers;
        let due = due.map(to_micros);
        let known = timers.iter().position(|armed| *armed.handler == *handler);
        if known.map(|index| timers[index].due) == due {
            return;
        }
        if let Some(index) = known {
            timers.remove(index);
            self.instance.dirty = true;
        }
        if let Some(due) = due {
            self.arm_one(handler, due);
        }
    }

    pub(super) fn arm_one(&mut self, handler: &str, due: Timestamp) {
        let book = &mut self.instance.book;
        book.armed += 1;
        let number = book.armed;
        book.timers.push(Armed {
            handler: handler.into(),
            due: to_micros(due),
            number,
            fired: false,
        });
        self.instance.dirty = true;
    }

    pub(super) fn after(&self, wait: Duration) -> Timestamp {
        self.now.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }

    fn fire(mut self, armed: &Armed) -> Result<(), Failure> {
        if &*armed.handler == COMPENSATE {
            self.compensation_is_late();
            return Ok(());
        }
        let clause = self.timer_clause(&armed.handler)?;
        let written = &self.engine.definition.clauses[clause];
        if let Trigger::Every(period) = written.trigger
            && !self.engine.definition.is_retired_timer(written.handler)
        {
            self.arm_again(armed, period);
        }
        self.run(clause, None)?;
        self.follow_up()
    }

    /// It failed and is set aside: what repeats goes on repeating.
    fn miss(mut self, armed: &Armed) {
        let clause = self.engine.timer_clause(self.instance.spot, &armed.handler);
        let trigger = clause.map(|clause| self.engine.definition.clauses[clause].trigger);
        if let Some(Trigger::Every(period)) = trigger {
            self.arm_again(armed, period);
        }
    }

    /// The next regular time that is still ahead: what was missed while nothing ran is not made up for.
    fn arm_again(&mut self, armed: &Armed, period: Duration) {
        self.instance
            .book
            .timers
            .retain(|other| other.number != armed.number);
        let period_us = i64::try_from(period.as_micros()).unwrap_or(i64::MAX).max(1);
        let late_us = (self.now.as_microsecond() - armed.due.as_microsecond()).max(0);
        let next_us = armed
            .due
            .as_microsecond()
            .saturating_add((late_us / period_us + 1).saturating_mul(period_us));
        self.arm_one(
            &armed.handler,
            Timestamp::from_microsecond(next_us).unwrap_or(Timestamp::MAX),
        );
    }

    /// A timer comes as a message: it was handed over, or failed and was set aside. It runs if the instance is still
    /// where it was due.
    pub(super) fn refire(&mut self, handler: &str) -> Result<Verdict, Failure> {
        let stay = std::str::from_utf8(&self.cause.body)
            .ok()
            .and_then(|stay| stay.parse().ok());
        if stay.is_some_and(|stay: u64| stay != self.instance.book.entered) || !self.is_in_a_state() {
            return Ok(Verdict::Discarded("the timer's state was left"));
        }
        let clause = self.timer_clause(handler)?;
        match (self.engine.definition.clauses[clause].trigger, self.handed_over()) {
            (Trigger::Every(period), Some(armed)) => self.arm_again(&armed, period),
            (Trigger::At, None) => return Ok(Verdict::Discarded("the timer's time has moved")),
            _ => {}
        }
        self.run(clause, None)?;
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    fn is_in_a_state(&self) -> bool {
        matches!(self.instance.spot, Spot::State(_))
    }

    /// The timer that the cause stands for, as it is in the book.
    fn handed_over(&self) -> Option<Armed> {
        let (saga, incarnation) = (&self.engine.name, self.instance.incarnation);
        let is_it =
            |armed: &&Armed| MessageId::of_timer(armed.due, saga, incarnation, armed.number) == self.cause.id;
        self.instance.book.timers.iter().find(is_it).cloned()
    }

    /// The clause of a timer of the present state; another build may have armed one that this build has not.
    fn timer_clause(&self, handler: &str) -> Result<usize, Failure> {
        let clause = self.engine.timer_clause(self.instance.spot, handler);
        clause.ok_or_else(|| {
            let text = format!(
                "saga `{}`, instance `{}`: its timer `{handler}` is due, but in state `{}` this build has no timer of that \
                 name; run a build that has it, or say `renamed(..)` if it has another name now",
                self.engine.name,
                self.instance.id.key,
                self.engine.state_name(self.instance.spot),
            );
            Failure::new(Reason::UnknownType, text)
        })
    }
}

/// Stored times have microseconds; comparing finer ones would find differences that are none.
fn to_micros(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
