//! What comes near a hole in a system and is none.
use saga_runtime::prelude::*;
use saga_test_contracts::{CreateLabel, Warehouse, order::*};

/// Heard by others.
#[derive(Event, Serialize, Deserialize)]
#[event(outsiders)]
struct OrderDone {
    order_id: u64,
}

/// Told by others.
#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct StrikeBegan {
    order_id: u64,
}

/// S205: called like nothing else on the wire, though its type is called like another.
mod archive {
    use saga_runtime::prelude::*;

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "archive.InvoiceIssued", external)]
    pub struct InvoiceIssued {
        pub invoice: String,
    }
}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill),
    unexpected(OrderBilled, BillingDeclined, OutOfStock in end),
    ignore(StrikeBegan, AddressChanged in end)
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let order_id = order.order_id;
        let bill = BillOrder {
            order_id,
            total_cents: 1,
        };
        (Self { order_id }, bill)
    }

    /// S201: its endpoint is served elsewhere.
    #[on(BillOrderReply in AwaitingBill -> send CreateLabelLater, publish OrderDone, reply OrderConfirmed => end)]
    fn billed(&mut self, _: BillOrderReply) -> (CreateLabelLater, OrderDone, OrderConfirmed) {
        let order_id = self.order_id;
        (
            CreateLabelLater { order_id },
            OrderDone { order_id },
            OrderConfirmed,
        )
    }

    #[on(StrikeBegan)]
    fn strike(&mut self, _: StrikeBegan) {}

    /// S203: published by the bus.
    #[on(AddressChanged)]
    fn moved(&mut self, _: AddressChanged) {}

    #[after(30 min in AwaitingBill -> send RemindCashier, reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> (RemindCashier, OrderRejected) {
        let order_id = self.order_id;
        (RemindCashier { order_id }, OrderRejected)
    }
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse)]
struct CreateLabelLater {
    order_id: u64,
}

/// S207: bills for another reason, which is said; and reminds, which has no reply.
#[saga(by = order_id, at = Billing)]
#[derive(Serialize, Deserialize)]
struct Dunning {
    order_id: u64,
}

#[saga(
    states(Asking),
    unexpected(OrderBilled, BillingDeclined, OutOfStock in end),
    ignore(InvoiceIssued in end)
)]
impl Dunning {
    #[start(InvoiceIssued -> send BillOrder, send RemindCashier => Asking)]
    fn begin(invoice: InvoiceIssued) -> (Self, BillOrder, RemindCashier) {
        let order_id = invoice.order_id;
        let bill = BillOrder {
            order_id,
            total_cents: 1,
        };
        (Self { order_id }, bill, RemindCashier { order_id })
    }

    #[on(InvoiceIssued in Asking)]
    fn again(&mut self, _: InvoiceIssued) {}

    #[on(BillOrderReply in Asking => end)]
    fn billed(&mut self, _: BillOrderReply) {}

    #[after(30 min in Asking => end)]
    fn late(&mut self) {}
}

/// S202: two services at one endpoint share its commands, and both hear one event.
struct Cashier;

#[service(at = Billing)]
impl Cashier {
    #[on(BillOrder -> publish InvoiceIssued)]
    async fn bill(&self, order: BillOrder) -> (BillOrderReply, InvoiceIssued) {
        let order_id = order.order_id;
        (BillingDeclined.into(), InvoiceIssued { order_id })
    }

    #[on(archive::InvoiceIssued)]
    async fn archived(&self, _: archive::InvoiceIssued) {}
}

struct Accountant;

#[service(at = Billing)]
impl Accountant {
    #[on(RemindCashier)]
    async fn remind(&self, _: RemindCashier) {}

    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}

    /// Nobody in the system sends it, which is no hole: it may be sent from elsewhere.
    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded.into()
    }
}

saga_runtime::system! {
    pub Shop { Fulfilment, Dunning, Cashier, Accountant }
    accepts(PlaceOrder, CreateLabel, AddressChanged)
    remote(Warehouse)
    shared(BillOrder)
}

fn main() {}
