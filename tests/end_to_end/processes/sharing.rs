//! Processes that serve one endpoint share its messages.

use std::sync::atomic::Ordering;

use super::on_each_broker;
use crate::{
    job::letters,
    order::{World, eventually, order, shop},
};

const ORDERS: u32 = 400;

on_each_broker! {
    async fn each_of_two_processes_gets_a_share_of_the_orders_of_a_third(site) {
        let (one, two) = (World::default(), World::default());
        let first = shop(site.builder().await, &one).start().await.unwrap();
        let second = shop(site.builder().await, &two).start().await.unwrap();
        let outside = site.builder().await.start().await.unwrap();
        for number in 0..ORDERS {
            outside.send(order(&format!("order {number}"))).await.unwrap();
        }
        let announced = |world: &World| world.announced.load(Ordering::SeqCst);
        eventually("every order is through", async || announced(&one) + announced(&two) >= ORDERS).await;
        type Count = fn(&World) -> u32;
        let counts: [(&str, Count); 2] = [
            ("billed", |world| world.billed.load(Ordering::SeqCst)),
            ("labelled", |world| world.labelled.load(Ordering::SeqCst)),
        ];
        for (what, count) in counts {
            let (one, two) = (count(&one), count(&two));
            assert_eq!(one + two, ORDERS, "{what}: nothing lost, nothing doubled");
            assert!(one > 0 && two > 0, "{what}: {one} by the first and {two} by the second");
        }
        assert!(letters(&outside).await.is_empty());
        for bus in [first, second] {
            bus.shutdown().await.unwrap();
        }
        outside.shutdown().await.unwrap();
    }
}
