//! Stub.
/// Stub.
#[derive(Debug)]
pub struct MemoryTransport;
