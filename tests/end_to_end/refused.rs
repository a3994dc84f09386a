//! A store that refuses dead letters: what was to be set aside ends in sight all the same, and holds up nothing.

use std::time::Duration;

use saga_runtime::{Bus, clock::ManualClock, dead_letter::Reason, store::Wait};

use crate::{
    backends::{Fault, Faulty},
    job::{Hands, jobs, letters, poked, start, until_dead, until_in},
    order::eventually,
};

/// Work that is not done before the test is over.
fn idle_hands() -> Hands {
    Hands::that(async |_, _| std::future::pending().await)
}

/// A job that was poked and does not bear it, at a store that refuses so many dead letters.
async fn touched(refused: usize) -> (Bus, ManualClock) {
    let (store, script) = Faulty::new([]);
    let clock = ManualClock::default();
    let bus = jobs(Bus::new(store), &idle_hands())
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    bus.send(start("touchy")).await.unwrap();
    until_in(&bus, "touchy", "Working").await;
    script.lock().unwrap().extend(vec![Fault::DeadLetters; refused]);
    bus.publish(poked("touchy")).await.unwrap();
    eventually("all were refused", async || script.lock().unwrap().is_empty()).await;
    (bus, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_refused_is_made_without_its_words() {
    let (bus, _clock) = touched(2).await;
    let letters = until_dead(&bus, 1).await;
    assert_eq!(letters[0].reason, Reason::RefusedByStore);
    assert_eq!(letters[0].message.name(), Some("Poked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_which_every_dead_letter_is_refused_waits_and_comes_again() {
    let (bus, clock) = touched(3).await;
    eventually("it waits", async || {
        let queues = bus.inspect().queues().await.unwrap();
        queues
            .iter()
            .any(|depth| depth.queue == "front" && depth.wait == Wait::Retry)
    })
    .await;
    assert!(letters(&bus).await.is_empty());
    clock.advance(Duration::from_secs(600));
    let letters = until_dead(&bus, 1).await;
    assert_eq!(letters[0].reason, Reason::HandlerFailed);
}
