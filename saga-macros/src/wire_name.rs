//! Names on the wire: what they default to and what they may hold.

use proc_macro2::Ident;
use syn::{LitStr, ext::IdentExt};

use crate::diagnostics::{Diagnostics, refusal};

/// The longest name, in bytes: brokers bound the names of queues and subjects.
const MAX_BYTES: usize = 120;

const REMEDY: &str = "names are made of ASCII letters, digits and `-_.:/`";

/// The written name if it will do, else the default.
pub(crate) fn check(written: Option<LitStr>, default: String, errors: &mut Diagnostics) -> String {
    let Some(written) = written else { return default };
    let name = written.value();
    match complaint(&name) {
        None => name,
        Some(complaint) => {
            errors.push(refusal(&written, complaint, REMEDY));
            default
        }
    }
}

fn complaint(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    if name.is_empty() {
        Some("a name cannot be empty".into())
    } else if name.len() > MAX_BYTES {
        Some(format!("a name has at most {MAX_BYTES} characters"))
    } else {
        let other = name.chars().find(|&c| !allowed(c))?;
        Some(format!("a name cannot hold {other:?}"))
    }
}

/// The type's name as it stands: `"BillOrder"`.
pub(crate) fn of_type(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The type's name as queues are named: `CardPayments` is `"card-payments"`, `HTTPGateway` is `"http-gateway"`.
pub(crate) fn of_endpoint(ident: &Ident) -> String {
    let written: Vec<char> = of_type(ident).chars().collect();
    let mut name = String::new();
    for (i, &c) in written.iter().enumerate() {
        if starts_word(&written, i) {
            name.push('-');
        }
        if c == '_' {
            name.push('-')
        } else {
            name.extend(c.to_lowercase())
        }
    }
    name
}

/// An upper-case letter after a lower-case one or a digit, or the last of several that begins a word of its own.
fn starts_word(written: &[char], i: usize) -> bool {
    let Some(before) = i.checked_sub(1).map(|before| written[before]) else {
        return false;
    };
    let next_is_lower = written.get(i + 1).is_some_and(|next| next.is_lowercase());
    written[i].is_uppercase() && before != '_' && (!before.is_uppercase() || next_is_lower)
}

#[cfg(test)]
mod tests {
    use quote::format_ident;

    use super::*;

    #[test]
    fn endpoints_are_named_in_kebab_case() {
        for (written, expected) in [
            ("Sales", "sales"),
            ("CardPayments", "card-payments"),
            ("HTTPGateway", "http-gateway"),
            ("S3Store", "s3-store"),
            ("Old_Billing2", "old-billing2"),
        ] {
            assert_eq!(of_endpoint(&format_ident!("{written}")), expected);
        }
    }

    #[test]
    fn names_that_a_broker_could_not_carry_are_refused() {
        assert!(complaint("shop.orders:BillOrder/v2").is_none());
        assert!(complaint("").is_some_and(|text| text.contains("empty")));
        assert!(complaint("two words").is_some_and(|text| text.contains("' '")));
        assert!(complaint(&"x".repeat(121)).is_some_and(|text| text.contains("120")));
    }
}
