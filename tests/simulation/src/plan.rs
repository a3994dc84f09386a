//! What a seed stands for: the shape of the system and how often which fault strikes.

use std::time::Duration;

use crate::{chance::Dice, fault::Fault};

/// How the nodes talk to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Through one store that they share.
    Shared,
    /// Not at all: one node, on a store of its own that knows at every start that its predecessor is dead.
    Embedded,
    /// Through a broker, with a store that they share.
    Broker,
    /// Through a second store that carries messages, `QueueOver`, with a store that they share.
    Queued,
}

/// The shape of one run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it all comes from.
    pub seed: u64,
    /// How the nodes talk to each other.
    pub mode: Mode,
    /// Nodes, 1 to 3.
    pub nodes: usize,
    /// Saga workers of each node, 1 to 3.
    pub workers: usize,
    /// Messages a node may hold in memory: few, so that much waits in the store.
    pub prefetch: usize,
    /// Orders placed.
    pub orders: u32,
    /// How long clients take to begin with all of them.
    pub rush: Duration,
    /// For each kind of fault, how likely it is to strike where it can.
    rates: [f64; Fault::COUNT],
    /// The longest a call to the store or the broker usually takes.
    pub latency: Duration,
    /// How long a node lives, at most; `None`: until the end.
    pub lifetime: Option<Duration>,
}

impl Plan {
    /// What `seed` stands for, with this many orders.
    pub fn of(seed: u64, orders: u32) -> Self {
        let dice = Dice::new(seed ^ 0x5a6a_0000_0000_0001);
        let mode = [
            Mode::Shared,
            Mode::Broker,
            Mode::Shared,
            Mode::Broker,
            Mode::Queued,
            Mode::Embedded,
        ][dice.below(6)];
        let nodes = if mode == Mode::Embedded {
            1
        } else {
            1 + dice.below(3)
        };
        // Every fault is absent from some runs, so that none hides what another alone would show.
        let calm = dice.chance(0.05);
        let rates = Fault::ALL.map(|fault| {
            let strikes = !calm && dice.chance(0.6);
            let share = [0.1, 0.3, 1.0, 2.0][dice.below(4)];
            if strikes { fault.usual_rate() * share } else { 0.0 }
        });
        let seconds =
            |least: u64, most: u64| dice.between(Duration::from_secs(least), Duration::from_secs(most));
        Self {
            seed,
            mode,
            nodes,
            workers: 1 + dice.below(3),
            prefetch: [4, 16, 64, 4_096][dice.below(4)],
            orders,
            rush: seconds(1, 40),
            rates,
            latency: Duration::from_millis([0, 2, 10, 80][dice.below(4)]),
            lifetime: (!calm && dice.chance(0.7)).then(|| seconds(2, 60)),
        }
    }

    /// How likely a fault is to strike where it can.
    pub fn rate(&self, fault: Fault) -> f64 {
        self.rates[fault as usize]
    }
}
