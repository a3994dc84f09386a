//! One instance is never changed by two processes at once: whoever loses runs again, unseen, and it is no failure.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, LazyLock, Mutex},
    time::Duration,
};

use saga_runtime::prelude::*;

use super::on_each_broker;
use crate::{
    job::{letters, until_idle},
    order::eventually,
};

/// How often a handler ran, by instance and the serial it saw.
static RUNS: LazyLock<Mutex<HashMap<(String, u32), u32>>> = LazyLock::new(Mutex::default);
static RAN: Condvar = Condvar::new();

/// Notes a run. It lasts until the other process, too, runs this instance from this serial, or for a bounded time.
fn run(counter: &str, serial: u32) {
    let mut runs = RUNS.lock().unwrap();
    *runs.entry((counter.to_owned(), serial)).or_default() += 1;
    RAN.notify_all();
    let alone = |runs: &mut HashMap<_, u32>| {
        let met = |((other, _), times): (&(String, u32), &u32)| other == counter && *times > 1;
        !runs.iter().any(met)
    };
    drop(RAN.wait_timeout_while(runs, Duration::from_millis(500), alone));
}

/// How many serials of an instance were run more than once.
fn were_run_twice(counter: &str) -> usize {
    let runs = RUNS.lock().unwrap();
    let twice = |((of, _), times): &(&(String, u32), &u32)| of == counter && **times > 1;
    runs.iter().filter(twice).count()
}

#[derive(Endpoint)]
struct Desk;
#[derive(Endpoint)]
struct Book;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk)]
struct Open {
    counter: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Bumped {
    counter: String,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Book)]
struct Note {
    counter: String,
    serial: u32,
}

#[saga(by = counter, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Counter {
    counter: String,
    bumps: u32,
}

#[saga(states(Counting), ignore(Open in _ | end), ignore(Bumped in end))]
impl Counter {
    #[start(Open => Counting)]
    fn open(Open { counter }: Open) -> Self {
        Self { counter, bumps: 0 }
    }

    #[on(Bumped in Counting -> send Note)]
    fn bump(&mut self, _: Bumped) -> Note {
        run(&self.counter, self.bumps);
        self.bumps += 1;
        Note {
            counter: self.counter.clone(),
            serial: self.bumps,
        }
    }

    #[after(1 d in Counting => end)]
    fn late(&mut self) {}
}

/// Writes down what took effect.
#[derive(Clone, Default)]
struct Scribe(Arc<Mutex<Vec<u32>>>);

#[saga_runtime::service(at = Book)]
impl Scribe {
    #[on(Note)]
    async fn note(&self, note: Note) {
        self.0.lock().unwrap().push(note.serial);
    }
}

const BUMPS: u32 = 60;

on_each_broker! {
    async fn of_two_processes_that_change_one_instance_at_once_one_runs_again_and_nothing_is_a_failure(site) {
        let (scribe, counter) = (Scribe::default(), site.place.told());
        let process = async || {
            let builder = site.builder().await.saga::<Counter>().service(scribe.clone());
            builder.start().await.unwrap()
        };
        let (first, second) = (process().await, process().await);
        first.send(Open { counter: counter.clone() }).await.unwrap();
        eventually("it is open", async || {
            first.inspect().instance("Counter", &counter).await.unwrap().is_some()
        })
        .await;
        for number in 0..BUMPS {
            let bus = if number % 2 == 0 { &first } else { &second };
            bus.publish(Bumped { counter: counter.clone() }).await.unwrap();
        }
        let noted = || {
            let mut noted = scribe.0.lock().unwrap().clone();
            noted.sort_unstable();
            noted
        };
        eventually("every bump is noted", async || noted().len() >= BUMPS as usize).await;
        until_idle(&first).await;
        assert_eq!(noted(), Vec::from_iter(1..=BUMPS), "each serial took effect once");
        assert!(were_run_twice(&counter) > 0, "no serial was run by both: the test shows nothing");
        assert!(letters(&first).await.is_empty(), "to lose is no failure");
        for bus in [first, second] {
            bus.shutdown().await.unwrap();
        }
    }
}
