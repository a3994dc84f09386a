//! The broker is killed and started again while orders go through it.

use saga_tests::{nats, process::Process, rabbitmq};

use crate::{effects::Effects, ground::Ground, rush::Rush};

/// Kills it again and again, each time when some more orders have gone through.
async fn loses_nothing(ground: &Ground, effects: &Effects, server: &mut Process, kills: usize) {
    const LOT: usize = 100;
    let rush = Rush::start([ground.bus().await, ground.bus().await], effects).await;
    let killing = async {
        for kill in 1..=kills {
            rush.has_come_to(kill * LOT * 7 / 10).await;
            server.kill().unwrap();
            server.restart().await.unwrap();
        }
    };
    tokio::join!(rush.place(0..(kills + 1) * LOT), killing);
    rush.finish((kills + 1) * LOT).await;
}

/// RabbitMQ 3.10 writes only now and then which quorum queues it has: one that it was killed too soon after is empty when it
/// is back, and without a leader for ever. Ended in good order it has written it.
async fn declares_its_queues(ground: &Ground, effects: &Effects, server: &mut Process) {
    let idle = Rush::start([ground.bus().await, ground.bus().await], effects).await;
    idle.finish(0).await;
    server.stop().unwrap();
    server.restart().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_killed_under_load_loses_nothing_and_doubles_nothing() {
    let Some(mut server) = nats::OwnServer::start("").await.unwrap() else {
        return;
    };
    let Some(ground) = Ground::of_own_nats(&server) else {
        return;
    };
    let effects = Effects::create(&ground.schema).await;
    loses_nothing(&ground, &effects, server.process(), 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_killed_under_load_loses_nothing_and_doubles_nothing() {
    let Some(mut server) = rabbitmq::OwnServer::start("").await.unwrap() else {
        return;
    };
    let Some(ground) = Ground::of_own_rabbitmq(&server) else {
        return;
    };
    let effects = Effects::create(&ground.schema).await;
    declares_its_queues(&ground, &effects, server.process()).await;
    loses_nothing(&ground, &effects, server.process(), 2).await;
}
