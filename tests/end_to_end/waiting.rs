//! Messages that come too early, too large, unreadable or unknown: each ends where it should, with a reason.

use std::time::Duration;

use saga_runtime::{
    Bus, ErrorKind, clock::ManualClock, codec::Codec, dead_letter::Reason, limits::Limits, prelude::*,
    store::Wait,
};

use crate::{
    backends::on_each_backend,
    job::{
        Finished, Front, Hands, Job, Poked, Start, StartReply, jobs, letters, poked, start, until_dead,
        until_idle, until_in,
    },
    order::eventually,
};

/// An event of the same name as `Poked`, written by somebody who got it wrong.
#[derive(Event, Serialize, Deserialize)]
#[event(external, name = "Poked")]
struct Mispoked {
    jab: u32,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Front)]
struct FromTheFuture {}

#[saga_runtime::service(at = Front)]
impl Futurist {
    #[on(FromTheFuture)]
    async fn take(&self, _: FromTheFuture) {}
}
struct Futurist;

async fn until_waiting(bus: &Bus, wait: Wait) {
    eventually(&format!("a message waits as {wait:?}"), async || {
        let queues = bus.inspect().queues().await.unwrap();
        queues.iter().any(|queue| queue.wait == wait)
    })
    .await;
}

fn held() -> (Hands, std::sync::Arc<tokio::sync::Semaphore>) {
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let held = gate.clone();
    let hands = Hands::that(move |_, _| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            Ok(true)
        }
    });
    (hands, gate)
}

on_each_backend! {
    async fn a_message_before_its_instance_waits_and_is_released_by_the_start(backend) {
        let (hands, gate) = held();
        let bus = jobs(backend.builder().await.clock(ManualClock::default()), &hands).start().await.unwrap();
        bus.publish(poked("a")).await.unwrap();
        until_waiting(&bus, Wait::Absent).await;
        let asking = { let bus = bus.clone(); tokio::spawn(async move { bus.request(start("a")).await }) };
        eventually("the poke is counted", async || {
            let job = bus.inspect().instance("Job", "a").await.unwrap();
            job.is_some_and(|job| job.data.is_some_and(|data| data.contains("\"pokes\":1")))
        }).await;
        gate.add_permits(1);
        let reply = asking.await.unwrap().unwrap();
        assert!(matches!(reply, StartReply::Finished(Finished { pokes: 1 })));
        assert!(letters(&bus).await.is_empty());
        bus.shutdown().await.unwrap();
    }

    async fn a_message_whose_instance_never_comes_is_treated_as_after_the_end_once_the_wait_is_over(backend) {
        let clock = ManualClock::default();
        let bus = jobs(backend.builder().await.clock(clock.clone()), &Hands::willing()).start().await.unwrap();
        bus.publish(poked("nobody")).await.unwrap();
        until_waiting(&bus, Wait::Absent).await;
        clock.advance(Duration::from_millis(59_999));
        until_waiting(&bus, Wait::Absent).await;
        assert!(letters(&bus).await.is_empty());
        clock.advance(Duration::from_millis(1));
        let letters = until_dead(&bus, 1).await;
        assert_eq!(letters[0].reason, Reason::Unexpected);
        assert!(letters[0].detail.contains("`Job`"), "{}", letters[0].detail);
        bus.shutdown().await.unwrap();
    }

    async fn a_message_sent_before_an_outage_still_waits_for_the_start_that_comes_after_it(backend) {
        let clock = ManualClock::default();
        let hands = Hands::willing();
        let before = jobs(backend.builder().await.clock(clock.clone()), &hands).start().await.unwrap();
        before.publish(poked("a")).await.unwrap();
        until_waiting(&before, Wait::Absent).await;
        before.shutdown().await.unwrap();
        let outside = backend.builder().await.clock(clock.clone()).start().await.unwrap();
        outside.publish(poked("b")).await.unwrap();
        outside.shutdown().await.unwrap();
        clock.advance(Duration::from_secs(3_600));
        let after = jobs(backend.builder().await.clock(clock.clone()), &hands).start().await.unwrap();
        // The one for `a` has waited for its instance, the one for `b` has not had the chance to.
        let letters = until_dead(&after, 1).await;
        assert_eq!(letters.len(), 1);
        until_waiting(&after, Wait::Absent).await;
        let reply = after.request(start("b")).await.unwrap();
        assert!(matches!(reply, StartReply::Finished(_)));
        after.shutdown().await.unwrap();
    }

    async fn a_message_of_unknown_type_waits_for_a_build_that_knows_it(backend) {
        let clock = ManualClock::default();
        let old = jobs(backend.builder().await.clock(clock.clone()), &Hands::willing()).start().await.unwrap();
        old.send(FromTheFuture {}).await.unwrap();
        until_waiting(&old, Wait::Unknown).await;
        old.shutdown().await.unwrap();
        let new = jobs(backend.builder().await.clock(clock.clone()), &Hands::willing())
            .service(Futurist).start().await.unwrap();
        until_idle(&new).await;
        assert!(letters(&new).await.is_empty());
        new.shutdown().await.unwrap();
    }

    async fn a_message_that_no_build_comes_to_know_is_set_aside_after_ten_minutes(backend) {
        let clock = ManualClock::default();
        let bus = jobs(backend.builder().await.clock(clock.clone()), &Hands::willing()).start().await.unwrap();
        bus.send(FromTheFuture {}).await.unwrap();
        until_waiting(&bus, Wait::Unknown).await;
        clock.advance(Duration::from_secs(599));
        until_waiting(&bus, Wait::Unknown).await;
        clock.advance(Duration::from_secs(1));
        let letters = until_dead(&bus, 1).await;
        assert_eq!(letters[0].reason, Reason::UnknownType);
        assert!(letters[0].detail.contains("`FromTheFuture`"));
        bus.shutdown().await.unwrap();
    }

    async fn a_body_that_cannot_be_read_is_set_aside(backend) {
        let bus = jobs(backend.builder().await, &Hands::willing()).start().await.unwrap();
        bus.publish(Mispoked { jab: 1 }).await.unwrap();
        let letters = until_dead(&bus, 1).await;
        assert_eq!(letters[0].reason, Reason::Undecodable);
        assert!(letters[0].detail.contains("missing field `job`"), "{}", letters[0].detail);
        bus.shutdown().await.unwrap();
    }

    async fn what_is_too_large_is_refused_where_it_is_sent(backend) {
        let limits = Limits { body_bytes: 1_000, header_bytes: 100, ..Limits::default() };
        let bus = jobs(backend.builder().await.limits(limits), &Hands::willing()).start().await.unwrap();
        let large = Start { job: "a".into(), note: "x".repeat(2_000) };
        let refused = bus.send(large).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Limit);
        assert!(refused.to_string().contains("the limit is 1000"), "{refused}");
        let refused = bus.send(start("a")).header("Why", "x".repeat(200)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Limit);
        until_idle(&bus).await;
        bus.shutdown().await.unwrap();
    }

    async fn what_a_handler_emits_over_the_limit_sets_its_message_aside(backend) {
        // The command fits, but what the saga makes of it does not.
        let limits = Limits { body_bytes: 90, ..Limits::default() };
        let outside = backend.builder().await.start().await.unwrap();
        outside.send(Start { job: "a".into(), note: "x".repeat(200) }).await.unwrap();
        outside.shutdown().await.unwrap();
        let bus = jobs(backend.builder().await.limits(limits), &Hands::willing()).start().await.unwrap();
        let letters = until_dead(&bus, 1).await;
        assert_eq!(letters[0].reason, Reason::OverLimit);
        assert!(letters[0].detail.contains("`Work`"), "{}", letters[0].detail);
        bus.shutdown().await.unwrap();
    }

    async fn a_key_that_is_empty_or_too_long_is_set_aside(backend) {
        let bus = jobs(backend.builder().await, &Hands::willing()).start().await.unwrap();
        bus.send(start("")).await.unwrap();
        bus.send(start(&"x".repeat(513))).await.unwrap();
        let mut reasons: Vec<_> = until_dead(&bus, 2).await.iter().map(|letter| letter.reason).collect();
        reasons.sort_by_key(|reason| format!("{reason:?}"));
        assert_eq!(reasons, [Reason::HandlerFailed, Reason::OverLimit]);
        bus.shutdown().await.unwrap();
    }

    async fn members_of_a_batch_that_fail_are_set_aside_one_by_one_and_the_others_go_on(backend) {
        let outside = backend.builder().await.start().await.unwrap();
        outside.send(start("touchy")).await.unwrap();
        outside.shutdown().await.unwrap();
        let (hands, gate) = held();
        let before = jobs(backend.builder().await, &hands).start().await.unwrap();
        until_in(&before, "touchy", "Working").await;
        for _ in 0..5 {
            before.publish(poked("touchy")).await.unwrap();
        }
        let letters = until_dead(&before, 5).await;
        for letter in letters {
            assert_eq!((letter.reason, letter.detail.as_str()), (Reason::HandlerFailed, "do not poke me"));
            assert_eq!(letter.history.len(), 1, "one attempt each: {:?}", letter.history);
        }
        gate.add_permits(1);
        until_in(&before, "touchy", "end").await;
        before.shutdown().await.unwrap();
    }

    async fn two_codecs_are_read_side_by_side(backend) {
        let (hands, gate) = held();
        let json = jobs(backend.builder().await, &hands).start().await.unwrap();
        json.send(start("a")).await.unwrap();
        until_in(&json, "a", "Working").await;
        json.publish(poked("a")).await.unwrap();
        json.shutdown_within(Duration::ZERO).await.unwrap();
        let postcard = jobs(backend.builder().await.codec(Codec::Postcard), &hands).start().await.unwrap();
        postcard.publish(poked("a")).await.unwrap();
        let asking = { let bus = postcard.clone(); tokio::spawn(async move { bus.request(start("a")).await }) };
        eventually("both pokes were handled and the asker waits", async || {
            let queues = postcard.inspect().queues().await.unwrap();
            let job = postcard.inspect().instance("Job", "a").await.unwrap().unwrap();
            !queues.iter().any(|queue| queue.queue == "front") && !job.waiting.is_empty()
        }).await;
        gate.add_permits(1);
        let reply = asking.await.unwrap().unwrap();
        assert!(matches!(reply, StartReply::Finished(Finished { pokes: 2 })), "{reply:?}");
        assert!(letters(&postcard).await.is_empty());
        postcard.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_set_up_is_reported_at_once() {
    saga_runtime::system! { Whole { Job, Hands } accepts(Start, Poked) }
    let hands = Hands::willing();
    let error = Bus::new(saga_runtime::store::Memory::new())
        .service(hands.clone())
        .service(hands)
        .system::<Whole>()
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setup);
    let text = error.to_string();
    for fault in [
        "system `Whole` contains `Job`, which is not on the bus",
        "command `Work` at endpoint `back` is taken by `Hands` and by `Hands`",
        "two sagas or services are named `Hands`",
    ] {
        assert!(text.contains(fault), "{fault:?} is missing in:\n{text}");
    }
}
