//! The saga as data: `impl Defined`.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::{Path, ext::IdentExt};

use crate::{
    model::{Branch, Clause, Exception, Model, Node, Place, RetiredSend, Wait, wait},
    names,
    parse::{Arity, Delay, Effect, Item, KeyPath, Renamed, Treatment, Trigger, Verb, Word},
};

use super::roster::Roster;

/// `impl Defined`, with everything in the order written. `Saga` takes it from there, and so do the checks and the system:
/// data that serde cannot write or read is then one error, where it is said to be a saga.
pub(super) fn definition(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let runtime = names::runtime();
    let clauses = model.clauses.iter().map(|clause| self::clause(clause, roster));
    let exceptions = model
        .exceptions
        .iter()
        .map(|exception| self::exception(exception, roster));
    let fields = fields(model, &model.written.words.no_undo);
    let retired = retired(model);
    let key_paths = model.written.words.keys.iter().map(key_path);
    defined(
        model,
        &quote! {
            use #runtime::{definition::*, private};
            &Definition {
                clauses: &[#(#clauses),*],
                exceptions: &[#(#exceptions),*],
                retired: &[#(#retired),*],
                key_paths: &[#(#key_paths),*],
                #fields
            }
        },
    )
}

/// The definition of a saga with mistakes: nothing that the author may have got wrong.
pub(super) fn stub(model: &Model<'_>) -> TokenStream {
    let runtime = names::runtime();
    let fields = fields(model, &[]);
    defined(
        model,
        &quote! {
            use #runtime::{definition::*, private};
            &Definition { clauses: &[], exceptions: &[], retired: &[], key_paths: &[], #fields }
        },
    )
}

fn defined(model: &Model<'_>, definition: &TokenStream) -> TokenStream {
    let (runtime, saga) = (names::runtime(), &model.written.saga);
    quote! {
        #[automatically_derived]
        impl #runtime::private::saga::Defined for #saga {
            const AS_DATA: &'static #runtime::definition::Definition = { #definition };
        }
    }
}

/// `const DEFINITION`
pub(super) fn taken_over() -> TokenStream {
    let runtime = names::runtime();
    quote! {
        const DEFINITION: &'static #runtime::definition::Definition =
            <Self as #runtime::private::saga::Defined>::AS_DATA;
    }
}

/// What does not speak of messages in clauses.
fn fields(model: &Model<'_>, no_undo: &[Path]) -> TokenStream {
    let states = model.states.iter().map(ToString::to_string);
    let no_timeout = numbers(&model.no_timeout);
    let settled = numbers(&model.settled);
    let renamed = model.written.words.renamed.iter().map(|Renamed { old, new }| {
        let (old, new) = (old.unraw().to_string(), new.unraw().to_string());
        quote!(Renamed { old: #old, new: #new })
    });
    quote! {
        name: <Self as private::Declared>::NAME,
        version: <Self as private::Declared>::VERSION,
        endpoint: private::saga::endpoint::<Self>(),
        states: &[#(#states),*],
        no_timeout: #no_timeout,
        no_undo: &[#(private::saga::messages_of::<#no_undo>()),*],
        settled: #settled,
        endless: <Self as private::Declared>::ENDLESS,
        fields: <Self as private::Declared>::FIELDS,
        form: <Self as private::Declared>::FORM,
        upgrades: <Self as private::Declared>::UPGRADES,
        renamed: &[#(#renamed),*],
        key: <Self as private::Declared>::KEY,
    }
}

fn retired(model: &Model<'_>) -> Vec<TokenStream> {
    let timers = model.retired_timers.iter().map(|handler| {
        let handler = handler.unraw().to_string();
        quote!(Retired::Timer(#handler))
    });
    let sends = model.retired_sends.iter().map(|RetiredSend { command, places }| {
        let places = self::places(places);
        quote!(private::saga::retired::<#command>(#places))
    });
    let states = model.retired.iter().map(|state| {
        let state = Literal::usize_unsuffixed(*state);
        quote!(Retired::State(#state))
    });
    timers.chain(sends).chain(states).collect()
}

/// The path as a person writes it.
fn key_path(KeyPath { message, fields }: &KeyPath) -> TokenStream {
    let fields = fields
        .iter()
        .map(|field| field.to_token_stream().to_string().replace(' ', ""));
    quote!(KeyPath { message: private::saga::message_of::<#message>(), path: &[#(#fields),*] })
}

fn numbers(states: &[usize]) -> TokenStream {
    let states = states.iter().map(|state| index(*state));
    quote!(&[#(#states),*])
}

/// A state's number as the data holds it.
fn index(state: usize) -> u16 {
    u16::try_from(state).unwrap_or(u16::MAX)
}

fn clause(clause: &Clause<'_>, roster: &Roster<'_>) -> TokenStream {
    let handler = clause.name().to_string();
    let trigger = trigger(clause, roster);
    let places = places(&clause.places);
    let branches = clause.branches.iter().map(|branch| self::branch(branch, roster));
    quote!(Clause { handler: #handler, trigger: #trigger, places: #places, branches: &[#(#branches),*] })
}

fn trigger(clause: &Clause<'_>, roster: &Roster<'_>) -> TokenStream {
    match (clause.trigger, clause.word()) {
        (Trigger::Message(item), Word::Start) => message_trigger(&quote!(Start), item, roster),
        (Trigger::Message(item), Word::Compensate) => message_trigger(&quote!(Compensate), item, roster),
        (Trigger::Message(item), _) => message_trigger(&quote!(On), item, roster),
        (Trigger::All(items), _) => {
            let items = items.iter().map(|item| self::item(item, roster));
            quote!(Trigger::All(&[#(#items),*]))
        }
        (Trigger::Delay(delay), Word::Every) => timer(&quote!(every), delay),
        (Trigger::Delay(delay), _) => timer(&quote!(after), delay),
        (Trigger::Due(_), _) => quote!(Trigger::At),
        (Trigger::Undone, _) => quote!(Trigger::Compensated),
    }
}

fn message_trigger(kind: &TokenStream, item: &Item, roster: &Roster<'_>) -> TokenStream {
    let item = self::item(item, roster);
    quote!(Trigger::#kind(#item))
}

fn timer(kind: &TokenStream, delay: &Delay) -> TokenStream {
    match wait(delay) {
        Ok(Wait::Constant(path)) => quote!(private::saga::#kind(#path)),
        Ok(Wait::Millis(millis)) => {
            quote!(private::saga::#kind(::core::time::Duration::from_millis(#millis)))
        }
        // Refused before; the stubs have no timers.
        Err(_) => quote!(private::saga::#kind(::core::time::Duration::MAX)),
    }
}

fn item(item: &Item, roster: &Roster<'_>) -> TokenStream {
    let [number, by_field] = roster.heard_as(&item.message);
    let of = command(item.of.as_ref());
    let arity = arity(item.arity);
    quote!(private::saga::item::<Self, #number, #by_field>(#of, #arity))
}

/// The command behind `of` or `to`.
fn command(command: Option<&Path>) -> TokenStream {
    match command {
        Some(command) => quote!(private::saga::command::<#command>()),
        None => quote!(::core::option::Option::None),
    }
}

fn arity(arity: Arity) -> TokenStream {
    match arity {
        Arity::One => quote!(Arity::One),
        Arity::Optional => quote!(Arity::Optional),
        Arity::Many => quote!(Arity::Many),
    }
}

fn places(places: &[Place]) -> TokenStream {
    let places = places.iter().map(|place| match place {
        Place::State(state) => {
            let state = index(*state);
            quote!(Place::State(#state))
        }
        Place::Rest => quote!(Place::Rest),
        Place::Compensate => quote!(Place::Compensate),
        Place::End => quote!(Place::End),
    });
    quote!(&[#(#places),*])
}

fn branch(branch: &Branch<'_>, roster: &Roster<'_>) -> TokenStream {
    let label = match &branch.written.label {
        Some(label) => {
            let label = label.to_string();
            quote!(::core::option::Option::Some(#label))
        }
        None => quote!(::core::option::Option::None),
    };
    let effects = branch
        .written
        .effects
        .iter()
        .map(|effect| self::effect(effect, roster));
    let target = target(branch.target);
    quote!(Branch { label: #label, effects: &[#(#effects),*], target: #target })
}

fn target(target: Option<Node>) -> TokenStream {
    let target = match target {
        None => return quote!(::core::option::Option::None),
        Some(Node::State(state)) => {
            let state = index(state);
            quote!(Target::State(#state))
        }
        Some(Node::Compensate) => quote!(Target::Compensate),
        Some(Node::End) => quote!(Target::End),
    };
    quote!(::core::option::Option::Some(#target))
}

fn effect(effect: &Effect, roster: &Roster<'_>) -> TokenStream {
    let number = roster.emitted(effect);
    let arity = arity(effect.arity);
    match effect.verb {
        Verb::Send => quote!(private::sends::<Self, 0, #number>(#arity)),
        Verb::Publish => quote!(private::publishes::<Self, 0, #number>(#arity)),
        Verb::Reply => {
            let to = command(effect.to.as_ref());
            quote!(private::saga::answers::<Self, #number>(#arity, #to))
        }
    }
}

fn exception(exception: &Exception<'_>, roster: &Roster<'_>) -> TokenStream {
    let how = match exception.how {
        Treatment::Ignore => quote!(Treatment::Ignore),
        Treatment::Defer => quote!(Treatment::Defer),
        Treatment::Unexpected => quote!(Treatment::Unexpected),
    };
    let item = item(exception.item, roster);
    let places = places(&exception.places);
    quote!(Exception { how: #how, item: #item, places: #places })
}
