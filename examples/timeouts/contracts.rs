//! What accounting hears and says.

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Accounting;

#[derive(Endpoint)]
pub struct Mail;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Accounting)]
pub struct IssueInvoice {
    pub number: u32,
    pub due: Timestamp,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Accounting, replies(PaymentBooked), refusals(NothingOwed))]
pub struct PayInvoice {
    pub number: u32,
}

#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct PaymentBooked;

#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct NothingOwed;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Mail)]
pub struct Remind {
    pub number: u32,
    pub times: u32,
}

#[derive(Event, Serialize, Deserialize)]
pub struct HandedToCollector {
    pub number: u32,
}
