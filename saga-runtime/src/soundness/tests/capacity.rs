//! What a saga may hold: as much as is stated, and one more is told in words.

use std::fmt::Write as _;

use super::{explored, language, limits, problems};
use crate::{
    message::{Form, MessageInfo, MessageKind},
    soundness::{
        capacity::{
            ALWAYS, ASKERS, BRANCHES, CLAUSES, EFFECTS, INPUTS, JOIN_ITEMS, JOINS, KEPT, MESSAGES, REQUESTS,
            STATES,
        },
        system::{self, Table},
    },
    system::{Part, System},
};

/// Checks that `saga(most)` is held and `saga(most + 1)` is refused as too many of `what`.
fn is_the_most(most: usize, what: &str, saga: impl Fn(usize) -> String) {
    let said = |count| {
        let exploration = explored(language::saga(&saga(count)));
        limits::find(&exploration).map(|text| text.as_str().lines().next().unwrap().to_owned())
    };
    assert_eq!(said(most), None, "{most} {what}");
    let refusal = format!("S100: in `Large`, there are more than {most} {what}, too many to be checked");
    assert_eq!(said(most + 1), Some(refusal));
}

/// A saga that begins with `Go`, with some words and handlers.
fn large(messages: &str, words: &str, start: &str, handlers: &str) -> String {
    format!(
        "#[command(to = Desk)] pub struct Go {{}} {messages}
         #[saga({words})] impl Large {{ #[start(Go {start})] fn go() {handlers} }}"
    )
}

fn each(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

fn listed(count: usize, separator: &str, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(separator)
}

#[test]
fn states_are_counted() {
    is_the_most(STATES, "states", |count| {
        let states = listed(count, ", ", |n| format!("S{n}"));
        large("", &format!("states({states})"), "=> S0", "")
    });
}

#[test]
fn handlers_are_counted() {
    is_the_most(CLAUSES, "handlers", |count| {
        let timers = each(count - 1, |n| format!("#[after({n} s in A => end)] fn t{n}() "));
        large("", "states(A)", "=> A", &timers)
    });
}

#[test]
fn outcomes_are_counted() {
    is_the_most(BRANCHES, "outcomes", |count| {
        let outcomes = listed(count - 1, " | ", |n| format!("L{n} => end"));
        let timer = format!("#[after(1 s in A {{ {outcomes} }})] fn late()");
        large("", "states(A)", "=> A", &timer)
    });
}

#[test]
fn effects_are_counted() {
    is_the_most(EFFECTS, "effects", |count| {
        let events = listed(count, ", ", |_| "publish News".to_owned());
        large(
            "#[event] pub struct News {}",
            "states(A)",
            &format!("-> {events} => A"),
            "",
        )
    });
}

#[test]
fn requests_are_counted() {
    is_the_most(REQUESTS, "commands with replies sent", |count| {
        let commands = each(count, |n| {
            format!("#[command(to = Bank, replies(R{n}))] pub struct C{n} {{}} ")
        });
        let sends = listed(count, ", ", |n| format!("send C{n}"));
        large(&commands, "states(A)", &format!("-> {sends} => A"), "")
    });
}

#[test]
fn who_may_ask_is_counted() {
    is_the_most(ASKERS, "commands with replies taken", |count| {
        let commands = each(count, |n| {
            format!("#[command(to = Desk, replies(R{n}))] pub struct C{n} {{}} ")
        });
        let handlers = each(count, |n| format!("#[on(C{n} in A -> reply R{n})] fn c{n}() "));
        large(&commands, "states(A)", "=> A", &handlers)
    });
}

#[test]
fn ways_in_are_counted() {
    is_the_most(INPUTS, "ways a message may come in", |count| {
        let events = each(count - 1, |n| format!("#[event] pub struct E{n} {{}} "));
        let handlers = each(count - 1, |n| format!("#[on(E{n} in A)] fn e{n}() "));
        large(&events, "states(A)", "=> A", &handlers)
    });
}

/// Ways in are fewer than messages, so that far more than one too many is needed to have too many of these.
#[test]
fn messages_are_counted() {
    let events = each(MESSAGES, |n| format!("#[event] pub struct E{n} {{}} "));
    let listed = listed(MESSAGES, ", ", |n| format!("E{n}"));
    let words = format!("states(A), ignore({listed} in A)");
    let problems = problems(language::saga(&large(&events, &words, "=> A", "")));
    let refusal = "S100: in `Large`, there are more than 256 messages, too many to be checked";
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].lines().next(), Some(refusal));
}

#[test]
fn joins_are_counted() {
    is_the_most(JOINS, "`all` handlers", |count| {
        let events = each(2 * count, |n| format!("#[event] pub struct E{n} {{}} "));
        let handlers = each(count, |n| {
            format!("#[all(E{}?, E{}? in A => end)] fn j{n}() ", 2 * n, 2 * n + 1)
        });
        // Only so many messages are kept, whichever join keeps them.
        let handlers = handlers.replace("E64?", "E0?").replace("E65?", "E1?");
        large(&events, "states(A)", "=> A", &handlers)
    });
}

#[test]
fn messages_in_joins_are_counted() {
    is_the_most(JOIN_ITEMS, "messages in `all` handlers", |count| {
        let events = each(64, |n| format!("#[event] pub struct E{n} {{}} "));
        let (mut handlers, mut left) = (String::new(), count);
        for join in 0.. {
            let items = left.min(64);
            let list = listed(items, ", ", |n| format!("E{n}"));
            let _ = write!(handlers, "#[all({list} in S{join} => end)] fn j{join}() ");
            left -= items;
            if left == 0 {
                break;
            }
        }
        large(&events, "states(S0, S1, S2)", "=> S0", &handlers)
    });
}

#[test]
fn messages_kept_are_counted() {
    is_the_most(KEPT, "messages kept by `all` handlers", |count| {
        let events = each(count, |n| format!("#[event] pub struct E{n} {{}} "));
        let list = listed(count, ", ", |n| format!("E{n}"));
        large(
            &events,
            "states(A)",
            "=> A",
            &format!("#[all({list} in A => end)] fn all()"),
        )
    });
}

#[test]
fn pairs_of_states_and_handlers_are_counted() {
    const IN_ALL: usize = 64;
    is_the_most(ALWAYS, "pairs of a state and a handler", |count| {
        let states = listed(IN_ALL, ", ", |n| format!("S{n}"));
        let everywhere = each(count / IN_ALL, |n| {
            format!("#[after({n} s in _ => end)] fn t{n}() ")
        });
        let somewhere = each(count % IN_ALL, |n| {
            format!("#[after(9 h in S{n} => end)] fn s{n}() ")
        });
        large(
            "",
            &format!("states({states})"),
            "=> S0",
            &(everywhere + &somewhere),
        )
    });
}

/// A saga that asks so many questions at once, each answered in any order, and forgets the answers in one state.
fn questions(count: usize, ways: &str) -> String {
    let commands = each(count, |n| {
        format!("#[command(to = Bank, replies(R{n}))] pub struct C{n} {{}} ")
    });
    let sends = listed(count, ", ", |n| format!("send C{n}"));
    let taken = each(count, |n| format!("#[on(R{n} in A)] fn r{n}() "));
    let ignored = listed(count, ", ", |n| format!("R{n}"));
    large(
        &commands,
        &format!("states(A, B), ignore({ignored} in end)"),
        &format!("-> {sends} => A"),
        &format!("{taken} #[after(1 h in A => B)] fn late() #[after(1 h in B => end)] fn over() {ways}"),
    )
}

#[test]
fn beyond_the_cap_states_are_judged_as_wholes_and_the_message_says_so() {
    for (count, exact) in [(4, true), (13, false)] {
        let problems = problems(language::saga(&questions(count, "")));
        assert_eq!(problems.len(), count, "one for each command");
        for problem in &problems {
            let opening = "S101: in `Large`, not every answer to `C";
            assert!(problem.starts_with(opening), "{problem}");
            let note =
                "note: there are more than 4096 configurations, so that each state is judged as a whole";
            assert_eq!(problem.contains(note), !exact, "{problem}");
        }
    }
}

#[test]
fn beyond_the_cap_nothing_is_missed_and_a_sound_saga_passes() {
    let taken = each(13, |n| format!("#[on(R{n} in B)] fn late{n}() "));
    let sound = language::saga(&questions(13, &taken));
    assert!(!explored(sound).is_exact());
    assert_eq!(problems(sound), [""; 0]);
}

#[test]
fn an_outcome_of_too_many_ways_is_judged_as_a_whole() {
    let commands = each(12, |n| {
        format!("#[command(to = Bank, replies(R{n}))] pub struct C{n} {{}} ")
    });
    let sends = listed(12, ", ", |n| format!("send C{n}?"));
    let taken = each(12, |n| format!("#[on(R{n} in A)] fn r{n}() "));
    let ignored = listed(12, ", ", |n| format!("R{n}"));
    let sound = language::saga(&large(
        &commands,
        &format!("states(A), ignore({ignored} in end)"),
        &format!("-> {sends} => A"),
        &format!("{taken} #[after(1 h in A => end)] fn over()"),
    ));
    assert!(!explored(sound).is_exact());
    assert_eq!(problems(sound), [""; 0]);
}

#[test]
fn a_report_longer_than_its_room_ends_in_an_ellipsis() {
    let commands = each(40, |n| {
        let replies = listed(4, ", ", |m| format!("AnAnswerOfQuiteSomeLength{n}With{m}"));
        format!("#[command(to = Bank, replies({replies}))] pub struct C{n} {{}} ")
    });
    let states = listed(40, ", ", |n| format!("AStateOfQuiteSomeLength{n}"));
    let timers = each(39, |n| {
        format!(
            "#[after(1 h in AStateOfQuiteSomeLength{n} => AStateOfQuiteSomeLength{})] fn t{n}() ",
            n + 1
        )
    });
    let saga = large(
        &commands,
        &format!("states({states})"),
        "-> send C0 => AStateOfQuiteSomeLength0",
        &format!("{timers} #[after(1 h in AStateOfQuiteSomeLength39 => end)] fn over()"),
    );
    let problems = problems(language::saga(&saga));
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].len() <= 3072 && problems[0].ends_with('…'),
        "{}",
        problems[0]
    );
}

/// As many messages as fit in a system, and one more.
const CROWD: usize = system::MESSAGES + 1;

/// `a` to `p` four times each way: more names than are needed.
static NAMES: [[u8; 4]; CROWD] = {
    let mut names = [[0; 4]; CROWD];
    let mut at = 0;
    while at < CROWD {
        names[at] = [
            b'a' + (at >> 12 & 15) as u8,
            b'a' + (at >> 8 & 15) as u8,
            b'a' + (at >> 4 & 15) as u8,
            b'a' + (at & 15) as u8,
        ];
        at += 1;
    }
    names
};

static EVENTS: [MessageInfo; CROWD] = {
    let mut events = [MessageInfo {
        name: "",
        declared: "",
        version: 1,
        kind: MessageKind::Event,
        endpoint: None,
        replies: &[],
        external: true,
        outsiders: true,
        fields: &[],
        form: Form::Unit,
        upgrades: &[],
    }; CROWD];
    let mut at = 0;
    while at < CROWD {
        match std::str::from_utf8(&NAMES[at]) {
            Ok(name) => events[at].name = name,
            Err(_) => unreachable!(),
        }
        at += 1;
    }
    events
};

static LISTED: [&MessageInfo; CROWD] = {
    let mut listed = [&EVENTS[0]; CROWD];
    let mut at = 0;
    while at < CROWD {
        listed[at] = &EVENTS[at];
        at += 1;
    }
    listed
};

/// A system that accepts one event too many, and one that accepts as many as fit.
struct Crowded<const LEFT_OUT: usize>;

impl<const LEFT_OUT: usize> System for Crowded<LEFT_OUT> {
    const NAME: &'static str = "Crowded";
    const PARTS: &'static [Part] = &[];
    const ACCEPTS: &'static [&'static MessageInfo] = LISTED.split_at(LEFT_OUT).1;
    const REMOTE: &'static [&'static str] = &[];
}

#[test]
fn messages_of_a_system_are_counted() {
    const FULL: &Table = &Table::of::<Crowded<1>>();
    const TOO_FULL: &Table = &Table::of::<Crowded<0>>();
    assert!(system::limits::find(FULL).is_none());
    let refusal = system::limits::find(TOO_FULL).unwrap();
    let expected = "S200: in `Crowded`, there are too many messages to be checked: at most 128 sagas and services, and 4096 \
                    messages";
    assert_eq!(refusal.as_str().lines().next(), Some(expected));
}
