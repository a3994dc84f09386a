//! Message-driven sagas: checked by the compiler, run as fast as the disk.

pub mod clock;
pub mod codec;
pub mod context;
pub mod dead_letter;
pub mod definition;
pub mod effects;
pub mod envelope;
pub mod error;
pub mod input;
pub mod key;
pub mod limits;
pub mod message;
pub mod retry;
pub mod saga;
pub mod service;
pub mod store;
pub mod transport;
pub mod system;

#[doc(hidden)]
pub mod private;

pub use context::Context;
pub use error::{Error, ErrorKind, HandlerError, ServiceError};
pub use jiff::Timestamp;

/// Everything a module of sagas and services needs.
pub mod prelude {
    pub use crate::{
        context::Context,
        error::{HandlerError, ServiceError},
        message::{Command as _, Endpoint as _, Event as _, Message as _, Reply as _},
    };
    pub use jiff::Timestamp;
    pub use serde::{Deserialize, Serialize};
}
