//! Messages for an instance that is not there: finished, of another life, or never seen within the wait.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Emission, Engine, Failure, Message, Outlet, RETRY, TIMER, Verdict,
    book::{Answer, Book},
    emission::envelope as envelope_of,
    routes::{Action, Spot},
    step,
};
use crate::{
    codec::Payload,
    dead_letter::Reason,
    definition::{Definition, Treatment, Trigger},
    effects::{Effects, Output},
    envelope::{Envelope, MessageId},
    input::Input,
};

impl Engine {
    /// `book`: what is left of the instance; `None`: there never was one, as far as is known.
    pub(super) fn deliver_to_ended(
        &self,
        book: Option<&Book>,
        message: Message<'_>,
        now: Timestamp,
        out: &mut Vec<Emission>,
    ) -> Result<Verdict, Failure> {
        let envelope = message.envelope;
        if is_internal(envelope) {
            return Ok(Verdict::Discarded("its instance has finished"));
        }
        let request = envelope.in_reply_to;
        if book.is_some_and(|book| request.is_some_and(|request| book.settled.contains(&request))) {
            return Ok(Verdict::Discarded(
                "another attempt at the same undo was answered before",
            ));
        }
        let command = book.and_then(|book| book.command_of(request?));
        match self.routes.action(Spot::End, &envelope.name, command.as_deref()) {
            Some(Action::Run(clause)) => self.run_ended(clause, message, now, out),
            Some(Action::Treat(Treatment::Ignore)) => Ok(Verdict::Discarded("ignored in `end`, as written")),
            Some(Action::Treat(Treatment::Unexpected)) => Ok(self.dead_ended(
                Reason::Unexpected,
                envelope,
                "`unexpected` in `end` was written for it",
            )),
            _ => Ok(self.not_named_in_end(book, envelope, now, out)),
        }
    }

    fn not_named_in_end(
        &self,
        book: Option<&Book>,
        envelope: &Envelope,
        now: Timestamp,
        out: &mut Vec<Emission>,
    ) -> Verdict {
        if let Some(answer) = book.and_then(|book| book.answer_to(&envelope.name)) {
            out.extend(recorded_answer(self, envelope, answer, now));
            return Verdict::Discarded("a repetition: the recorded answer was given");
        }
        if book.is_none() && envelope.to.is_none() {
            return self.dead_ended(Reason::NoInstance, envelope, "no instance has its key");
        }
        self.dead_ended(
            Reason::AlreadyFinished,
            envelope,
            "its instance has finished; name it in `end`",
        )
    }

    fn run_ended(
        &self,
        clause: usize,
        message: Message<'_>,
        now: Timestamp,
        out: &mut Vec<Emission>,
    ) -> Result<Verdict, Failure> {
        let envelope = message.envelope;
        let context = self.context(envelope, None, now, message.attempt);
        let mut input = Input::new(&context, envelope).with_decoded(message.decoded);
        let effects = step::guarded(|| self.saga.handle_ended(clause, &mut input))?;
        out.extend(served(&self.name, envelope, effects, now));
        Ok(Verdict::Taken)
    }

    fn dead_ended(&self, reason: Reason, envelope: &Envelope, why: &str) -> Verdict {
        let instance = envelope
            .to
            .as_ref()
            .map(|to| format!(", instance `{}`", to.key))
            .unwrap_or_default();
        Verdict::Dead(
            reason,
            format!("saga `{}`{instance}: `{}`: {why}", self.name, envelope.name),
        )
    }
}

/// A timer or a person's word, not a message of anybody's contract.
pub(crate) fn is_internal(envelope: &Envelope) -> bool {
    &*envelope.name == RETRY || envelope.name.starts_with(TIMER)
}

/// The names of what the runtime itself may send to instances of a saga, in their replies queue.
pub(crate) fn internal_messages(definition: &'static Definition) -> impl Iterator<Item = Arc<str>> {
    let timers = definition.clauses.iter().filter(|clause| {
        matches!(
            clause.trigger,
            Trigger::After(_) | Trigger::Every(_) | Trigger::At
        )
    });
    let renamed = definition.renamed.iter().map(|renamed| renamed.old);
    let handlers = timers.map(|clause| clause.handler).chain(renamed);
    let timers = handlers.map(|handler| format!("{TIMER}{handler}").into());
    timers.chain([RETRY.into()])
}

/// The recorded answer for the sender of `envelope`, if it waits for one.
pub(super) fn recorded_answer(
    engine: &Engine,
    envelope: &Envelope,
    answer: &Answer,
    now: Timestamp,
) -> Option<Emission> {
    let reply_to = envelope.reply_to.as_ref()?;
    let id = MessageId::derived(envelope.id, &engine.name, 0, 0);
    let kept = &answer.reply;
    let mut reply = kept.envelope();
    reply.id = id;
    reply.created_at = now;
    reply.conversation = envelope.conversation;
    reply.caused_by = Some(envelope.id);
    reply.in_reply_to = Some(envelope.id);
    reply.to.clone_from(&reply_to.instance);
    Some(emission(Outlet::Queue(Arc::clone(&reply_to.queue)), reply))
}

/// What a handler without an instance emits: answers go to whoever sent the message, the rest as its type says.
pub(crate) fn served(emitter: &str, cause: &Envelope, effects: Effects, now: Timestamp) -> Vec<Emission> {
    let each = (0..).zip(effects.outputs).filter_map(|(position, output)| {
        let id = MessageId::derived(cause.id, emitter, 0, position);
        match output {
            Output::Reply { payload, .. } => answer(id, &payload, cause, now),
            Output::Send(payload) => {
                let queue = payload.info.endpoint.unwrap_or_default().into();
                Some(emission(
                    Outlet::Queue(queue),
                    envelope_of(id, &payload, cause, now),
                ))
            }
            Output::Publish(payload) => Some(emission(
                Outlet::Subscribers,
                envelope_of(id, &payload, cause, now),
            )),
        }
    });
    each.collect()
}

/// An answer to the sender of `envelope`, if it waits for one.
fn answer(id: MessageId, payload: &Payload, envelope: &Envelope, now: Timestamp) -> Option<Emission> {
    let reply_to = envelope.reply_to.as_ref()?;
    let mut reply = envelope_of(id, payload, envelope, now);
    reply.in_reply_to = Some(envelope.id);
    reply.to.clone_from(&reply_to.instance);
    Some(emission(Outlet::Queue(Arc::clone(&reply_to.queue)), reply))
}

fn emission(to: Outlet, envelope: Envelope) -> Emission {
    Emission {
        to,
        envelope: Arc::new(envelope),
    }
}
