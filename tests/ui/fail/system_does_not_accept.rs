use saga_runtime::prelude::*;
use saga_runtime::system::{Accepts, Open};
use saga_test_contracts::{
    CreateLabel,
    billing::{BillOrder, BillOrderReply, Billing, BillingDeclined},
};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }
}

saga_runtime::system! { Shop { Desk } accepts(BillOrder) }

fn send<S: Accepts<M>, M: Command>(_: M) {}

fn main() {
    send::<Open, _>(CreateLabel { order_id: 1 });
    send::<Shop, _>(BillOrder {
        order_id: 1,
        total_cents: 1,
    });
    send::<Shop, _>(CreateLabel { order_id: 1 });
}
