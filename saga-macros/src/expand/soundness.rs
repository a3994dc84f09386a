//! What only const evaluation can judge: one exploration of the saga, and one question per rule and token.

use proc_macro2::{Span, TokenStream, TokenTree};
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
    let name = span(saga.segments.last());
    let limits = ask(name, quote!(limits::saga), &[]);
    let clauses = model
        .clauses
        .iter()
        .enumerate()
        .filter(|(_, clause)| !model.is_retired(&clause.places))
        .map(|(number, clause)| of_clause(model, number, clause));
    let exceptions = model
        .exceptions
        .iter()
        .enumerate()
        .filter(|(_, exception)| !model.is_retired(&exception.places))
        .map(|(number, exception)| of_exception(model, number, exception));
    let traps = check::traps(model);
    let traps = traps.iter().map(|trap| of_trap(saga, trap));
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            use #runtime::{private, soundness::*};
            #[allow(long_running_const_eval)]
            const EXPLORATION: &Exploration = &explore(<#saga as #runtime::saga::Saga>::DEFINITION);
            /// Where an event is sent or a command published, rustc says so; what follows from it is not told as well.
            const KINDS_FIT: bool = private::saga::kinds_fit(<#saga as #runtime::saga::Saga>::DEFINITION);
            #limits
            #(#clauses)*
            #(#exceptions)*
            #(#traps)*
        };
    }
}

fn of_clause(model: &Model<'_>, number: usize, clause: &Clause<'_>) -> TokenStream {
    let runs = ask(clause.handler.clause.name.span(), quote!(s110::clause), &[number]);
    let items = clause.trigger.items().iter().enumerate().map(|(item, written)| {
        let at = span(written.message.segments.last());
        let places =
            lively(model, &clause.places).map(|place| ask(at, quote!(s102::place), &[number, item, place]));
        let rules = [
            quote!(s104::trigger),
            quote!(s105::trigger),
            quote!(s106::trigger),
        ];
        let rules = rules.into_iter().map(|rule| ask(at, rule, &[number, item]));
        places.chain(rules).collect::<TokenStream>()
    });
    let branches = clause.branches.iter().enumerate();
    let branches = branches.map(|(place, branch)| of_branch(&[number, place], clause, branch));
    quote!(#runs #(#items)* #(#branches)*)
}

fn of_branch(number: &[usize; 2], clause: &Clause<'_>, branch: &Branch<'_>) -> TokenStream {
    let at = match &branch.written.target {
        Some(target) => span(Some(target)),
        None => clause.handler.clause.name.span(),
    };
    let rules = [quote!(s105::target), quote!(s108::target)];
    let target = rules.into_iter().map(|rule| ask(at, rule, number));
    let effects = branch.written.effects.iter().enumerate();
    let effects = effects.map(|(effect, written)| of_effect(&[number[0], number[1], effect], written));
    quote!(#(#target)* #(#effects)*)
}

fn of_effect(number: &[usize; 3], effect: &Effect) -> TokenStream {
    let at = span(effect.message.segments.last());
    let rules = match effect.verb {
        Verb::Send => vec![quote!(s101::send), quote!(s109::send)],
        Verb::Publish => Vec::new(),
        Verb::Reply => vec![quote!(s104::effect), quote!(s105::effect)],
    };
    rules.into_iter().map(|rule| ask(at, rule, number)).collect()
}

fn of_exception(model: &Model<'_>, number: usize, exception: &Exception<'_>) -> TokenStream {
    let at = span(exception.item.message.segments.last());
    let places =
        lively(model, &exception.places).map(|place| ask(at, quote!(s102::exception), &[number, place]));
    let rules = [
        quote!(s105::exception),
        quote!(s106::exception),
        quote!(s109::exception),
    ];
    places
        .chain(rules.into_iter().map(|rule| ask(at, rule, &[number])))
        .collect()
}

/// The numbers of the places that instances of this build come to: what an older build's wait for in a retired state,
/// no exploration of this one can know.
fn lively<'a>(model: &'a Model<'_>, places: &'a [Place]) -> impl Iterator<Item = usize> + 'a {
    let lively = places
        .iter()
        .enumerate()
        .filter(|(_, place)| !model.is_retired_place(place));
    lively.map(|(number, _)| number)
}

/// One question: a constant whose evaluation is refused if the answer is no.
fn ask(at: Span, rule: TokenStream, numbers: &[usize]) -> TokenStream {
    let call = moved(at, quote!(#rule(EXPLORATION #(, #numbers)*)));
    quote!(#[cfg(not(rust_analyzer))] const _: () = if KINDS_FIT { #call };)
}

/// S005: a state that nothing leads out of is a mistake unless the struct says `endless`.
fn of_trap(saga: &Path, Trap { span, text }: &Trap) -> TokenStream {
    let endless = quote!(<#saga as private::Declared>::ENDLESS);
    let path = moved(*span, quote!(private::saga::leads_out));
    let call = quote_spanned!(*span=> #path(#endless, #text));
    quote!(#[cfg(not(rust_analyzer))] const _: () = #call;)
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
