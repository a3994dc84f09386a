//! What was done and can be undone: each completed step is kept or compensated, exactly once.
//!
//! A step is completed by the reply that a `compensate` clause names. Contracts say what becomes of it: whoever started the
//! process is told by a reply that it was done, or by a refusal that nothing was.

use std::sync::Arc;

use super::{FaultKind, fault::Fault, outcome::state, parts::SagaPart};
use crate::{
    context::IDEMPOTENCY_KEY,
    engine::{
        COMPENSATE, RETRY, SetAside,
        book::{Answer, Book},
    },
    envelope::{Envelope, MessageId},
    message::MessageKind,
    store::Found,
};

/// The steps of one instance, in order of completion.
pub(super) type Ledger = Vec<Done>;

/// A step that was completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// The reply that completed it.
    pub(super) id: MessageId,
    /// The clause that undoes it.
    pub(super) undo: usize,
    /// How often it was undone.
    pub(super) undone: u8,
    /// The runtime undid it, in `compensate`.
    pub(super) compensated: bool,
}

/// A step of the engine, to be entered.
pub(super) struct Entry<'a> {
    pub(super) saga: &'a SagaPart,
    pub(super) cause: &'a Arc<Envelope>,
    pub(super) emitted: &'a [Arc<Envelope>],
    pub(super) dead: &'a [SetAside],
    pub(super) before: &'a Found,
    pub(super) after: &'a Found,
}

impl Entry<'_> {
    /// The ledger after the step; `Err`: it does not add up.
    pub(super) fn entered(&self, ledger: &Ledger) -> Result<Ledger, Fault> {
        let (before, after) = (book_of(self.before), book_of(self.after));
        let mut ledger = ledger.clone();
        ledger.extend(self.completed(&before, &after));
        self.undo(&mut ledger)?;
        if matches!(self.after, Found::Live(_)) && after.undoing.is_none() {
            // Past a point of no return, `settled(..)`, a step is kept for good.
            ledger
                .retain(|done| done.undone > 0 || after.steps.iter().any(|step| step.message.id == done.id));
        }
        self.contradiction(&ledger, &before, &after)
            .map_or(Ok(ledger), Err)
    }

    /// The steps that are new: replies that closed their request, and that a clause undoes.
    fn completed(&self, before: &Book, after: &Book) -> Vec<Done> {
        let deferred = before.deferred.iter().map(|deferred| &deferred.envelope);
        let replies = std::iter::once(self.cause).chain(deferred);
        let steps = replies.filter_map(|reply| {
            let request = reply.in_reply_to?;
            let open = before.open.iter().find(|open| open.id == request)?;
            let closed = !after.open.iter().any(|open| open.id == request);
            let aside = self.dead.iter().any(|dead| dead.envelope.id == reply.id);
            let undo = self.saga.engine.undo_of(&reply.name, Some(&open.command))?;
            (closed && !aside).then_some(Done {
                id: reply.id,
                undo,
                undone: 0,
                compensated: false,
            })
        });
        steps.collect()
    }

    fn undo(&self, ledger: &mut Ledger) -> Result<(), Fault> {
        let mut by_hand: Vec<&str> = Vec::new();
        for command in self
            .emitted
            .iter()
            .filter(|sent| sent.kind == MessageKind::Command)
        {
            match command.headers.get(IDEMPOTENCY_KEY) {
                // A person has an undo tried again: the same one.
                Some(_) if &*self.cause.name == RETRY => {}
                Some(key) => self.undone(ledger, key),
                // Several commands of one type within one step undo one thing in parts.
                None if by_hand.contains(&&*command.name) => {}
                None => {
                    by_hand.push(&command.name);
                    self.undone_by_hand(ledger, &command.name)?;
                }
            }
        }
        match ledger.iter().find(|done| done.undone > 1) {
            Some(done) => Err(twice(&self.handler(done))),
            None => Ok(()),
        }
    }

    /// An undo has begun, by the runtime: its first command says of which step.
    fn undone(&self, ledger: &mut Ledger, key: &str) {
        for done in ledger.iter_mut() {
            if self.first_key(done.id) == key {
                done.undone += 1;
                done.compensated = true;
            }
        }
    }

    fn first_key(&self, reply: MessageId) -> String {
        let name = self.saga.engine.name();
        let life = match self.after {
            Found::Absent => 0,
            Found::Live(row) => row.incarnation,
            Found::Finished(tombstone) => tombstone.incarnation,
        };
        MessageId::derived(reply, &format!("undo:{name}"), life, 0).to_string()
    }

    /// An undo was sent by hand: it undoes the latest step of its kind that was not undone.
    fn undone_by_hand(&self, ledger: &mut Ledger, command: &str) -> Result<(), Fault> {
        let undos = self.saga.engine.undone_by(command);
        let mut of_kind = ledger
            .iter_mut()
            .filter(|done| undos.contains(&done.undo))
            .rev()
            .peekable();
        if of_kind.peek().is_none() {
            return Ok(());
        }
        match of_kind.find(|done| done.undone == 0) {
            Some(done) => {
                done.undone += 1;
                Ok(())
            }
            None => Err(twice(&format!("`{command}` was sent again"))),
        }
    }

    /// What whoever started the process is told, held against the steps.
    fn contradiction(&self, ledger: &Ledger, before: &Book, after: &Book) -> Option<Fault> {
        let is_told = |answer: &&Answer| !before.answers.contains(answer);
        let told = after
            .answers
            .iter()
            .filter(is_told)
            .find(|answer| !self.is_refusal(answer));
        let compensated = ledger.iter().find(|done| done.compensated);
        if let (Some(told), Some(done)) = (told, compensated) {
            let text = format!(
                "it says `{}`, and {} has undone a step",
                told.reply.name,
                self.handler(done)
            );
            return Some(Fault::new(FaultKind::CompensatedAndKept, text));
        }
        let ends = matches!(self.after, Found::Finished(_)) && !matches!(self.before, Found::Finished(_));
        let standing = ledger.iter().find(|done| ends && done.undone == 0)?;
        let refused = after.answers.iter().find(|answer| self.is_refusal(answer));
        let how = match refused {
            Some(refused) => format!("says `{}`", refused.reply.name),
            None if state(self.before) == COMPENSATE || compensated.is_some() => "was compensated".to_owned(),
            None => return None,
        };
        let text = format!(
            "it {how}, and a step stands that {} would have undone",
            self.handler(standing)
        );
        Some(Fault::new(FaultKind::NotCompensated, text))
    }

    fn is_refusal(&self, answer: &Answer) -> bool {
        let command = self
            .saga
            .takes
            .iter()
            .find(|command| *command.name == *answer.command);
        command
            .and_then(|command| command.reply(&answer.reply.name))
            .is_some_and(|reply| reply.refusal)
    }

    fn handler(&self, done: &Done) -> String {
        let clause = self.saga.definition().clauses.get(done.undo);
        clause.map_or_else(String::new, |clause| format!("`{}`", clause.handler))
    }
}

fn twice(what: &str) -> Fault {
    Fault::new(
        FaultKind::CompensatedTwice,
        format!("a step is compensated twice: {what}"),
    )
}

fn book_of(found: &Found) -> Book {
    let bytes = match found {
        Found::Absent => return Book::default(),
        Found::Live(row) => &row.book,
        Found::Finished(tombstone) => &tombstone.book,
    };
    Book::read(bytes).unwrap_or_default()
}
