//! One small step from each mistake that the macro sees, and sound.
#![deny(warnings)]

use std::time::Duration;

use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "StartedByAnEvent")]
pub struct S001 {
    order_id: u64,
}

/// Nothing but an event starts it.
#[saga(ignore(AddressChanged in end))]
impl S001 {
    #[start(AddressChanged => end)]
    fn moved(event: AddressChanged) -> Self {
        Self { order_id: event.order_id }
    }
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "HandledInTwoStates")]
pub struct S002 {
    order_id: u64,
}

/// One message has three handlers, each in states of its own: a named state goes before `_`.
#[saga(states(Open, Moved, Settled), ignore(AddressChanged in end))]
impl S002 {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[on(AddressChanged in Open => Moved)]
    fn moved(&mut self, _: AddressChanged) {}

    #[on(AddressChanged in Moved => Settled)]
    fn moved_again(&mut self, _: AddressChanged) {}

    #[on(AddressChanged in _ => end)]
    fn moved_too_often(&mut self, _: AddressChanged) {}

    #[after(30 d => end)]
    fn done(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "StatesOfSimilarNames")]
pub struct S003 {
    order_id: u64,
}

/// Two states that differ by a letter are two states; one is entered from an outcome alone.
#[saga(states(Awaiting, Awaited))]
impl S003 {
    #[start(PlaceOrder -> reply OrderConfirmed => Awaiting)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[after(1 h in Awaiting { Long => Awaited | Short => end })]
    fn waited(&mut self) -> Waited {
        if self.order_id > 1 { Waited::Long } else { Waited::Short }
    }

    #[after(1 h in Awaited => end)]
    fn done(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "NeverEnds", endless)]
pub struct S005 {
    order_id: u64,
}

/// No way leads to `end`, and its struct says that this is meant.
#[saga(states(Day, Night))]
impl S005 {
    #[start(PlaceOrder -> reply OrderConfirmed => Day)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[after(12 h in Day => Night)]
    fn dusk(&mut self) {}

    #[after(12 h in Night => Day)]
    fn dawn(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "AsksAgain")]
pub struct S006 {
    order_id: u64,
}

/// A timer that leads back into its own state is a way on where it asks again.
#[saga(states(AwaitingBill), ignore(OrderBilled, BillingDeclined, OutOfStock in end))]
impl S006 {
    #[start(PlaceOrder -> send BillOrder, reply OrderConfirmed => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder, OrderConfirmed) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 }, OrderConfirmed)
    }

    #[after(30 min in AwaitingBill -> send BillOrder => AwaitingBill)]
    fn ask_again(&mut self) -> BillOrder {
        BillOrder { order_id: self.order_id, total_cents: 1 }
    }

    #[on(BillOrderReply in AwaitingBill => end)]
    fn answered(&mut self, _: BillOrderReply) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "AsksForTheContext")]
pub struct S007 {
    order_id: u64,
}

/// A handler may ask for the context, may fail, and names its types as it likes; other methods may even be async.
#[saga(states(Open), no_timeout(Open))]
impl S007 {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder, _: &Context) -> Result<(Self, OrderConfirmed), HandlerError> {
        Ok((Self { order_id: order.order_id }, OrderConfirmed))
    }

    #[every(1 h in Open -> send RemindCashier?)]
    fn hourly(&mut self) -> Option<RemindCashier> {
        (self.order_id > 1).then(|| RemindCashier { order_id: self.order_id })
    }

    #[after(Self::PATIENCE in Open { GiveUp => end | Wait })]
    fn late(&mut self) -> Late {
        Late::GiveUp
    }

    const PATIENCE: Duration = Duration::from_millis(1_500);

    pub async fn shown(&self) -> String {
        self.order_id.to_string()
    }
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "EnteredByOneOutcome")]
pub struct S004 {
    order_id: u64,
}

/// A state that nothing enters but one outcome of a timer, and one that only a second way to start enters.
#[saga(states(Open, Late, Moved), ignore(AddressChanged in end))]
impl S004 {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[start(AddressChanged => Moved)]
    fn begin(event: AddressChanged) -> Self {
        Self { order_id: event.order_id }
    }

    #[on(AddressChanged in _)]
    fn moved(&mut self, _: AddressChanged) {}

    #[on(PlaceOrder in Moved -> reply OrderConfirmed => Open)]
    fn place_moved(&mut self, _: PlaceOrder) -> OrderConfirmed {
        OrderConfirmed
    }

    #[after(1 h in Open { Rarely => Late | Else => end })]
    fn open(&mut self) -> Opened {
        if self.order_id > 1 { Opened::Rarely } else { Opened::Else }
    }

    #[after(1 h in Late | Moved => end)]
    fn over(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "IgnoredHereHandledThere")]
pub struct S010 {
    order_id: u64,
}

/// One message is handled, ignored and put off, each in states of its own; a timer may tick where waiting is meant.
#[saga(
    states(Open, Busy, Closed),
    ignore(AddressChanged in Closed | end),
    defer(AddressChanged in Busy),
    no_timeout(Open),
)]
impl S010 {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[on(AddressChanged in Open => Busy)]
    fn moved(&mut self, _: AddressChanged) {}

    #[every(1 d in Open -> send RemindCashier)]
    fn remind(&mut self) -> RemindCashier {
        RemindCashier { order_id: self.order_id }
    }

    #[after(1 h in Busy { Again => Open | Enough => Closed })]
    fn done(&mut self) -> Done {
        if self.order_id > 1 { Done::Again } else { Done::Enough }
    }

    #[after(1 h in Closed => end)]
    fn over(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "AsyncBesideIt")]
pub struct S011 {
    order_id: u64,
}

/// What is async stands beside the handlers.
#[saga(states(Open))]
impl S011 {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[after(1 h in Open => end)]
    fn over(&mut self) {}

    pub async fn told(&self) -> u64 {
        std::future::ready(self.order_id).await
    }
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "DelaysOfAllKinds")]
pub struct S012 {
    order_id: u64,
}

/// A fortnight that only these tests know.
pub const FORTNIGHT: Duration = Duration::from_secs(14 * 86_400);

/// Delays in each unit, and constants of the crate.
#[saga(states(First, Second, Third, Fourth))]
impl S012 {
    #[start(PlaceOrder -> reply OrderConfirmed => First)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[after(500 ms in First => Second)]
    fn first(&mut self) {}

    #[after(90 s in Second => Third)]
    fn second(&mut self) {}

    #[after(crate::FORTNIGHT in Third => Fourth)]
    fn third(&mut self) {}

    #[after(365 d in Fourth => end)]
    fn fourth(&mut self) {}
}

fn main() {}
