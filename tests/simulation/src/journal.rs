//! Everything that took effect at the seams, as it happened: hashed, so that two runs can be compared; printed, if asked;
//! and held against what must never happen, whatever the messages mean.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use saga_runtime::{
    envelope::MessageId,
    store::{Change, InstanceChange, InstanceId, NewMessage, Outcome, Unit, Wait},
};

/// The most violations that are told of one run.
const TOLD: usize = 20;

/// The record of one run.
pub struct Journal {
    print: bool,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    hasher: DefaultHasher,
    /// The last version each live instance was given.
    versions: HashMap<InstanceId, u64>,
    /// What handlers emitted and where to.
    born: HashSet<Birth>,
    messages: u64,
    commits: u64,
    violations: Vec<String>,
}

/// A message that a handler emitted, in one place: there must never be two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Birth {
    id: MessageId,
    queue: Arc<str>,
    consumer: Option<Arc<str>>,
    relayed: bool,
}

/// What is remembered of a unit until its outcome is known.
#[derive(Debug)]
pub struct Intent {
    instance: Option<(InstanceId, Option<u64>, Next)>,
    born: Vec<Birth>,
    consumed: Vec<i64>,
    parked: usize,
    dead: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Next {
    Keep,
    Version(u64),
    End,
}

impl Intent {
    /// What `unit` is to change.
    pub fn of(unit: &Unit) -> Self {
        Self {
            instance: unit.instance.as_ref().map(next),
            born: unit.out.iter().filter_map(Birth::of).collect(),
            consumed: unit.consumed.clone(),
            parked: unit.park.len(),
            dead: unit.dead.len(),
        }
    }
}

fn next(InstanceChange { id, expect, change }: &InstanceChange) -> (InstanceId, Option<u64>, Next) {
    let next = match change {
        Change::Keep => Next::Keep,
        Change::Put(row) => Next::Version(row.version),
        Change::Finish(_) => Next::End,
    };
    (id.clone(), *expect, next)
}

impl Birth {
    /// Of what a handler emitted; answers to callers may be repeated, and what comes from outside is told apart elsewhere.
    fn of(message: &NewMessage) -> Option<Self> {
        let emitted = message.envelope.caused_by.is_some() && !message.queue.starts_with("requester.");
        let fresh = matches!(message.wait, Wait::Ready | Wait::Relay);
        (emitted && fresh).then(|| Self {
            id: message.envelope.id,
            queue: Arc::clone(&message.queue),
            consumer: message.consumer.clone(),
            relayed: message.wait == Wait::Relay,
        })
    }
}

impl Journal {
    /// An empty one, printed as it grows if asked.
    pub fn new(print: bool) -> Self {
        Self {
            print,
            pages: Mutex::default(),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something that happened to a node at a time.
    pub fn note(&self, at: Duration, node: usize, what: &str, number: u64, detail: impl Fn() -> String) {
        let mut pages = self.pages();
        (at, node, what, number).hash(&mut pages.hasher);
        if self.print {
            println!("{:>11.3}s  node {node}  {what} {}", at.as_secs_f64(), detail());
        }
    }

    /// Notes what became of a unit.
    pub fn applied(&self, at: Duration, node: usize, intent: &Intent, outcome: &Outcome) {
        let mut pages = self.pages();
        pages.hash(at, node, intent, outcome);
        if self.print {
            println!(
                "{:>11.3}s  node {node}  commit {outcome:?} {intent:?}",
                at.as_secs_f64()
            );
        }
        if matches!(outcome, Outcome::Applied { .. }) {
            pages.check(intent);
        }
    }

    /// Something happened that must never happen.
    pub fn violation(&self, text: impl Into<String>) {
        let text = text.into();
        if self.print {
            println!("VIOLATION  {text}");
        }
        self.pages().violate(text);
    }

    /// All that was seen.
    pub fn close(&self) -> Findings {
        let pages = self.pages();
        Findings {
            hash: pages.hasher.finish(),
            messages: pages.messages,
            commits: pages.commits,
            violations: pages.violations.clone(),
        }
    }
}

/// What a journal comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Of everything that took effect, in order.
    pub hash: u64,
    /// Messages written by handlers.
    pub messages: u64,
    /// Units applied.
    pub commits: u64,
    /// What must never happen, and did.
    pub violations: Vec<String>,
}

impl Pages {
    fn hash(&mut self, at: Duration, node: usize, intent: &Intent, outcome: &Outcome) {
        let hasher = &mut self.hasher;
        (at, node, &intent.instance, &intent.consumed).hash(hasher);
        (intent.parked, intent.dead).hash(hasher);
        intent.born.hash(hasher);
        std::mem::discriminant(outcome).hash(hasher);
    }

    fn check(&mut self, intent: &Intent) {
        self.commits += 1;
        self.messages += intent.born.len() as u64;
        for birth in &intent.born {
            if !self.born.insert(birth.clone()) {
                self.violate(format!("the same message was emitted twice: {birth:?}"));
            }
        }
        let mut consumed = intent.consumed.clone();
        consumed.sort_unstable();
        consumed.dedup();
        if consumed.len() < intent.consumed.len() {
            self.violate(format!("one unit handles a row twice: {:?}", intent.consumed));
        }
        if let Some((id, expect, next)) = &intent.instance {
            self.check_instance(id, *expect, *next);
        }
    }

    fn check_instance(&mut self, id: &InstanceId, expect: Option<u64>, next: Next) {
        let known = self.versions.get(id).copied();
        let follows = match next {
            Next::Keep => true,
            Next::Version(version) => known == expect && version == known.unwrap_or(0) + 1,
            Next::End => known == expect,
        };
        if !follows {
            self.violate(format!(
                "{id:?} has version {known:?}, and is changed from {expect:?} to {next:?}"
            ));
        }
        match next {
            Next::Keep => {}
            Next::Version(version) => drop(self.versions.insert(id.clone(), version)),
            Next::End => drop(self.versions.remove(id)),
        }
    }

    fn violate(&mut self, text: String) {
        if self.violations.len() < TOLD {
            self.violations.push(text);
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}
