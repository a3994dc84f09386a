//! One small step from each mistake between a saga and its contracts, and sound.
#![deny(warnings)]

use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "LateAnswers")]
pub struct S101 {
    order_id: u64,
}

/// Late answers are left to a person, or to `_`; the timer of one state is too late for the request of another.
#[saga(
    states(AwaitingBill, Cancelling),
    ignore(BillingDeclined, OutOfStock in Cancelling),
    unexpected(OrderBilled in Cancelling),
    ignore(BillOrderReply in end),
)]
impl S101 {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 })
    }

    #[on(BillOrderReply in AwaitingBill { Paid -> reply OrderConfirmed => end | Not -> reply OrderRejected => end })]
    fn answered(&mut self, reply: BillOrderReply) -> Answered {
        match reply {
            BillOrderReply::OrderBilled(_) => Answered::Paid(OrderConfirmed),
            _ => Answered::Not(OrderRejected),
        }
    }

    #[after(30 min in AwaitingBill => Cancelling)]
    fn late(&mut self) {}

    #[after(1 h in Cancelling -> reply OrderRejected => end)]
    fn too_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "AskedForPerhaps")]
pub struct S102 {
    order_id: u64,
}

/// An answer is named in a state where it comes by one way of several, and the question is asked only perhaps.
#[saga(states(AwaitingBill, Refunding), unexpected(BillOrderReply, OrderRefunded in end))]
impl S102 {
    #[start(PlaceOrder -> send BillOrder, reply OrderConfirmed => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder, OrderConfirmed) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 }, OrderConfirmed)
    }

    #[on(OrderBilled in AwaitingBill -> send RefundOrder? => Refunding)]
    fn billed(&mut self, billed: OrderBilled) -> Option<RefundOrder> {
        (billed.invoice > 1).then_some(RefundOrder { invoice: billed.invoice })
    }

    #[on(BillingDeclined in AwaitingBill => end)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[on(OutOfStock in AwaitingBill => end)]
    fn sold_out(&mut self, _: OutOfStock) {}

    #[on(OrderRefunded in Refunding => end)]
    fn refunded(&mut self, _: OrderRefunded) {}

    #[after(1 d => end)]
    fn late(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = (shop, order_id), at = Sales, name = "KeyOfTwoFields")]
pub struct S103 {
    shop: u32,
    order_id: u64,
}

#[derive(Event, Serialize, Deserialize)]
pub struct Placed {
    shop: u32,
    order_id: u64,
}

#[derive(Event, Serialize, Deserialize)]
pub struct Packed {
    parcel: Parcel,
    shop: u32,
}

/// The key has two fields, and in one message other names.
#[saga(states(Open), by(Packed = (shop, parcel.order)), ignore(Placed, Packed in end))]
impl S103 {
    #[start(Placed => Open)]
    fn place(event: Placed) -> Self {
        Self { shop: event.shop, order_id: event.order_id }
    }

    #[on(Packed in Open => end)]
    fn packed(&mut self, _: Packed) {}

    #[on(Placed in Open)]
    fn placed_again(&mut self, _: Placed) {}

    #[after(30 d in Open => end)]
    fn late(&mut self) {
        assert!(self.shop > 0 && self.order_id > 0);
    }
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct ChangeOrder {
    order_id: u64,
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "TwoWhoAskAlike")]
pub struct S104 {
    order_id: u64,
}

/// Two commands are answered alike, and each clause is told apart: by its trigger, or by `to`.
#[saga(states(Open))]
impl S104 {
    #[start(PlaceOrder => Open)]
    fn place(order: PlaceOrder) -> Self {
        Self { order_id: order.order_id }
    }

    #[on(ChangeOrder in Open -> reply OrderConfirmed)]
    fn change(&mut self, _: ChangeOrder) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(ChangeOrder in end -> reply OrderRejected)]
    fn changed_too_late(_: ChangeOrder) -> OrderRejected {
        OrderRejected
    }

    #[after(1 d in Open -> reply OrderConfirmed to PlaceOrder => end)]
    fn done(&mut self) -> OrderConfirmed {
        assert!(self.order_id > 0);
        OrderConfirmed
    }
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "AnswersByOneOfTwoWays")]
pub struct S105 {
    order_id: u64,
}

/// Nobody waits where the end is reached: each way to it answered once. The timer's answer may find nobody.
#[saga(states(Open, Closing), ignore(AddressChanged in end))]
impl S105 {
    #[start(PlaceOrder => Open)]
    fn place(order: PlaceOrder) -> Self {
        Self { order_id: order.order_id }
    }

    #[on(AddressChanged in Open { Near -> reply OrderConfirmed => Closing | Far => Closing })]
    fn moved(&mut self, _: AddressChanged) -> Moved {
        if self.order_id > 1 { Moved::Near(OrderConfirmed) } else { Moved::Far }
    }

    #[on(AddressChanged in Closing)]
    fn moved_again(&mut self, _: AddressChanged) {}

    #[after(1 d -> reply OrderRejected => end)]
    fn late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "DefersAnEvent")]
pub struct S106 {
    order_id: u64,
}

/// An event has a word in every state: handled in one, put off in another, ignored at the end.
#[saga(states(Open, Packing), defer(AddressChanged in Packing), ignore(AddressChanged in end))]
impl S106 {
    #[start(PlaceOrder -> reply OrderConfirmed => Packing)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[after(1 h in Packing => Open)]
    fn packed(&mut self) {}

    #[on(AddressChanged in Open)]
    fn moved(&mut self, _: AddressChanged) {
        self.order_id += 1;
    }

    #[after(1 d in Open => end)]
    fn done(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "ReturnsAResult")]
pub struct S107 {
    order_id: u64,
}

/// What a handler returns is its clause in written order, as a `Result` or not, `?` as `Option`, `*` as `Vec`.
#[saga]
impl S107 {
    #[start(PlaceOrder -> publish AddressChanged?, send RemindCashier*, reply OrderConfirmed => end)]
    fn place(order: PlaceOrder) -> Result<Placement, std::num::TryFromIntError> {
        let _: u32 = order.order_id.try_into()?;
        let reminders = vec![RemindCashier { order_id: order.order_id }];
        Ok((Self { order_id: order.order_id }, None, reminders, OrderConfirmed))
    }

    pub fn order_id(&self) -> u64 {
        self.order_id
    }
}

type Placement = (S107, Option<AddressChanged>, Vec<RemindCashier>, OrderConfirmed);

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "EnteredWithAndWithoutARequest")]
pub struct S108 {
    order_id: u64,
}

/// A state that waits for answers is entered by one outcome with a question, by another to ask later; and by a `*` that
/// may turn out empty.
#[saga(states(Asking, Collecting), ignore(BillOrderReply in end))]
impl S108 {
    #[start(PlaceOrder -> reply OrderConfirmed => Asking)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[on(OrderBilled in Asking -> send BillOrder* => Collecting)]
    fn billed(&mut self, _: OrderBilled) -> Vec<BillOrder> {
        Vec::new()
    }

    #[on(BillingDeclined in Asking => Asking)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[on(OutOfStock in Asking)]
    fn sold_out(&mut self, _: OutOfStock) {}

    #[after(1 d in Asking { Again -> send BillOrder => Asking | GiveUp => end })]
    fn ask(&mut self) -> Ask {
        let order_id = self.order_id;
        if order_id > 1 { Ask::Again(BillOrder { order_id, total_cents: 1 }) } else { Ask::GiveUp }
    }

    #[on(BillOrderReply in Collecting)]
    fn collected(&mut self, _: BillOrderReply) {}

    #[after(1 d in Collecting => end)]
    fn enough(&mut self) {}
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "PointOfNoReturn")]
pub struct S109 {
    order_id: u64,
}

/// The bill has no undo, and none is missed: it is settled before anything is undone. The label has one.
#[saga(states(AwaitingBill, AwaitingLabel), settled(AwaitingLabel), unexpected(BillOrderReply in end))]
impl S109 {
    #[start(PlaceOrder -> send BillOrder, reply OrderConfirmed => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder, OrderConfirmed) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 }, OrderConfirmed)
    }

    #[on(OrderBilled in AwaitingBill -> send RentCrane => AwaitingLabel)]
    fn billed(&mut self, _: OrderBilled) -> RentCrane {
        RentCrane { order_id: self.order_id }
    }

    #[on(BillingDeclined in AwaitingBill => end)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[on(OutOfStock in AwaitingBill => end)]
    fn sold_out(&mut self, _: OutOfStock) {}

    #[after(1 d in AwaitingBill => end)]
    fn late(&mut self) {}

    #[on(CraneRented in AwaitingLabel => compensate)]
    fn rented(&mut self, _: CraneRented) {}

    #[after(1 d in AwaitingLabel => compensate)]
    fn no_crane(&mut self) {}

    #[compensate(CraneRented -> send ReturnCrane)]
    fn give_back(&self, _: CraneRented) -> ReturnCrane {
        ReturnCrane { order_id: self.order_id }
    }
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(CraneRented))]
pub struct RentCrane {
    order_id: u64,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct CraneRented;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing)]
pub struct ReturnCrane {
    order_id: u64,
}

#[derive(Serialize, Deserialize)]
#[saga(by = order_id, at = Sales, name = "JoinsWhatMayBeMissing")]
pub struct S110 {
    order_id: u64,
}

/// A join of which one item is asked for only perhaps, and a timer that does nothing but remind.
#[saga(states(Both), ignore(BillingDeclined, OutOfStock in Both), ignore(BillOrderReply, CraneRented in end))]
impl S110 {
    #[start(PlaceOrder -> send BillOrder, send RentCrane?, reply OrderConfirmed => Both)]
    fn place(order: PlaceOrder) -> (Self, BillOrder, Option<RentCrane>, OrderConfirmed) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 }, None, OrderConfirmed)
    }

    #[all(OrderBilled, CraneRented? in Both => end)]
    fn both(&mut self, _: OrderBilled, _: Option<CraneRented>) {}

    #[every(1 h in Both -> send RemindCashier)]
    fn remind(&mut self) -> RemindCashier {
        RemindCashier { order_id: self.order_id }
    }

    #[after(1 d in Both => end)]
    fn late(&mut self) {}
}

fn main() {}
