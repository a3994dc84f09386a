use saga_runtime::prelude::*;
use saga_test_contracts::{
    CreateLabel, CreateLabelReply, LabelCreated,
    billing::{Billing, OrderBilled},
};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(CreateLabel)]
    async fn label(&self, _: CreateLabel) -> CreateLabelReply {
        LabelCreated { code: String::new() }.into()
    }

    #[on(OrderBilled)]
    async fn billed(&self, _: OrderBilled) {}
}

fn main() {}
