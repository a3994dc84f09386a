//! Stub.
/// Stub.
#[derive(Debug)]
pub struct QueueOver;
