//! A saga with mistakes, as stubs: it is still a saga to the rest of the program, so that one mistake makes no cascade.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{model::Model, names};

use super::definition;

/// `impl Saga` that names nothing the author may have got wrong.
pub(super) fn saga(model: &Model<'_>) -> TokenStream {
    let runtime = names::runtime();
    let saga = &model.written.saga;
    let (defined, definition) = (definition::stub(model), definition::taken_over());
    let result = quote!(::core::result::Result);
    quote! {
        #defined

        #[automatically_derived]
        impl #runtime::saga::Saga for #saga {
            type Endpoint = <Self as #runtime::private::Declared>::Endpoint;

            #definition

            fn key_of(_: &mut #runtime::input::Input<'_>) -> #result<#runtime::key::Key, #runtime::HandlerError> {
                #runtime::private::saga::does_not_compile()
            }

            fn start(
                _: usize,
                _: &mut #runtime::input::Input<'_>,
            ) -> #result<(Self, #runtime::effects::Effects), #runtime::HandlerError> {
                #runtime::private::saga::does_not_compile()
            }

            fn handle(
                &mut self,
                _: usize,
                _: &mut #runtime::input::Input<'_>,
            ) -> #result<#runtime::effects::Effects, #runtime::HandlerError> {
                #runtime::private::saga::does_not_compile()
            }

            fn handle_ended(
                _: usize,
                _: &mut #runtime::input::Input<'_>,
            ) -> #result<#runtime::effects::Effects, #runtime::HandlerError> {
                #runtime::private::saga::does_not_compile()
            }

            fn due(&self, _: usize) -> ::core::option::Option<#runtime::Timestamp> {
                ::core::option::Option::None
            }
        }
    }
}
