//! Stub.
/// Stub.
#[derive(Debug)]
pub struct Sqlite;
