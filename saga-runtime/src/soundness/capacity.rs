//! How much one saga may hold, so that const evaluation stays quick and bounded.

/// Declared states.
pub const STATES: usize = 126;
/// Distinct messages, the replies of the commands sent included.
pub const MESSAGES: usize = 256;
/// Handlers.
pub const CLAUSES: usize = 256;
/// Outcomes of all handlers together.
pub const BRANCHES: usize = 512;
/// Effects of all outcomes together.
pub const EFFECTS: usize = 1024;
/// Commands with replies that the saga sends.
pub const REQUESTS: usize = 48;
/// Commands with replies that the saga takes.
pub const ASKERS: usize = 32;
/// Ways a message may come in: (command sent, reply), and each command and event taken.
pub const INPUTS: usize = 192;
/// `all(..)` clauses.
pub const JOINS: usize = 32;
/// Messages named by all `all(..)` clauses together.
pub const JOIN_ITEMS: usize = 128;
/// Distinct messages that `all(..)` clauses keep until they are complete.
pub const KEPT: usize = 64;
/// (state, handler) pairs of everything that is not a reply.
pub const ALWAYS: usize = 4096;
/// Configurations explored one by one; beyond, states are judged as wholes.
pub const CONFIGURATIONS: usize = 4096;

/// Declared states, `compensate` and `end`.
pub(super) const PLACES: usize = STATES + 2;
/// Distinct ways an outcome may turn out, given its `?` and `*`.
pub(super) const MOVES: usize = 2048;
/// Requests opened by all of those together.
pub(super) const SENDS: usize = 4096;
/// "None" where a number is kept in a byte.
pub(super) const NONE: u8 = u8::MAX;

/// What a saga has too much of.
#[derive(Clone, Copy)]
pub(super) struct Excess {
    pub(super) what: &'static str,
    pub(super) most: usize,
}

impl Excess {
    pub(super) const fn of(what: &'static str, most: usize) -> Self {
        Self { what, most }
    }
}
