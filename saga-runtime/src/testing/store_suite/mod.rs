//! The contract of [`Store`], one named test per sentence.
//!
//! A backend writes a [`StoreFixture`] and one line with [`store_suite!`](crate::store_suite); see [`testing`](super) for
//! both. `tests/conformance/notebook` of this repository is a whole store in some 700 lines, a mutex and a few lists, to
//! start from.
//!
//! # For authors
//!
//! 1. Read the contract, [`store`](crate::store). The suite has a test for each sentence of it, and each is named after
//!    its sentence: `cargo test a_unit_whose_gate_fails_changes_nothing`.
//! 2. Write the fixture first. One fixture is one database, empty at first, so that tests run side by side: a schema, a
//!    file, a name of its own. [`connect`](StoreFixture::connect) is one more process on it, and
//!    [`crash`](StoreFixture::crash) kills one: nothing may be tidied up that a dead process could not tidy up.
//! 3. Then what a store is made of, in this order: units and their gates (`units`, `instances`), messages and claims
//!    (`claims`), leases (`nodes`), what waits (`parks`, `timers`, `builds`), what is forgotten (`retention`), and what a
//!    person sees (`dead_letters`, `inspection`).
//! 4. Time is in the suite's hands: an embedded store asks [`Node::clock`] and nothing else; one with a clock of its own
//!    moves it in [`advanced`](StoreFixture::advanced).
//! 5. What a backend cannot do it says in [`caps`](Store::caps), and the cases that need it are skipped, aloud. A server
//!    that is not there is told by [`missing`](StoreFixture::missing).
//!
//! What no suite can see from outside is for tests of your own: that `Ok` outlives a loss of power, and that a call whose
//! answer was lost leaves no row claimed with nobody to know it (2 of the contract).

use std::{ops::Deref, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::samples;
use crate::{
    clock::{Clock, ManualClock},
    envelope::MessageId,
    limits::Limits,
    store::{
        Beat, Catalog, Claim, Found, LEASE, Node, Opened, Outcome, Seq, Store, Stored, Taken, Unit, Want,
    },
};

mod bench;
mod builds;
mod claims;
mod dead_letters;
mod inspection;
mod instances;
mod nodes;
mod parks;
mod retention;
mod timers;
mod units;

pub use bench::{Bench, Process};
#[doc(hidden)]
pub use {
    builds::*, claims::*, dead_letters::*, inspection::*, instances::*, nodes::*, parks::*, retention::*,
    timers::*, units::*,
};

/// How the suite gets at a backend. One fixture is one database, empty at first.
pub trait StoreFixture: Send + Sync {
    /// The backend.
    type Store: Store;

    /// A handle for one more process on the data of this fixture, not opened yet.
    ///
    /// A store that is not [shared](crate::store::StoreCaps::shared) is asked for the next one only after the one
    /// before has crashed.
    fn connect(&self) -> impl Future<Output = Self::Store> + Send;

    /// Kills the process that uses this handle. Nothing of it may be tidied up; to drop it is right for most.
    fn crash(&self, store: Self::Store) -> impl Future<Output = ()> + Send {
        async { drop(store) }
    }

    /// The suite has moved its clock forward. A store that does not ask the [`Node::clock`] moves its own.
    fn advanced(&self, _by: Duration) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// A unit whose content this backend refuses, if there is such a thing.
    fn refused(&self) -> Option<Unit> {
        None
    }

    /// Why there is nothing here to be tested, such as a server that is not running. The cases are then skipped, and say
    /// so; a fixture that must not be skipped panics instead.
    fn missing(&self) -> Option<String> {
        None
    }
}

/// Writes a `#[test]` for every sentence of the store's contract, given an expression that makes a
/// [`StoreFixture`](crate::testing::store_suite::StoreFixture).
#[macro_export]
macro_rules! store_suite {
    ($fixture:expr) => {
        $crate::__suite_cases! {
            $crate::testing::store_suite::Bench::new($fixture); store_suite;
            a_unit_is_applied_wholly
            a_unit_whose_gate_fails_changes_nothing
            a_lost_claim_keeps_the_whole_unit_from_being_applied
            one_lost_claim_among_many_releases_none_of_them
            a_duplicate_keeps_the_whole_unit_from_being_applied
            units_of_one_commit_succeed_and_fail_independently
            a_unit_rests_on_what_the_units_before_it_did
            rows_born_are_named_in_order_and_ascend
            content_that_is_refused_harms_no_other_unit
            work_made_for_another_store_is_refused_in_words
            a_commit_of_nothing_has_no_outcomes
            a_large_batch_is_applied
            of_concurrent_commits_for_one_version_one_wins
            concurrent_commits_are_all_applied
            dead_letters_of_one_unit_are_all_kept
            an_instance_is_found_as_it_was_put
            what_was_never_started_is_absent
            instances_are_answered_in_the_order_asked
            the_same_key_of_two_sagas_is_two_instances
            second_commit_with_the_same_version_loses
            a_start_loses_against_a_live_instance
            a_start_loses_against_a_tombstone_within_the_retention
            after_the_retention_a_key_may_start_a_new_life
            a_step_loses_where_there_is_no_live_instance
            only_looking_at_an_instance_is_gated_too
            that_there_is_no_instance_can_be_the_gate
            a_finished_instance_leaves_its_tombstone
            an_instance_may_start_and_finish_in_one_step
            a_message_is_taken_as_it_was_put
            a_claimed_message_is_not_taken_again
            another_node_cannot_take_what_a_living_one_claimed
            a_consumed_message_never_comes_again
            a_message_nobody_claimed_cannot_be_consumed
            messages_come_oldest_first
            messages_of_several_claims_come_in_one_order
            a_claim_is_for_one_queue_and_one_consumer
            a_claim_keeps_its_limit_and_says_whether_there_is_more
            a_limit_of_none_claims_none
            claims_stop_before_more_bytes_than_wanted
            one_message_always_fits
            a_message_born_claimed_is_never_taken_by_a_living_node
            messages_to_relay_are_claimed_apart
            the_oldest_message_of_a_consumer_counts_even_while_claimed
            a_message_that_waits_for_a_retry_is_not_the_oldest
            a_retry_comes_back_when_due_and_not_before
            a_park_without_a_time_is_ready_at_once
            a_park_keeps_count_and_history
            a_park_that_keeps_its_claim_only_counts
            what_is_not_claimed_cannot_be_parked
            a_message_put_with_a_time_waits_for_it
            the_commit_that_creates_an_instance_releases_what_waited_for_it
            an_instance_that_starts_and_ends_at_once_releases_too
            only_the_creating_commit_releases
            what_waits_for_an_instance_comes_back_when_its_wait_is_over
            a_released_message_does_not_wait_again_after_a_crash
            an_unknown_type_waits_for_a_build_that_knows_it
            a_newer_version_waits_for_a_build_that_knows_it
            what_is_taken_elsewhere_is_not_known_here
            an_unknown_type_comes_back_when_its_wait_is_over
            of_two_living_nodes_only_the_one_that_knows_it_gets_it
            what_needs_a_newer_instance_waits_for_a_build_that_opens_it
            a_timer_is_named_only_to_a_build_that_opens_its_instance
            the_next_waiting_message_is_announced
            the_store_tells_its_time
            a_timer_is_named_when_due_and_not_before
            a_timer_is_named_until_its_instance_changes
            timers_come_earliest_first_within_the_limit
            the_next_timer_is_announced
            a_moved_timer_is_named_at_its_new_time_only
            a_finished_instance_has_no_timers
            a_lost_commit_moves_no_timer
            claims_of_a_dead_node_are_adopted_and_suspect
            messages_born_claimed_are_adopted_too
            a_crash_counted_beforehand_is_remembered
            a_message_is_suspect_until_it_is_parked
            a_living_node_adopts_what_a_dead_one_had_claimed
            a_node_that_beats_keeps_its_claims
            a_node_that_was_taken_for_dead_cannot_finish_its_work
            what_a_node_claims_after_it_was_taken_for_dead_is_adopted_too
            a_message_from_another_node_wakes
            closing_gives_back_all_claims_without_suspicion
            opening_again_with_the_same_node_keeps_its_claims
            subscriptions_of_all_builds_are_merged_and_removable
            a_killed_process_leaves_everything_it_committed
            an_id_recorded_twice_is_a_duplicate
            of_two_units_with_one_id_in_one_commit_the_first_wins
            each_consumer_has_its_own_record_of_an_id
            ids_are_known_within_the_retention_and_collected_after
            tombstones_are_found_within_the_retention_and_collected_after
            collecting_takes_the_old_and_leaves_the_young
            a_dead_letter_is_found_as_it_was_set_aside
            dead_letters_come_oldest_first_in_pages
            dead_letters_are_filtered
            dead_letters_are_counted_by_message
            a_replayed_dead_letter_is_back_in_its_queue_under_its_own_id
            a_dead_letter_is_replayed_once
            bytes_that_are_no_message_stay_when_replayed
            a_deleted_dead_letter_is_gone
            live_instances_are_listed_and_filtered
            instances_with_timers_are_listed_earliest_first
            instances_are_listed_in_pages
            one_instance_is_inspected_alive_or_finished
            live_instances_are_counted_by_saga_and_state
            queue_depths_are_told_by_reason_for_waiting
        }
    };
}
