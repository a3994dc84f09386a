//! What handlers emit, on its way out: into the same commit as rows, and after it to whoever takes them on.

use std::sync::Arc;

use super::{arrival::Arrival, budget::Permit, requests::REQUESTER, shared::Shared};
use crate::{
    engine::{Emission, Outlet},
    envelope::Envelope,
    store::{NewMessage, Outcome, Seq, Unit, Wait},
};

/// Of each row of a unit: its queue, and the consumer it is assigned to.
pub(crate) type Places = Vec<(Arc<str>, Option<Arc<str>>)>;

/// A unit under construction, with what is to be done once it is applied.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) unit: Unit,
    /// For each row of [`Unit::out`]: who takes it on at once.
    born: Vec<Born>,
    /// Answers to callers in this process; never written.
    answers: Vec<Arc<Envelope>>,
}

/// What becomes of a new row once it is there.
enum Born {
    /// Handed to its consumer here.
    Here {
        source: usize,
        permit: Permit,
        envelope: Arc<Envelope>,
    },
    /// Claimed later, by whoever takes from this source.
    Later { source: Option<usize> },
    /// Sent to the broker by this node.
    Relay { permit: Permit, envelope: Arc<Envelope> },
}

impl Draft {
    /// Plans where each emission goes.
    pub(crate) fn emit(&mut self, shared: &Shared, emissions: impl IntoIterator<Item = Emission>) {
        for emission in emissions {
            match emission.to {
                Outlet::Queue(queue) if *queue == *shared.requests.queue => {
                    self.answers.push(emission.envelope)
                }
                Outlet::Queue(queue) if shared.relays() => self.relay(shared, queue, emission.envelope),
                Outlet::Queue(queue) => self.enqueue(shared, queue, emission.envelope),
                Outlet::Subscribers if shared.relays() => {
                    let event = Arc::clone(&emission.envelope.name);
                    self.relay(shared, event, emission.envelope);
                }
                Outlet::Subscribers => self.fan_out(shared, &emission.envelope),
            }
        }
    }

    fn fan_out(&mut self, shared: &Shared, envelope: &Arc<Envelope>) {
        let queues = shared.routing.subscribers(&envelope.name);
        if queues.is_empty() {
            tracing::debug!(message.name = %envelope.name, message.id = %envelope.id, "an event that nobody subscribed to");
        }
        for queue in queues {
            self.enqueue(shared, queue, Arc::clone(envelope));
        }
    }

    /// One row per consumer behind the queue; one unassigned row where it is not known here.
    pub(crate) fn enqueue(&mut self, shared: &Shared, queue: Arc<str>, envelope: Arc<Envelope>) {
        if queue.starts_with(REQUESTER) && !shared.answers_travel() {
            tracing::debug!(message.name = %envelope.name, message.id = %envelope.id, "whoever asked for this answer is gone");
            return;
        }
        let sources = shared.routing.sources_of(&queue, &envelope);
        if sources.is_empty() {
            self.push(
                new_row(queue, None, envelope, false),
                Born::Later { source: None },
            );
            return;
        }
        for &source in sources {
            let consumer = shared
                .routing
                .consumer_of(source)
                .map(|consumer| Arc::clone(&consumer.name));
            let permit = shared.take_on(source, envelope.body.len());
            let row = new_row(
                Arc::clone(&queue),
                consumer,
                Arc::clone(&envelope),
                permit.is_some(),
            );
            let born = match permit {
                Some(permit) => Born::Here {
                    source,
                    permit,
                    envelope: Arc::clone(&envelope),
                },
                None => Born::Later { source: Some(source) },
            };
            self.push(row, born);
        }
    }

    fn relay(&mut self, shared: &Shared, to: Arc<str>, envelope: Arc<Envelope>) {
        let permit = shared.budget.acquire(None, envelope.body.len());
        let mut row = new_row(to, None, Arc::clone(&envelope), true);
        row.wait = Wait::Relay;
        self.push(row, Born::Relay { permit, envelope });
    }

    fn push(&mut self, row: NewMessage, born: Born) {
        // Parked rows of arrivals may precede; they wait for nobody here.
        while self.born.len() < self.unit.out.len() {
            self.born.push(Born::Later { source: None });
        }
        self.unit.out.push(row);
        self.born.push(born);
    }

    /// Takes the unit out for committing; the rest stays for [`applied`](Self::applied).
    pub(crate) fn take_unit(&mut self) -> (Unit, Places) {
        let places = self
            .unit
            .out
            .iter()
            .map(|row| (Arc::clone(&row.queue), row.consumer.clone()))
            .collect();
        (std::mem::take(&mut self.unit), places)
    }

    /// The unit is durable: hands over what was born and answers who waits.
    pub(crate) fn applied(self, shared: &Shared, places: Places, seqs: Vec<Seq>) {
        for ((born, (queue, consumer)), seq) in self.born.into_iter().zip(places).zip(seqs) {
            match born {
                Born::Here {
                    source,
                    permit,
                    envelope,
                } => {
                    shared.dispatch(Arrival::fresh(
                        Some(seq),
                        envelope,
                        source,
                        queue,
                        consumer,
                        shared.now(),
                        permit,
                    ));
                }
                Born::Later { source } => shared.left_behind(source, &queue),
                Born::Relay { permit, envelope } => shared.relay(seq, queue, envelope, permit),
            }
        }
        for answer in &self.answers {
            shared.requests.deliver(answer);
        }
    }
}

fn new_row(
    queue: Arc<str>,
    consumer: Option<Arc<str>>,
    envelope: Arc<Envelope>,
    claimed: bool,
) -> NewMessage {
    NewMessage {
        envelope,
        queue,
        consumer,
        claimed,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        history: Vec::new(),
        instance: None,
    }
}

/// A service's answer that a saga at hand may handle in the unit which finishes the service's message: its only output,
/// and for an instance. Neither then waits for the disk in between.
pub(crate) fn answer_at_hand(shared: &Shared, cause: &Arrival, emissions: &[Emission]) -> Option<Arrival> {
    // What a process died with is written at every step, so that it shows which one it dies of.
    if cause.row.is_none() || cause.crashes > 0 || shared.relays() {
        return None;
    }
    let [
        Emission {
            to: Outlet::Queue(queue),
            envelope,
        },
    ] = emissions
    else {
        return None;
    };
    envelope.to.as_ref()?;
    let &[source] = shared.routing.sources_of(queue, envelope) else {
        return None;
    };
    let consumer = shared.routing.consumer_of(source)?;
    let permit = shared.take_on(source, envelope.body.len())?;
    Some(Arrival::fresh(
        None,
        Arc::clone(envelope),
        source,
        Arc::clone(queue),
        Some(Arc::clone(&consumer.name)),
        envelope.created_at,
        permit,
    ))
}

/// The rows of an applied unit.
pub(crate) fn born(outcome: Outcome) -> Result<Vec<Seq>, Outcome> {
    match outcome {
        Outcome::Applied { born } => Ok(born),
        other => Err(other),
    }
}
