//! `#[service]`: handlers of an endpoint become a `Service`.

mod expand;
mod handler;
mod item;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Path, Type, ext::IdentExt};

use self::{handler::Handler, item::ServiceItem};
use crate::{
    diagnostics::{Diagnostics, refusal},
    wire_name,
    words::Words,
};

const WORDS: &[&str] = &["at", "name"];

/// The user's impl block, and the service it describes.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let Some(item) = errors.keep(syn::parse2::<ServiceItem>(item.clone())) else {
        return quote!(#errors #item);
    };
    let service = Service::read(args, &item, &mut errors);
    let original = item.without_annotations();
    let service = service.map(|service| service.expand());
    quote!(#original #service #errors)
}

/// A service as written, without the handlers that have a mistake.
struct Service<'a> {
    item: &'a ServiceItem,
    /// `None` where it was left out, which has been reported; there are no handlers then.
    endpoint: Option<Path>,
    name: String,
    handlers: Vec<Handler>,
    /// It has a mistake, which has been reported.
    faulty: bool,
}

impl<'a> Service<'a> {
    /// `None` where it is no service at all, which has been reported.
    fn read(args: TokenStream, item: &'a ServiceItem, errors: &mut Diagnostics) -> Option<Self> {
        if item.refuse_trait(errors) {
            return None;
        }
        let mut words = Words::of_tokens(args, "`#[service(..)]`", WORDS, errors);
        let endpoint = endpoint(item, &mut words, errors);
        let name = wire_name::check(words.text("name", errors), type_name(&item.self_ty), errors);
        let mut handlers = item.handlers(errors);
        item.refuse_nothing_handled(errors);
        refuse_repetition(&mut handlers, errors);
        if endpoint.is_none() {
            handlers.clear();
        }
        Some(Self {
            item,
            endpoint,
            name,
            handlers,
            faulty: !errors.is_empty(),
        })
    }
}

fn endpoint(item: &ServiceItem, words: &mut Words, errors: &mut Diagnostics) -> Option<Path> {
    match words.take("at") {
        Some(word) => word.assigned("the type of an endpoint", "Endpoint", errors),
        None => {
            let what = "the service does not say which endpoint it serves";
            errors.push(refusal(&item.self_ty, what, "write `#[service(at = Endpoint)]`"));
            None
        }
    }
}

/// `"BillingDesk"` for `desks::BillingDesk<Gateway>`.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|last| last.ident.unraw().to_string()),
        _ => None,
    }
    .unwrap_or_default()
}

/// Keeps the first handler of each message, and reports the others.
fn refuse_repetition(handlers: &mut Vec<Handler>, errors: &mut Diagnostics) {
    let mut seen: Vec<Path> = Vec::new();
    handlers.retain(|handler| {
        let repeated = seen.contains(&handler.message);
        if repeated {
            let what = "S002: the service handles this message twice";
            errors.push(refusal(
                &handler.message,
                what,
                "keep one of the handlers, and let it do both",
            ));
        } else {
            seen.push(handler.message.clone());
        }
        !repeated
    });
}
