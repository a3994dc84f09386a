//! One instance never runs concurrently with itself; different ones do.

use std::{
    collections::HashMap,
    sync::{Condvar, LazyLock, Mutex},
    time::Duration,
};

use saga_runtime::{Bus, prelude::*, store::Memory};

use crate::{job::until_idle, order::eventually};

/// The handlers that run now, by instance, and the most there ever were: of one instance, and in all.
#[derive(Default)]
struct Running {
    now: HashMap<u32, u32>,
    most_of_one: u32,
    most: u32,
    /// One has waited for another in vain.
    alone: bool,
}

static RUNNING: LazyLock<Mutex<Running>> = LazyLock::new(Mutex::default);
static CHANGED: Condvar = Condvar::new();

/// Runs for as long as no other handler is seen to run beside it, or for a bounded time.
fn run(counter: u32) {
    let mut running = RUNNING.lock().unwrap();
    let of_one = running.now.entry(counter).or_default();
    *of_one += 1;
    let of_one = *of_one;
    running.most_of_one = running.most_of_one.max(of_one);
    running.most = running.most.max(running.now.values().sum());
    CHANGED.notify_all();
    let alone = |running: &mut Running| running.most < 2 && !running.alone;
    let waited = CHANGED.wait_timeout_while(running, Duration::from_secs(60), alone);
    let (mut running, over) = waited.unwrap();
    running.alone |= over.timed_out();
    if let Some(of_one) = running.now.get_mut(&counter) {
        *of_one -= 1;
    }
}

#[derive(Endpoint)]
struct Desk;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk)]
struct Open {
    counter: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Bumped {
    counter: u32,
}

#[saga(by = counter, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Counter {
    counter: u32,
    bumps: u32,
}

#[saga(states(Counting), ignore(Open in _ | end), ignore(Bumped in end))]
impl Counter {
    #[start(Open => Counting)]
    fn open(Open { counter }: Open) -> Self {
        Self { counter, bumps: 0 }
    }

    #[on(Bumped in Counting { More | Enough => end })]
    fn bump(&mut self, _: Bumped) -> Bump {
        run(self.counter);
        self.bumps += 1;
        if self.bumps == BUMPS {
            Bump::Enough
        } else {
            Bump::More
        }
    }

    #[after(1 d in Counting => end)]
    fn late(&mut self) {}
}

const COUNTERS: u32 = 32;
const BUMPS: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_instance_runs_one_message_at_a_time_and_others_run_beside_it() {
    let bus = Bus::new(Memory::new())
        .workers(4)
        .saga::<Counter>()
        .start()
        .await
        .unwrap();
    for counter in 0..COUNTERS {
        bus.send(Open { counter }).await.unwrap();
    }
    until_idle(&bus).await;
    for _ in 0..BUMPS {
        for counter in 0..COUNTERS {
            bus.publish(Bumped { counter }).await.unwrap();
        }
    }
    for counter in 0..COUNTERS {
        eventually("each bump was counted", async || {
            let counter = bus
                .inspect()
                .instance("Counter", &counter.to_string())
                .await
                .unwrap();
            counter.is_some_and(|counter| counter.state == "end")
        })
        .await;
    }
    let running = RUNNING.lock().unwrap();
    assert_eq!(
        running.most_of_one, 1,
        "no instance runs concurrently with itself"
    );
    assert!(running.most > 1, "different instances do");
}
