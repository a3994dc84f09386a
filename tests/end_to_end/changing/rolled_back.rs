//! What a newer build left, met by an older one: it waits for a build that knows it, and is set aside if none comes.

use std::time::Duration;

use saga_runtime::{
    Bus,
    clock::ManualClock,
    dead_letter::Reason,
    limits::Limits,
    prelude::*,
    saga::Saga,
    store::{Memory, Wait},
};

use crate::{
    job::{letters, until_dead},
    order::eventually,
};

#[derive(Endpoint)]
pub struct Kiln;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Kiln)]
pub struct Load {
    pub kiln: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
pub struct Heated {
    pub kiln: u32,
}

/// The firing as it was, and as it is: glazed in a colour, and its timer has another name.
macro_rules! build {
    ($name:ident, $version:literal, $timer:ident $(, $colour:ident)?) => {
        mod $name {
            use super::*;

            #[derive(Event, Serialize, Deserialize)]
            #[event(external, version = $version)]
            pub struct Glazed {
                pub kiln: u32,
                $(pub $colour: String,)?
            }

            #[saga(by = kiln, at = Kiln)]
            #[derive(Serialize, Deserialize)]
            pub struct Firing {
                kiln: u32,
            }

            #[saga(
                states(Heating, Hot, Done),
                no_timeout(Heating, Hot),
                defer(Glazed in Heating),
                ignore(Heated in Hot | Done | end),
                ignore(Glazed in Done | end),
                ignore(Load in _ | end),
            )]
            impl Firing {
                #[start(Load => Heating)]
                fn load(Load { kiln }: Load) -> Self {
                    Self { kiln }
                }

                #[on(Heated in Heating => Hot)]
                fn heated(&mut self, _: Heated) {}

                #[on(Glazed in Hot => Done)]
                fn glazed(&mut self, _: Glazed) {}

                #[after(365 d in Done => end)]
                fn $timer(&mut self) {}
            }
        }
    };
}
build!(v1, 1, forget);
build!(v2, 2, empty, colour);

async fn run<S: Saga>(store: &Memory, clock: &ManualClock) -> Bus {
    let builder = Bus::new(store.clone()).clock(clock.clone());
    builder.saga::<S>().start().await.unwrap()
}

async fn comes_to(bus: &Bus, state: &str) {
    eventually(&format!("the firing comes to `{state}`"), async || {
        let firing = bus.inspect().instance("Firing", "1").await.unwrap();
        firing.is_some_and(|firing| firing.state == state)
    })
    .await;
}

async fn until_unknown_waits(bus: &Bus, queue: &str) {
    eventually("it waits for a build that knows it", async || {
        let queues = bus.inspect().queues().await.unwrap();
        queues
            .iter()
            .any(|depth| depth.queue == queue && depth.wait == Wait::Unknown)
    })
    .await;
}

/// The newer build has deferred the glaze; the older one takes over and heats.
async fn heated_by_the_older_build(store: &Memory, clock: &ManualClock) -> Bus {
    let bus = run::<v2::Firing>(store, clock).await;
    bus.send(Load { kiln: 1 }).await.unwrap();
    comes_to(&bus, "Heating").await;
    let colour = "blue".into();
    bus.publish(v2::Glazed { kiln: 1, colour }).await.unwrap();
    eventually("it is deferred", async || {
        let firing = bus.inspect().instance("Firing", "1").await.unwrap();
        firing.unwrap().deferred == ["Glazed"]
    })
    .await;
    bus.shutdown().await.unwrap();

    let bus = run::<v1::Firing>(store, clock).await;
    bus.publish(Heated { kiln: 1 }).await.unwrap();
    comes_to(&bus, "Hot").await;
    until_unknown_waits(&bus, "kiln").await;
    assert!(letters(&bus).await.is_empty());
    bus
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_message_waits_for_a_build_that_knows_it() {
    let (store, clock) = (Memory::new(), ManualClock::default());
    heated_by_the_older_build(&store, &clock)
        .await
        .shutdown()
        .await
        .unwrap();
    let bus = run::<v2::Firing>(&store, &clock).await;
    comes_to(&bus, "Done").await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_message_is_set_aside_when_no_such_build_comes() {
    let (store, clock) = (Memory::new(), ManualClock::default());
    let bus = heated_by_the_older_build(&store, &clock).await;
    clock.advance(Limits::default().unknown_wait);
    let letters = until_dead(&bus, 1).await;
    assert_eq!(letters[0].reason, Reason::UnknownType);
    assert_eq!(letters[0].message.name(), Some("Glazed"));
    bus.shutdown().await.unwrap();
}

/// The newer build has finished the firing and armed its timer, which the older one finds due.
async fn due_in_the_older_build(store: &Memory, clock: &ManualClock) -> Bus {
    heated_by_the_older_build(store, clock)
        .await
        .shutdown()
        .await
        .unwrap();
    let bus = run::<v2::Firing>(store, clock).await;
    comes_to(&bus, "Done").await;
    bus.shutdown().await.unwrap();

    let bus = run::<v1::Firing>(store, clock).await;
    clock.advance(Duration::from_secs(365 * 86_400));
    until_unknown_waits(&bus, "kiln.replies").await;
    assert!(letters(&bus).await.is_empty());
    bus
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_waits_for_a_build_that_has_it() {
    let (store, clock) = (Memory::new(), ManualClock::default());
    due_in_the_older_build(&store, &clock)
        .await
        .shutdown()
        .await
        .unwrap();
    let bus = run::<v2::Firing>(&store, &clock).await;
    comes_to(&bus, "end").await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_no_build_has_is_set_aside() {
    let (store, clock) = (Memory::new(), ManualClock::default());
    let bus = due_in_the_older_build(&store, &clock).await;
    clock.advance(Limits::default().unknown_wait);
    let letters = until_dead(&bus, 1).await;
    assert_eq!(letters[0].message.name(), Some("timer:empty"));
    assert!(
        letters[0].detail.contains("has no timer of that name"),
        "{}",
        letters[0].detail
    );
    bus.shutdown().await.unwrap();
}
