//! Tests. The guides' snippets are compiled here.

#[cfg(doctest)]
#[doc = include_str!("../../docs/changing.md")]
mod changing {}
