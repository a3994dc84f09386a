//! Services of contracts in another crate: every shape a handler may have.

use saga_runtime::prelude::*;
use saga_test_contracts::{
    CreateLabel, CreateLabelReply, LabelCreated, OutOfStock, Warehouse,
    billing::{self, BillOrderReply, Billing, BillingDeclined, InvoiceIssued},
};

#[derive(Debug)]
struct Overdrawn;

impl From<Overdrawn> for ServiceError {
    fn from(_: Overdrawn) -> Self {
        ServiceError::permanent("overdrawn")
    }
}

/// An alias that says nothing of `Result`.
type Outcome = std::result::Result<(BillOrderReply, Option<InvoiceIssued>), Overdrawn>;

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    /// Doc comments and other attributes pass through.
    #[allow(clippy::unused_async)]
    #[on(billing::BillOrder -> publish InvoiceIssued?)]
    async fn bill(&self, order: billing::BillOrder, _: &Context) -> Outcome {
        match order.total_cents {
            0 => Err(Overdrawn),
            1..100 => Ok((BillingDeclined.into(), None)),
            _ => Ok((
                BillingDeclined.into(),
                Some(InvoiceIssued {
                    order_id: order.order_id,
                }),
            )),
        }
    }

    fn _helper(&mut self) -> u8 {
        7
    }
}

#[derive(Default)]
struct WarehouseDesk<S> {
    stock: S,
}

#[service(at = Warehouse, name = "warehouse-desk")]
impl<S> WarehouseDesk<S>
where
    S: AsRef<[u64]> + Send + Sync + 'static,
{
    #[on(CreateLabel)]
    async fn label(&self, label: CreateLabel) -> CreateLabelReply {
        if self.stock.as_ref().contains(&label.order_id) {
            LabelCreated { code: "L".into() }.into()
        } else {
            OutOfStock.into()
        }
    }

    #[on(InvoiceIssued -> send CreateLabel*, send billing::BillOrder?)]
    async fn invoiced(&self, invoice: InvoiceIssued) -> (Vec<CreateLabel>, Option<billing::BillOrder>) {
        (
            vec![CreateLabel {
                order_id: invoice.order_id,
            }],
            None,
        )
    }
}

mod all {
    use saga_runtime::prelude::*;

    saga_runtime::system! {
        /// The shop.
        pub(crate) Shop {
            super::BillingDesk,
            super::WarehouseDesk<Vec<u64>>,
        }
        accepts(saga_test_contracts::billing::BillOrder, saga_test_contracts::CreateLabel)
        remote(Carrier)
    }

    #[derive(Endpoint)]
    pub(crate) struct Carrier;
}

fn main() {
    use saga_runtime::system::System;
    let names: Vec<_> = all::Shop::PARTS
        .iter()
        .map(|part| (part.name(), part.endpoint()))
        .collect();
    assert_eq!(
        names,
        [("BillingDesk", "billing"), ("warehouse-desk", "warehouse")]
    );
    assert_eq!(all::Shop::REMOTE, ["carrier"]);
}
