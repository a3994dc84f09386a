//! Random sagas: the exploration agrees with the oracle exactly, and the coarser search never misses anything.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    dice::Dice,
    oracle::{Findings, Spot, answers, play},
};
use crate::{
    definition::*,
    soundness::{Exploration, facts::Facts, fallback::Fallback, model::Model, moves::Layout, routes::Routes},
};

const SAGAS: usize = 10_000;
/// Threads that share the work.
const LANES: u64 = 4;
/// Configurations of the exploration, and of the oracle, which tells more of them apart.
const LARGEST: usize = 60;
const LARGEST_PLAYED: usize = 300;

#[test]
fn the_exploration_agrees_with_the_oracle() {
    let thrown_so_far = Thrown::default();
    let sizes = each_of(SAGAS, |seed| {
        let (definition, exploration, expected) = thrown(seed, false)?;
        agree(&exploration, &expected, definition, seed);
        thrown_so_far.count(definition, &exploration, &expected);
        Some(exploration.size())
    });
    assert!(
        sizes / SAGAS >= 10,
        "{} configurations each are too few to tell anything",
        sizes / SAGAS
    );
    let enough = Thrown {
        compensating: 2_000.into(),
        undoing: 1_500.into(),
        in_order: 900.into(),
        struck: 150.into(),
    };
    thrown_so_far.is_at_least(&enough);
}

/// Of so many sagas, those in which compensation is more than a word.
#[derive(Debug, Default)]
struct Thrown {
    /// Something is awaited in `compensate`.
    compensating: AtomicUsize,
    /// Some step is undone.
    undoing: AtomicUsize,
    /// Undos are followed one by one, in order.
    in_order: AtomicUsize,
    /// What undoes a step is sent by hand as well.
    struck: AtomicUsize,
}

impl Thrown {
    fn count(&self, definition: &Definition, exploration: &Exploration, expected: &Findings) {
        let log = &Layout::new(&exploration.model, &exploration.routes).undoing.log;
        let undoes = |(clause, _): &(usize, usize)| {
            matches!(definition.clauses[*clause].trigger, Trigger::Compensate(_))
        };
        let add = |count: &AtomicUsize, so: bool| count.fetch_add(so.into(), Ordering::Relaxed);
        add(&self.compensating, expected.reached.contains(&Spot::Compensate));
        add(&self.undoing, expected.ran.iter().any(undoes));
        add(&self.in_order, log.one_by_one);
        add(&self.struck, !log.one_by_one && log.count > 0);
    }

    fn is_at_least(&self, other: &Self) {
        let counts = |thrown: &Self| {
            let counts = [
                &thrown.compensating,
                &thrown.undoing,
                &thrown.in_order,
                &thrown.struck,
            ];
            counts.map(|count| count.load(Ordering::Relaxed))
        };
        let enough = std::iter::zip(counts(self), counts(other)).all(|(mine, other)| mine >= other);
        assert!(enough, "{self:?} are too few to tell anything of compensation");
    }
}

#[test]
fn the_exploration_misses_nothing_where_clauses_lead_out_of_compensation() {
    each_of(SAGAS / 5, |seed| {
        let (_, exploration, expected) = thrown(seed, true)?;
        covers(&exploration.model, &exploration.facts, &expected, seed);
        Some(exploration.size())
    });
}

#[test]
fn the_coarser_search_misses_nothing() {
    each_of(SAGAS / 5, |seed| {
        let (definition, exploration, expected) = thrown(seed, seed % 3 == 0)?;
        let routes = Box::new(Routes::new(&exploration.model));
        let mut fallback = Box::new(Fallback::new(&exploration.model, &routes));
        fallback.run();
        covers(&exploration.model, &fallback.facts, &expected, seed);
        Some(definition.clauses.len())
    });
}

#[test]
fn every_word_that_the_search_reads_is_thrown() {
    let mut unseen = BTreeSet::from([
        "all",
        "at",
        "after",
        "every",
        "compensate",
        "compensated",
        "of",
        "a reply enum",
        "two places",
        "`_`",
        "in compensate",
        "in end",
        "`?`",
        "`*`",
        "send",
        "publish",
        "reply",
        "to",
        "=> end",
        "=> compensate",
        "ignore",
        "defer",
        "unexpected",
        "settled",
        "no_undo",
        "retired timer",
        "retired send",
        "retired state",
        "retired send in",
    ]);
    for seed in 0..1_000 {
        for word in words(Dice(seed).saga(false)) {
            unseen.remove(word);
        }
    }
    assert_eq!(unseen, BTreeSet::new());
}

/// The words of a saga, as far as a search may go wrong about them.
fn words(definition: &Definition) -> Vec<&'static str> {
    let mut words = Vec::new();
    for clause in definition.clauses {
        words.push(match clause.trigger {
            Trigger::Start(_) => "start",
            Trigger::On(_) => "on",
            Trigger::All(_) => "all",
            Trigger::After(_) => "after",
            Trigger::Every(_) => "every",
            Trigger::At => "at",
            Trigger::Compensate(_) => "compensate",
            Trigger::Compensated => "compensated",
        });
        words.extend(words_of_places(clause.places));
        let items = match &clause.trigger {
            Trigger::Start(item) | Trigger::On(item) | Trigger::Compensate(item) => {
                std::slice::from_ref(item)
            }
            Trigger::All(items) => items,
            _ => &[],
        };
        words.extend(items.iter().flat_map(words_of_item));
        words.extend(clause.branches.iter().flat_map(words_of_branch));
    }
    for exception in definition.exceptions {
        words.push(match exception.how {
            Treatment::Ignore => "ignore",
            Treatment::Defer => "defer",
            Treatment::Unexpected => "unexpected",
        });
        words.extend(words_of_item(&exception.item));
        words.extend(words_of_places(exception.places));
    }
    words.extend(definition.retired.iter().map(|retired| match retired {
        Retired::Timer(_) => "retired timer",
        Retired::Send {
            places: [Place::Rest],
            ..
        } => "retired send",
        Retired::State(_) => "retired state",
        Retired::Send { .. } => "retired send in",
    }));
    words.extend(definition.settled.iter().map(|_| "settled"));
    words.extend(definition.no_undo.iter().map(|_| "no_undo"));
    words
}

fn words_of_places(places: &[Place]) -> Vec<&'static str> {
    let words = places.iter().filter_map(|place| match place {
        Place::State(_) => None,
        Place::Rest => Some("`_`"),
        Place::Compensate => Some("in compensate"),
        Place::End => Some("in end"),
    });
    words.chain((places.len() > 1).then_some("two places")).collect()
}

fn words_of_item(item: &Item) -> Vec<&'static str> {
    let of = item.of.map(|_| "of");
    let whole = (item.messages.len() > 1).then_some("a reply enum");
    of.into_iter().chain(whole).collect()
}

fn words_of_branch(branch: &Branch) -> Vec<&'static str> {
    let effects = branch.effects.iter().flat_map(|effect| {
        let verb = match effect.verb {
            Verb::Send => "send",
            Verb::Publish => "publish",
            Verb::Reply => "reply",
        };
        let arity = match effect.arity {
            Arity::One => None,
            Arity::Optional => Some("`?`"),
            Arity::Many => Some("`*`"),
        };
        [Some(verb), arity, effect.to.map(|_| "to")].into_iter().flatten()
    });
    let target = match branch.target {
        Some(Target::End) => Some("=> end"),
        Some(Target::Compensate) => Some("=> compensate"),
        Some(Target::State(_)) | None => None,
    };
    effects.chain(target).collect()
}

/// A saga, explored and played; `None` if it is too large to be played.
fn thrown(seed: u64, leaves_compensate: bool) -> Option<(&'static Definition, Box<Exploration>, Findings)> {
    let definition = Dice(seed).saga(leaves_compensate);
    let exploration = super::explored(definition);
    if exploration.size() > LARGEST {
        return None;
    }
    let expected = play(definition, LARGEST_PLAYED)?;
    Some((definition, exploration, expected))
}

/// Asks about as many seeds as give `count` answers, and adds those up.
fn each_of(count: usize, ask: impl Fn(u64) -> Option<usize> + Sync) -> usize {
    let lane = |lane: u64| {
        (lane..)
            .step_by(LANES as usize)
            .filter_map(&ask)
            .take(count / LANES as usize)
            .sum::<usize>()
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|number| scope.spawn(move || lane(number)))
            .collect();
        lanes
            .into_iter()
            .map(|lane| lane.join().expect("no saga disagrees"))
            .sum()
    })
}

/// What the exploration found, in the oracle's words.
fn findings(model: &Model, facts: &Facts) -> Findings {
    let mut found = Findings::default();
    let asker = |number: u32| model.message(model.askers[number as usize]).name;
    let bits = |set: u64| (0..64).filter(move |bit| set & (1 << bit) != 0);
    // Where everybody may have asked, not all of the numbers are given out.
    let askers = |set: u64| bits(set).filter(|bit| (*bit as usize) < model.asker_count);
    for place in 0..=model.end() {
        if facts.reached[place] != 0 {
            found.reached.insert(spot(model, place));
        }
        for request in (0..model.request_count).filter(|request| facts.open[place][*request] != 0) {
            found
                .open
                .insert((spot(model, place), model.command_of(request).name));
        }
    }
    for number in (0..model.branch_count()).filter(|number| facts.ran[*number]) {
        let (clause, branch) = model.branch_at(number);
        if !is_asked(model.definition, clause) {
            continue;
        }
        found.ran.insert((clause, branch));
        found
            .asked
            .extend(askers(facts.asked[number]).map(|bit| (clause, branch, asker(bit))));
        let leads_to_a_state = matches!(
            model.clause(clause).branches[branch].target,
            Some(Target::State(_))
        );
        let open =
            (0..model.request_count).filter(|request| facts.open_after[number] & (1 << (2 * request)) != 0);
        let open = open
            .filter(|_| leads_to_a_state)
            .map(|request| model.command_of(request).name);
        found.open_after.extend(open.map(|name| (clause, branch, name)));
        found
            .left
            .extend(bits(facts.left_waiting[number]).map(|bit| (Some((clause, branch)), asker(bit))));
    }
    found
        .left
        .extend(bits(facts.undone_waiting).map(|bit| (None, asker(bit))));
    for (number, input) in model.inputs[..model.input_count].iter().enumerate() {
        if facts.lasting[number] != 0 {
            found.lasting.insert((
                model.command_of(input.request as usize).name,
                model.message(input.message).name,
            ));
        }
    }
    found
}

fn spot(model: &Model, place: usize) -> Spot {
    match place {
        end if end == model.end() => Spot::End,
        compensate if compensate == model.compensate() => Spot::Compensate,
        state => Spot::State(state as u16),
    }
}

fn agree(exploration: &Exploration, expected: &Findings, definition: &'static Definition, seed: u64) {
    let model = &exploration.model;
    let found = findings(model, &exploration.facts);
    let expected = as_far_as_asked(expected, definition);
    let agrees = |what: &str, same: bool| {
        assert!(
            same,
            "{what}, seed {seed}\nfound {found:#?}\nexpected {expected:#?}\n{}",
            told(definition)
        );
    };
    agrees("states reached", found.reached == expected.reached);
    agrees("open requests", found.open == expected.open);
    agrees("branches run", found.ran == expected.ran);
    agrees("who was asked", found.asked == expected.asked);
    agrees(
        "what is open after a branch",
        found.open_after == expected.open_after,
    );
    agrees("who was left waiting", found.left == expected.left);
    agrees("what nothing undoes", found.lasting == expected.lasting);
    let stuck = exploration.facts.stuck.iter().filter(|node| **node != 0);
    let stuck: BTreeSet<_> = stuck
        .map(|node| spot(model, exploration.trace.place(*node as usize - 1)))
        .collect();
    agrees(
        "stuck",
        stuck.is_subset(&expected.stuck) && stuck.is_empty() == expected.stuck.is_empty(),
    );
}

/// Without what no rule asks: which undos run that answer nobody, and who waits as they do.
fn as_far_as_asked(expected: &Findings, definition: &'static Definition) -> Findings {
    let mut expected = expected.clone();
    expected.ran.retain(|(clause, _)| is_asked(definition, *clause));
    expected
        .asked
        .retain(|(clause, _, _)| is_asked(definition, *clause));
    expected
}

fn is_asked(definition: &'static Definition, clause: usize) -> bool {
    !matches!(definition.clauses[clause].trigger, Trigger::Compensate(_)) || answers(definition, clause)
}

fn covers(model: &Model, facts: &Facts, expected: &Findings, seed: u64) {
    let found = findings(model, facts);
    let expected = as_far_as_asked(expected, model.definition);
    let covers = |what: &str, all: bool| {
        assert!(
            all,
            "{what}, seed {seed}\nfound {found:#?}\nexpected {expected:#?}\n{}",
            told(model.definition)
        );
    };
    covers("states reached", expected.reached.is_subset(&found.reached));
    covers("open requests", expected.open.is_subset(&found.open));
    covers("branches run", expected.ran.is_subset(&found.ran));
    covers("who was asked", expected.asked.is_subset(&found.asked));
    covers("who was left waiting", expected.left.is_subset(&found.left));
    covers("what nothing undoes", expected.lasting.is_subset(&found.lasting));
}

/// A saga in short, for whoever has to find out what went wrong.
fn told(definition: &Definition) -> String {
    use std::fmt::Write;
    let item = |item: &Item| {
        let messages: Vec<_> = item.messages.iter().map(|message| message.name).collect();
        format!("{messages:?} of {:?} {:?}", item.of.map(|of| of.name), item.arity)
    };
    let mut text = format!("settled {:?}\n", definition.settled);
    for retired in definition.retired {
        let _ = match retired {
            Retired::Timer(timer) => writeln!(text, "retired {timer}"),
            Retired::State(state) => writeln!(text, "retired state {state}"),
            Retired::Send { command, places } => {
                writeln!(text, "retired send {} in {places:?}", command.name)
            }
        };
    }
    for clause in definition.clauses {
        let trigger = match &clause.trigger {
            Trigger::Start(start) => format!("start {}", item(start)),
            Trigger::On(on) => format!("on {}", item(on)),
            Trigger::All(items) => format!("all {:?}", items.iter().map(item).collect::<Vec<_>>()),
            Trigger::Compensate(undone) => format!("undo {}", item(undone)),
            other => format!("{other:?}"),
        };
        let _ = writeln!(text, "{} {trigger} in {:?}", clause.handler, clause.places);
        for branch in clause.branches {
            let effects: Vec<_> = branch
                .effects
                .iter()
                .map(|effect| format!("{:?} {} {:?}", effect.verb, effect.message.name, effect.arity))
                .collect();
            let _ = writeln!(text, "    {effects:?} => {:?}", branch.target);
        }
    }
    for exception in definition.exceptions {
        let _ = writeln!(
            text,
            "{:?} {} in {:?}",
            exception.how,
            item(&exception.item),
            exception.places
        );
    }
    text
}
