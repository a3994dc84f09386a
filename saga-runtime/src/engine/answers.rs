//! Senders that wait: who they are, how they are answered, what a repetition of their command gets.

use std::sync::Arc;

use super::{
    Failure, Verdict,
    book::{Answer, Book, Kept, Waiting},
    step::Step,
};
use crate::{
    codec::Payload,
    dead_letter::Reason,
    envelope::{Address, Envelope, MessageId},
    error::HandlerError,
    message::MessageInfo,
};

impl Waiting {
    pub(super) fn of(envelope: &Envelope, reply_to: &Address) -> Self {
        Self {
            command: Arc::clone(&envelope.name),
            request: envelope.id,
            reply_to: reply_to.clone(),
        }
    }
}

impl Book {
    /// The answer given to a starting command.
    pub(super) fn answer_to(&self, command: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| &*answer.command == command)
    }

    /// The command of a request that is open, or was when the instance ended.
    pub(super) fn command_of(&self, request: MessageId) -> Option<Arc<str>> {
        let undoing = self.undoing.iter().filter_map(|undoing| undoing.running.as_ref());
        let undos = undoing
            .flat_map(|running| &running.requests)
            .map(|undo| &undo.open);
        let mut open = self.open.iter().chain(undos);
        open.find(|open| open.id == request)
            .map(|open| Arc::clone(&open.command))
    }
}

/// Makes room by giving up the caller of `Bus::request` that has waited longest: its deadline has passed, or its process
/// is gone, and a repetition of its command gets the recorded answer. Sagas that wait are never given up.
fn forget_oldest_caller(book: &mut Book) -> bool {
    let caller = book
        .waiting
        .iter()
        .position(|waiting| waiting.reply_to.instance.is_none());
    caller.map(|caller| book.waiting.remove(caller)).is_some()
}

impl Step<'_> {
    /// Leaves the sender of the cause waiting, if it does wait.
    pub(super) fn wait_for_answer(&mut self) -> Result<Option<Verdict>, Failure> {
        let Some(reply_to) = &self.cause.reply_to else {
            return Ok(None);
        };
        if self.engine.routes.taken(&self.cause.name).is_none() {
            return Ok(None);
        }
        let waiting = Waiting::of(self.cause, reply_to);
        let book = &mut self.instance.book;
        if book.waiting.iter().any(|other| other.request == waiting.request) {
            return Ok(None);
        }
        let limit = self.engine.limits.waiting;
        if book.waiting.len() >= limit && !forget_oldest_caller(book) {
            return Ok(Some(
                self.dead(Reason::TooManyWaiting, &format!("{limit} senders wait already")),
            ));
        }
        book.waiting.push(waiting);
        self.instance.dirty = true;
        Ok(None)
    }

    /// A starting command for an instance that lives: its sender gets the recorded answer, or joins those who wait.
    pub(super) fn start_again(&mut self) -> Result<Verdict, Failure> {
        if self.engine.routes.taken(&self.cause.name).is_none() {
            return Ok(self.dead(
                Reason::AlreadyStarted,
                "the instance was started by another message",
            ));
        }
        if let Some(answer) = self.instance.book.answer_to(&self.cause.name).cloned() {
            return Ok(self.repeat_answer(&answer));
        }
        match self.wait_for_answer()? {
            Some(dead) => Ok(dead),
            None if self.cause.reply_to.is_some() => Ok(Verdict::Taken),
            None => Ok(Verdict::Discarded("a repetition: the instance has been started")),
        }
    }

    fn repeat_answer(&mut self, answer: &Answer) -> Verdict {
        let emission = super::ended::recorded_answer(self.engine, self.cause, answer, self.now);
        self.out.extend(emission);
        Verdict::Discarded("a repetition: the recorded answer was given")
    }

    /// Answers every sender that waits for the command that declares the reply.
    pub(super) fn answer(
        &mut self,
        payload: &Payload,
        to: Option<&'static MessageInfo>,
    ) -> Result<(), Failure> {
        let routes = &self.engine.routes;
        let Some(command) = to.or_else(|| routes.answered(payload.info.name, &self.cause.name)) else {
            let text = format!("`{}` answers no command that the saga takes", payload.info.name);
            return Err(HandlerError::new(text).into());
        };
        self.record_answer(payload, command);
        let book = &mut self.instance.book;
        let (answered, others) = std::mem::take(&mut book.waiting)
            .into_iter()
            .partition(|waiting| &*waiting.command == command.name);
        book.waiting = others;
        let answered: Vec<Waiting> = answered;
        for waiting in &answered {
            self.emit_answer(payload, waiting);
        }
        Ok(())
    }

    /// Only starting commands are repeated by a sender that does not know what became of them.
    fn record_answer(&mut self, payload: &Payload, command: &'static MessageInfo) {
        if !self.engine.routes.is_starting(command.name) {
            return;
        }
        let reply = Kept::payload(self.cause.id, self.cause.conversation, self.now, payload);
        let book = &mut self.instance.book;
        book.answers.retain(|answer| &*answer.command != command.name);
        book.answers.push(Answer {
            command: command.name.into(),
            reply,
        });
        self.instance.dirty = true;
    }
}
