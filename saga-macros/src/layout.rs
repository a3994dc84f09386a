//! How serde writes a struct, as far as its attributes say: what a body needs, and under which names.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, ExprLit, Field, Fields, Index, Lit, Member, Result, Token, Type, ext::IdentExt,
    meta::ParseNestedMeta, token::Paren,
};

use crate::names::runtime;

/// A struct's fields as data, and how they make a body.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) form: TokenStream,
    pub(crate) fields: Vec<TokenStream>,
}

/// What serde's attributes say on the struct.
#[derive(Default)]
struct Container {
    strict: bool,
    custom: bool,
    default: bool,
    rename_all: Option<String>,
}

/// What serde's attributes say on a field.
#[derive(Default)]
struct Written {
    key: Option<String>,
    aliases: Vec<String>,
    default: bool,
    skipped: bool,
    with: Option<String>,
    /// It is read by a function, for which a missing `Option` is missing.
    read_with: bool,
}

impl Layout {
    pub(crate) fn of(attrs: &[Attribute], fields: &Fields) -> Self {
        let container = Container::read(attrs);
        let named = matches!(fields, Fields::Named(_));
        let fields_read = fields.iter().enumerate().filter_map(|(i, field)| {
            let written = Written::read(&field.attrs);
            (!written.skipped).then(|| info(i, field, &written, &container, named))
        });
        Self {
            form: form(&container, fields),
            fields: fields_read.collect(),
        }
    }
}

fn form(container: &Container, fields: &Fields) -> TokenStream {
    let runtime = runtime();
    let form = match fields {
        _ if container.custom => quote!(Custom),
        Fields::Named(_) if container.strict => quote!(Strict),
        Fields::Named(_) => quote!(Named),
        Fields::Unnamed(_) => quote!(Tuple),
        Fields::Unit => quote!(Unit),
    };
    quote!(#runtime::message::Form::#form)
}

fn info(i: usize, field: &Field, written: &Written, container: &Container, named: bool) -> TokenStream {
    let runtime = runtime();
    let member = field.ident.as_ref().map_or_else(
        || Member::Unnamed(Index::from(i)),
        |ident| Member::Named(ident.unraw()),
    );
    let name = member.to_token_stream().to_string();
    let ty = field.ty.to_token_stream().to_string();
    let key = written.key.clone().unwrap_or_else(|| container.rename(&name));
    let aliases = &written.aliases;
    let absent = named && is_option(&field.ty) && !written.read_with;
    let optional = absent || written.default || container.default;
    let with = match &written.with {
        Some(with) => quote!(::core::option::Option::Some(#with)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #runtime::message::FieldInfo {
            name: #name,
            ty: #ty,
            key: #key,
            aliases: &[#(#aliases),*],
            optional: #optional,
            with: #with,
        }
    }
}

fn is_option(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path
        .segments
        .last()
        .is_some_and(|last| last.ident == "Option")
}

impl Container {
    fn read(attrs: &[Attribute]) -> Self {
        let mut container = Self::default();
        each_word(attrs, |word, value| match word {
            "deny_unknown_fields" => container.strict = true,
            "default" => container.default = true,
            "from" | "into" | "try_from" | "remote" | "tag" => container.custom = true,
            "rename_all" => container.rename_all = value.serialized,
            _ => {}
        });
        container
    }

    /// The name of a field in a body, by serde's rules for fields.
    fn rename(&self, name: &str) -> String {
        let pascal = || -> String {
            let words = name.split('_').map(|word| {
                let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
                first.to_ascii_uppercase() + rest
            });
            words.collect()
        };
        match self.rename_all.as_deref() {
            Some("PascalCase") => pascal(),
            Some("camelCase") => {
                let pascal = pascal();
                let (first, rest) = pascal.split_at(pascal.chars().next().map_or(0, char::len_utf8));
                first.to_ascii_lowercase() + rest
            }
            Some("UPPERCASE" | "SCREAMING_SNAKE_CASE") => name.to_ascii_uppercase(),
            Some("kebab-case") => name.replace('_', "-"),
            Some("SCREAMING-KEBAB-CASE") => name.to_ascii_uppercase().replace('_', "-"),
            _ => name.to_owned(),
        }
    }
}

impl Written {
    fn read(attrs: &[Attribute]) -> Self {
        let mut written = Self::default();
        each_word(attrs, |word, value| match word {
            "rename" => {
                written.aliases.extend(value.deserialized);
                written.key = value.serialized;
            }
            "alias" => written.aliases.extend(value.serialized),
            "default" => written.default = true,
            "skip" => written.skipped = true,
            "with" => {
                written.with = value.serialized;
                written.read_with = true;
            }
            "serialize_with" => written.with = value.serialized,
            "deserialize_with" => written.read_with = true,
            _ => {}
        });
        written
    }
}

/// What stands behind a word: `= ".."`, or `(serialize = "..", deserialize = "..")`.
#[derive(Default)]
struct Value {
    serialized: Option<String>,
    /// Where it differs.
    deserialized: Option<String>,
}

/// Reads every word of `#[serde(..)]`. What cannot be read is for serde to refuse.
fn each_word(attrs: &[Attribute], mut take: impl FnMut(&str, Value)) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let _ = attr.parse_nested_meta(|meta| {
            let value = Value::read(&meta)?;
            if let Some(word) = meta.path.get_ident() {
                take(&word.to_string(), value);
            }
            Ok(())
        });
    }
}

impl Value {
    fn read(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut value = Self::default();
        if meta.input.peek(Token![=]) {
            value.serialized = text(meta)?;
        } else if meta.input.peek(Paren) {
            meta.parse_nested_meta(|inner| {
                let text = if inner.input.peek(Token![=]) {
                    text(&inner)?
                } else {
                    None
                };
                match inner.path.get_ident() {
                    Some(word) if word == "serialize" => value.serialized = text,
                    Some(word) if word == "deserialize" => value.deserialized = text,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(value)
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<Option<String>> {
    let expr: Expr = meta.value()?.parse()?;
    Ok(match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) => Some(text.value()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use syn::{ItemStruct, parse_quote};

    use super::*;

    /// The form, and each field without the spaces and paths of its tokens.
    fn layout(item: &ItemStruct) -> (String, Vec<String>) {
        let layout = Layout::of(&item.attrs, &item.fields);
        let tight = |tokens: &TokenStream| tokens.to_string().replace(' ', "");
        let short = |field: String| {
            let (_, fields) = field.split_once('{').unwrap_or_default();
            fields
                .trim_end_matches(",}")
                .replace("::core::option::Option::", "")
        };
        let form = tight(&layout.form)
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        (form, layout.fields.iter().map(tight).map(short).collect())
    }

    #[test]
    fn what_serde_needs_of_a_body_is_seen() {
        let (form, fields) = layout(&parse_quote! {
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            struct Order {
                order_id: String,
                note: Option<String>,
                #[serde(default = "one", alias = "count")]
                pieces: u32,
                #[serde(rename = "when", with = "time::rfc3339")]
                at: Option<Timestamp>,
                #[serde(skip)]
                cached: u64,
            }
        });
        assert_eq!(form, "Strict");
        let expected = [
            r#"name:"order_id",ty:"String",key:"orderId",aliases:&[],optional:false,with:None"#,
            r#"name:"note",ty:"Option<String>",key:"note",aliases:&[],optional:true,with:None"#,
            r#"name:"pieces",ty:"u32",key:"pieces",aliases:&["count"],optional:true,with:None"#,
            r#"name:"at",ty:"Option<Timestamp>",key:"when",aliases:&[],optional:false,with:Some("time::rfc3339")"#,
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn an_option_at_the_end_of_a_list_is_still_needed() {
        let (form, fields) = layout(&parse_quote!(
            struct Pair(u32, Option<u32>);
        ));
        assert_eq!(form, "Tuple");
        assert!(fields.iter().all(|field| field.contains("optional:false")));
        assert_eq!(
            layout(&parse_quote!(
                struct Nothing;
            ))
            .0,
            "Unit"
        );
        assert_eq!(
            layout(&parse_quote!(
                #[serde(try_from = "Raw")]
                struct Checked(u8);
            ))
            .0,
            "Custom"
        );
    }
}
