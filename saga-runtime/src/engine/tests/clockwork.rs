//! Timers: `after`, `at`, `every`; what cancels them, what moves them, what does not.

use std::time::Duration;

use jiff::Timestamp;

use super::{HOUR, Lab, MINUTE, Verdict};
use crate::prelude::*;

#[derive(Endpoint)]
struct Tower;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Tower)]
struct Wind {
    clock: u32,
    alarm: Option<Timestamp>,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Poked {
    clock: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Rewound {
    clock: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct AlarmMoved {
    clock: u32,
    alarm: Option<Timestamp>,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Stopped {
    clock: u32,
}

#[derive(Event, Serialize, Deserialize)]
struct Tick {}
#[derive(Event, Serialize, Deserialize)]
struct Alarm {}
#[derive(Event, Serialize, Deserialize)]
struct RanDown {}

#[saga(by = clock, at = Tower)]
#[derive(Serialize, Deserialize)]
struct Clockwork {
    clock: u32,
    alarm: Option<Timestamp>,
}

#[saga(
    states(Running, Still),
    ignore(Poked, Rewound, AlarmMoved, Stopped in Still | end),
)]
impl Clockwork {
    #[start(Wind => Running)]
    fn wind(wind: Wind) -> Self {
        Self {
            clock: wind.clock,
            alarm: wind.alarm,
        }
    }

    #[every(10 min in Running -> publish Tick)]
    fn tick(&mut self) -> Tick {
        Tick {}
    }

    #[at(self.alarm in Running -> publish Alarm)]
    fn ring(&mut self) -> Alarm {
        Alarm {}
    }

    #[after(1 h in Running -> publish RanDown => Still)]
    fn run_down(&mut self) -> RanDown {
        RanDown {}
    }

    #[after(30 d in Still => end)]
    fn forget(&mut self) {}

    #[on(Poked in Running)]
    fn poke(&mut self, _: Poked) {}

    #[on(Rewound in Running => Running)]
    fn rewind(&mut self, _: Rewound) {}

    #[on(AlarmMoved in Running)]
    fn set(&mut self, moved: AlarmMoved) {
        self.alarm = moved.alarm;
    }

    #[on(Stopped in Running => Still)]
    fn stop(&mut self, _: Stopped) {}
}

fn wound(alarm: Option<Timestamp>) -> Lab {
    let mut lab = Lab::of::<Clockwork>();
    lab.give(&Wind { clock: 1, alarm });
    lab
}

fn at(after: Duration) -> Option<Timestamp> {
    Some(Timestamp::UNIX_EPOCH.saturating_add(after).unwrap())
}

#[test]
fn a_timeout_fires_once_and_not_before_its_time() {
    let mut lab = wound(None);
    lab.pass(59 * MINUTE);
    assert_eq!(lab.state(), "Running");
    lab.emitted();
    lab.pass(MINUTE);
    assert_eq!(lab.state(), "Still");
    assert!(lab.emitted().contains(&"RanDown".to_owned()));
    lab.pass(24 * HOUR);
    assert_eq!(lab.emitted(), [""; 0]);
}

#[test]
fn leaving_a_state_cancels_its_timers() {
    let mut lab = wound(at(30 * MINUTE));
    lab.give(&Stopped { clock: 1 });
    lab.pass(2 * HOUR);
    assert_eq!(lab.emitted(), [""; 0]);
    let armed: Vec<_> = lab
        .book()
        .timers
        .iter()
        .map(|timer| timer.handler.to_string())
        .collect();
    assert_eq!(armed, ["forget"]);
}

#[test]
fn a_message_without_a_target_leaves_timers_running() {
    let mut lab = wound(None);
    lab.pass(59 * MINUTE);
    lab.give(&Poked { clock: 1 });
    lab.pass(MINUTE);
    assert_eq!(lab.state(), "Still");
}

#[test]
fn a_target_written_out_starts_the_timers_of_its_state_anew() {
    let mut lab = wound(None);
    lab.pass(59 * MINUTE);
    lab.give(&Rewound { clock: 1 });
    lab.pass(59 * MINUTE);
    assert_eq!(lab.state(), "Running");
    lab.pass(MINUTE);
    assert_eq!(lab.state(), "Still");
}

#[test]
fn a_repeating_timer_repeats_and_does_not_make_up_for_what_it_missed() {
    let mut lab = wound(None);
    lab.pass(10 * MINUTE);
    lab.pass(10 * MINUTE);
    assert_eq!(lab.emitted(), ["Tick", "Tick"]);
    // Nothing ran for 25 minutes: the ticks at 30 and 40 are one, the next is at 50.
    lab.pass(25 * MINUTE);
    assert_eq!(lab.emitted(), ["Tick"]);
    lab.pass(4 * MINUTE);
    assert_eq!(lab.emitted(), [""; 0]);
    lab.pass(MINUTE);
    assert_eq!(lab.emitted(), ["Tick"]);
}

#[test]
fn a_timer_follows_the_time_in_the_sagas_data() {
    let mut lab = wound(at(5 * MINUTE));
    lab.give(&AlarmMoved {
        clock: 1,
        alarm: at(7 * MINUTE),
    });
    lab.pass(6 * MINUTE);
    assert_eq!(lab.emitted(), [""; 0]);
    lab.pass(MINUTE);
    assert_eq!(lab.emitted(), ["Alarm"]);
}

#[test]
fn a_followed_timer_fires_again_only_when_its_time_has_moved() {
    let mut lab = wound(at(5 * MINUTE));
    lab.pass(5 * MINUTE);
    lab.give(&Poked { clock: 1 });
    lab.pass(MINUTE);
    assert_eq!(lab.emitted(), ["Alarm"]);
    lab.give(&AlarmMoved {
        clock: 1,
        alarm: at(8 * MINUTE),
    });
    lab.pass(2 * MINUTE);
    assert_eq!(lab.emitted(), ["Alarm"]);
}

#[test]
fn a_followed_timer_without_a_time_is_not_armed() {
    let mut lab = wound(at(5 * MINUTE));
    lab.give(&AlarmMoved {
        clock: 1,
        alarm: None,
    });
    lab.pass(9 * MINUTE);
    assert_eq!(lab.emitted(), [""; 0]);
}

#[test]
fn a_time_that_is_past_already_fires_at_once() {
    let mut lab = Lab::of::<Clockwork>();
    lab.pass(HOUR);
    lab.give(&Wind {
        clock: 1,
        alarm: at(MINUTE),
    });
    lab.pass(Duration::ZERO);
    assert_eq!(lab.emitted(), ["Alarm"]);
}

#[test]
fn a_repeating_timer_that_failed_goes_on_repeating() {
    let mut lab = wound(None);
    lab.now = lab.now.saturating_add(10 * MINUTE).unwrap();
    let mut slot = lab.engine.open(lab.found.clone()).unwrap();
    let mut out = Vec::new();
    let missed = lab.engine.fire(&mut slot, lab.now, &|_| true, &mut out).unwrap();
    assert!(missed.is_some() && out.is_empty());
    lab.keep(slot, out);
    lab.pass(10 * MINUTE);
    assert_eq!(lab.emitted(), ["Tick"]);
}

#[test]
fn the_same_timer_emits_the_same_ids_whoever_fires_it() {
    let ids = || {
        let lab = wound(None);
        let mut lab = Lab {
            found: lab.found.clone(),
            ..lab
        };
        let found = lab.found.clone();
        let mut fire = || {
            lab.found = found.clone();
            lab.now = Timestamp::UNIX_EPOCH;
            lab.pass(10 * MINUTE);
            std::mem::take(&mut lab.emitted)[0].envelope.id
        };
        (fire(), fire())
    };
    let (once, again) = ids();
    assert_eq!(once, again);
}

#[test]
fn timers_due_before_the_process_started_are_taken_out_once_in_order() {
    let mut lab = wound(at(50 * MINUTE));
    lab.now += 61 * MINUTE;
    let since = lab.now;
    lab.now += MINUTE;
    let names: Vec<String> = lab
        .hand_over(since)
        .iter()
        .map(|timer| timer.name.to_string())
        .collect();
    assert_eq!(names, ["timer:tick", "timer:ring", "timer:run_down"]);
    assert!(lab.hand_over(since).is_empty());
    lab.pass(MINUTE);
    assert!(
        lab.emitted().is_empty(),
        "what was taken out is not fired as well"
    );
}

#[test]
fn a_timer_due_since_the_process_started_is_fired_on_the_spot() {
    let mut lab = wound(None);
    lab.now += 61 * MINUTE;
    assert!(lab.hand_over(at(MINUTE).unwrap()).is_empty());
}

#[test]
fn a_timer_taken_out_has_the_effects_and_ids_it_would_have_had() {
    let run_down = |hand_over: bool| {
        let mut lab = wound(None);
        lab.found = match lab.found {
            super::Found::Live(row) => super::Found::Live(super::InstanceRow {
                incarnation: 7,
                ..row
            }),
            other => other,
        };
        lab.now += HOUR;
        if hand_over {
            for timer in lab.hand_over(lab.now + MINUTE) {
                lab.deliver(timer);
            }
        }
        lab.pass(std::time::Duration::ZERO);
        assert_eq!(lab.state(), "Still");
        let emitted = std::mem::take(&mut lab.emitted);
        emitted
            .iter()
            .map(|emission| emission.envelope.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(run_down(true), run_down(false));
}

#[test]
fn a_timer_taken_out_is_void_once_its_state_was_left_or_its_time_has_moved() {
    let mut lab = wound(at(MINUTE));
    lab.now += HOUR;
    let handed = lab.hand_over(lab.now + MINUTE);
    lab.give(&AlarmMoved {
        clock: 1,
        alarm: at(5 * HOUR),
    });
    let ring = handed.iter().find(|timer| &*timer.name == "timer:ring").unwrap();
    assert!(matches!(lab.deliver(ring.clone()), Verdict::Discarded(_)));
    lab.give(&Rewound { clock: 1 });
    for timer in handed {
        assert!(
            matches!(lab.deliver(timer), Verdict::Discarded(_)),
            "it was left and entered again"
        );
    }
    assert_eq!(lab.state(), "Running");
    assert!(lab.emitted().is_empty());
}

#[test]
fn a_repeating_timer_that_was_taken_out_goes_on_repeating() {
    let mut lab = wound(None);
    lab.now += 10 * MINUTE;
    for timer in lab.hand_over(lab.now + MINUTE) {
        lab.deliver(timer);
    }
    lab.pass(10 * MINUTE);
    assert_eq!(lab.emitted(), ["Tick", "Tick"]);
}
