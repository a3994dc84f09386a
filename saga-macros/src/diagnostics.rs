//! Every mistake of one expansion, gathered so that a single build reports them all.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far, in the order found.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Vec<Error>,
    /// Something is wrong that rustc has told already.
    told: bool,
}

impl Diagnostics {
    /// Adds an error that already knows its place: one of syn's, or one made by [`refusal`].
    pub(crate) fn push(&mut self, error: Error) {
        self.errors.push(error);
    }

    /// Notes a mistake of which nothing is left to say: rustc, which reads the tokens first, has told it.
    pub(crate) fn is_told(&mut self) {
        self.told = true;
    }

    /// Keeps the value of a stage that may fail, and its error.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Adds the mistakes of another stage.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.errors.append(&mut other.errors);
        self.told |= other.told;
    }

    /// What is said of each.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
        self.errors.iter().map(Error::to_string)
    }

    /// Nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty() && !self.told
    }
}

impl Extend<Error> for Diagnostics {
    fn extend<I: IntoIterator<Item = Error>>(&mut self, errors: I) {
        self.errors.extend(errors);
    }
}

/// One `compile_error!` per mistake, each at its own token.
impl ToTokens for Diagnostics {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.errors.iter().map(Error::to_compile_error));
    }
}

/// An error with the caret under `at` that says what is wrong and what to do about it.
pub(crate) fn refusal(at: impl ToTokens, what: impl AsRef<str>, remedy: impl AsRef<str>) -> Error {
    Error::new_spanned(at, format!("{}\nremedy: {}", what.as_ref(), remedy.as_ref()))
}
