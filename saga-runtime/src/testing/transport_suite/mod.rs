//! The contract of [`Transport`], one named test per sentence.
//!
//! A backend writes a [`TransportFixture`] and one line with [`transport_suite!`](crate::transport_suite).
//! `tests/conformance/letterbox.rs` of this repository is a whole transport in some 250 lines, to start from.
//!
//! ```
//! use saga_runtime::{testing::transport_suite::TransportFixture, transport::MemoryTransport};
//!
//! /// One broker; each call of `connect` is one more process.
//! #[derive(Default)]
//! struct OneBroker(MemoryTransport);
//!
//! impl TransportFixture for OneBroker {
//!     type Transport = MemoryTransport;
//!
//!     async fn connect(&self) -> Option<MemoryTransport> {
//!         Some(self.0.clone())
//!     }
//! }
//!
//! saga_runtime::testing::transport_suite!(OneBroker::default());
//! ```
//!
//! # For authors
//!
//! 1. Read the contract, [`transport`](crate::transport). The suite has a test for each sentence of it.
//! 2. Write the fixture first. One fixture is one broker without queues: a name before each queue's makes one of a broker
//!    that all tests share.
//! 3. Then, in this order: queues (`queues`), sending (`sending`), receiving within the flow (`receiving`), settling and
//!    what comes again (`settling`), events (`events`).
//! 4. A delivery has a [`tag`](Delivery::tag) of its own each time that it is delivered: the same message may be in hand
//!    twice, after a connection was made again.
//! 5. What a broker cannot do it says in [`caps`](Transport::caps). One that is not there is told by
//!    [`missing`](TransportFixture::missing).

use std::time::Duration;

use super::samples;
use crate::{
    envelope::{Envelope, MessageId},
    store::Subscription,
    transport::{Batch, Delivery, Destination, Flow, Outgoing, Receiver, Sent, Settle, Topology, Transport},
};

mod bench;
mod events;
mod queues;
mod receiving;
mod sending;
mod settling;

pub use bench::Bench;
#[doc(hidden)]
pub use {events::*, queues::*, receiving::*, sending::*, settling::*};

/// How the suite gets at a backend. One fixture is one broker, with no queues at first.
pub trait TransportFixture: Send + Sync {
    /// The backend.
    type Transport: Transport;

    /// A connection for one more process.
    ///
    /// A transport over a store that serves one process at a time gives `None` from the second one on.
    fn connect(&self) -> impl Future<Output = Option<Self::Transport>> + Send;

    /// Why there is nothing here to be tested, such as a server that is not running. The cases are then skipped, and say
    /// so; a fixture that must not be skipped panics instead.
    fn missing(&self) -> Option<String> {
        None
    }
}

/// Writes a `#[test]` for every sentence of the transport's contract, given an expression that makes a
/// [`TransportFixture`](crate::testing::transport_suite::TransportFixture).
#[macro_export]
macro_rules! transport_suite {
    ($fixture:expr) => {
        $crate::__suite_cases! {
            $crate::testing::transport_suite::Bench::new($fixture); transport_suite;
            declaring_twice_changes_nothing
            all_faults_of_a_topology_are_reported_at_once
            a_queue_that_was_not_declared_cannot_be_received_from
            a_queue_outlives_the_process_that_declared_it
            an_ephemeral_queue_vanishes_with_its_process
            an_owned_queue_is_refused_to_others_until_its_owner_closes
            a_message_is_delivered_as_it_was_sent
            a_message_for_no_queue_has_no_route
            each_message_of_a_batch_has_its_own_answer_in_order
            sending_nothing_has_no_answers
            an_event_that_nobody_hears_has_no_route
            a_body_over_the_limit_is_refused_and_harms_no_other
            a_message_waits_for_its_receiver
            a_message_comes_from_another_process
            nothing_of_a_large_batch_is_lost
            nothing_of_concurrent_senders_is_lost
            receiving_waits_for_a_message
            a_wait_that_is_abandoned_loses_nothing
            unsettled_deliveries_keep_to_the_flow_in_messages
            unsettled_deliveries_keep_to_the_flow_in_bytes
            one_message_fits_whatever_the_flow
            receivers_of_one_queue_share_its_messages
            one_queue_does_not_hold_up_another
            what_was_acknowledged_never_comes_again
            a_batch_that_is_given_back_comes_again
            batches_are_settled_each_on_its_own
            unsettled_deliveries_come_again_when_the_receiver_is_dropped
            unsettled_deliveries_come_again_to_another_receiver
            unsettled_deliveries_of_another_process_come_again_when_it_ends
            what_a_receiver_never_got_to_see_comes_to_the_next
            a_receiver_of_an_empty_queue_has_caught_up
            a_receiver_has_not_caught_up_before_all_is_settled
            a_receiver_catches_up_while_more_is_sent
            a_receiver_has_not_caught_up_with_what_another_left
            an_event_goes_to_every_bound_queue_and_to_no_other
            an_event_reaches_a_queue_once_however_often_it_was_bound
            an_event_comes_from_another_process
            one_queue_taking_its_copy_leaves_the_others_theirs
        }
    };
}
