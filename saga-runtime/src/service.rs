//! A service, as the runtime sees it: stateless handlers of an endpoint, where I/O lives.

use std::{future::Future, pin::Pin};

use crate::{
    definition::ServiceDefinition, effects::Effects, error::ServiceError, input::Input, message::Endpoint,
};

/// A boxed future, so that services of all kinds fit one lane.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Stateless handlers of an endpoint.
///
/// `#[service]` writes this implementation. A handler runs at least once per message; whatever I/O it does should
/// carry [`Context::idempotency_key`](crate::Context::idempotency_key). Its effects happen once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    label = "not a service",
    note = "write `#[service(at = Endpoint)]` on an `impl {Self}` block"
)]
pub trait Service: Send + Sync + 'static {
    /// The endpoint it serves.
    type Endpoint: Endpoint;

    /// The whole service as data.
    const DEFINITION: &'static ServiceDefinition;

    /// Runs a handler, given as an index into [`ServiceDefinition::handlers`].
    fn handle<'a>(&'a self, handler: usize, input: Input<'a>)
    -> BoxFuture<'a, Result<Effects, ServiceError>>;
}
