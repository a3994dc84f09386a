//! A server whose clock is minutes off: time goes by the server's, and nothing is asked for without end.

use std::{sync::atomic::Ordering, time::Duration};

use saga_runtime::{
    Bus, Timestamp,
    clock::{Clock as _, ManualClock},
};

use crate::{
    clocked::{Asked, Clocked},
    job::{Hands, StartReply, jobs, start, state, until_in},
    order::eventually,
    servers::Schema,
};

/// How often the store was asked while the bus had nothing to do but to wait, until it was woken twice.
async fn asked_in_vain(asked: &Asked) -> usize {
    let (takes, wakings) = (&asked.takes, &asked.wakings);
    let (before, until) = (takes.load(Ordering::SeqCst), wakings.load(Ordering::SeqCst) + 2);
    eventually("it was woken twice", async || {
        wakings.load(Ordering::SeqCst) >= until
    })
    .await;
    takes.load(Ordering::SeqCst) - before
}

async fn an_hour_by_a_clock_that_is_ahead_by(ahead_secs: i64) {
    let Some(schema) = Schema::new() else { return };
    let store = Clocked::connect(&schema).await.ahead_by(ahead_secs);
    let asked = store.asked();
    let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
    let hands = Hands::that(async |_, _| std::future::pending().await);
    let bus = jobs(Bus::new(store).clock(clock.clone()), &hands)
        .start()
        .await
        .unwrap();
    let asking = {
        let bus = bus.clone();
        tokio::spawn(async move {
            bus.request(start("a"))
                .deadline(Duration::from_secs(86_400))
                .await
        })
    };
    until_in(&bus, "a", "Working").await;
    let job = bus.inspect().instance("Job", "a").await.unwrap().unwrap();
    let in_an_hour = clock.now().as_second() + ahead_secs + 3_600;
    assert_eq!(job.timers[0].due.as_second(), in_an_hour);

    clock.advance(Duration::from_secs(3_599));
    let in_vain = asked_in_vain(&asked).await;
    assert!(in_vain < 20, "asked {in_vain} times for a timer that is not due");
    assert_eq!(state(&bus, "a").await, "Working", "not early");

    clock.advance(Duration::from_secs(1));
    eventually("it is on time", async || asking.is_finished()).await;
    let answer = asking.await.unwrap().unwrap();
    assert!(matches!(answer, StartReply::Failed(failed) if failed.why == "late"));
    let in_vain = asked_in_vain(&asked).await;
    assert!(in_vain < 20, "asked {in_vain} times for a timer that has fired");
    bus.shutdown_within(Duration::ZERO).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_is_on_time_at_a_server_whose_clock_is_ahead() {
    an_hour_by_a_clock_that_is_ahead_by(600).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_is_on_time_at_a_server_whose_clock_is_behind() {
    an_hour_by_a_clock_that_is_ahead_by(-600).await;
}
