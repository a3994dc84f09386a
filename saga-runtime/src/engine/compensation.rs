//! Compensation: completed steps are undone in reverse order, one at a time, each awaiting its answer.
//!
//! What a person must know is never guessed: a refused or unanswered undo parks the instance, visible and retryable.

use std::{any::Any, sync::Arc};

use super::{
    COMPENSATE, Failure, Verdict,
    book::{Running, Step as DoneStep, Undo},
    routes::{Action, Spot},
    step::Step,
};
use crate::{dead_letter::Reason, definition::Treatment, envelope::MessageId};

/// The most attempts at undos that were settled by another one and whose own answer is still recognised.
const MAX_SETTLED: usize = 64;

impl Step<'_> {
    /// Enters the state that the runtime runs. A compensation under way goes on.
    pub(super) fn begin_compensation(&mut self) {
        self.enter(Spot::Compensate);
        self.instance.book.undoing.get_or_insert_default();
        self.await_compensation();
    }

    /// Starts the next undo, or finishes; whether something was done.
    pub(super) fn undo_next(&mut self) -> Result<bool, Failure> {
        let Some(undoing) = &self.instance.book.undoing else {
            return Ok(false);
        };
        if undoing.running.is_some() || undoing.parked.is_some() {
            return Ok(false);
        }
        if let Some(step) = self.instance.book.steps.pop() {
            self.undo(step, Vec::new())?;
            return Ok(true);
        }
        if !self.instance.book.open.is_empty() {
            return Ok(false);
        }
        self.compensated()?;
        Ok(true)
    }

    /// Runs the undo of a step. Requests of earlier attempts are still awaited, except where they were refused.
    fn undo(&mut self, step: DoneStep, mut requests: Vec<Undo>) -> Result<(), Failure> {
        let undo = self
            .engine
            .routes
            .undo(&step.message.name, step.command.as_deref());
        let Some(clause) = undo else {
            self.undo_is_missing(step, requests);
            return Ok(());
        };
        let reply = Arc::new(step.message.envelope());
        let open = self.instance.book.open.len();
        self.undoing = Some(UndoKeys::of(&step));
        self.run_on(clause, &reply, &[], None)?;
        self.undoing = None;
        let sent = self.instance.book.open.split_off(open);
        self.await_compensation();
        requests.retain(|undo| !undo.refused);
        requests.extend((0..).zip(sent).map(|(nth, open)| Undo {
            open,
            nth,
            refused: false,
        }));
        if let Some(undoing) = &mut self.instance.book.undoing {
            undoing.running = (!requests.is_empty()).then_some(Running { step, requests });
        }
        Ok(())
    }

    /// Another build completed the step, and this one has no undo for it: a person must know, unless the saga says by
    /// now that there is nothing to undo.
    fn undo_is_missing(&mut self, step: DoneStep, requests: Vec<Undo>) {
        let reply = Arc::clone(&step.message.name);
        if requests.is_empty() && self.engine.routes.no_undo(&reply, step.command.as_deref()) {
            self.instance.dirty = true;
            return;
        }
        let Some(undoing) = &mut self.instance.book.undoing else {
            return;
        };
        if requests.is_empty() {
            self.instance.book.steps.push(step);
        } else {
            undoing.running = Some(Running { step, requests });
        }
        self.park(&format!(
            "this build has no `#[compensate({reply} ..)]`, which an earlier one had; run a build that has it, then retry"
        ));
    }

    /// Nothing is left to undo.
    fn compensated(&mut self) -> Result<(), Failure> {
        self.instance.book.undoing = None;
        self.instance.book.timers.clear();
        if let Some(clause) = self.engine.routes.compensated() {
            let cause = self.cause;
            self.run_on(clause, cause, &[], None)?;
        }
        let went_on = matches!(self.instance.spot, Spot::State(_)) || self.instance.book.undoing.is_some();
        if !self.instance.ended && !went_on {
            self.finish();
        }
        Ok(())
    }

    /// An answer arrives while steps are undone: to an undo, or to a request that was still open.
    pub(super) fn deliver_undo_reply(
        &mut self,
        command: Arc<str>,
        decoded: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<Verdict, Failure> {
        if self.engine.routes.sent(&command).is_none() {
            let text = format!(
                "`{}` answers `{command}`, which this build does not send: whether it was done or refused is for a build \
                 that does",
                self.cause.name
            );
            return Err(Failure::new(Reason::UnknownType, text));
        }
        self.instance.dirty = true;
        let undo = self.cause.in_reply_to.and_then(|request| self.undo_of(request));
        let verdict = match undo {
            Some(undo) => self.undo_answered(&undo),
            None => self.late_answer(command, decoded)?,
        };
        self.follow_up()?;
        Ok(verdict)
    }

    fn undo_of(&self, request: MessageId) -> Option<Undo> {
        let undoing = self.instance.book.undoing.as_ref()?;
        let requests = &undoing.running.as_ref()?.requests;
        requests.iter().find(|undo| undo.open.id == request).cloned()
    }

    fn undo_answered(&mut self, answered: &Undo) -> Verdict {
        let refused = self.is_refusal(&answered.open.command);
        let book = &mut self.instance.book;
        let Some(undoing) = &mut book.undoing else {
            return Verdict::Taken;
        };
        let Some(running) = &mut undoing.running else {
            return Verdict::Taken;
        };
        if refused {
            return self.undo_refused(answered);
        }
        let (settled, others) = std::mem::take(&mut running.requests)
            .into_iter()
            .partition(|undo| undo.nth == answered.nth);
        running.requests = others;
        if !running.requests.iter().any(|undo| undo.refused) {
            undoing.parked = None;
        }
        if running.requests.is_empty() {
            undoing.running = None;
        }
        self.settle(settled, answered.open.id);
        self.await_compensation();
        Verdict::Taken
    }

    /// Whether a later attempt at the same is under way decides what a refusal means.
    fn undo_refused(&mut self, refused: &Undo) -> Verdict {
        let undoing = self.instance.book.undoing.as_mut();
        let Some(running) = undoing.and_then(|undoing| undoing.running.as_mut()) else {
            return Verdict::Taken;
        };
        let is_this = |undo: &Undo| undo.open.id == refused.open.id;
        let tried_again = running
            .requests
            .iter()
            .any(|undo| undo.nth == refused.nth && !is_this(undo));
        if tried_again {
            running.requests.retain(|undo| !is_this(undo));
            return Verdict::Discarded("an earlier attempt at an undo was refused");
        }
        for undo in running.requests.iter_mut().filter(|undo| is_this(undo)) {
            undo.refused = true;
        }
        let command = &refused.open.command;
        self.park(&format!("`{command}` was refused with `{}`", self.cause.name));
        Verdict::Taken
    }

    /// What the other attempts at the same undo are answered with means nothing any more.
    fn settle(&mut self, attempts: Vec<Undo>, answered: MessageId) {
        let others = attempts.into_iter().map(|undo| undo.open.id);
        let settled = &mut self.instance.book.settled;
        settled.extend(others.filter(|id| *id != answered));
        let over = settled.len().saturating_sub(MAX_SETTLED);
        settled.drain(..over);
    }

    /// A request that was open when compensation began: a success that has an undo joins the steps to undo.
    fn late_answer(
        &mut self,
        command: Arc<str>,
        decoded: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<Verdict, Failure> {
        let action = self
            .engine
            .routes
            .action(Spot::Compensate, &self.cause.name, Some(&command));
        if let Some(dead) = self.take_in(Some(command))? {
            return Ok(dead);
        }
        if let Some(undoing) = &mut self.instance.book.undoing
            && undoing.running.is_none()
        {
            // It was parked for want of this very answer, or of another like it.
            undoing.parked = None;
        }
        self.await_compensation();
        match action {
            Some(Action::Run(clause)) => self.run(clause, decoded)?,
            Some(Action::Treat(Treatment::Unexpected)) => return Ok(self.unexpected()),
            _ => {}
        }
        Ok(Verdict::Taken)
    }

    pub(super) fn is_refusal(&self, command: &str) -> bool {
        let sent = self.engine.routes.sent(command);
        sent.and_then(|sent| sent.reply(&self.cause.name))
            .is_some_and(|reply| reply.refusal)
    }

    /// The wait for an answer is over.
    pub(super) fn compensation_is_late(&mut self) {
        let book = &self.instance.book;
        let undo = book.undoing.iter().filter_map(|undoing| undoing.running.as_ref());
        let awaited: Vec<&str> = undo
            .flat_map(|running| &running.requests)
            .map(|undo| &undo.open)
            .chain(&book.open)
            .map(|open| &*open.command)
            .collect();
        let why = format!(
            "no answer to `{}` within {:?}",
            awaited.join("`, `"),
            self.engine.limits.compensation_wait
        );
        self.park(&why);
    }

    fn park(&mut self, why: &str) {
        self.instance.dirty = true;
        self.instance.book.timers.clear();
        tracing::warn!(
            saga.name = %self.engine.name, saga.key = %self.instance.id.key, reason = why,
            "compensation is parked and needs a person"
        );
        if let Some(undoing) = &mut self.instance.book.undoing {
            undoing.parked = Some(why.into());
        }
    }

    /// A person says: try again.
    pub(super) fn retry_compensation(&mut self) -> Result<Verdict, Failure> {
        let Some(undoing) = &mut self.instance.book.undoing else {
            return Ok(Verdict::Discarded("no compensation is under way"));
        };
        if undoing.parked.take().is_none() {
            return Ok(Verdict::Discarded("the compensation is not parked"));
        }
        self.instance.dirty = true;
        let running = undoing.running.take();
        self.await_compensation();
        if let Some(Running { step, requests }) = running {
            // The answer to an earlier attempt still counts: each command carries one idempotency key in all of them.
            self.undo(step, requests)?;
        }
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    /// Begins the wait for the next answer anew; a parked instance waits for a person.
    fn await_compensation(&mut self) {
        let parked = self
            .instance
            .book
            .undoing
            .as_ref()
            .is_some_and(|undoing| undoing.parked.is_some());
        if parked {
            return;
        }
        let due = self.after(self.engine.limits.compensation_wait);
        self.instance.book.timers.clear();
        self.arm_one(COMPENSATE, due);
    }
}

/// The idempotency keys of the commands that undo one step: the same in every attempt, each its own.
pub(super) struct UndoKeys {
    reply: MessageId,
    next: u32,
}

impl UndoKeys {
    fn of(step: &DoneStep) -> Self {
        Self {
            reply: step.message.id,
            next: 0,
        }
    }

    pub(super) fn next(&mut self, saga: &str, incarnation: u64) -> MessageId {
        let nth = self.next;
        self.next += 1;
        MessageId::derived(self.reply, &format!("undo:{saga}"), incarnation, nth)
    }
}
