//! The order process: billed, labelled, hauled by another saga; late at every turn, and undone where it must be.

use saga_runtime::prelude::*;

use super::contracts::*;

#[saga(by = order, at = Sales)]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    order: u32,
    /// What happened, in order: no handler may be seen here twice.
    log: Vec<String>,
}

impl Fulfilment {
    fn note(&mut self, what: &str) {
        self.log.push(what.to_owned());
    }

    fn closed(&mut self, confirmed: bool) -> OrderClosed {
        OrderClosed {
            order: self.order,
            confirmed,
            log: std::mem::take(&mut self.log),
        }
    }
}

#[saga(
    states(AwaitingBill, CancellingBill, AwaitingLabel, AwaitingHaul),
    ignore(AlreadyBilled in CancellingBill),
    no_undo(CancelBilling, Haul),
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let order = order.order;
        let log = vec!["placed".to_owned()];
        (Self { order, log }, BillOrder { order })
    }

    #[on(OrderBilled in AwaitingBill -> send CreateLabel => AwaitingLabel)]
    fn billed(&mut self, _: OrderBilled) -> CreateLabel {
        self.note("billed");
        CreateLabel { order: self.order }
    }

    #[on(BillingDeclined in AwaitingBill -> publish OrderClosed, reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> (OrderClosed, OrderRejected) {
        self.note("declined");
        (self.closed(false), OrderRejected { order: self.order })
    }

    #[after(30 s in AwaitingBill -> send CancelBilling => CancellingBill)]
    fn bill_is_late(&mut self) -> CancelBilling {
        self.note("bill is late");
        CancelBilling { order: self.order }
    }

    #[on(OrderBilled in CancellingBill => compensate)]
    fn billed_late(&mut self, _: OrderBilled) {
        self.note("billed late");
    }

    #[on(BillingDeclined in CancellingBill => compensate)]
    fn declined_late(&mut self, _: BillingDeclined) {
        self.note("declined late");
    }

    #[on(BillingCancelled in CancellingBill => compensate)]
    fn bill_cancelled(&mut self, _: BillingCancelled) {
        self.note("bill cancelled");
    }

    #[after(60 s in CancellingBill => compensate)]
    fn cancel_is_late(&mut self) {
        self.note("cancel is late");
    }

    #[on(LabelCreated in AwaitingLabel -> send Haul => AwaitingHaul)]
    fn labelled(&mut self, _: LabelCreated) -> Haul {
        self.note("labelled");
        Haul { load: self.order }
    }

    #[on(OutOfStock in AwaitingLabel => compensate)]
    fn out_of_stock(&mut self, _: OutOfStock) {
        self.note("out of stock");
    }

    #[after(60 s in AwaitingLabel => compensate)]
    fn label_is_late(&mut self) {
        self.note("label is late");
    }

    #[on(Arrived in AwaitingHaul -> publish OrderClosed, reply OrderConfirmed => end)]
    fn arrived(&mut self, _: Arrived) -> (OrderClosed, OrderConfirmed) {
        self.note("arrived");
        (self.closed(true), OrderConfirmed { order: self.order })
    }

    #[on(TurnedBack in AwaitingHaul => compensate)]
    fn turned_back(&mut self, _: TurnedBack) {
        self.note("turned back");
    }

    #[after(10 min in AwaitingHaul => compensate)]
    fn haul_is_late(&mut self) {
        self.note("haul is late");
    }

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&self, billed: OrderBilled) -> RefundOrder {
        RefundOrder { order: billed.order }
    }

    #[compensate(LabelCreated -> send VoidLabel)]
    fn void(&self, label: LabelCreated) -> VoidLabel {
        VoidLabel { order: label.order }
    }

    #[compensated(-> publish OrderClosed, reply OrderRejected => end)]
    fn cancelled(&mut self) -> (OrderClosed, OrderRejected) {
        self.note("undone");
        (self.closed(false), OrderRejected { order: self.order })
    }
}
