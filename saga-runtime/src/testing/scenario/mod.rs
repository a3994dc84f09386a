//! Given, when, then for one saga: time is ours, there is no server, a plain `#[test]` is enough.
//!
//! ```
//! use std::time::Duration;
//! use saga_runtime::{prelude::*, testing::Scenario};
//! # #[derive(Endpoint)] pub struct Sales;
//! # #[derive(Endpoint)] pub struct Billing;
//! # #[derive(Command, Serialize, Deserialize)]
//! # #[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
//! # pub struct PlaceOrder { pub order_id: u64, pub total_cents: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderConfirmed;
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderRejected;
//! # #[derive(Command, Serialize, Deserialize)]
//! # #[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
//! # pub struct BillOrder { pub order_id: u64, pub total_cents: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderBilled;
//! # #[derive(Reply, Serialize, Deserialize)] pub struct BillingDeclined;
//! # #[saga(by = order_id, at = Sales)]
//! # #[derive(Serialize, Deserialize)]
//! # pub struct Fulfilment { order_id: u64 }
//! # #[saga(states(AwaitingBill), ignore(OrderBilled, BillingDeclined in end))]
//! # impl Fulfilment {
//! #     #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
//! #     fn place(order: PlaceOrder) -> (Self, BillOrder) {
//! #         let PlaceOrder { order_id, total_cents } = order;
//! #         (Self { order_id }, BillOrder { order_id, total_cents })
//! #     }
//! #     #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
//! #     fn billed(&mut self, _: OrderBilled) -> OrderConfirmed { OrderConfirmed }
//! #     #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
//! #     fn declined(&mut self, _: BillingDeclined) -> OrderRejected { OrderRejected }
//! #     #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
//! #     fn late(&mut self) -> OrderRejected { OrderRejected }
//! # }
//!
//! let mut order = Scenario::<Fulfilment>::new();
//! order
//!     .request(PlaceOrder { order_id: 7, total_cents: 4_200 })
//!     .is_in("AwaitingBill")
//!     .sends(&BillOrder { order_id: 7, total_cents: 4_200 });
//!
//! let mut late = order.clone(); // a scenario branches
//! late.advance(Duration::from_secs(30 * 60)).replies(&OrderRejected).ends();
//!
//! order.reply(OrderBilled).replies(&OrderConfirmed).ends();
//! ```
//!
//! The saga runs on the engine that the bus runs. Between any two steps the instance is written as a store would write
//! it, and read again. Whatever becomes a dead letter fails the test at once, unless it is
//! [looked for](Scenario::dead_letter).

mod given;
mod message;
mod read;
#[cfg(test)]
mod tests;
mod then;

use std::{marker::PhantomData, sync::Arc, time::Duration};

use jiff::Timestamp;

use message::{caller, party};

use super::{
    chart::{Chart, body, spoken},
    machine::{self, Held, Stepped},
};
use crate::{
    codec::Payload,
    dead_letter::Reason,
    engine::{COMPENSATE, Engine, RETRY, SetAside, TIMER, Verdict},
    envelope::{Envelope, MessageId},
    message::{Command, Event, MessageKind, Replies, Reply},
    saga::Saga,
    store::{Found, InstanceId},
};

pub use read::Timer;

/// When every scenario begins: 2027-01-15T08:00:00Z.
const BEGINNING_S: i64 = 1_800_000_000;
/// Where answers to callers go.
const CALLER: &str = "caller";

/// One saga, one instance, and a clock that only moves when told.
///
/// See the [module](self) for an example. *Given* is how it starts, *when* is what is said to it, *then* is what is
/// found; all of them chain. Each message it emits is found once: [`sends`](Self::sends) and its like take the oldest
/// of that type that was not looked at yet.
pub struct Scenario<S> {
    engine: Arc<Engine>,
    id: Option<InstanceId>,
    found: Found,
    began_at: Timestamp,
    now: Timestamp,
    /// Messages made so far; numbers the next.
    made: u64,
    chart: Chart,
    emitted: Vec<Emitted>,
    /// Commands sent that want an answer, oldest first.
    asked: Vec<Arc<Envelope>>,
    /// Senders outside that wait for an answer.
    callers: Vec<MessageId>,
    /// Messages that wait for the instance to come to be, and until when.
    waiting: Vec<(Arc<Envelope>, Timestamp)>,
    dead: Vec<SetAside>,
    expects_dead: bool,
    saga: PhantomData<fn() -> S>,
}

/// A message it emitted.
#[derive(Clone)]
struct Emitted {
    envelope: Arc<Envelope>,
    seen: bool,
}

impl<S> Clone for Scenario<S> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            id: self.id.clone(),
            found: self.found.clone(),
            chart: self.chart.clone(),
            emitted: self.emitted.clone(),
            asked: self.asked.clone(),
            callers: self.callers.clone(),
            waiting: self.waiting.clone(),
            dead: self.dead.clone(),
            ..*self
        }
    }
}

impl<S: Saga> Default for Scenario<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// When: something is said to it, or time passes.
impl<S: Saga> Scenario<S> {
    /// A command arrives whose sender awaits no answer.
    #[track_caller]
    pub fn send<C: Command>(&mut self, command: C) -> &mut Self {
        let envelope = self.envelope(&command);
        self.say(envelope)
    }

    /// A command arrives whose sender waits for the answer.
    #[track_caller]
    pub fn request<C: Command>(&mut self, command: C) -> &mut Self {
        let mut envelope = self.envelope(&command);
        envelope.reply_to = Some(caller());
        self.callers.push(envelope.id);
        self.say(envelope)
    }

    /// An event arrives.
    #[track_caller]
    pub fn publish<E: Event>(&mut self, event: E) -> &mut Self {
        let envelope = self.envelope(&event);
        self.say(envelope)
    }

    /// A reply arrives: to the oldest open request that declares it, else to the latest one that did.
    #[track_caller]
    pub fn reply<R: Reply>(&mut self, reply: R) -> &mut Self {
        let payload = self.written(Payload::of(&reply, self.engine.codec()));
        self.answer_with(&payload, None)
    }

    /// A reply to command `C` arrives, where more than one open command declares it.
    #[track_caller]
    pub fn answer<C: Command>(&mut self, reply: impl Into<C::Reply>) -> &mut Self {
        let payload = self.written(reply.into().payload(self.engine.codec()));
        self.answer_with(&payload, Some(C::INFO.name))
    }

    /// A reply to the nth command `C` that it has sent arrives, counted from 0.
    #[track_caller]
    pub fn answer_nth<C: Command>(&mut self, nth: usize, reply: impl Into<C::Reply>) -> &mut Self {
        let payload = self.written(reply.into().payload(self.engine.codec()));
        let mut sent = self.asked.iter().filter(|asked| *asked.name == *C::INFO.name);
        match sent.nth(nth).cloned() {
            Some(request) => self.answer_to(&request, &payload),
            None => {
                let expected = format!("`{}` was sent {} times", C::INFO.name, nth + 1);
                self.fail("a reply arrives", &expected, "it was not")
            }
        }
    }

    /// Time passes. What becomes due fires on the way, in order, each at its own time.
    #[track_caller]
    pub fn advance(&mut self, time: Duration) -> &mut Self {
        let until = self.now.saturating_add(time).unwrap_or(Timestamp::MAX);
        while let Some(due) = self.next_due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.elapse();
        }
        self.now = until;
        self.judge()
    }

    /// Time passes up to the next timer, which has to be the one of this handler.
    #[track_caller]
    pub fn timeout(&mut self, handler: &str) -> &mut Self {
        let timers = self.timers();
        match timers.first() {
            Some(next) if next.handler == handler => {
                self.now = self.now.max(next.due);
                self.fire();
                self.judge()
            }
            _ => {
                let actual: Vec<String> = timers.iter().map(Timer::to_string).collect();
                let actual = if actual.is_empty() {
                    "no timer is armed".to_owned()
                } else {
                    actual.join("\n")
                };
                self.fail("the next timer", &format!("`{handler}`"), &actual)
            }
        }
    }

    /// A person has a parked compensation go on.
    #[track_caller]
    pub fn retry_compensation(&mut self) -> &mut Self {
        let Some(to) = self.address() else {
            self.fail(
                "a compensation to go on",
                "a parked instance",
                "there is no instance",
            );
        };
        let mut envelope = self.blank(MessageKind::Event, RETRY);
        envelope.to = Some(to);
        self.say(envelope)
    }

    #[track_caller]
    fn answer_with(&mut self, payload: &Payload, command: Option<&str>) -> &mut Self {
        let name = payload.info.name;
        let Some(request) = self.request_for(name, command) else {
            let sent: Vec<&str> = self.asked.iter().map(|asked| &*asked.name).collect();
            let actual = format!(
                "asked so far: {}",
                if sent.is_empty() {
                    "nothing".into()
                } else {
                    sent.join(", ")
                }
            );
            self.fail(
                "a reply arrives",
                &format!("some request that `{name}` answers"),
                &actual,
            );
        };
        self.answer_to(&request, payload)
    }

    #[track_caller]
    fn answer_to(&mut self, request: &Arc<Envelope>, payload: &Payload) -> &mut Self {
        let mut envelope = self.of_payload(payload);
        envelope.in_reply_to = Some(request.id);
        envelope.to = request.reply_to.as_ref().and_then(|to| to.instance.clone());
        self.say(envelope)
    }

    /// The request that a reply of this name answers.
    fn request_for(&self, reply: &str, command: Option<&str>) -> Option<Arc<Envelope>> {
        let open = self.open_requests();
        let declares = |asked: &&Arc<Envelope>| {
            let info = self.engine.sent(&asked.name);
            let named = command.is_none_or(|command| *command == *asked.name);
            named && info.is_some_and(|info| info.reply(reply).is_some())
        };
        let mut all = self.asked.iter().filter(declares);
        let first_open = all.clone().find(|asked| open.contains(&asked.id));
        first_open.or_else(|| all.next_back()).cloned()
    }

    #[track_caller]
    fn say(&mut self, envelope: Envelope) -> &mut Self {
        let envelope = Arc::new(envelope);
        let (caller, me) = (self.speaker(&envelope), self.me());
        self.chart.message(self.elapsed(), &caller, &me, &envelope);
        match self.engine.instance_of(&envelope) {
            Ok((id, _)) if envelope.to.is_none() => self.meet(id),
            Ok(_) => {}
            Err(failure) => {
                self.fail("a message arrives", "a key", &failure.detail);
            }
        }
        self.deliver(&envelope, false);
        self.judge()
    }

    fn deliver(&mut self, envelope: &Arc<Envelope>, waited: bool) {
        let Some(id) = self.id.clone() else { return };
        let was_absent = matches!(self.found, Found::Absent);
        let stepped = machine::deliver(
            &self.engine,
            Held::stored(&self.found),
            &id,
            envelope,
            waited,
            self.now,
        );
        self.keep(envelope, stepped);
        if was_absent && !matches!(self.found, Found::Absent) {
            for (early, _) in std::mem::take(&mut self.waiting) {
                self.deliver(&early, true);
            }
        }
    }

    fn keep(&mut self, cause: &Arc<Envelope>, stepped: Result<Stepped, crate::Error>) {
        let (at, me) = (self.elapsed(), self.me());
        let stepped = match stepped {
            Ok(stepped) => stepped,
            Err(error) => panic!(
                "the stored instance cannot be read again: {error}\n\n{}",
                self.chart.text()
            ),
        };
        match &stepped.verdict {
            Verdict::Wait => {
                let until = self
                    .now
                    .saturating_add(self.engine.limits().absent_wait)
                    .unwrap_or(Timestamp::MAX);
                self.waiting.push((Arc::clone(cause), until));
                self.chart
                    .note(at, &me, format!("`{}` waits for an instance", cause.name));
            }
            Verdict::Discarded(why) => self.chart.note(at, &me, *why),
            Verdict::Taken | Verdict::Dead(..) => {}
        }
        for emission in &stepped.emitted {
            let to = party(&emission.to);
            self.chart.message(at, &me, &to, &emission.envelope);
            if emission.envelope.reply_to.is_some() {
                self.asked.push(Arc::clone(&emission.envelope));
            }
            self.emitted.push(Emitted {
                envelope: Arc::clone(&emission.envelope),
                seen: false,
            });
        }
        for dead in stepped.dead(cause) {
            self.chart
                .note(at, &me, format!("DEAD LETTER {:?}: {}", dead.reason, dead.detail));
            self.dead.push(dead);
        }
        let before = self.state_name();
        self.found = stepped.found;
        let after = self.state_name();
        if before != after {
            self.chart.note(at, &me, format!("now in `{after}`"));
        }
    }

    /// Whatever is due first happens: a timer, or the end of a message's wait for the instance.
    fn elapse(&mut self) {
        let over = self.waiting.iter().position(|(_, until)| *until <= self.now);
        match over {
            Some(over) => {
                let (envelope, _) = self.waiting.remove(over);
                self.deliver(&envelope, true);
            }
            None => self.fire(),
        }
    }

    fn fire(&mut self) {
        let Some(id) = self.id.clone() else { return };
        match machine::fire(&self.engine, Held::stored(&self.found), &id, self.now) {
            Ok(Some((timer, stepped))) => {
                let handler = timer.name.strip_prefix(TIMER).unwrap_or(&timer.name);
                let text = match handler {
                    COMPENSATE => "the wait for an undo is over".to_owned(),
                    handler => format!("timeout `{handler}`"),
                };
                let (at, me) = (self.elapsed(), self.me());
                self.chart.note(at, &me, text);
                self.keep(&timer, Ok(stepped));
            }
            Ok(None) => {}
            Err(error) => panic!(
                "the stored instance cannot be read again: {error}\n\n{}",
                self.chart.text()
            ),
        }
    }

    /// Fails if something was set aside that nobody looks for.
    #[track_caller]
    fn judge(&mut self) -> &mut Self {
        match self.dead.first() {
            Some(dead) if !self.expects_dead => {
                let actual = format!("{:?}\n{}\n{}", dead.reason, dead.envelope.name, dead.detail);
                self.fail("no message becomes a dead letter", "it is handled", &actual)
            }
            _ => self,
        }
    }
}
