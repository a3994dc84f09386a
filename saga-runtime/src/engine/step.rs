//! One step of a live instance: what a message, a timer or an undo leads to, until nothing more follows from it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Emission, Engine, Failure, Instance, RETRY, TIMER, Verdict,
    book::{Deferred, Kept, Origin, Step as DoneStep},
    compensation::UndoKeys,
    routes::{Action, Spot},
};
use crate::{
    dead_letter::Reason,
    definition::{Target, Treatment},
    effects::{Effects, Output},
    engine::Book,
    envelope::Envelope,
    error::HandlerError,
    input::{Arrived, Input},
    message::MessageKind,
    telemetry,
};

/// More follow-ups than this within one step is a loop in the saga.
const MAX_FOLLOW_UPS: u32 = 1_000;

/// One step under way.
pub(super) struct Step<'e> {
    pub(super) engine: &'e Engine,
    pub(super) instance: &'e mut Instance,
    /// The message that led to it; ids of what it emits derive from this one's.
    pub(super) cause: &'e Arc<Envelope>,
    pub(super) now: Timestamp,
    pub(super) attempt: u32,
    pub(super) out: &'e mut Vec<Emission>,
    /// A completed step is being undone by what is sent now.
    pub(super) undoing: Option<UndoKeys>,
    pub(super) position: u32,
    follow_ups: u32,
}

/// Runs user code; a panic is a failure like any other.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, HandlerError>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Ok(result?),
        Err(panic) => {
            let text = telemetry::panic_text(&*panic);
            Err(Failure::new(
                Reason::HandlerPanicked,
                format!("the handler panicked: {text}"),
            ))
        }
    }
}

impl Book {
    pub(super) fn started_by(envelope: &Envelope) -> Self {
        let origin = Origin {
            conversation: envelope.conversation,
            traceparent: envelope.traceparent.clone(),
        };
        Self {
            origin: Some(origin),
            ..Self::default()
        }
    }
}

impl<'e> Step<'e> {
    pub(super) fn new(
        engine: &'e Engine,
        instance: &'e mut Instance,
        cause: &'e Arc<Envelope>,
        now: Timestamp,
        attempt: u32,
        out: &'e mut Vec<Emission>,
    ) -> Self {
        Self {
            engine,
            instance,
            cause,
            now,
            attempt,
            out,
            undoing: None,
            position: 0,
            follow_ups: 0,
        }
    }

    /// After `start` made the instance.
    pub(super) fn started(mut self, clause: usize, effects: Effects) -> Result<Verdict, Failure> {
        if let Some(dead) = self.wait_for_answer()? {
            return Ok(dead);
        }
        let branch = self.engine.definition.clauses[clause]
            .branches
            .get(effects.branch);
        if branch.is_some_and(|branch| branch.target.is_none()) {
            self.enter(Spot::State(0));
        }
        self.apply(clause, effects)?;
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    /// Gives the cause to the instance.
    pub(super) fn deliver(mut self, decoded: Option<Box<dyn Any + Send + Sync>>) -> Result<Verdict, Failure> {
        if &*self.cause.name == RETRY {
            return self.retry_compensation();
        }
        if let Some(handler) = self.cause.name.strip_prefix(TIMER) {
            let handler = handler.to_owned();
            return self.refire(&handler);
        }
        let answered = match self.cause.kind {
            MessageKind::Reply => match self.answered() {
                Some(command) => Some(command),
                None => return Ok(self.answers_nothing()),
            },
            _ => None,
        };
        if let (Spot::Compensate, Some(command)) = (self.instance.spot, &answered) {
            return self.deliver_undo_reply(Arc::clone(command), decoded);
        }
        let action = self
            .engine
            .routes
            .action(self.instance.spot, &self.cause.name, answered.as_deref());
        match action {
            Some(Action::Run(clause)) => self.run_for(clause, answered, decoded),
            Some(Action::Join(_)) => self.arrive(answered),
            Some(Action::Treat(Treatment::Ignore)) => self.ignore(answered),
            Some(Action::Treat(Treatment::Defer)) => Ok(self.defer()),
            Some(Action::Treat(Treatment::Unexpected)) => {
                self.close_request();
                // Its request is closed: a join may have waited for that alone.
                let dead = self.unexpected();
                self.follow_up()?;
                Ok(dead)
            }
            None if self.engine.routes.is_starting(&self.cause.name) => self.start_again(),
            None => Ok(self.dead(
                Reason::UnhandledInState,
                "no clause takes it; add one, or `ignore`, `defer` or `unexpected`",
            )),
        }
    }

    pub(super) fn unexpected(&self) -> Verdict {
        self.dead(Reason::Unexpected, "`unexpected` was written for it")
    }

    fn run_for(
        &mut self,
        clause: usize,
        answered: Option<Arc<str>>,
        decoded: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<Verdict, Failure> {
        if let Some(dead) = self.take_in(answered)? {
            return Ok(dead);
        }
        self.run(clause, decoded)?;
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    fn arrive(&mut self, answered: Option<Arc<str>>) -> Result<Verdict, Failure> {
        if let Some(dead) = self.take_in(answered.clone())? {
            return Ok(dead);
        }
        let arrival = DoneStep {
            command: answered,
            message: Kept::of(self.cause),
        };
        let limit = self.engine.limits.steps;
        if self.instance.book.arrivals.len() >= limit {
            let why = format!("{limit} messages wait for their join already");
            return Ok(self.dead(Reason::TooManyWaiting, &why));
        }
        self.instance.book.arrivals.push(arrival);
        self.follow_up()?;
        Ok(Verdict::Taken)
    }

    fn ignore(&mut self, answered: Option<Arc<str>>) -> Result<Verdict, Failure> {
        if answered.is_some() {
            if let Some(dead) = self.take_in(answered)? {
                return Ok(dead);
            }
            self.follow_up()?;
        }
        Ok(Verdict::Discarded("ignored, as written"))
    }

    fn defer(&mut self) -> Verdict {
        let (book, limit) = (&mut self.instance.book, self.engine.limits.deferred);
        if book.deferred.len() >= limit {
            return self.dead(
                Reason::TooManyWaiting,
                &format!("{limit} messages are deferred already"),
            );
        }
        book.deferred.push(Deferred {
            entered: book.entered,
            envelope: Arc::clone(self.cause),
        });
        self.instance.dirty = true;
        Verdict::Taken
    }

    /// Notes what a message means whatever its handler does: the request it closes, the step it completes, who waits.
    pub(super) fn take_in(&mut self, answered: Option<Arc<str>>) -> Result<Option<Verdict>, Failure> {
        self.instance.dirty = true;
        match answered {
            Some(command) => Ok(self.complete(command)),
            None => self.wait_for_answer(),
        }
    }

    /// A reply says that a step was done; a refusal, that there is none, even if an undo names every reply.
    fn complete(&mut self, command: Arc<str>) -> Option<Verdict> {
        let undo = self.engine.routes.undo(&self.cause.name, Some(&command));
        if undo.is_some() && !self.is_refusal(&command) {
            let limit = self.engine.limits.steps;
            if self.instance.book.steps.len() >= limit {
                return Some(self.dead(
                    Reason::TooManyWaiting,
                    &format!("{limit} completed steps await their undo already"),
                ));
            }
            let step = DoneStep {
                command: Some(command),
                message: Kept::of(self.cause),
            };
            self.instance.book.steps.push(step);
        }
        self.close_request();
        None
    }

    /// The command that the cause answers, if that request is open.
    fn answered(&self) -> Option<Arc<str>> {
        self.instance.book.command_of(self.cause.in_reply_to?)
    }

    fn answers_nothing(&self) -> Verdict {
        let request = self.cause.in_reply_to;
        if request.is_some_and(|request| self.instance.book.settled.contains(&request)) {
            return Verdict::Discarded("another attempt at the same undo was answered before");
        }
        self.dead(
            Reason::NoOpenRequest,
            "the request it answers is not open: it was answered before, or never sent",
        )
    }

    fn close_request(&mut self) {
        let Some(request) = self.cause.in_reply_to else {
            return;
        };
        let book = &mut self.instance.book;
        let before = book.open.len();
        book.open.retain(|open| open.id != request);
        self.instance.dirty |= book.open.len() != before;
    }

    /// Runs a clause on the cause.
    pub(super) fn run(
        &mut self,
        clause: usize,
        decoded: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<(), Failure> {
        let cause = self.cause;
        self.run_on(clause, cause, &[], decoded)
    }

    /// Runs a clause on a message, or on the arrivals of a join.
    pub(super) fn run_on(
        &mut self,
        clause: usize,
        message: &Arc<Envelope>,
        arrivals: &[Arrived],
        decoded: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<(), Failure> {
        let key = Some(Arc::clone(&self.instance.id.key));
        let context = self.engine.context(message, key, self.now, self.attempt);
        let mut input = Input::joined(&context, message, arrivals).with_decoded(decoded);
        let data = &mut self.instance.data;
        let effects = guarded(|| self.engine.saga.handle(data, clause, &mut input))?;
        self.instance.dirty = true;
        self.apply(clause, effects)
    }

    /// Performs what a handler decided: emits, then goes where its branch leads.
    pub(super) fn apply(&mut self, clause: usize, effects: Effects) -> Result<(), Failure> {
        let written = &self.engine.definition.clauses[clause];
        let Some(branch) = written.branches.get(effects.branch) else {
            let text = format!(
                "`{}` took branch {}, which its clause does not have",
                written.handler, effects.branch
            );
            return Err(HandlerError::new(text).into());
        };
        for output in effects.outputs {
            self.check_size(output.payload())?;
            match output {
                Output::Send(payload) => self.send(&payload),
                Output::Publish(payload) => self.publish(&payload),
                Output::Reply { payload, to } => self.answer(&payload, to)?,
            }
        }
        match branch.target {
            None => {}
            Some(Target::State(state)) => self.enter(Spot::State(state)),
            Some(Target::Compensate) => self.begin_compensation(),
            Some(Target::End) => self.finish(),
        }
        Ok(())
    }

    /// Does whatever follows by itself: joins that are complete, undos that are next, `at` timers that moved.
    pub(super) fn follow_up(&mut self) -> Result<(), Failure> {
        while !self.instance.ended && (self.run_complete_join()? || self.undo_next()?) {
            self.follow_ups += 1;
            if self.follow_ups > MAX_FOLLOW_UPS {
                return Err(
                    HandlerError::new("the saga goes round in circles without waiting for anything").into(),
                );
            }
        }
        if !self.instance.ended {
            self.follow_at_timers();
        }
        Ok(())
    }

    /// Leaves the state it is in and enters `spot`: timers of the old one are cancelled, those of the new one armed.
    pub(super) fn enter(&mut self, spot: Spot) {
        let book = &mut self.instance.book;
        book.entered += 1;
        book.timers.clear();
        self.instance.spot = spot;
        if let Spot::State(state) = spot {
            self.abandon_compensation();
            if self.engine.routes.settled(state) {
                self.instance.book.steps.clear();
            }
            self.arm(state);
        }
    }

    /// A handler leads out of `compensate`: what is open is judged where it leads.
    fn abandon_compensation(&mut self) {
        let book = &mut self.instance.book;
        let undoing = book.undoing.take();
        if let Some(running) = undoing.and_then(|undoing| undoing.running) {
            book.open
                .extend(running.requests.into_iter().map(|undo| undo.open));
        }
    }

    pub(super) fn finish(&mut self) {
        self.instance.book.timers.clear();
        self.instance.book.entered += 1;
        self.instance.ended = true;
        for waiting in &self.instance.book.waiting {
            tracing::warn!(
                saga.name = %self.engine.name, saga.key = %self.instance.id.key, message.name = %waiting.command,
                "the saga ended without answering a sender that waits"
            );
        }
    }

    /// The cause is set aside, and why.
    pub(super) fn dead(&self, reason: Reason, why: &str) -> Verdict {
        let (engine, instance) = (self.engine, &self.instance);
        let detail = format!(
            "saga `{}`, instance `{}` in state `{}`: `{}`: {why}",
            engine.name,
            instance.id.key,
            engine.state_name(instance.spot),
            self.cause.name
        );
        Verdict::Dead(reason, detail)
    }
}
