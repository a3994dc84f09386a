//! The service in plain Rust. Each message is named once, in an impl that checks it; all else goes through that impl.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{Handler, Service};
use crate::{
    names::{placeless, runtime},
    parse::{Arity, Effect, Verb},
};

impl Service<'_> {
    pub(super) fn expand(&self) -> TokenStream {
        let messages = self
            .handlers
            .iter()
            .enumerate()
            .map(|(h, handler)| self.impl_handles(h, handler));
        let (service, member) = (self.impl_service(), self.impl_member());
        quote!(#(#messages)* #service #member)
    }

    /// `impl <generated trait> for Desk { content }`
    fn implement(&self, generated_trait: &TokenStream, content: &TokenStream) -> TokenStream {
        let (parameters, _, where_clause) = self.item.generics.split_for_impl();
        let self_ty = &self.item.self_ty;
        quote! {
            #[automatically_derived]
            impl #parameters #generated_trait for #self_ty #where_clause { #content }
        }
    }

    /// What a handler takes and emits.
    fn impl_handles(&self, h: usize, handler: &Handler) -> TokenStream {
        let (runtime, message) = (runtime(), &handler.message);
        let takes = self.implement(
            &quote!(#runtime::private::Handles<#h>),
            &quote!(type Message = #message;),
        );
        let emits = handler.effects.iter().enumerate().map(|(n, effect)| {
            let message = &effect.message;
            let emits = match effect.verb {
                Verb::Publish => quote!(#runtime::private::Publishes<#h, #n>),
                Verb::Send | Verb::Reply => quote!(#runtime::private::Sends<#h, #n>),
            };
            self.implement(&emits, &quote!(type Message = #message;))
        });
        quote!(#takes #(#emits)*)
    }

    fn impl_member(&self) -> TokenStream {
        let runtime = runtime();
        let part = quote! {
            const PART: #runtime::system::Part =
                #runtime::system::Part::Service(<Self as #runtime::service::Service>::DEFINITION);
        };
        self.implement(&quote!(#runtime::system::Member), &part)
    }

    fn impl_service(&self) -> TokenStream {
        let runtime = runtime();
        let nowhere = quote!(#runtime::private::Nowhere);
        let endpoint = self
            .endpoint
            .as_ref()
            .map_or(nowhere, |endpoint| quote!(#endpoint));
        let (definition, handle) = (self.definition(), self.handle());
        let content = quote!(type Endpoint = #endpoint; #definition #handle);
        self.implement(&quote!(#runtime::service::Service), &content)
    }

    fn definition(&self) -> TokenStream {
        let (runtime, name) = (runtime(), &self.name);
        // Without handlers, its system is not searched for what seems to be missing.
        let handlers = self
            .handlers
            .iter()
            .enumerate()
            .filter(|_| !self.faulty)
            .map(|(h, handler)| handler.definition(h));
        quote! {
            const DEFINITION: &'static #runtime::definition::ServiceDefinition = {
                use #runtime::{definition::{Arity, ServiceDefinition, ServiceHandler}, private};
                &ServiceDefinition {
                    name: #name,
                    endpoint: private::served_by::<Self>(),
                    handlers: &[#(#handlers),*],
                }
            };
        }
    }

    fn handle(&self) -> TokenStream {
        let runtime = runtime();
        let arms = self
            .handlers
            .iter()
            .enumerate()
            .map(|(h, handler)| handler.arm(h));
        let input = if self.handlers.is_empty() {
            quote!(_)
        } else {
            quote!(mut input)
        };
        quote! {
            fn handle<'a>(
                &'a self,
                handler: usize,
                #input: #runtime::input::Input<'a>,
            ) -> #runtime::service::BoxFuture<
                'a,
                ::core::result::Result<#runtime::effects::Effects, #runtime::ServiceError>,
            > {
                use #runtime::{effects::Effects, private};
                match handler {
                    #(#arms)*
                    other => private::no_such_handler::<Self>(other),
                }
            }
        }
    }
}

impl Handler {
    /// The handler as data.
    fn definition(&self, h: usize) -> TokenStream {
        let method = self.method.to_string();
        let effects = self
            .effects
            .iter()
            .enumerate()
            .map(|(n, effect)| effect_definition(h, n, effect));
        quote! {
            ServiceHandler { handler: #method, message: private::handled::<Self, #h>(), effects: &[#(#effects),*] }
        }
    }

    /// Reads the message, runs the method, emits what it returned.
    fn arm(&self, h: usize) -> TokenStream {
        let call = self.call(h);
        let returns = &self.returns;
        let outcomes: Vec<Ident> = (0..self.effects.len())
            .map(|n| format_ident!("effect_{n}"))
            .collect();
        let types = self.effects.iter().map(Effect::returned);
        let emits = self
            .effects
            .iter()
            .zip(&outcomes)
            .enumerate()
            .map(|(n, (effect, outcome))| emit(h, n, effect, outcome));
        quote! {
            #h => ::std::boxed::Box::pin(async move {
                let mut effects = Effects::new(input.context());
                let message = private::message::<Self, #h>(&mut input)?;
                let returned = #call.await;
                let (answer, (#(#outcomes,)*)) =
                    private::yielded::<#returns, Self, #h, (#(#types,)*)>(returned)?;
                private::answer(&mut effects, answer)?;
                #(#emits)*
                ::core::result::Result::Ok(effects)
            }),
        }
    }

    fn call(&self, h: usize) -> TokenStream {
        let (method, parameter) = (placeless(&self.method), &self.parameter);
        let context = self
            .context
            .as_ref()
            .map(|ty| quote!(private::asked::<#ty>(input.context())));
        quote!(Self::#method(self, private::taken::<#parameter, Self, #h>(message), #context))
    }
}

fn effect_definition(h: usize, n: usize, effect: &Effect) -> TokenStream {
    let arity = match effect.arity {
        Arity::One => quote!(Arity::One),
        Arity::Optional => quote!(Arity::Optional),
        Arity::Many => quote!(Arity::Many),
    };
    match effect.verb {
        Verb::Publish => quote!(private::publishes::<Self, #h, #n>(#arity)),
        Verb::Send | Verb::Reply => quote!(private::sends::<Self, #h, #n>(#arity)),
    }
}

fn emit(h: usize, n: usize, effect: &Effect, outcome: &Ident) -> TokenStream {
    let messages = match effect.arity {
        Arity::One => quote!([#outcome]),
        Arity::Optional | Arity::Many => quote!(#outcome),
    };
    match effect.verb {
        Verb::Publish => quote!(private::publish::<Self, #h, #n>(&mut effects, #messages)?;),
        Verb::Send | Verb::Reply => quote!(private::send::<Self, #h, #n>(&mut effects, #messages)?;),
    }
}
