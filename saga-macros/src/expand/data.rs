//! `#[saga]` on the struct: where the saga lives and what identifies an instance.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Type, ext::IdentExt};

use crate::{
    layout::Layout,
    model::shown,
    names::{self, field_number},
    parse::Data,
    upgrade,
};

/// The hidden implementations beside the struct.
pub(crate) fn data(data: &Data) -> TokenStream {
    let declared = declared(data);
    let keyed = if data.key.is_empty() {
        keyed_by_nothing(&data.ident)
    } else {
        keyed(data)
    };
    quote! {
        const _: () = {
            #declared
            #keyed
        };
    }
}

/// `impl Declared for Fulfilment`
fn declared(data: &Data) -> TokenStream {
    let runtime = names::runtime();
    let Data {
        ident,
        name,
        version,
        endless,
        layout: Layout { form, fields },
        ..
    } = data;
    let upgrades = upgrade::versions(&data.upgrades);
    let read_older = upgrade::read_older(&data.upgrades, &quote!(#name), *version);
    let key = key_type(data);
    let fields_of_key = data.key.iter().map(|(field, ty)| {
        let (field, ty) = (field.unraw().to_string(), shown(ty));
        quote!(#runtime::message::FieldInfo::new(#field, #ty))
    });
    let endpoint = match &data.endpoint {
        Some(endpoint) => quote!(#endpoint),
        None => quote!(#runtime::private::Nowhere),
    };
    quote! {
        #[automatically_derived]
        impl #runtime::private::Declared for #ident {
            type Endpoint = #endpoint;
            type Key<'a> = #key;
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const ENDLESS: bool = #endless;
            const FORM: #runtime::message::Form = #form;
            const FIELDS: &'static [#runtime::message::FieldInfo] = &[#(#fields),*];
            const KEY: &'static [#runtime::message::FieldInfo] = &[#(#fields_of_key),*];
            const UPGRADES: &'static [u32] = #upgrades;

            #read_older
        }
    }
}

/// `&'a OrderId`, or a tuple of such.
fn key_type(data: &Data) -> TokenStream {
    let types: Vec<_> = data.key.iter().map(|(_, ty)| quote!(&'a #ty)).collect();
    match types.as_slice() {
        [one] => one.clone(),
        _ => quote!((#(#types),*)),
    }
}

/// `impl Keyed<M> for Fulfilment`, for every `M` with the fields. A trait of the saga's own stands between, because its
/// message can name the field where `Field<1234567>` could not.
fn keyed(data: &Data) -> TokenStream {
    let runtime = names::runtime();
    let Data { ident, key, .. } = data;
    let (message, label, note) = texts(ident, key);
    let bounds: Vec<_> = key.iter().map(|(field, ty)| bound(field, ty)).collect();
    let gets: Vec<_> = key.iter().map(get).collect();
    let key_type = key_type(data);
    let value = match gets.as_slice() {
        [one] => one.clone(),
        _ => quote!((#(#gets),*)),
    };
    quote! {
        #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
        pub trait CarriesKey {
            fn key<'a>(&'a self) -> #key_type;
        }

        #[diagnostic::do_not_recommend]
        #[automatically_derived]
        impl<M: #(#bounds)+*> CarriesKey for M {
            fn key<'a>(&'a self) -> #key_type {
                #value
            }
        }

        #[automatically_derived]
        impl<M: CarriesKey> #runtime::private::Keyed<M> for #ident {
            fn key(message: &M) -> <Self as #runtime::private::Declared>::Key<'_> {
                CarriesKey::key(message)
            }
        }
    }
}

/// Which field is the key could not be read, and that was said: it stays the only error.
fn keyed_by_nothing(saga: &Ident) -> TokenStream {
    let runtime = names::runtime();
    quote! {
        #[automatically_derived]
        impl<M> #runtime::private::Keyed<M> for #saga {
            fn key(_: &M) -> <Self as #runtime::private::Declared>::Key<'_> {}
        }
    }
}

fn bound(field: &Ident, ty: &Type) -> TokenStream {
    let runtime = names::runtime();
    let number = field_number(field);
    quote!(#runtime::private::Field<#number, #ty>)
}

fn get((field, ty): &(Ident, Type)) -> TokenStream {
    let runtime = names::runtime();
    let number = field_number(field);
    quote!(<M as #runtime::private::Field<#number, #ty>>::get(self))
}

fn texts(saga: &Ident, key: &[(Ident, Type)]) -> (String, String, String) {
    let fields: Vec<String> = key
        .iter()
        .map(|(field, ty)| format!("`{field}: {}`", escaped(ty)))
        .collect();
    let fields = fields.join(" and ");
    let message = format!("S103: `{{Self}}` has no field {fields}, the key of saga `{saga}`");
    let label = format!("no instance of `{saga}` can be found for it");
    let note = format!(
        "add {fields} to `{{Self}}`, or say where the key is: `by({{Self}} = path.to.field)` in `#[saga(..)]` on the impl block"
    );
    (message, label, note)
}

/// The type in words, for a text in which braces mean something.
fn escaped(ty: &Type) -> String {
    shown(ty).replace('{', "{{").replace('}', "}}")
}
