//! Compensation: completed steps are undone in reverse order, one at a time, each awaiting its answer.
//!
//! What a person must know is never guessed: a refused or unanswered undo parks the instance, visible and retryable.

use std::{any::Any, sync::Arc};

use super::{
    COMPENSATE, Failure, Verdict,
    book::{Kept, Running, Step as DoneStep, Undoing},
    routes::{Action, Spot},
    step::Step,
};
use crate::envelope::MessageId;

impl Step<'_> {
    /// Enters the state that the runtime runs.
    pub(super) fn begin_compensation(&mut self) {
        self.enter(Spot::Compensate);
        self.instance.book.undoing = Some(Undoing::default());
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
            let first = MessageId::derived(step.message.id, &self.engine.name, self.instance.incarnation, 0);
            self.undo(step, first, Vec::new())?;
            return Ok(true);
        }
        if !self.instance.book.open.is_empty() {
            return Ok(false);
        }
        self.compensated()?;
        Ok(true)
    }

    fn undo(
        &mut self,
        step: DoneStep,
        first: MessageId,
        earlier: Vec<super::book::Open>,
    ) -> Result<(), Failure> {
        let undo = self
            .engine
            .routes
            .undo(&step.message.name, step.command.as_deref());
        let Some(clause) = undo else { return Ok(()) };
        let reply = Arc::new(step.message.envelope());
        let open = self.instance.book.open.len();
        if let Some(undoing) = &mut self.instance.book.undoing {
            undoing.running = Some(Running {
                step,
                requests: earlier,
                awaited: 0,
                first,
            });
        }
        self.run_on(clause, &reply, &[], None)?;
        let sent = self.instance.book.open.split_off(open);
        self.await_compensation();
        let Some(undoing) = &mut self.instance.book.undoing else {
            return Ok(());
        };
        if sent.is_empty() {
            undoing.running = None;
        } else if let Some(running) = &mut undoing.running {
            running.awaited = u32::try_from(sent.len()).unwrap_or(u32::MAX);
            running.requests.extend(sent);
        }
        Ok(())
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
        decoded: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<Verdict, Failure> {
        let Some(request) = self.cause.in_reply_to else {
            return Ok(Verdict::Taken);
        };
        let running = self
            .instance
            .book
            .undoing
            .as_ref()
            .and_then(|undoing| undoing.running.as_ref());
        let undo =
            running.and_then(|running| running.requests.iter().find(|open| open.id == request).cloned());
        match undo {
            Some(open) => self.undo_answered(&open.command, request),
            None => self.late_answer(decoded)?,
        }
        self.instance.dirty = true;
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    fn undo_answered(&mut self, command: &str, request: MessageId) {
        let undoing = &mut self.instance.book.undoing;
        if let Some(running) = undoing.as_mut().and_then(|undoing| undoing.running.as_mut()) {
            running.requests.retain(|open| open.id != request);
        }
        if self.is_refusal(command) {
            self.park(&format!("`{command}` was refused with `{}`", self.cause.name));
            return;
        }
        let Some(undoing) = &mut self.instance.book.undoing else {
            return;
        };
        undoing.parked = None;
        let Some(running) = &mut undoing.running else {
            return;
        };
        running.awaited = running.awaited.saturating_sub(1);
        if running.awaited == 0 {
            undoing.running = None;
        }
        self.await_compensation();
    }

    /// A request that was open when compensation began: a success that has an undo joins the steps to undo.
    fn late_answer(&mut self, decoded: Option<Box<dyn Any + Send + Sync>>) -> Result<(), Failure> {
        let request = self.cause.in_reply_to;
        let book = &self.instance.book;
        let command = book
            .open
            .iter()
            .find(|open| Some(open.id) == request)
            .map(|open| Arc::clone(&open.command));
        self.take_in(command.clone())?;
        if let Some(undoing) = &mut self.instance.book.undoing
            && undoing.running.is_none()
        {
            // It was parked for want of this very answer, or of another like it.
            undoing.parked = None;
        }
        self.await_compensation();
        let action = self
            .engine
            .routes
            .action(Spot::Compensate, &self.cause.name, command.as_deref());
        match action {
            Some(Action::Run(clause)) => self.run(clause, decoded),
            _ => Ok(()),
        }
    }

    fn is_refusal(&self, command: &str) -> bool {
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
        if let Some(Running {
            step,
            requests,
            first,
            ..
        }) = running
        {
            // The answer to an earlier attempt still counts: the undo carries one idempotency key for all of them.
            self.undo(step, first, requests)?;
        }
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    /// The idempotency key of what is sent while a step is undone.
    pub(super) fn undo_key(&self) -> Option<MessageId> {
        let undoing = self.instance.book.undoing.as_ref()?;
        undoing.running.as_ref().map(|running| running.first)
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

impl DoneStep {
    /// What the step log shows.
    pub(crate) fn summary(&self) -> (Option<&str>, &Kept) {
        (self.command.as_deref(), &self.message)
    }
}
