//! A rolling upgrade on servers.

use super::on_each_broker;
use crate::changing::two_builds_side_by_side;

on_each_broker! {
    async fn orders_of_two_builds_on_one_database_and_queue_are_all_done_once(site) {
        two_builds_side_by_side(async || site.builder().await, || {}).await;
    }
}
