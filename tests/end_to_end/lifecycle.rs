//! Stopping and starting again: nothing is lost, nothing is done twice, and time goes on in between.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use saga_runtime::{
    Bus, Error, ErrorKind,
    clock::ManualClock,
    limits::Limits,
    store::{InstanceFilter, Sqlite},
    system::System,
};
use tokio::sync::Semaphore;

use crate::{
    backends::{Backend, on_each_backend},
    job::{Hands, StartReply, jobs, letters, start, state, until_idle, until_in},
    order::{World, eventually, order, shop},
};

fn held() -> (Hands, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let hands = Hands::that(move |_, _| {
        let held = Arc::clone(&held);
        async move {
            held.acquire().await.unwrap().forget();
            Ok(true)
        }
    });
    (hands, gate)
}

async fn parked<Sys: System>(bus: &Bus<Sys>) -> Option<String> {
    let instance = bus.inspect().instance("Fulfilment", "rare").await.unwrap();
    instance.and_then(|instance| instance.parked)
}

on_each_backend! {
    async fn a_shutdown_finishes_what_is_in_hand(backend) {
        let (hands, gate) = held();
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        bus.send(start("a")).await.unwrap();
        eventually("it is in hand", async || hands.tries() == 1).await;
        let stopping = tokio::spawn(bus.clone().shutdown());
        eventually("it takes nothing on", async || {
            bus.send(start("b")).await.is_err_and(|error| error.kind() == ErrorKind::Closed)
        }).await;
        assert!(!stopping.is_finished());
        gate.add_permits(1);
        stopping.await.unwrap().unwrap();
        drop(bus);
        let again = jobs(backend.builder().await, &hands).start().await.unwrap();
        until_in(&again, "a", "end").await;
        let of_a = hands.tried.lock().unwrap().iter().filter(|(job, _)| job == "a").count();
        assert_eq!(of_a, 1, "its completion was kept");
        gate.add_permits(1_000);
        again.shutdown().await.unwrap();
    }

    async fn a_deadline_gives_back_what_is_in_hand_and_counts_no_attempt(backend) {
        let (hands, gate) = held();
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        bus.send(start("a")).await.unwrap();
        eventually("it is in hand", async || hands.tries() == 1).await;
        bus.shutdown_within(Duration::ZERO).await.unwrap();
        eventually("the handler was cut off", async || Arc::strong_count(&gate) <= 2).await;
        let attempts = Arc::new(std::sync::Mutex::new(Vec::new()));
        let counted = Arc::clone(&attempts);
        let willing = Hands::that(move |_, attempt| {
            counted.lock().unwrap().push(attempt);
            async { Ok(true) }
        });
        let again = jobs(backend.builder().await, &willing).start().await.unwrap();
        until_in(&again, "a", "end").await;
        assert_eq!(*attempts.lock().unwrap(), [0]);
        again.shutdown().await.unwrap();
    }

    async fn a_caller_is_told_when_the_bus_stops_before_the_answer(backend) {
        let (hands, _gate) = held();
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        let asking = { let bus = bus.clone(); tokio::spawn(async move { bus.request(start("a")).await }) };
        eventually("it is in hand", async || hands.tries() == 1).await;
        bus.shutdown_within(Duration::ZERO).await.unwrap();
        let told: Result<StartReply, Error> = asking.await.unwrap();
        assert_eq!(told.unwrap_err().kind(), ErrorKind::Closed);
    }

    async fn a_bus_that_is_dropped_leaves_everything_to_the_next(backend) {
        let (hands, gate) = held();
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        for number in 0..20 {
            bus.send(start(&format!("a{number}"))).await.unwrap();
        }
        eventually("some are in hand", async || hands.tries() > 0).await;
        if backend.is_shared() {
            // Its claims end with its lease.
            bus.shutdown_within(Duration::ZERO).await.unwrap();
        } else {
            drop(bus);
            // Its tasks end one by one, and the file is free with the last of them.
            eventually("the file is free", async || Sqlite::open(backend.file()).await.is_ok()).await;
        }
        gate.add_permits(1_000);
        let again = jobs(backend.builder().await, &hands).start().await.unwrap();
        for number in 0..20 {
            until_in(&again, &format!("a{number}"), "end").await;
        }
        until_idle(&again).await;
        assert_eq!(hands.heard(), 20);
        assert!(letters(&again).await.is_empty());
        again.shutdown().await.unwrap();
    }

    async fn timers_are_listed_and_survive_a_restart(backend) {
        let (hands, clock) = (held().0, ManualClock::default());
        let bus = jobs(backend.builder().await.clock(clock.clone()), &hands).start().await.unwrap();
        bus.send(start("a")).await.unwrap();
        until_in(&bus, "a", "Working").await;
        let timers = bus.inspect().timers(InstanceFilter::default()).await.unwrap();
        assert_eq!((timers.len(), timers[0].handler.as_str()), (1, "late"));
        assert_eq!(timers[0].due.as_second(), 3_600);
        bus.shutdown_within(Duration::ZERO).await.unwrap();
        clock.advance(Duration::from_secs(3_599));
        let again = jobs(backend.builder().await.clock(clock.clone()), &hands).start().await.unwrap();
        assert_eq!(state(&again, "a").await, "Working");
        clock.advance(Duration::from_secs(1));
        until_in(&again, "a", "end").await;
        let answers = again.inspect().instance("Job", "a").await.unwrap().unwrap().answers;
        assert_eq!(answers[0].reply, "Failed");
        again.shutdown_within(Duration::ZERO).await.unwrap();
    }

    async fn a_timeout_does_not_overtake_the_reply_that_came_before_it(backend) {
        let clock = ManualClock::default();
        let sagas = backend.builder().await.clock(clock.clone())
            .saga::<crate::job::Job>().start().await.unwrap();
        for number in 0..50 {
            sagas.send(start(&format!("a{number}"))).await.unwrap();
        }
        for number in 0..50 {
            until_in(&sagas, &format!("a{number}"), "Working").await;
        }
        sagas.shutdown().await.unwrap();
        // The work is done in time, but the sagas are away until long after the timeout.
        let hands = Hands::willing();
        let service = backend.builder().await.clock(clock.clone()).service(hands.clone()).start().await.unwrap();
        eventually("the work is done", async || {
            let queues = service.inspect().queues().await.unwrap();
            hands.tries() == 50 && queues.iter().all(|queue| queue.queue == "front.replies")
        }).await;
        service.shutdown().await.unwrap();
        clock.advance(Duration::from_secs(2 * 3_600));
        // So few fit into memory at a time that most replies wait in the store while all the timers are due.
        let limits = Limits { prefetch: 4, ..Limits::default() };
        let sagas = backend.builder().await.clock(clock.clone()).limits(limits)
            .saga::<crate::job::Job>().start().await.unwrap();
        for number in 0..50 {
            let job = format!("a{number}");
            until_in(&sagas, &job, "end").await;
            let answers = sagas.inspect().instance("Job", &job).await.unwrap().unwrap().answers;
            assert_eq!(answers[0].reply, "Finished", "the timeout of `{job}` fired first");
        }
        sagas.shutdown().await.unwrap();
    }

    async fn a_compensation_survives_a_restart_between_its_steps(backend) {
        let world = World::default();
        world.refuse_refunds.store(1, Ordering::SeqCst);
        let bus = shop(backend.builder().await, &world).start().await.unwrap();
        bus.send(order("rare")).await.unwrap();
        eventually("it is parked", async || parked(&bus).await.is_some()).await;
        bus.shutdown().await.unwrap();
        let again = shop(backend.builder().await, &world).start().await.unwrap();
        let only_parked = InstanceFilter { parked: true, ..InstanceFilter::default() };
        assert_eq!(again.inspect().instances(only_parked).await.unwrap().len(), 1);
        again.inspect().retry_compensation("Fulfilment", "rare").await.unwrap();
        eventually("it is undone", async || {
            let order = again.inspect().instance("Fulfilment", "rare").await.unwrap();
            order.is_some_and(|order| order.state == "end")
        }).await;
        assert_eq!(world.refunded.load(Ordering::SeqCst), 1);
        again.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_a_database_file_is_told_so() {
    let backend = Backend::sqlite();
    let bus = jobs(backend.builder().await, &Hands::willing())
        .start()
        .await
        .unwrap();
    let second = Sqlite::open(backend.file()).await;
    let refused = match second {
        Err(error) => error,
        Ok(store) => Bus::new(store).start().await.unwrap_err(),
    };
    assert_eq!(refused.kind(), ErrorKind::Locked);
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused_in_words() {
    let backend = Backend::sqlite();
    std::fs::write(
        backend.file(),
        b"this is a shopping list, not a database at all".repeat(100),
    )
    .unwrap();
    let refused = match Sqlite::open(backend.file()).await {
        Err(error) => error,
        Ok(store) => Bus::new(store).start().await.unwrap_err(),
    };
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
    assert!(refused.to_string().contains("saga.db"), "{refused}");
}
