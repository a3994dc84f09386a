//! The line to a server is cut, down, frozen or long, and nothing is lost and nothing doubled.

use std::time::Duration;

use saga_tests::{proxy::Proxy, watch::eventually};

use crate::{
    effects::{Effects, mixed},
    ground::Ground,
    order::order,
    rush::Rush,
};

/// Orders placed while the line is bad.
const ORDERS: usize = 200;

/// How often the line is cut meanwhile.
const CUTS: usize = 20;

/// A shop behind a proxy.
struct Far<'a> {
    ground: &'a Ground,
    rush: Rush,
    line: Proxy,
}

impl<'a> Far<'a> {
    async fn open(ground: &'a Ground) -> Self {
        let effects = Effects::create(&ground.schema).await;
        let line = Proxy::to(&ground.place()).await.unwrap();
        let builders = [
            ground.bus_by(line.address()).await,
            ground.bus_by(line.address()).await,
        ];
        let rush = Rush::start(builders, &effects).await;
        Self { ground, rush, line }
    }

    /// By a process with a line of its own.
    async fn place_orders(&self) {
        let web = self.ground.bus().await.start().await.unwrap();
        for number in 0..ORDERS {
            web.send(order(&mixed(number))).await.unwrap();
        }
        web.shutdown().await.unwrap();
    }

    async fn cut(&self) {
        let before = self.line.connections();
        self.line.cut();
        self.until_connected_again(before).await;
    }

    async fn until_connected_again(&self, before: usize) {
        eventually("there is a new connection", async || {
            self.line.connections() > before
        })
        .await;
    }

    async fn finish(self) {
        self.rush.finish(ORDERS).await;
    }
}

async fn cut_again_and_again(ground: &Ground) {
    let far = Far::open(ground).await;
    far.place_orders().await;
    // Long, so that whenever it is cut there is something on it.
    far.line.delay(Duration::from_millis(5));
    for cut in 0..CUTS {
        // Of ten orders nine have an effect.
        far.rush.has_come_to(cut * ORDERS * 8 / 10 / CUTS).await;
        far.cut().await;
    }
    far.finish().await;
}

async fn down(ground: &Ground) {
    let far = Far::open(ground).await;
    far.line.take_down();
    far.place_orders().await;
    assert_eq!(far.rush.orders().await, 0);
    far.line.mend();
    far.finish().await;
}

async fn frozen(ground: &Ground) {
    let far = Far::open(ground).await;
    far.place_orders().await;
    let before = far.line.connections();
    far.line.freeze();
    far.until_connected_again(before).await;
    far.line.mend();
    far.finish().await;
}

async fn long(ground: &Ground) {
    let far = Far::open(ground).await;
    far.line.delay(Duration::from_millis(20));
    far.place_orders().await;
    far.finish().await;
}

macro_rules! on_each_line {
    ($($title:ident: $scenario:ident on $($server:ident)*;)*) => {
        $(mod $title {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $server() {
                if let Some(ground) = crate::ground::Ground::$server() {
                    super::$scenario(&ground).await;
                }
            })*
        })*
    };
}

on_each_line! {
    cut_again_and_again_it_loses_nothing_and_doubles_nothing: cut_again_and_again on tables rabbitmq nats;
    orders_placed_while_it_is_down_are_done_when_it_is_up: down on tables rabbitmq nats;
    frozen_it_is_given_up_for_another: frozen on rabbitmq;
    if_it_is_long_everything_only_takes_longer: long on tables rabbitmq nats;
}
