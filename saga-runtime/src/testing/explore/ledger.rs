//! What was done and can be undone: each step is kept or undone, never undone twice.

use std::sync::Arc;

use crate::{
    context::IDEMPOTENCY_KEY,
    engine::{Engine, RETRY, book::Book},
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
}

/// What a step of the engine means for the ledger; `Err`: what was undone twice.
pub(super) fn entered(
    engine: &Engine,
    ledger: &Ledger,
    cause: &Arc<Envelope>,
    (before, after): (&Found, &Found),
    emitted: &[Arc<Envelope>],
) -> Result<Ledger, String> {
    let mut ledger = ledger.clone();
    let life = incarnation(after);
    let (before, after) = (book_of(before), book_of(after));
    for step in completed(engine, (&before, &after), life, cause, emitted) {
        if !ledger.iter().any(|done| done.id == step.id) {
            ledger.push(step);
        }
    }
    let mut by_hand: Vec<&str> = Vec::new();
    for command in emitted.iter().filter(|sent| sent.kind == MessageKind::Command) {
        match command.headers.get(IDEMPOTENCY_KEY) {
            // A person has an undo tried again: the same one.
            Some(_) if &*cause.name == RETRY => {}
            Some(key) => undone(engine, &mut ledger, life, key),
            // Several commands of one type within one step undo one thing in parts.
            None if by_hand.contains(&&*command.name) => {}
            None => {
                by_hand.push(&command.name);
                undone_by_hand(engine, &mut ledger, &command.name)?;
            }
        }
    }
    match ledger.iter().find(|done| done.undone > 1) {
        Some(done) => Err(handler(engine, done.undo)),
        None => Ok(ledger),
    }
}

fn book_of(found: &Found) -> Book {
    let bytes = match found {
        Found::Absent => return Book::default(),
        Found::Live(row) => &row.book,
        Found::Finished(tombstone) => &tombstone.book,
    };
    Book::read(bytes).unwrap_or_default()
}

/// The steps that are new.
fn completed(
    engine: &Engine,
    (before, after): (&Book, &Book),
    life: u64,
    cause: &Arc<Envelope>,
    emitted: &[Arc<Envelope>],
) -> Vec<Done> {
    let running = after
        .undoing
        .as_ref()
        .and_then(|undoing| undoing.running.as_ref());
    let noted = after.steps.iter().chain(running.map(|running| &running.step));
    let mut steps: Vec<Done> = noted
        .filter_map(|step| {
            let undo = engine.undo_of(&step.message.name, step.command.as_deref())?;
            Some(Done {
                id: step.message.id,
                undo,
                undone: 0,
            })
        })
        .collect();
    // One that was undone at once, by a command that nobody answers, leaves no other trace.
    let command = cause
        .in_reply_to
        .and_then(|request| before.open.iter().find(|open| open.id == request));
    let undo = command.and_then(|open| engine.undo_of(&cause.name, Some(&open.command)));
    let key = undo.map(|_| first_key(engine, cause.id, life));
    let at_once = emitted
        .iter()
        .any(|sent| sent.headers.get(IDEMPOTENCY_KEY) == key.as_ref());
    if let Some(undo) = undo
        && at_once
    {
        steps.push(Done {
            id: cause.id,
            undo,
            undone: 0,
        });
    }
    steps
}

fn incarnation(found: &Found) -> u64 {
    match found {
        Found::Absent => 0,
        Found::Live(row) => row.incarnation,
        Found::Finished(tombstone) => tombstone.incarnation,
    }
}

fn first_key(engine: &Engine, reply: MessageId, incarnation: u64) -> String {
    MessageId::derived(reply, &format!("undo:{}", engine.name()), incarnation, 0).to_string()
}

/// An undo has begun, by the runtime: its first command says of which step.
fn undone(engine: &Engine, ledger: &mut Ledger, life: u64, key: &str) {
    for done in ledger.iter_mut() {
        if first_key(engine, done.id, life) == key {
            done.undone += 1;
        }
    }
}

/// An undo was sent by hand: it undoes the latest step of its kind that was not undone.
fn undone_by_hand(engine: &Engine, ledger: &mut Ledger, command: &str) -> Result<(), String> {
    let undos = engine.undone_by(command);
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
        None => Err(format!("`{command}` was sent again")),
    }
}

fn handler(engine: &Engine, clause: usize) -> String {
    let clause = engine.definition().clauses.get(clause);
    clause.map_or_else(String::new, |clause| format!("`{}`", clause.handler))
}
