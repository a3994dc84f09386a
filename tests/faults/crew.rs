//! Processes that a test starts and kills: this very program, told by a variable what to be.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use saga_runtime::{retry::RetryPolicy, store::Postgres};
use saga_tests::watch::most_memory_mib;
use serde::{Deserialize, Serialize};

use crate::{
    effects::{Effects, shop},
    ground::{Ground, Way},
    order::{PlaceOrderReply, order},
    servers,
};

/// Says what to be, as JSON.
const TOLD: &str = "SAGA_FAULTS_TOLD";

/// What a process says when it is open.
const OPEN: &str = "open for work";

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Part {
    /// Serve the whole order process.
    Work,
    /// Place so many orders at once, each by request, and print the answers.
    Ask { orders: usize },
}

/// What a process is told.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    part: Part,
    way: Way,
    url: String,
    schema: String,
}

/// As a test it does nothing; told what to be, it is that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_the_crew() {
    let Ok(told) = env::var(TOLD) else { return };
    let told: Told = serde_json::from_str(&told).unwrap();
    match told.part {
        Part::Work => told.work().await,
        Part::Ask { orders } => told.ask(orders).await,
    }
}

impl Told {
    async fn store(&self) -> Postgres {
        let options = Postgres::options(&self.url).schema(&self.schema);
        options.connect().await.unwrap()
    }

    /// Serves until its input ends.
    async fn work(self) {
        let effects = Effects::of(servers::client(&self.url, &self.schema).await).await;
        let builder = self.way.bus(self.store().await).await;
        let bus = shop(builder.retry(RetryPolicy::never()), &effects);
        let bus = bus.start().await.unwrap();
        println!("\n{OPEN}");
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        ended.await.unwrap().unwrap();
        bus.shutdown().await.unwrap();
    }

    async fn ask(self, orders: usize) {
        let bus = self.way.bus(self.store().await).await.start().await.unwrap();
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..orders {
            let bus = bus.clone();
            asking.spawn(async move {
                let id = format!("A{number:03}");
                (id.clone(), bus.request(order(&id)).await.unwrap())
            });
        }
        for (id, reply) in asking.join_all().await {
            let said = match reply {
                PlaceOrderReply::OrderConfirmed(confirmed) => confirmed.order_id,
                PlaceOrderReply::OrderRejected(rejected) => rejected.reason,
            };
            println!("\nanswer {id} {said}");
        }
        bus.shutdown().await.unwrap();
    }
}

/// A running process; it is killed with this.
pub struct Member {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Member {
    pub fn start(ground: &Ground, part: Part) -> Self {
        let told = Told {
            part,
            way: ground.way(),
            url: ground.schema.url().to_owned(),
            schema: ground.schema.name().to_owned(),
        };
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["crew::one_of_the_crew", "--exact", "--nocapture"])
            .env(TOLD, serde_json::to_string(&told).unwrap())
            // A backtrace of each poisonous message would load all debug information, and count as the worker's memory.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Waits until it is open, or has ended.
    pub fn has_opened(&mut self) -> bool {
        let mut lines = self.output.by_ref().lines().map(Result::unwrap);
        lines.any(|line| line == OPEN)
    }

    /// The lines that it prints until it ends by itself.
    pub fn says(mut self) -> Vec<String> {
        let lines = self.output.by_ref().lines().map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }

    /// The most memory it ever had in use.
    pub fn most_memory_mib(&self) -> u64 {
        most_memory_mib(self.child.id()).unwrap()
    }

    /// Ends it in good order.
    pub fn ends(mut self) {
        drop(self.child.stdin.take());
        self.output.by_ref().lines().for_each(drop);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
