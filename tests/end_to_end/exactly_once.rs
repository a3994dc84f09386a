//! Whatever is repeated, lost or raced for has its effect once.

use std::{sync::atomic::Ordering, time::Duration};

use saga_runtime::{
    Bus,
    envelope::MessageId,
    retry::RetryPolicy,
    store::{Memory, Outcome, Unit},
};

use crate::{
    backends::{Fault, Faulty, on_each_backend},
    job::{Finished, Hands, StartReply, jobs, letters, poked, start, until_idle, until_in},
    order::{PlaceOrderReply, World, eventually, order, shop},
};

on_each_backend! {
    async fn a_message_sent_twice_under_one_id_has_one_effect(backend) {
        let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let hands = {
            let gate = gate.clone();
            Hands::that(move |_, _| {
                let gate = gate.clone();
                async move { gate.acquire().await.unwrap().forget(); Ok(true) }
            })
        };
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        let (poke, first) = (MessageId::random(), MessageId::random());
        bus.send(start("a")).id(first).await.unwrap();
        bus.send(start("a")).id(first).await.unwrap();
        until_in(&bus, "a", "Working").await;
        for _ in 0..3 {
            bus.publish(poked("a")).id(poke).await.unwrap();
        }
        until_in(&bus, "a", "Working").await;
        let asking = { let bus = bus.clone(); tokio::spawn(async move { bus.request(start("a")).await }) };
        eventually("the asker waits", async || {
            let job = bus.inspect().instance("Job", "a").await.unwrap().unwrap();
            !job.waiting.is_empty()
        }).await;
        gate.add_permits(1);
        let reply = asking.await.unwrap().unwrap();
        assert!(matches!(reply, StartReply::Finished(Finished { pokes: 1 })), "one poke counts");
        assert_eq!(hands.tries(), 1);
        assert!(letters(&bus).await.is_empty());
        bus.shutdown().await.unwrap();
    }

    async fn a_request_repeated_under_its_id_gets_the_answer_given(backend) {
        let hands = Hands::willing();
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        let id = MessageId::random();
        bus.request(start("a")).id(id).await.unwrap();
        let again = bus.request(start("a")).id(id).await.unwrap();
        assert!(matches!(again, StartReply::Finished(_)));
        assert_eq!(hands.tries(), 1);
        assert!(letters(&bus).await.is_empty());
        bus.shutdown().await.unwrap();
    }

    async fn a_request_repeated_after_its_deadline_gets_the_recorded_answer(backend) {
        let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let opened = gate.clone();
        let hands = Hands::that(move |_, _| {
            let gate = gate.clone();
            async move { gate.acquire().await.unwrap().forget(); Ok(true) }
        });
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        let late = bus.request(start("a")).deadline(Duration::from_millis(20)).await;
        assert_eq!(late.unwrap_err().kind(), saga_runtime::ErrorKind::Deadline);
        opened.add_permits(1);
        let again = bus.request(start("a")).await.unwrap();
        assert!(matches!(again, StartReply::Finished(_)));
        assert_eq!(hands.tries(), 1);
        bus.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_store_do_each_order_once() {
    let (store, world) = (Memory::new(), World::default());
    let one = shop(Bus::new(store.clone()), &world).start().await.unwrap();
    let two = shop(Bus::new(store), &world).start().await.unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..60 {
        for bus in [one.clone(), two.clone()] {
            asking.spawn(async move { bus.request(order(&format!("A{}", number % 30))).await });
        }
    }
    while let Some(reply) = asking.join_next().await {
        let reply = reply.unwrap().unwrap();
        assert!(matches!(reply, PlaceOrderReply::OrderConfirmed(_)));
    }
    assert_eq!(world.billed.load(Ordering::SeqCst), 30);
    assert_eq!(world.labelled.load(Ordering::SeqCst), 30);
    let letters = crate::job::letters(&one).await;
    assert!(letters.is_empty(), "{letters:?}");
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_race_runs_again_unseen_and_uses_up_no_retries() {
    let conflict = Fault::Instances(|| Outcome::Conflict);
    let (store, script) = Faulty::new([conflict; 12]);
    let hands = Hands::willing();
    let bus = jobs(Bus::new(store).retry(RetryPolicy::never()), &hands)
        .start()
        .await
        .unwrap();
    let reply = bus.request(start("a")).await.unwrap();
    assert!(matches!(reply, StartReply::Finished(_)));
    until_idle(&bus).await;
    eventually("the script is played", async || script.lock().unwrap().is_empty()).await;
    assert_eq!((hands.tries(), hands.heard()), (1, 1));
    assert!(letters(&bus).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_out_of_reach_is_waited_for_and_nothing_is_done_twice() {
    let (store, script) = Faulty::new([]);
    let hands = Hands::that(move |_, _| {
        script.lock().unwrap().extend([Fault::Unavailable; 3]);
        async { Ok(true) }
    });
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    let reply = bus.request(start("a")).await.unwrap();
    assert!(matches!(reply, StartReply::Finished(_)));
    until_idle(&bus).await;
    assert_eq!((hands.tries(), hands.heard()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_refuses_is_set_aside_alone() {
    let refused = Fault::Instances(|| Outcome::Rejected("a character it cannot hold".into()));
    let (store, _) = Faulty::new([refused]);
    let bus = jobs(Bus::new(store), &Hands::willing()).start().await.unwrap();
    bus.send(start("a")).await.unwrap();
    let letters = crate::job::until_dead(&bus, 1).await;
    assert_eq!(
        letters[0].reason,
        saga_runtime::dead_letter::Reason::RefusedByStore
    );
    assert!(letters[0].detail.contains("a character it cannot hold"));
    let reply = bus.request(start("b")).await.unwrap();
    assert!(matches!(reply, StartReply::Finished(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_handled_in_the_commit_that_finishes_what_it_answers() {
    let (store, _) = Faulty::new([]);
    let units = store.units();
    let hands = Hands::willing();
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    let reply = bus.request(start("a")).await.unwrap();
    assert!(matches!(reply, StartReply::Finished(_)));
    until_idle(&bus).await;
    let units = std::mem::take(&mut *units.lock().unwrap());
    let of_job = |unit: &&Unit| {
        let change = unit.instance.as_ref();
        change.is_some_and(|change| *change.id.saga == *"Job")
    };
    let steps: Vec<&Unit> = units.iter().filter(of_job).collect();
    assert_eq!(steps.len(), 2, "it starts, and it ends");
    assert_eq!(
        steps[1].consumed.len(),
        1,
        "the work is finished with the step that its answer led to"
    );
    let written = units.iter().flat_map(|unit| &unit.out);
    let names: Vec<&str> = written.map(|message| &*message.envelope.name).collect();
    assert!(names.contains(&"Work") && !names.contains(&"Worked"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_effect_is_refused_is_set_aside_and_what_it_answers_stays_done() {
    let (store, script) = Faulty::new([]);
    let hands = Hands::that(move |_, _| {
        let refused = Fault::Instances(|| Outcome::Rejected("a character it cannot hold".into()));
        script.lock().unwrap().push_back(refused);
        async { Ok(true) }
    });
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    bus.send(start("a")).await.unwrap();
    let letters = crate::job::until_dead(&bus, 1).await;
    assert_eq!(letters[0].message.name(), Some("Worked"));
    assert_eq!(hands.tries(), 1);
    until_idle(&bus).await;
    let filter = saga_runtime::dead_letter::DeadLetterFilter::default();
    let letter = bus.inspect().dead_letters(filter).await.unwrap().remove(0);
    assert_eq!(bus.inspect().replay([letter.id]).await.unwrap(), 1);
    eventually("the job ends", async || hands.heard() == 1).await;
    assert_eq!(hands.tries(), 1, "what was answered is not done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_lost_to_another_process_is_left_to_it() {
    let lost = Fault::Instances(|| Outcome::ClaimLost);
    let (store, script) = Faulty::new([lost]);
    let hands = Hands::willing();
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    bus.send(start("a")).await.unwrap();
    eventually("the claim was lost", async || script.lock().unwrap().is_empty()).await;
    let reply = bus.request(start("b")).await.unwrap();
    assert!(matches!(reply, StartReply::Finished(_)));
    assert_eq!(hands.tries(), 1, "its effect is the other process's");
    assert!(letters(&bus).await.is_empty());
}
