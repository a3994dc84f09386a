//! Orders that go through two buses on one store while something around them breaks.

use std::{ops::Range, time::Duration};

use saga_runtime::{Bus, bus::Builder, envelope::MessageId};
use saga_tests::watch::{eventually_within, letters, most_memory_mib};

use crate::{
    effects::{Effects, mixed, shop},
    order::order,
};

/// A test process with several systems in it, and a hundred thousand messages sent, stays below this.
pub const MOST_MEMORY_MIB: u64 = 600;

/// How long a server that was killed may take to come back.
const PATIENCE: Duration = Duration::from_secs(240);

pub struct Rush {
    buses: [Bus; 2],
    effects: Effects,
}

impl Rush {
    pub async fn start(builders: [Builder; 2], effects: &Effects) -> Self {
        let [one, two] = builders;
        let one = shop(one, effects).start().await.unwrap();
        let two = shop(two, effects).start().await.unwrap();
        Self {
            buses: [one, two],
            effects: effects.clone(),
        }
    }

    /// Sends each until it is accepted, as a caller does who knows that a repeated id is recognised.
    pub async fn place(&self, numbers: Range<usize>) {
        for number in numbers {
            let (bus, id) = (&self.buses[number % 2], MessageId::random());
            eventually_within(PATIENCE, "the order is accepted", async || {
                bus.send(order(&mixed(number))).id(id).await.is_ok()
            })
            .await;
        }
    }

    /// For how many orders something was done.
    pub async fn orders(&self) -> usize {
        self.effects.orders().await
    }

    /// Waits until something was done for so many orders.
    pub async fn has_come_to(&self, orders: usize) {
        eventually_within(PATIENCE, "some orders are under way", async || {
            self.orders().await >= orders
        })
        .await;
    }

    /// Ends when the first orders, and no others, have had each effect once.
    pub async fn finish(self, orders: usize) {
        let [one, two] = self.buses;
        self.effects.are_those_of(&one, (0..orders).map(mixed)).await;
        assert!(letters(&one).await.is_empty());
        let memory = most_memory_mib(std::process::id()).unwrap();
        assert!(memory <= MOST_MEMORY_MIB, "{memory} MiB");
        one.shutdown().await.unwrap();
        two.shutdown().await.unwrap();
    }
}
