//! Tests. The guides' snippets are compiled here.

#[cfg(doctest)]
#[doc = include_str!("../../docs/changing.md")]
mod changing {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
mod testing {}

pub mod chance;
pub mod guide;
#[cfg(feature = "nats")]
pub mod nats;
pub mod postgres;
pub mod process;
pub mod proxy;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
pub mod servers;
pub mod watch;
