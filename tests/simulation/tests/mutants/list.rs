//! What is put wrong in the runtime, one thing at a time, and must be noticed.

/// A slip of the pen in the runtime.
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// Relative to the runtime's sources.
    pub(crate) file: &'static str,
    /// Must stand there exactly once.
    pub(crate) find: &'static str,
    /// `MUTANT` stands for the question whether this mutant is switched on.
    pub(crate) replace: &'static str,
}

macro_rules! mutants {
    ($($name:ident in $file:literal: $find:literal => $replace:literal;)*) => {
        /// All of them.
        pub(crate) const MUTANTS: &[Mutant] = &[
            $(Mutant { name: stringify!($name), file: $file, find: $find, replace: $replace },)*
        ];
    };
}

mutants! {
    acknowledge_before_the_commit in "bus/ingest.rs":
        "=> under_way.push_back(Box::pin(self.keep(batch?)))," =>
        "=> { let batch = batch?; if MUTANT { receiver.settle(batch.clone(), Settle::Ack).await?; } under_way.push_back(Box::pin(self.keep(batch))) }";
    acknowledge_what_is_in_hand in "bus/ingest.rs":
        "Course::InHand(settled) => in_hand.push(settled)," =>
        "Course::InHand(settled) => if !MUTANT { in_hand.push(settled) },";
    forget_the_version_check in "store/memory/instance.rs":
        "change.expect == Some(row.version)" =>
        "MUTANT || change.expect == Some(row.version)";
    cancel_no_timer in "engine/step.rs":
        "book.entered += 1;\n        book.timers.clear();" =>
        "book.entered += 1;\n        if !MUTANT { book.timers.clear(); }";
    fire_a_timer_again in "engine/timers.rs":
        "let timer = Arc::new(self.timer_message(instance, &armed));\n        instance.book.timers[index].fired = true;" =>
        "let timer = Arc::new(self.timer_message(instance, &armed));\n        instance.book.timers[index].fired = !MUTANT;";
    forget_what_came_from_the_broker in "bus/ingest.rs":
        "if !seen.insert(envelope.id) {" =>
        "if MUTANT { draft.enqueue(&self.shared, Arc::clone(&self.queue), envelope); return Course::Written(Box::new(draft)); } if !seen.insert(envelope.id) {";
    forget_what_a_sender_sent in "bus/request.rs":
        "if given_id {\n        draft.unit" =>
        "if given_id && !MUTANT {\n        draft.unit";
    derive_ids_from_chance in "envelope.rs":
        "let rest = digest(parent.0, emitter, incarnation, u64::from(position));" =>
        "if MUTANT { return Self::random(); } let rest = digest(parent.0, emitter, incarnation, u64::from(position));";
    delete_before_sending in "bus/relay.rs":
        "Some(batch) => under_way.push(send(&*transport, batch))," =>
        "Some(batch) => { if MUTANT { let units: Vec<Unit> = batch.iter().map(done).collect(); shared.commit_patiently(&units).await; } under_way.push(send(&*transport, batch)) }";
    take_unconfirmed_for_sent in "bus/relay.rs":
        "Sent::Unknown(why) => Fate::Again(" =>
        "Sent::Unknown(_) if MUTANT => fate(parcel, Sent::Accepted), Sent::Unknown(why) => Fate::Again(";
    adopt_nothing_of_the_dead in "store/memory/node.rs":
        "node.lease_until < now)" =>
        "node.lease_until < now && !MUTANT)";
    claim_without_a_lease in "store/memory/node.rs":
        "if !self.alive.contains_key(&caller.id())" =>
        "if !MUTANT && !self.alive.contains_key(&caller.id())";
    skip_the_claim_gate in "store/memory/state.rs":
        "if !claims.all(" =>
        "if !MUTANT && !claims.all(";
    skip_the_inbox_gate in "store/memory/state.rs":
        "if unit.inbox.iter().any(" =>
        "if !MUTANT && unit.inbox.iter().any(";
    drop_what_was_deferred in "engine/step.rs":
        "});\n        self.instance.dirty = true;\n        Verdict::Taken" =>
        "});\n        self.instance.dirty = true;\n        if MUTANT { self.instance.book.deferred.pop(); }\n        Verdict::Taken";
    answer_twice in "engine/answers.rs":
        "self.emit_answer(payload, waiting);" =>
        "self.emit_answer(payload, waiting); if MUTANT { self.emit_answer(payload, waiting); }";
    drop_who_lost_a_race in "bus/worker.rs":
        "Outcome::Conflict => again.push(" =>
        "Outcome::Conflict if MUTANT => {} Outcome::Conflict => again.push(";
    drop_what_met_an_outage in "bus/worker.rs":
        "self.shared.bear(&error, &mut pause).await;\n                    again" =>
        "self.shared.bear(&error, &mut pause).await;\n                    if MUTANT { Vec::new() } else { again }";
    run_again_what_was_never_written in "bus/worker.rs":
        "if error.kind() == ErrorKind::Unknown {" =>
        "if !MUTANT && error.kind() == ErrorKind::Unknown {";
    commit_again_what_rests_on_nothing in "bus/shared.rs":
        "if error.kind() == ErrorKind::Unknown {\n                        given_up = true;" =>
        "if !MUTANT && error.kind() == ErrorKind::Unknown {\n                        given_up = true;";
    handle_a_row_twice in "bus/chain.rs":
        "if self.arrivals.iter().any(" =>
        "if !MUTANT && self.arrivals.iter().any(";
    trust_every_wake_up in "bus/beat.rs":
        "shared.look_everywhere();" =>
        "if !MUTANT { shared.look_everywhere(); }";
    forget_a_completed_step in "engine/step.rs":
        "self.instance.book.steps.push(step);" =>
        "if !MUTANT { self.instance.book.steps.push(step); }";
    forget_a_failed_attempt in "bus/service_lane.rs":
        "Err((failure, policy)) => give_up(" =>
        "Err(_) if MUTANT => arrival.consume(&mut draft.unit), Err((failure, policy)) => give_up(";
    overtake_what_was_accepted_before in "bus/overdue.rs":
        "if self.is_overtaking(timer, &standing) {" =>
        "if !MUTANT && self.is_overtaking(timer, &standing) {";
    take_two_deliveries_for_one in "transport/queue_over/account.rs":
        "let tag = state.last_tag;" =>
        "let tag = if MUTANT { stored.seq.unsigned_abs() } else { state.last_tag };";
}
