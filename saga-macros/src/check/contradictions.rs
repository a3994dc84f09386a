//! S010: clauses and words that take back what another says.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

use crate::{
    diagnostics::refusal,
    model::{Clause, Exception, Model, Place, RetiredSend, overlap, shown},
    parse::{self, Treatment, Verb, Word},
};

use super::{handled::place_name, states::is_timed};

/// Every contradiction.
pub(super) fn all(model: &Model<'_>) -> Vec<Error> {
    let mut errors = Vec::new();
    errors.extend(repeated_states(model));
    errors.extend(
        model
            .clauses
            .iter()
            .filter_map(|clause| within_clause(model, clause)),
    );
    errors.extend(
        model
            .clauses
            .iter()
            .filter_map(|clause| repeated_label(model, clause)),
    );
    errors.extend(treated_and_handled(model));
    errors.extend(treated_twice(model));
    errors.extend(deferred_for_ever(model));
    errors.extend(retired_elsewhere(model));
    errors
}

/// A command retired in a place that is no state: what is unanswered in a state follows into `compensate` and `end`.
fn retired_elsewhere(model: &Model<'_>) -> Vec<Error> {
    let elsewhere = |send: &&RetiredSend<'_>| {
        let mut places = send.places.iter();
        places.any(|place| matches!(place, Place::Compensate | Place::End))
    };
    let refuse = |send: &RetiredSend<'_>| {
        let command = shown(send.command);
        let text = format!(
            "S010: `retired(send {command} ..)` of saga `{}` names what is no state",
            model.name()
        );
        let remedy = format!(
            "name the states in which older builds may have left `{command}` unanswered, or none for all of them; what is \
             open there is followed into `compensate` and `end`"
        );
        refusal(send.command, text, remedy)
    };
    model.retired_sends.iter().filter(elsewhere).map(refuse).collect()
}

/// A state listed twice, or one that is the runtime's.
fn repeated_states(model: &Model<'_>) -> Vec<Error> {
    let states = &model.written.words.states;
    let mistake = |(i, state): (usize, &syn::Ident)| {
        if state == "end" || state == "compensate" {
            let text = format!("S010: every saga has `{state}`; it is not declared");
            return Some(refusal(state, text, "remove it from `states(..)`"));
        }
        let text = format!(
            "S010: state `{state}` of saga `{}` is declared twice",
            model.name()
        );
        states[..i]
            .contains(state)
            .then(|| refusal(state, text, "remove one of the two"))
    };
    states.iter().enumerate().filter_map(mistake).collect()
}

/// A clause that its own word, or its own places, rule out.
fn within_clause(model: &Model<'_>, clause: &Clause<'_>) -> Option<Error> {
    let (at, what, remedy) = placed(clause)
        .or_else(|| started(model, clause))
        .or_else(|| led_astray(clause))
        .or_else(|| beyond_answer(clause))?;
    Some(refusal(
        at,
        format!("S010: `{}` of saga `{}` {what}", clause.name(), model.name()),
        remedy,
    ))
}

type Finding = Option<(TokenStream, &'static str, &'static str)>;

/// Where a clause cannot be.
fn placed(clause: &Clause<'_>) -> Finding {
    let word = clause.word();
    let timed = matches!(word, Word::After | Word::Every | Word::At);
    if matches!(word, Word::Start | Word::Compensate | Word::Compensated) {
        let place = clause.handler.clause.places.as_ref()?.first()?;
        let remedy = "leave out `in ..`: it runs where its word says";
        return Some((place.to_token_stream(), "cannot choose its states", remedy));
    }
    if let Some(end) = place(clause, Place::End) {
        if clause.places.len() > 1 {
            let remedy = "write one handler for the states, and one without `self` for `end`";
            return Some((
                end,
                "cannot serve both live states and `end`, where there is no instance",
                remedy,
            ));
        }
        if timed || word == Word::All {
            return Some((
                end,
                "waits in `end`, where there is no instance to wait",
                "name live states",
            ));
        }
    }
    let undoing = place(clause, Place::Compensate).filter(|_| timed)?;
    Some((
        undoing,
        "sets a timer in `compensate`, which the runtime runs and times itself",
        "name live states",
    ))
}

fn place(clause: &Clause<'_>, wanted: Place) -> Option<TokenStream> {
    let places = clause.handler.clause.places.iter().flatten();
    let mut found = places.filter(|place| match place {
        parse::Place::End(_) => wanted == Place::End,
        parse::Place::Compensate(_) => wanted == Place::Compensate,
        parse::Place::State(_) | parse::Place::Rest(_) => false,
    });
    found.next().map(ToTokens::to_token_stream)
}

/// A start that does not say which of several states it enters.
fn started(model: &Model<'_>, clause: &Clause<'_>) -> Finding {
    let lost = model.states.len() > 1
        && clause
            .branches
            .iter()
            .any(|branch| branch.written.target.is_none());
    let at = &clause.handler.clause.name;
    (clause.word() == Word::Start && lost).then(|| {
        (
            at.to_token_stream(),
            "does not say which state it enters",
            "end the clause with `=> State`",
        )
    })
}

/// A target where there is nowhere to go.
fn led_astray(clause: &Clause<'_>) -> Finding {
    let target = clause
        .branches
        .iter()
        .find_map(|branch| branch.written.target.as_ref())?;
    let (what, remedy) = match clause.word() {
        Word::Every => (
            "repeats, so that it never leads anywhere",
            "leave out the target, or write `#[after(..)]`",
        ),
        Word::Compensate => (
            "undoes one step of several and cannot lead anywhere",
            "leave out the target; `#[compensated(.. => State)]` says what follows when everything is undone",
        ),
        Word::On if clause.is_ended() => (
            "leads on from `end`",
            "leave out the target: there is no instance",
        ),
        Word::On | Word::All if clause.places.contains(&Place::Compensate) => (
            "leads away from `compensate` before everything is undone",
            "leave out the target; `#[compensated(.. => State)]` says what follows",
        ),
        Word::Compensated if matches!(target, parse::Target::Compensate(_)) => (
            "begins again to undo what is undone",
            "lead to `end` or to a state",
        ),
        _ => return None,
    };
    Some((target.to_token_stream(), what, remedy))
}

/// An `on(.. in end)` that does more than answer.
fn beyond_answer(clause: &Clause<'_>) -> Finding {
    let effects = clause.branches.iter().flat_map(|branch| &branch.written.effects);
    let mut other = effects.filter(|effect| effect.verb != Verb::Reply);
    let effect = other.next().filter(|_| clause.is_ended())?;
    let remedy = "only `reply ..` is possible here: nothing would remember the effect";
    Some((
        effect.message.to_token_stream(),
        "does more than answer in `end`, where there is no instance",
        remedy,
    ))
}

fn repeated_label(model: &Model<'_>, clause: &Clause<'_>) -> Option<Error> {
    let labels: Vec<_> = clause
        .branches
        .iter()
        .filter_map(|branch| branch.written.label.as_ref())
        .collect();
    let (_, label) = labels
        .iter()
        .enumerate()
        .find(|(i, label)| labels[..*i].contains(label))?;
    let text = format!(
        "S010: `{}` of saga `{}` has two outcomes named `{label}`",
        clause.name(),
        model.name()
    );
    Some(refusal(label, text, "give each outcome its own label"))
}

/// A message that is set aside where a handler takes it. What one word says of several messages is one mistake.
fn treated_and_handled(model: &Model<'_>) -> Vec<Error> {
    let handler = |exception: &Exception<'_>| {
        let takes = |clause: &&Clause<'_>| {
            clause
                .trigger
                .items()
                .iter()
                .any(|item| overlap(item, exception.item))
                && shared(exception, &clause.places).is_some()
        };
        model.clauses.iter().find(takes)
    };
    let of_one_word =
        |one: &Exception<'_>, other: &Exception<'_>| one.how == other.how && one.places == other.places;
    let mistake = |word: &[Exception<'_>]| {
        let mut handled = word
            .iter()
            .filter_map(|exception| Some((exception, handler(exception)?)));
        let (exception, clause) = handled.next()?;
        let place = place_name(model, shared(exception, &clause.places)?);
        let (message, how) = (shown(&exception.item.message), participle(exception.how));
        let mut text = format!(
            "S010: `{message}` is both {how} and handled by `{}` in {place} of saga `{}`",
            clause.name(),
            model.name()
        );
        for (also, clause) in handled {
            text += &format!(", `{}` by `{}`", shown(&also.item.message), clause.name());
        }
        Some(refusal(&exception.item.message, text, "keep one of the two"))
    };
    let words = model.exceptions.chunk_by(of_one_word);
    words.filter_map(mistake).collect()
}

/// A message that is set aside in two ways, or in the same way twice.
fn treated_twice(model: &Model<'_>) -> Vec<Error> {
    let mistake = |(i, exception): (usize, &Exception<'_>)| {
        let same = |other: &&Exception<'_>| {
            overlap(other.item, exception.item) && shared(exception, &other.places).is_some()
        };
        let first = model.exceptions[..i].iter().find(same)?;
        let place = place_name(model, shared(exception, &first.places)?);
        let (message, saga) = (shown(&exception.item.message), model.name());
        let hows = match first.how == exception.how {
            true => format!("{} twice", participle(first.how)),
            false => format!("both {} and {}", participle(first.how), participle(exception.how)),
        };
        let text = format!("S010: `{message}` is {hows} in {place} of saga `{saga}`");
        Some(refusal(&exception.item.message, text, "keep one of the two"))
    };
    model.exceptions.iter().enumerate().filter_map(mistake).collect()
}

fn shared(exception: &Exception<'_>, places: &[Place]) -> Option<Place> {
    exception
        .places
        .iter()
        .copied()
        .find(|place| places.contains(place))
}

fn participle(how: Treatment) -> &'static str {
    match how {
        Treatment::Ignore => "ignored",
        Treatment::Defer => "deferred",
        Treatment::Unexpected => "unexpected",
    }
}

/// A message that is kept for later where there is no later.
fn deferred_for_ever(model: &Model<'_>) -> Vec<Error> {
    let deferred = model
        .exceptions
        .iter()
        .filter(|exception| exception.how == Treatment::Defer);
    let mistake = |exception: &Exception<'_>| {
        let (message, saga) = (shown(&exception.item.message), model.name());
        if exception.places.contains(&Place::End) {
            let text = format!(
                "S010: `{message}` is deferred in `end`, after which saga `{saga}` has no later state"
            );
            return Some(refusal(
                &exception.item.message,
                text,
                "write `ignore(..)` or `unexpected(..)`",
            ));
        }
        let text = format!("S010: `{message}` is only ever deferred: saga `{saga}` handles it in no state");
        let remedy = format!("handle it somewhere: `#[on({message} in State ..)]`, or write `ignore(..)`");
        let handled = model.clauses.iter().flat_map(|clause| clause.trigger.items());
        let mut handled = handled.filter(|item| overlap(item, exception.item));
        (model.written.complete && handled.next().is_none())
            .then(|| refusal(&exception.item.message, text, remedy))
    };
    deferred.filter_map(mistake).collect()
}

/// A state that is said to have no timeout and has one. If it is one state, and one other has none that it needs, the
/// timer is in the wrong one.
pub(super) fn timer_and_no_timeout(model: &Model<'_>, untimed: &[usize]) -> Vec<Error> {
    let timed: Vec<&usize> = model
        .no_timeout
        .iter()
        .filter(|state| is_timed(model, **state))
        .collect();
    let meant = match (timed.as_slice(), untimed) {
        ([_], [untimed]) => Some(&model.states[*untimed]),
        _ => None,
    };
    let mistake = |state: &usize| {
        let name = &model.states[*state];
        let at = model
            .written
            .words
            .no_timeout
            .iter()
            .find(|written| *written == name)
            .unwrap_or(name);
        let text = format!(
            "S010: state `{name}` of saga `{}` has both a timeout and `no_timeout`",
            model.name()
        );
        let remedy = format!("remove `no_timeout({name})`, or the timer");
        match meant {
            None => refusal(at, text, remedy),
            Some(other) => refusal(
                at,
                format!("{text}, and state `{other}` has neither"),
                format!("did you mean the timer to be `in {other}`? Otherwise {remedy}"),
            ),
        }
    };
    timed.into_iter().map(mistake).collect()
}
