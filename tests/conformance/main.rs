//! Every backend against the suites: one module per backend, one test per guarantee.

mod memory;
mod sqlite;
