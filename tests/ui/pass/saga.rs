//! What the language allows beside the three big sagas: paths, composite keys, constants, contexts, results, labels.
#![deny(warnings)]
#![allow(dead_code)] // messages have fields that nobody here reads

use std::time::Duration;

use saga_runtime::{definition::Target, definition::Trigger, prelude::*};
use saga_test_contracts::{billing, order};

#[derive(Endpoint)]
struct Desk;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk, replies(Opened), refusals(Refused))]
struct Open {
    tenant: String,
    case: u64,
    due: Timestamp,
}

#[derive(Reply, Serialize, Deserialize)]
struct Opened;

#[derive(Reply, Serialize, Deserialize)]
struct Refused;

#[derive(Event, Serialize, Deserialize)]
struct Moved {
    case: Case,
}

#[derive(Serialize, Deserialize)]
struct Case {
    tenant: String,
    number: u64,
}

/// An error of the author's own.
#[derive(Debug)]
struct NoSuchThing;

impl std::fmt::Display for NoSuchThing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no such thing")
    }
}

impl std::error::Error for NoSuchThing {}

#[saga(by = (tenant, case), at = Desk, name = "desk.Case", version = 3)]
#[derive(Serialize, Deserialize)]
struct Dispute {
    tenant: String,
    case: u64,
    due: Timestamp,
    remind: Vec<Timestamp>,
}

#[saga(
    states(Asking, Paying),
    by(Moved = (case.tenant, case.number)),
    defer(Moved in Paying),
    ignore(billing::BillingDeclined, saga_test_contracts::OutOfStock, Moved in end),
    unexpected(billing::OrderBilled in end),
    no_undo(billing::OrderBilled),
    settled(Paying),
)]
impl Dispute {
    const PATIENCE: Duration = Duration::from_secs(90);

    /// Documented, and with an attribute that the macro does not know.
    #[start(Open { Take -> reply Opened => Asking | Leave -> reply Refused => end })]
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn open(open: Open, context: &Context) -> Result<(Self, Opening), NoSuchThing> {
        let Open { tenant, case, due } = open;
        let opening = match context.attempt() {
            0 => Opening::Take(Opened),
            _ => Opening::Leave(Refused),
        };
        Ok((Self { tenant, case, due, remind: vec![] }, opening))
    }

    #[at(self.due in Asking -> send billing::BillOrder* => Paying)]
    fn due(&mut self, context: &Context) -> Vec<billing::BillOrder> {
        let _ = context.now();
        (0..3).map(|_| self.bill()).collect()
    }

    #[at(self.remind.iter().copied().filter(|at| *at > self.due).min() in Asking -> send order::RemindCashier)]
    fn remind(&self) -> order::RemindCashier {
        order::RemindCashier { order_id: self.case }
    }

    #[every(2 s in Asking -> send order::RemindCashier?)]
    fn poll(&mut self) -> Result<Option<order::RemindCashier>, HandlerError> {
        Ok(None)
    }

    #[on(Moved)]
    fn moved(&mut self, _: Moved) -> () {}

    #[on(billing::BillOrderReply in Paying)]
    fn answered(&mut self, reply: billing::BillOrderReply) {
        match reply {
            billing::BillOrderReply::OrderBilled(_) | billing::BillOrderReply::BillingDeclined(_) => {}
            billing::BillOrderReply::OutOfStock(_) => {}
        }
    }

    #[after(Self::PATIENCE in Asking | Paying => end)]
    fn late(&mut self) {}

    fn bill(&self) -> billing::BillOrder {
        billing::BillOrder { order_id: self.case, total_cents: 1 }
    }
}

mod beside {
    //! Two sagas, and a service, in one module; the first shares its message with the second.
    use saga_runtime::prelude::*;
    use saga_test_contracts::order::*;

    #[saga(by = order_id, at = Sales, endless)]
    #[derive(Serialize, Deserialize)]
    pub struct First {
        order_id: u64,
    }

    #[saga(no_timeout(Active))]
    impl First {
        #[start(AddressChanged)]
        fn changed(event: AddressChanged) -> Self {
            Self { order_id: event.order_id }
        }

        #[on(AddressChanged)]
        fn changed_again(&mut self, _: AddressChanged) {}
    }

    #[saga(by = order_id, at = Sales)]
    #[derive(Serialize, Deserialize)]
    pub struct Second {
        order_id: u64,
    }

    #[saga(ignore(AddressChanged in end))]
    impl Second {
        #[start(AddressChanged => end)]
        fn changed(event: AddressChanged) -> Self {
            Self { order_id: event.order_id }
        }
    }

    pub struct Cashier;

    #[service(at = Billing)]
    impl Cashier {
        #[on(AddressChanged)]
        async fn changed(&self, _: AddressChanged) {}
    }
}

fn main() {
    let dispute = Dispute::DEFINITION;
    assert_eq!((dispute.name, dispute.version, dispute.endpoint), ("desk.Case", 3, "desk"));
    let [take, leave] = dispute.clauses[0].branches else { panic!("two outcomes") };
    assert_eq!((take.label, take.target), (Some("Take"), Some(Target::State(0))));
    assert_eq!((leave.label, leave.target), (Some("Leave"), Some(Target::End)));
    let late = dispute.clauses.iter().find(|clause| clause.handler == "late").unwrap();
    assert!(matches!(late.trigger, Trigger::After(Dispute::PATIENCE)));
    assert_eq!(dispute.settled, [1]);
    assert!(beside::First::DEFINITION.endless);
    assert!(!beside::Second::DEFINITION.endless);
}
