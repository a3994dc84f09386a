//! The process behind the front: a report is ordered, printed, ready.

use std::time::Duration;

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Reports;

#[derive(Endpoint)]
pub struct Press;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Reports, replies(ReportReady), refusals(ReportFailed))]
pub struct OrderReport {
    pub id: String,
    pub pages: u64,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct ReportReady {
    pub url: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct ReportFailed;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Press, replies(Printed))]
pub struct Print {
    pub pages: u64,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct Printed;

#[saga(by = id, at = Reports)]
#[derive(Serialize, Deserialize)]
pub struct Report {
    pub id: String,
}

#[saga(states(Printing), ignore(Printed in end))]
impl Report {
    #[start(OrderReport -> send Print => Printing)]
    fn order(order: OrderReport) -> (Self, Print) {
        let OrderReport { id, pages } = order;
        (Self { id }, Print { pages })
    }

    #[on(Printed in Printing -> reply ReportReady => end)]
    fn printed(&mut self, _: Printed) -> ReportReady {
        let url = format!("https://example.org/{}.pdf", self.id);
        ReportReady { url }
    }

    #[after(1 h in Printing -> reply ReportFailed => end)]
    fn jammed(&mut self) -> ReportFailed {
        ReportFailed
    }
}

pub struct Printer;

#[service(at = Press)]
impl Printer {
    #[on(Print)]
    async fn print(&self, job: Print) -> PrintReply {
        tokio::time::sleep(Duration::from_millis(100 * job.pages.min(100))).await;
        PrintReply::Printed(Printed)
    }
}
