//! What only a server that many processes share can show: broken connections, several processes, set-up.

mod cut;
mod joining;
mod processes;
mod setup;
