//! Message-driven sagas: checked by the compiler, run as fast as the disk.

// Generated code names the crate by its own path, here and in doctests too.
#[allow(unused_extern_crates)] // used where the macros are
extern crate self as saga_runtime;

pub mod bus;
pub mod clock;
pub mod codec;
pub mod context;
pub mod dead_letter;
pub mod definition;
pub mod effects;
mod engine;
pub mod envelope;
pub mod error;
pub mod input;
pub mod inspect;
pub mod key;
pub mod limits;
pub mod message;
pub mod retry;
pub mod saga;
pub mod service;
#[doc(hidden)]
pub mod soundness;
pub mod store;
pub mod system;
mod telemetry;
pub mod testing;
pub mod transport;

#[doc(hidden)]
pub mod private;

pub use bus::Bus;
pub use context::Context;
pub use error::{Error, ErrorKind, HandlerError, ServiceError};
pub use jiff::Timestamp;
pub use message::{Command, Endpoint, Event, Message, Reply};
pub use saga_macros::{Command, Endpoint, Event, Reply, saga, service, system};

/// Everything a module of sagas and services needs.
pub mod prelude {
    pub use crate::{
        context::Context,
        error::{HandlerError, ServiceError},
        message::{Command, Endpoint, Event, Message, Reply},
        saga::Saga,
        service::Service,
    };
    pub use jiff::Timestamp;
    pub use saga_macros::{
        Command, Endpoint, Event, Reply, after, all, at, compensate, compensated, every, on, saga, service,
        start,
    };
    pub use serde::{Deserialize, Serialize};
}
