//! A process with its real services, played from beginning to end: undisturbed, killed at every step, everything twice.
//!
//! ```
//! use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
//! use saga_runtime::{prelude::*, testing::{Rehearsal, crash_at_every_step, deliver_everything_twice}};
//! # #[derive(Endpoint)] pub struct Sales;
//! # #[derive(Endpoint)] pub struct Billing;
//! # #[derive(Command, Serialize, Deserialize)]
//! # #[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
//! # pub struct PlaceOrder { pub order_id: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderConfirmed;
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderRejected;
//! # #[derive(Command, Serialize, Deserialize)]
//! # #[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
//! # pub struct BillOrder { pub order_id: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderBilled;
//! # #[derive(Reply, Serialize, Deserialize)] pub struct BillingDeclined;
//! # #[saga(by = order_id, at = Sales)]
//! # #[derive(Serialize, Deserialize)]
//! # pub struct Fulfilment { order_id: u64 }
//! # #[saga(states(AwaitingBill), ignore(OrderBilled, BillingDeclined in end))]
//! # impl Fulfilment {
//! #     #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
//! #     fn place(order: PlaceOrder) -> (Self, BillOrder) {
//! #         let PlaceOrder { order_id } = order;
//! #         (Self { order_id }, BillOrder { order_id })
//! #     }
//! #     #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
//! #     fn billed(&mut self, _: OrderBilled) -> OrderConfirmed { OrderConfirmed }
//! #     #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
//! #     fn declined(&mut self, _: BillingDeclined) -> OrderRejected { OrderRejected }
//! #     #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
//! #     fn late(&mut self) -> OrderRejected { OrderRejected }
//! # }
//! # use std::{collections::BTreeSet, sync::Mutex};
//! /// Charges once per idempotency key, however often it is asked.
//! #[derive(Clone, Default)]
//! struct BillingDesk { charges: Arc<Mutex<BTreeSet<String>>> }
//!
//! #[service(at = Billing)]
//! impl BillingDesk {
//!     #[on(BillOrder)]
//!     async fn bill(&self, _: BillOrder, context: &Context) -> BillOrderReply {
//!         self.charges.lock().unwrap().insert(context.idempotency_key().to_string());
//!         OrderBilled.into()
//!     }
//! }
//!
//! fn order() -> Rehearsal {
//!     let desk = BillingDesk::default();
//!     let charges = Arc::clone(&desk.charges);
//!     Rehearsal::new()
//!         .saga::<Fulfilment>()
//!         .service(desk)
//!         .request(PlaceOrder { order_id: 7 })
//!         .then(move || assert_eq!(charges.lock().unwrap().len(), 1, "charged once"))
//! }
//!
//! crash_at_every_step(order);
//! deliver_everything_twice(order);
//! ```

mod outcome;
mod stage;

use self::{
    outcome::Outcome,
    stage::{Disturbance, Stage},
};
use super::explore::{
    Explorer, explore,
    input::Input,
    parts::{Parts, Taker},
};
use crate::{
    message::{Command, Event, Reply},
    saga::Saga,
    service::Service,
};

/// A process to be played: its sagas, its real services, what comes from outside, and what must be so afterwards.
///
/// It is played on this thread, on a clock of its own: messages are handled in the order in which they were sent, timers
/// fire only when nothing else is left to do. Commands to services that are not here are answered with the first reply
/// that they declare.
#[must_use = "nothing is played until it is handed to `crash_at_every_step` and its like"]
pub struct Rehearsal {
    explorer: Explorer,
    afterwards: Vec<Box<dyn Fn()>>,
}

impl Default for Rehearsal {
    fn default() -> Self {
        Self::new()
    }
}

impl Rehearsal {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            explorer: explore(),
            afterwards: Vec::new(),
        }
    }

    /// A saga of the process.
    pub fn saga<S: Saga>(mut self) -> Self {
        self.explorer = self.explorer.saga::<S>();
        self
    }

    /// A service of the process, with whatever it remembers.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        self.explorer = self.explorer.service(service);
        self
    }

    /// What a reply of this type looks like, where a command is answered with what it declares.
    #[track_caller]
    pub fn reply<R: Reply>(mut self, reply: R) -> Self {
        self.explorer = self.explorer.reply(reply);
        self
    }

    /// A command comes whose sender waits for the answer.
    #[track_caller]
    pub fn request<C: Command>(mut self, command: C) -> Self {
        self.explorer = self.explorer.request(command);
        self
    }

    /// A command comes whose sender awaits no answer.
    #[track_caller]
    pub fn send<C: Command>(mut self, command: C) -> Self {
        self.explorer = self.explorer.send(command);
        self
    }

    /// An event comes.
    #[track_caller]
    pub fn publish<E: Event>(mut self, event: E) -> Self {
        self.explorer = self.explorer.publish(event);
        self
    }

    /// What must be so when all has been played, however it was disturbed: an assertion on what the services remember.
    pub fn then(mut self, afterwards: impl Fn() + 'static) -> Self {
        self.afterwards.push(Box::new(afterwards));
        self
    }

    #[track_caller]
    fn play(self, disturbance: Disturbance) -> Outcome {
        let (parts, inputs) = self.explorer.into_parts();
        let outcome = Stage::new(&parts, disturbance).play(&inputs);
        for afterwards in &self.afterwards {
            outcome.hold(afterwards);
        }
        outcome
    }
}

/// Plays a process once undisturbed, and once for each of its steps with the process killed before the commit of that
/// step, and after it. Each time it has to come to the same, and what is to be so [`then`](Rehearsal::then) has to be so.
///
/// A step that was not committed is done again, by a process that remembers nothing: instances are read from the store,
/// a service's handler is run a second time for the same message. `rehearsal` is called for each play and makes
/// everything anew. Returns how many plays there were.
///
/// # Panics
/// If some play comes to something else; the text says where the process was killed and what happened.
#[track_caller]
pub fn crash_at_every_step(rehearsal: impl Fn() -> Rehearsal) -> usize {
    let undisturbed = rehearsal().play(Disturbance::None);
    let steps = undisturbed.steps();
    for step in 0..steps {
        for disturbance in [Disturbance::CrashBefore(step), Disturbance::CrashAfter(step)] {
            rehearsal().play(disturbance).assert_same(&undisturbed);
        }
    }
    1 + 2 * steps
}

/// Plays a process once undisturbed, and once with everything twice: whatever comes from outside is sent again by a sender
/// who does not know what became of it, each message is delivered again, and each handler of a service is run again
/// for the same message. It has to come to the same.
///
/// A delivery that was handled is recognised by its id and has no effect, as in the store. A command that starts a saga
/// and is sent again under a new id gets the recorded answer; other input is only delivered again, since sending a second
/// one means a second one.
///
/// # Panics
/// If it comes to something else; the text says what happened.
#[track_caller]
pub fn deliver_everything_twice(rehearsal: impl Fn() -> Rehearsal) {
    let undisturbed = rehearsal().play(Disturbance::None);
    rehearsal().play(Disturbance::Twice).assert_same(&undisturbed);
}
