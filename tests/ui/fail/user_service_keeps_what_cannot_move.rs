//! A handler keeps something over an `await` that cannot go to another thread.
use std::rc::Rc;

use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(RemindCashier)]
    async fn remind(&self, reminder: RemindCashier) {
        let shared = Rc::new(reminder.order_id);
        std::future::ready(()).await;
        drop(shared);
    }
}

fn main() {}
