//! The rules about states: declared, entered, left, and never waited in for ever.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Error, Ident};

use crate::{
    diagnostics::refusal,
    model::{Branch, Clause, Graph, Model, Node},
    names::did_you_mean,
    parse::{Verb, Word},
};

/// A state that no way leads out of: where to put the caret, and what to say.
#[derive(Debug)]
pub(crate) struct Trap {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// S001: nothing starts the saga.
pub(super) fn no_start(model: &Model<'_>) -> Option<Error> {
    let text = format!("S001: nothing starts saga `{}`", model.name());
    let remedy = "add a handler with `#[start(Command -> send .. => State)]`";
    (!has_start(model)).then(|| refusal(&model.written.saga, text, remedy))
}

pub(super) fn has_start(model: &Model<'_>) -> bool {
    model.clauses.iter().any(|clause| clause.word() == Word::Start)
}

pub(super) fn starts_lead_somewhere(model: &Model<'_>) -> bool {
    let mut starts = model.clauses.iter().filter(|clause| clause.word() == Word::Start);
    starts.all(|start| start.branches.iter().all(|branch| branch.target.is_some()))
}

/// S003: a state that is not declared. One mistake per name, at its first mention.
pub(super) fn undeclared(model: &Model<'_>) -> Vec<Error> {
    let firsts = model
        .undeclared
        .iter()
        .enumerate()
        .filter(|(i, name)| !model.undeclared[..*i].contains(name));
    firsts.map(|(_, name)| not_declared(model, name)).collect()
}

fn not_declared(model: &Model<'_>, name: &Ident) -> Error {
    let written = name.to_string();
    let states: Vec<String> = model.states.iter().map(ToString::to_string).collect();
    let remedy = match did_you_mean(&written, states.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? Otherwise add `{written}` to `states(..)`"),
        None if model.written.words.states.is_empty() => {
            format!(
                "declare it: `#[saga(states({written}, ..))]`; without `states(..)` there is one, `Active`"
            )
        }
        None => format!("add it to `states(..)`; declared are `{}`", states.join("`, `")),
    };
    refusal(
        name,
        format!("S003: saga `{}` has no state `{written}`", model.name()),
        remedy,
    )
}

/// The declared states that no instance can get into, without those behind such a state.
pub(super) fn unentered(model: &Model<'_>, graph: &Graph) -> Vec<usize> {
    let declared = 0..model.written.words.states.len();
    let unreachable =
        |state: &usize| !graph.is_reachable(Node::State(*state)) && !model.retired.contains(state);
    let (loose, chained): (Vec<usize>, Vec<usize>) = declared
        .filter(unreachable)
        .partition(|state| !graph.is_entered(*state));
    let mut explained: Vec<Node> = Vec::new();
    let mut unentered = Vec::new();
    for state in loose.into_iter().chain(chained) {
        if !explained.contains(&Node::State(state)) {
            explained.extend(graph.reachable_from(state));
            unentered.push(state);
        }
    }
    unentered
}

/// S004, for each of these states.
pub(super) fn not_entered(model: &Model<'_>, graph: &Graph, states: &[usize]) -> Vec<Error> {
    let states = states.iter();
    states
        .map(|state| {
            let name = &model.states[*state];
            refusal(
                caret(model, *state),
                format!(
                    "S004: state `{name}` of saga `{}` is never entered: {}",
                    model.name(),
                    why_unentered(graph, *state)
                ),
                format!("add `=> {name}` to a clause, or remove `{name}` from `states(..)`"),
            )
        })
        .collect()
}

fn why_unentered(graph: &Graph, state: usize) -> &'static str {
    match graph.is_entered(state) {
        true => "only states that are never entered lead to it",
        false => "no clause leads to it",
    }
}

/// S010: a state that is said to be retired, and is entered all the same.
pub(super) fn retired_and_entered(model: &Model<'_>, graph: &Graph) -> Vec<Error> {
    let entered = model
        .retired
        .iter()
        .filter(|state| graph.is_reachable(Node::State(**state)));
    let refuse = |state: &usize| {
        let name = model.retired_as(*state);
        let text = format!(
            "S010: state `{name}` of saga `{}` is retired, and still entered\nhow it comes to that: {}",
            model.name(),
            graph.way_to(*state),
        );
        refusal(
            name,
            text,
            format!("remove `{name}` from `retired(..)`, or what leads to it"),
        )
    };
    entered.map(refuse).collect()
}

/// S005: states from which neither `end` nor `compensate` can be reached; one for each group that leads only to itself.
pub(super) fn traps(model: &Model<'_>, graph: &Graph) -> Vec<Trap> {
    let ways: Vec<Vec<Node>> = (0..model.states.len())
        .map(|state| graph.reachable_from(state))
        .collect();
    let out = |node: &Node| matches!(node, Node::End | Node::Compensate);
    let trapped = |state: usize| graph.is_reachable(Node::State(state)) && !ways[state].iter().any(out);
    let mut accused: Vec<Node> = Vec::new();
    let mut traps = Vec::new();
    for state in (0..model.states.len()).filter(|state| trapped(*state)) {
        let here = Node::State(state);
        // Only the last states of the way are the mistake: those that everything ahead leads back to.
        let last = ways[state].iter().all(|ahead| match ahead {
            Node::State(ahead) => *ahead == state || ways[*ahead].contains(&here),
            Node::Compensate | Node::End => false,
        });
        if last && !accused.contains(&here) {
            accused.extend(&ways[state]);
            traps.push(trap(model, graph, state));
        }
    }
    traps
}

fn trap(model: &Model<'_>, graph: &Graph, state: usize) -> Trap {
    let name = &model.states[state];
    let text = format!(
        "S005: from state `{name}` of saga `{}` neither `end` nor `compensate` can be reached\n\
         how it comes to that: {}\n\
         remedy: add a clause `in {name}` that leads to `=> end`, or say that the saga is meant to go on for ever: \
         `#[saga(.., endless)]` on its struct",
        model.name(),
        graph.way_to(state),
    );
    let span = caret(model, state)
        .into_token_stream()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |t| t.span());
    Trap { span, text }
}

/// The states in which a lost reply would leave the instance for ever.
pub(super) fn untimed(model: &Model<'_>, graph: &Graph) -> Vec<usize> {
    let reachable = |state: &usize| graph.is_reachable(Node::State(*state));
    let silent = |state: &usize| !model.no_timeout.contains(state) && !is_timed(model, *state);
    let states = (0..model.states.len()).filter(reachable).filter(silent);
    states.collect()
}

/// S006, for each of these states.
pub(super) fn wait_for_ever(model: &Model<'_>, graph: &Graph, states: &[usize]) -> Vec<Error> {
    let without_timeout = |state: &usize| {
        let name = &model.states[*state];
        let remedy = format!(
            "add a handler `#[after(30 min in {name} => ..)]` that always leads on, or say that waiting is meant: \
             `no_timeout({name})`"
        );
        refusal(
            caret(model, *state),
            text_without_timeout(model, graph, *state, ""),
            remedy,
        )
    };
    states.iter().map(without_timeout).collect()
}

/// S006 and S004 as one: the timer that is missing in one state may be what leads to the other.
pub(super) fn without_way(model: &Model<'_>, graph: &Graph, waiting: usize, unentered: usize) -> Error {
    let (name, other) = (&model.states[waiting], &model.states[unentered]);
    let never = format!(
        "; and state `{other}` is never entered: {}",
        why_unentered(graph, unentered)
    );
    let remedy = format!(
        "did you mean `#[after(30 min in {name} => {other})]`? Otherwise say that waiting is meant, `no_timeout({name})`, \
         and remove `{other}` from `states(..)`, or add `=> {other}` to a clause"
    );
    let text = text_without_timeout(model, graph, waiting, &never);
    refusal(caret(model, waiting), text, remedy)
}

fn text_without_timeout(model: &Model<'_>, graph: &Graph, state: usize, also: &str) -> String {
    let why = match timers(model, state).next() {
        None => "has no timeout: if an answer is lost, the instance waits in it for ever".to_owned(),
        Some(timer) => format!(
            "has no timeout that is sure to lead on, as `{}` may stay: if an answer is lost, the instance waits in it for \
             ever",
            timer.name()
        ),
    };
    format!(
        "S006: state `{}` of saga `{}` {why}{also}\nhow it comes to that: {}",
        model.states[state],
        model.name(),
        graph.way_to(state),
    )
}

/// Whether a timer is sure to lead on. One that only enters the state anew, sending nothing, would wait for the same lost
/// answer again.
pub(super) fn is_timed(model: &Model<'_>, state: usize) -> bool {
    let leads_on = |branch: &Branch<'_>| match branch.target {
        None => false,
        Some(target) => target != Node::State(state) || sends(branch),
    };
    timers(model, state).any(|clause| clause.branches.iter().all(leads_on))
}

/// The timers that an instance of this build waits for once in a state.
fn timers<'a>(model: &'a Model<'a>, state: usize) -> impl Iterator<Item = &'a Clause<'a>> {
    let timers = model
        .clauses
        .iter()
        .filter(|clause| matches!(clause.word(), Word::After | Word::At) && !model.is_retired_timer(clause));
    timers.filter(move |clause| model.live_states(clause).contains(&state))
}

fn sends(branch: &Branch<'_>) -> bool {
    branch
        .written
        .effects
        .iter()
        .any(|effect| effect.verb == Verb::Send)
}

/// The state where it is declared; the saga's name for the implied one.
pub(super) fn caret(model: &Model<'_>, state: usize) -> TokenStream {
    match model.written.words.states.get(state) {
        Some(declared) => declared.to_token_stream(),
        None => model.written.saga.to_token_stream(),
    }
}
