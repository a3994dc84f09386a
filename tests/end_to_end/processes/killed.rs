//! A process dies by SIGKILL with work in hand, and another takes it over.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use saga_runtime::store::LEASE;

use super::{Place, on_each_broker};
use crate::{
    job::{Hands, Job, Record, letters, start, state},
    order::eventually,
};

/// Where the process that is to be killed works.
const PLACE: &str = "SAGA_TEST_PLACE";

/// What it says of each piece of work that it has begun.
const IN_HAND: &str = "in hand:";

/// From the kill on: until the lease is over, somebody has looked (every 3 s), and the work is done.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(LEASE.as_secs() + 6);

const JOBS: u32 = 20;

/// The process that is killed: this very program, run for this one test with a place to work at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn begins_every_piece_of_work_and_ends_none() {
    let Ok(told) = env::var(PLACE) else { return };
    let stuck = Hands::that(async |job, _| {
        println!("{IN_HAND} {job}");
        std::future::pending().await
    });
    let bus = Place::heard(&told).builder().await.service(stuck);
    let _bus = bus.start().await.unwrap();
    std::future::pending().await
}

/// Killed at the latest when the test ends.
struct Victim(Child);

impl Victim {
    fn at(place: &Place) -> Self {
        let name = "processes::killed::begins_every_piece_of_work_and_ends_none";
        let child = Command::new(env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(PLACE, place.told())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// Waits until it has begun so many pieces of work.
    fn has_in_hand(&mut self, pieces: u32) {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines();
        let begun = lines.filter(|line| line.as_ref().is_ok_and(|line| line.contains(IN_HAND)));
        assert_eq!(begun.take(pieces as usize).count(), pieces as usize);
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

on_each_broker! {
    async fn what_a_killed_process_had_in_hand_is_done_by_another_within_seconds(site) {
        // The saga's process; the queue of the service is there from the start, and nobody serves it yet.
        let sales = site.builder().await.saga::<Job>().saga::<Record>().start().await.unwrap();
        let mut victim = Victim::at(&site.place);
        for number in 0..JOBS {
            sales.send(start(&format!("job {number}"))).await.unwrap();
        }
        let victim = tokio::task::spawn_blocking(move || {
            victim.has_in_hand(JOBS);
            victim
        });
        let victim = victim.await.unwrap();
        let willing = Hands::willing();
        let other = site.builder().await.service(willing.clone()).start().await.unwrap();
        let killed = Instant::now();
        drop(victim);
        eventually("its work is done", async || willing.heard() >= JOBS as usize).await;
        let after = killed.elapsed();
        println!("taken over and done {after:?} after the kill");
        assert!(after < TAKEN_OVER_WITHIN, "taken over after {after:?} only");
        assert_eq!(willing.tries(), JOBS as usize, "nothing doubled");
        for number in 0..JOBS {
            assert_eq!(state(&sales, &format!("job {number}")).await, "end");
        }
        assert!(letters(&sales).await.is_empty());
        for bus in [sales, other] {
            bus.shutdown().await.unwrap();
        }
    }
}
