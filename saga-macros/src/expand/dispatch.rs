//! From a clause's number to the author's method, and from what it returns to effects.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Type};

use crate::{
    model::{Branch, Clause, Expected, Model, Param},
    names,
    parse::{Arity, Effect, Item, Trigger, Verb, Word},
};

use super::roster::Roster;

/// `fn start`
pub(super) fn start(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let runtime = names::runtime();
    let body = arms(model, roster, |clause| clause.word() == Word::Start);
    quote! {
        fn start(
            clause: usize,
            input: &mut #runtime::input::Input<'_>,
        ) -> ::core::result::Result<(Self, #runtime::effects::Effects), #runtime::HandlerError> {
            #body
        }
    }
}

/// `fn handle`
pub(super) fn handle(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let runtime = names::runtime();
    let body = arms(model, roster, |clause| {
        clause.word() != Word::Start && !clause.is_ended()
    });
    quote! {
        fn handle(
            &mut self,
            clause: usize,
            input: &mut #runtime::input::Input<'_>,
        ) -> ::core::result::Result<#runtime::effects::Effects, #runtime::HandlerError> {
            #body
        }
    }
}

/// `fn handle_ended`
pub(super) fn handle_ended(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let runtime = names::runtime();
    let body = arms(model, roster, |clause| clause.is_ended());
    quote! {
        fn handle_ended(
            clause: usize,
            input: &mut #runtime::input::Input<'_>,
        ) -> ::core::result::Result<#runtime::effects::Effects, #runtime::HandlerError> {
            #body
        }
    }
}

/// `fn due`
pub(super) fn due(model: &Model<'_>) -> TokenStream {
    let runtime = names::runtime();
    let arms = model
        .clauses
        .iter()
        .enumerate()
        .filter_map(|(number, clause)| match clause.trigger {
            Trigger::Due(due) => Some(quote!(#number => #runtime::private::saga::due(&(#due)),)),
            _ => None,
        });
    quote! {
        fn due(&self, clause: usize) -> ::core::option::Option<#runtime::Timestamp> {
            match clause {
                #(#arms)*
                _ => ::core::option::Option::None,
            }
        }
    }
}

fn arms(model: &Model<'_>, roster: &Roster<'_>, mine: fn(&Clause<'_>) -> bool) -> TokenStream {
    let runtime = names::runtime();
    let mine = model
        .clauses
        .iter()
        .enumerate()
        .filter(|(_, clause)| mine(clause));
    let arms = mine.map(|(number, clause)| {
        let run = run(number, clause, roster);
        quote!(#number => { #run })
    });
    quote! {
        use #runtime::private;
        match clause {
            #(#arms)*
            _ => private::saga::no_such_clause(clause),
        }
    }
}

/// Reads what the method takes, calls it and performs its outcome.
fn run(number: usize, clause: &Clause<'_>, roster: &Roster<'_>) -> TokenStream {
    let call = call(number, clause, roster);
    let starts = clause.word() == Word::Start;
    let outcome = Outcome::of(clause);
    let (pattern, ty) = (outcome.pattern(), outcome.ty(clause, roster));
    let perform = perform(number, clause, roster);
    let returned = match clause.shape.returns {
        Some(written) => quote!(private::saga::outcome::<#written, #ty>(#call)?),
        None => quote!(private::saga::outcome::<(), #ty>(#call)?),
    };
    let done = if starts {
        quote!((saga, effects))
    } else {
        quote!(effects)
    };
    let runtime = names::runtime();
    quote! {
        let #pattern = #returned;
        #[allow(unused_mut)]
        let mut effects = #runtime::effects::Effects::new(input.context());
        #perform
        ::core::result::Result::Ok(#done)
    }
}

/// `Self::billed(self, given(message(input)?), input.context())`
fn call(number: usize, clause: &Clause<'_>, roster: &Roster<'_>) -> TokenStream {
    let method = clause.name();
    let mut items = clause.trigger.items().iter().enumerate();
    let receiver = (clause.word() != Word::Start && !clause.is_ended()).then(|| quote!(self));
    let params = clause.shape.params.iter().map(|param| match param {
        Param::Context => quote!(input.context()),
        Param::Message(ty) => items
            .next()
            .map(|(place, item)| given(ty, [number, place], clause, item, roster))
            .unwrap_or_default(),
    });
    let arguments = receiver.into_iter().chain(params);
    quote!(Self::#method(#(#arguments),*))
}

/// `given::<OrderBilled, Message>(message(input)?)`: the author's type is compared with the clause's.
fn given(
    written: &Type,
    [clause_number, place]: [usize; 2],
    clause: &Clause<'_>,
    item: &Item,
    roster: &Roster<'_>,
) -> TokenStream {
    let read = match (clause.word(), item.arity) {
        (Word::All, Arity::One) => quote!(one),
        (Word::All, Arity::Optional) => quote!(optional),
        (Word::All, Arity::Many) => quote!(many),
        _ => quote!(message),
    };
    let of = (clause.word() == Word::All).then(|| {
        let joined = quote!(<Self as private::saga::Defined>::AS_DATA.clauses[#clause_number].trigger);
        quote!(, private::saga::of(&#joined, #place))
    });
    let [number, by_field] = roster.heard_as(&item.message);
    let message = several(
        item.arity,
        quote!(<Self as private::saga::Hears<#number, #by_field>>::Message),
    );
    let read = quote!(private::saga::#read::<Self, #number, #by_field>(input #of)?);
    quote!(private::saga::given::<#written, #message>(#read))
}

/// `M`, `Option<M>` or `Vec<M>`.
fn several(arity: Arity, message: TokenStream) -> TokenStream {
    match arity {
        Arity::One => message,
        Arity::Optional => quote!(::core::option::Option<#message>),
        Arity::Many => quote!(::std::vec::Vec<#message>),
    }
}

/// What a method returns: the saga if it starts one, then effects or a decision.
struct Outcome {
    names: Vec<Ident>,
}

impl Outcome {
    fn of(clause: &Clause<'_>) -> Self {
        let saga = (clause.word() == Word::Start).then(|| format_ident!("saga"));
        let rest = if clause.is_labelled() {
            vec![format_ident!("decision")]
        } else {
            let effects = clause
                .branches
                .first()
                .map_or(0, |branch| branch.written.effects.len());
            effect_names(effects)
        };
        Self {
            names: saga.into_iter().chain(rest).collect(),
        }
    }

    fn pattern(&self) -> TokenStream {
        let names = &self.names;
        match names.as_slice() {
            [one] => quote!(#one),
            _ => quote!((#(#names),*)),
        }
    }

    fn ty(&self, clause: &Clause<'_>, roster: &Roster<'_>) -> TokenStream {
        if clause.is_labelled() {
            return Expected::of(clause).outcome_type();
        }
        let saga = (clause.word() == Word::Start).then(|| quote!(Self));
        let effects = clause.branches.iter().flat_map(|branch| &branch.written.effects);
        let types: Vec<_> = saga
            .into_iter()
            .chain(effects.map(|effect| returned(effect, roster)))
            .collect();
        match types.as_slice() {
            [one] => one.clone(),
            _ => quote!((#(#types),*)),
        }
    }
}

fn effect_names(count: usize) -> Vec<Ident> {
    (0..count)
        .map(|number| format_ident!("effect_{number}"))
        .collect()
}

/// The type of an effect, by number.
fn returned(effect: &Effect, roster: &Roster<'_>) -> TokenStream {
    let number = roster.emitted(effect);
    let message = match effect.verb {
        Verb::Send => quote!(<Self as private::Sends<0, #number>>::Message),
        Verb::Publish => quote!(<Self as private::Publishes<0, #number>>::Message),
        Verb::Reply => quote!(<Self as private::saga::Answers<#number>>::Message),
    };
    several(effect.arity, message)
}

/// Performs the outcome: of the one branch, or of the one that was decided for.
fn perform(number: usize, clause: &Clause<'_>, roster: &Roster<'_>) -> TokenStream {
    let branches = clause.branches.iter().enumerate();
    if !clause.is_labelled() {
        return branches
            .map(|(place, branch)| emit(number, place, branch, roster))
            .collect();
    }
    let decision = clause.shape.label_enum(clause.word());
    let arms = branches.map(|(place, branch)| {
        let label = &branch.written.label;
        let names = effect_names(branch.written.effects.len());
        let fields = (!names.is_empty()).then(|| quote!((#(#names),*)));
        let emit = emit(number, place, branch, roster);
        quote!(#decision::#label #fields => { effects.branch(#place); #emit })
    });
    quote!(match decision { #(#arms)* })
}

fn emit(number: usize, place: usize, branch: &Branch<'_>, roster: &Roster<'_>) -> TokenStream {
    let effects = &branch.written.effects;
    let names = effect_names(effects.len());
    let emit = |(i, (effect, name)): (usize, (&Effect, Ident))| {
        let message = roster.emitted(effect);
        let each = if effect.arity == Arity::One {
            quote!([#name])
        } else {
            quote!(#name)
        };
        match effect.verb {
            Verb::Send => quote!(private::saga::send::<Self, #message>(&mut effects, #each)?;),
            Verb::Publish => quote!(private::saga::publish::<Self, #message>(&mut effects, #each)?;),
            Verb::Reply => {
                let to = quote!(<Self as private::saga::Defined>::AS_DATA.clauses[#number].branches[#place].effects[#i].to);
                quote!(private::saga::reply::<Self, #message>(&mut effects, #each, #to)?;)
            }
        }
    };
    effects.iter().zip(names).enumerate().map(emit).collect()
}
