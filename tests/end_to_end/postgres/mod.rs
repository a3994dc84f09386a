//! What only a server that many processes share can show: broken connections, several processes, set-up.

mod clock;
mod cut;
mod joining;
mod own_transaction;
mod processes;
mod refused;
mod setup;
mod tls;
mod upkeep;
