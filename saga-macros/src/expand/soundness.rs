//! What only const evaluation can judge: one exploration of the saga, and one question per rule and token.

use proc_macro2::{Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

use crate::{
    check::{self, Trap},
    model::{Branch, Clause, Exception, Model, Place},
    names,
    parse::{Effect, Verb},
};

/// All questions. Only the tokens of a question carry a place of the author's, and only rustc is asked: an editor would
/// lead from that place to the rules as well.
pub(super) fn questions(model: &Model<'_>) -> TokenStream {
    let runtime = names::runtime();
    let saga = &model.written.saga;
    let size = ask(span(saga.segments.last()), quote!(saga), &[]);
    let clauses = model.clauses.iter().enumerate();
    let clauses = clauses.map(|(number, clause)| of_clause(model, number, clause));
    let exceptions = model.exceptions.iter().enumerate();
    let exceptions = exceptions.map(|(number, exception)| of_exception(model, number, exception));
    let commands = model.retired_sends.iter();
    let commands = commands.map(|send| span(send.command.segments.last()));
    let states = model.retired.iter();
    let states = states.map(|state| model.retired_as(*state).span());
    let retired = (model.retired_timers.len()..).zip(commands.chain(states));
    let retired = retired.map(|(number, at)| ask(at, quote!(retired), &[number]));
    let traps = check::traps(model);
    let traps = traps.iter().map(|trap| of_trap(saga, trap));
    // Where an event is sent or a command published, rustc says so; what follows from it is not told as well.
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(not(rust_analyzer))]
            {
                #[allow(unused_imports)]
                use #runtime::{private, soundness::{clause, effect, exception, explore, item, retired, saga, target}};
                #[allow(long_running_const_eval)]
                const EXPLORATION: &#runtime::soundness::Exploration = {
                    let definition = <#saga as private::saga::Defined>::AS_DATA;
                    &explore(definition).silent_if(!private::saga::kinds_fit(definition))
                };
                #size
                #(#clauses)*
                #(#exceptions)*
                #(#retired)*
                #(#traps)*
            }
        };
    }
}

/// The clause and what it takes are one constant, as what is wrong with one mostly is with the other: each constant costs
/// rustc far more than what it asks.
fn of_clause(model: &Model<'_>, number: usize, clause: &Clause<'_>) -> TokenStream {
    let runs = question(clause.handler.clause.name.span(), quote!(clause), &[number]);
    let retired = retired(model, &clause.places);
    let items = clause.trigger.items().iter().enumerate();
    let items = items.map(|(item, written)| {
        let at = span(written.message.segments.last());
        question_in(at, quote!(item), &[number, item], retired)
    });
    let branches = clause.branches.iter().enumerate();
    let branches = branches.map(|(place, branch)| of_branch(&[number, place], branch));
    quote!(const _: () = { #runs; #(#items;)* }; #(#branches)*)
}

/// A branch without a target is asked about with its clause.
fn of_branch(number: &[usize; 2], branch: &Branch<'_>) -> TokenStream {
    let target = branch.written.target.as_ref();
    let target = target.map(|target| ask(span(Some(target)), quote!(target), number));
    let effects = branch.written.effects.iter().enumerate();
    let effects = effects.map(|(effect, written)| of_effect(&[number[0], number[1], effect], written));
    quote!(#target #(#effects)*)
}

/// No rule is about a `publish` alone.
fn of_effect(number: &[usize; 3], effect: &Effect) -> Option<TokenStream> {
    let at = span(effect.message.segments.last());
    (effect.verb != Verb::Publish).then(|| ask(at, quote!(effect), number))
}

fn of_exception(model: &Model<'_>, number: usize, exception: &Exception<'_>) -> TokenStream {
    let at = span(exception.item.message.segments.last());
    let retired = retired(model, &exception.places);
    let question = question_in(at, quote!(exception), &[number], retired);
    quote!(const _: () = #question;)
}

/// Bits over the places that instances of this build never come to: what an older build's do not wait for in a retired
/// state, no exploration of this one can know.
fn retired(model: &Model<'_>, places: &[Place]) -> u128 {
    let retired = places
        .iter()
        .enumerate()
        .filter(|(_, place)| model.is_retired_place(place));
    retired.fold(0, |bits, (number, _)| {
        bits | 1_u128.checked_shl(number as u32).unwrap_or(0)
    })
}

/// A constant whose evaluation is refused if the answer is no.
fn ask(at: Span, rules: TokenStream, numbers: &[usize]) -> TokenStream {
    let question = question(at, rules, numbers);
    quote!(const _: () = #question;)
}

/// One question, wholly at one token: what is refused is told there.
fn question(at: Span, rules: TokenStream, numbers: &[usize]) -> TokenStream {
    moved(at, quote!(#rules(EXPLORATION #(, #numbers)*)))
}

/// A question about all places but the retired ones.
fn question_in(at: Span, rules: TokenStream, numbers: &[usize], retired: u128) -> TokenStream {
    let retired = Literal::u128_unsuffixed(retired);
    moved(at, quote!(#rules(EXPLORATION #(, #numbers)*, #retired)))
}

/// S005: a state that nothing leads out of is a mistake unless the struct says `endless`.
fn of_trap(saga: &Path, Trap { span, text }: &Trap) -> TokenStream {
    let endless = quote!(<#saga as private::Declared>::ENDLESS);
    let path = moved(*span, quote!(private::saga::leads_out));
    let call = quote_spanned!(*span=> #path(#endless, #text));
    quote!(const _: () = #call;)
}

/// The same tokens at another place: rustc underlines a whole call, which therefore has to lie wholly at one token.
pub(crate) fn moved(at: Span, tokens: TokenStream) -> TokenStream {
    let moved = |mut token: TokenTree| {
        token.set_span(at);
        token
    };
    tokens.into_iter().map(moved).collect()
}

/// The place of the first token.
pub(crate) fn span(token: Option<impl ToTokens>) -> Span {
    let first = token.and_then(|token| token.into_token_stream().into_iter().next());
    first.map_or_else(Span::call_site, |token| token.span())
}
