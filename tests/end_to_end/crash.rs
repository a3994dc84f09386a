//! What kills its process each time it is handled ends as a dead letter, and the others are handled.

use std::{env, path::Path, process::Command, time::Duration};

use saga_runtime::{
    Bus, Timestamp,
    clock::ManualClock,
    dead_letter::{DeadLetter, Reason},
    limits::Limits,
    prelude::*,
    store::Sqlite,
};

use crate::{
    job::{letters, until_dead, until_idle},
    order::eventually,
};

/// What the process is to be told: the database, what kills it, how often it was started before.
const TOLD: [&str; 3] = ["SAGA_CRASH_DATABASE", "SAGA_CRASH_BY", "SAGA_CRASH_STARTS"];
/// How often a message may kill a process that has nothing else in hand.
const CRASHES: u32 = 2;
/// Starts that end in a crash: with others in hand, as it is tried alone, and for a timer as it is fired on the spot.
const MOST_STARTS: u32 = CRASHES + 3;

#[derive(Endpoint)]
struct Quarry;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Quarry)]
struct Light {
    fuse: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Shaken {
    fuse: String,
}

#[saga(by = fuse, at = Quarry)]
#[derive(Serialize, Deserialize)]
struct Blast {
    fuse: String,
}

#[saga(states(Burning), ignore(Light in Burning), ignore(Light, Shaken in end))]
impl Blast {
    #[start(Light => Burning)]
    fn light(Light { fuse }: Light) -> Self {
        Self { fuse }
    }

    #[on(Shaken in Burning)]
    fn shaken(&mut self, _: Shaken) {
        if self.fuse == "message" {
            std::process::abort();
        }
    }

    #[after(1 h in Burning => end)]
    fn burnt_down(&mut self) {
        if self.fuse == "timer" {
            std::process::abort();
        }
    }
}

fn told(what: usize) -> Option<String> {
    env::var(TOLD[what]).ok()
}

/// Each start comes two hours after the last one.
fn later(starts: i64) -> ManualClock {
    ManualClock::new(Timestamp::from_second(starts * 7_200).unwrap())
}

async fn open(database: &Path, clock: &ManualClock) -> Bus {
    let limits = Limits {
        crashes: CRASHES,
        ..Limits::default()
    };
    let store = Sqlite::open(database).await.unwrap();
    let builder = Bus::new(store).clock(clock.clone()).limits(limits);
    builder.saga::<Blast>().start().await.unwrap()
}

async fn state(bus: &Bus, fuse: &str) -> Option<String> {
    let instance = bus.inspect().instance("Blast", fuse).await.unwrap();
    instance.map(|instance| instance.state)
}

/// The process that dies, unless what kills it was set aside. It is the tests below that start it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_to_die() {
    let [Some(database), Some(by), Some(starts)] = [told(0), told(1), told(2)] else {
        return;
    };
    let starts: i64 = starts.parse().unwrap();
    let clock = later(starts);
    let bus = open(Path::new(&database), &clock).await;
    if starts == 0 {
        for fuse in [by.as_str(), "harmless"] {
            bus.send(Light { fuse: fuse.into() }).await.unwrap();
            eventually("it is lit", async || state(&bus, fuse).await.is_some()).await;
        }
        match by.as_str() {
            "message" => bus.publish(Shaken { fuse: by }).await.map(drop).unwrap(),
            _ => clock.advance(Duration::from_secs(3_600)),
        }
    }
    until_dead(&bus, 1).await;
    eventually("the others go on", async || {
        clock.advance(Duration::from_secs(3_600));
        state(&bus, "harmless").await.as_deref() == Some("end")
    })
    .await;
    bus.shutdown().await.unwrap();
}

/// Starts the process until it does not die; how often it was started, and what it set aside.
async fn killed_by(by: &str) -> (u32, DeadLetter) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("saga.db");
    let mut starts = 0;
    loop {
        assert!(starts <= MOST_STARTS, "it goes on dying");
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "crash::a_process_to_die"]);
        process.env(TOLD[0], &database).env(TOLD[1], by);
        process.env(TOLD[2], starts.to_string());
        let output = process.output().unwrap();
        starts += 1;
        if output.status.success() {
            break;
        }
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.code().is_none(),
            "it failed rather than died: {said}"
        );
    }
    let bus = open(&database, &later(starts.into())).await;
    let mut letters = letters(&bus).await;
    assert_eq!(letters.len(), 1);
    until_idle(&bus).await;
    let left = if by == "timer" { "Burning" } else { "end" };
    assert_eq!(state(&bus, by).await.as_deref(), Some(left));
    bus.shutdown().await.unwrap();
    (starts, letters.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_kills_its_process_each_time_is_set_aside() {
    let (starts, letter) = killed_by("message").await;
    assert_eq!(letter.reason, Reason::CrashedProcess);
    assert_eq!(letter.message.name(), Some("Shaken"));
    assert_eq!(
        letter.detail,
        "the process died 2 times with this message alone in hand"
    );
    assert_eq!(starts, CRASHES + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_kills_its_process_each_time_is_set_aside() {
    let (starts, letter) = killed_by("timer").await;
    assert_eq!(letter.reason, Reason::CrashedProcess);
    assert_eq!(letter.message.name(), Some("timer:burnt_down"));
    assert_eq!(starts, CRASHES + 3);
}
