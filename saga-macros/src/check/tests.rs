//! The rules, by the codes of the mistakes they find.

#![allow(clippy::expect_used)] // a test that cannot read its own saga should say so

use proc_macro2::TokenStream;
use quote::quote;

use super::{all, traps};
use crate::{diagnostics::Diagnostics, model::Model, parse::Handlers};

/// The first lines of the mistakes in a saga, syntax included.
fn mistakes(words: TokenStream, handlers: TokenStream) -> Vec<String> {
    let mut errors = Diagnostics::default();
    let written =
        Handlers::read(words, quote!(impl Order { #handlers }), &mut errors).expect("an impl block");
    let model = Model::of(&written);
    errors.extend(all(&model));
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    errors.texts().map(first_line).collect()
}

fn codes(words: TokenStream, handlers: TokenStream) -> Vec<String> {
    let code = |text: String| text.split(':').next().unwrap_or_default().to_owned();
    mistakes(words, handlers).into_iter().map(code).collect()
}

/// The states in which a saga is trapped, by the first lines of what is said of them.
fn trapped(words: TokenStream, handlers: TokenStream) -> Vec<String> {
    let mut errors = Diagnostics::default();
    let written =
        Handlers::read(words, quote!(impl Order { #handlers }), &mut errors).expect("an impl block");
    let traps = traps(&Model::of(&written));
    traps
        .iter()
        .map(|trap| trap.text.lines().next().unwrap_or_default().to_owned())
        .collect()
}

fn start() -> TokenStream {
    quote! { #[start(Place => A)] fn place(place: Place) -> Self {} }
}

#[test]
fn a_sound_saga_has_no_mistakes() {
    let saga = quote! {
        #[start(Place -> send Bill => A)] fn place(place: Place) -> (Self, Bill) {}
        #[on(Billed in A { Ship -> send Label => B | Wait })] fn billed(&mut self, billed: Billed) -> Billing {}
        #[all(Labelled, Packed*, Gift? in B -> publish Ready => end)]
        fn ready(&mut self, l: Labelled, p: Vec<Packed>, g: Option<Gift>, ctx: &Context) -> Result<Ready, Oops> {}
        #[after(Self::PATIENCE => compensate)] fn late(&mut self) {}
        #[every(1 h in B -> send Remind?)] fn remind(&self, ctx: &Context) -> Option<Remind> {}
        #[on(Place in end -> reply Done)] fn again(place: Place) -> Done {}
        #[compensate(Billed -> send Refund)] fn refund(&self, billed: Billed) -> Refund {}
        #[compensated] fn undone(&mut self) {}
    };
    assert_eq!(
        mistakes(quote!(states(A, B), ignore(Gift in A | end)), saga),
        [""; 0]
    );
}

#[test]
fn one_state_need_not_be_declared() {
    let saga = quote! {
        #[start(Place)] fn place(place: Place) -> Self {}
        #[on(Close => end)] fn close(&mut self, close: Close) {}
    };
    assert_eq!(mistakes(quote!(no_timeout(Active)), saga), [""; 0]);
}

#[test]
fn a_saga_that_ends_as_it_starts_needs_no_state() {
    let saga = quote! { #[start(Place -> reply Done => end)] fn place(place: Place) -> (Self, Done) {} };
    assert_eq!(mistakes(quote!(), saga), [""; 0]);
}

#[test]
fn an_explicit_state_goes_before_the_rest() {
    let start = start();
    let saga = quote! {
        #start
        #[on(Moved in A => B)] fn moved(&mut self, moved: Moved) {}
        #[on(Moved)] fn moved_elsewhere(&mut self, moved: Moved) {}
        #[after(1 d => end)] fn late(&mut self) {}
    };
    assert_eq!(mistakes(quote!(states(A, B)), saga), [""; 0]);
}

#[test]
fn answers_to_different_commands_are_different_messages() {
    let start = start();
    let saga = quote! {
        #start
        #[on(Full of BookFlight in A => end)] fn no_flight(&mut self, full: Full) {}
        #[on(Full of BookHotel in A => end)] fn no_hotel(&mut self, full: Full) {}
        #[after(1 d => end)] fn late(&mut self) {}
    };
    assert_eq!(mistakes(quote!(states(A)), saga), [""; 0]);
}

#[test]
fn states_behind_one_that_is_never_entered_are_not_accused_as_well() {
    let start = start();
    let saga = quote! {
        #start
        #[after(1 d in A => end)] fn late(&mut self) {}
        #[after(1 d in B => C)] fn b(&mut self) {}
        #[after(1 d in C => D)] fn c(&mut self) {}
        #[after(1 d in D => C)] fn d(&mut self) {}
        #[after(1 d in E => F)] fn e(&mut self) {}
        #[after(1 d in F => E)] fn f(&mut self) {}
    };
    let found = mistakes(quote!(states(A, B, C, D, E, F)), saga);
    let expected = [
        "S004: state `B` of saga `Order` is never entered: no clause leads to it",
        "S004: state `E` of saga `Order` is never entered: only states that are never entered lead to it",
    ];
    assert_eq!(found, expected);
}

#[test]
fn of_a_way_into_a_trap_only_the_trap_is_accused() {
    let start = start();
    let saga = quote! {
        #start
        #[after(1 d in A => B)] fn a(&mut self) {}
        #[after(1 d in B => C)] fn b(&mut self) {}
        #[after(1 d in C => B)] fn c(&mut self) {}
    };
    let expected = ["S005: from state `B` of saga `Order` neither `end` nor `compensate` can be reached"];
    assert_eq!(trapped(quote!(states(A, B, C)), saga), expected);
}

#[test]
fn a_state_without_any_way_on_is_a_trap() {
    let start = start();
    assert_eq!(trapped(quote!(states(A), no_timeout(A)), start).len(), 1);
}

#[test]
fn a_syntax_error_accuses_no_state() {
    let start = start();
    let saga = quote! { #start #[on(Moved in A =>)] fn moved(&mut self, moved: Moved) {} };
    assert_eq!(
        mistakes(quote!(states(A, B)), saga),
        ["expected a state, `end` or `compensate`"]
    );
}

#[test]
fn every_mistake_of_a_saga_is_found_at_once() {
    let saga = quote! {
        #[on(Moved in X)] async fn moved(&mut self, moved: Moved) {}
        #[on(Moved in A)] fn moved_again(&self) {}
        #[on(Moved in A)] fn moved_yet_again(&self, moved: Moved) {}
        #[after(2 weeks in A => end)] fn late(&mut self) {}
    };
    let found = codes(
        quote!(states(A), ignore(Moved in A), ignore(Other in A, Other in A)),
        saga,
    );
    assert_eq!(
        found,
        ["S003", "S002", "S007", "S010", "S010", "S011", "S012", "S001"]
    );
}

#[test]
fn a_timer_that_waits_for_the_same_again_is_no_way_on() {
    let again = |effects: TokenStream| {
        let start = start();
        mistakes(
            quote!(states(A)),
            quote! {
                #start
                #[on(Moved in A => end)] fn moved(&mut self, moved: Moved) {}
                #[after(1 d in A #effects => A)] fn again(&mut self) -> Ask {}
            },
        )
    };
    let text = "S006: state `A` of saga `Order` has no timeout that is sure to lead on, as `again` may stay: if an answer is lost, the instance waits in it for ever";
    assert_eq!(again(quote!(-> publish Late)), [text]);
    assert_eq!(again(quote!(-> send Ask)), [""; 0]);
}

#[test]
fn a_timer_that_is_missing_is_told_with_the_state_it_would_lead_to() {
    let handlers = quote! {
        #[start(Place -> send Bill => A)] fn place(place: Place) -> (Self, Bill) {}
        #[on(Billed in A => end)] fn billed(&mut self, billed: Billed) {}
        #[after(1 h in B => end)] fn over(&mut self) {}
    };
    assert_eq!(
        mistakes(quote!(states(A, B)), handlers.clone()),
        [
            "S006: state `A` of saga `Order` has no timeout: if an answer is lost, the instance waits in it for ever; and \
             state `B` is never entered: no clause leads to it"
        ]
    );
    let two = quote! { #handlers #[after(1 h in C => end)] fn c(&mut self) {} };
    assert_eq!(codes(quote!(states(A, B, C)), two), ["S004", "S004", "S006"]);
}

#[test]
fn a_timer_in_the_wrong_state_is_told_with_the_one_it_is_missing_in() {
    let handlers = quote! {
        #[start(Place -> send Bill => A)] fn place(place: Place) -> (Self, Bill) {}
        #[on(Billed in A => B)] fn billed(&mut self, billed: Billed) {}
        #[after(1 h in B => end)] fn over(&mut self) {}
    };
    assert_eq!(
        mistakes(quote!(states(A, B), no_timeout(B)), handlers),
        ["S010: state `B` of saga `Order` has both a timeout and `no_timeout`, and state `A` has neither"]
    );
}

#[test]
fn one_word_that_takes_back_what_handlers_say_is_told_once() {
    let handlers = quote! {
        #[start(Place -> send Bill => A)] fn place(place: Place) -> (Self, Bill) {}
        #[on(Billed in A => end)] fn billed(&mut self, billed: Billed) {}
        #[on(Declined in A => end)] fn declined(&mut self, declined: Declined) {}
        #[after(1 h in A => end)] fn over(&mut self) {}
    };
    assert_eq!(
        mistakes(quote!(states(A), ignore(Billed, Declined in A)), handlers),
        [
            "S010: `Billed` is both ignored and handled by `billed` in state `A` of saga `Order`, `Declined` by `declined`"
        ]
    );
}
