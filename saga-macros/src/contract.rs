//! The derives of what travels and where to: endpoints, commands, replies and events.

mod command;
mod endpoint;
mod item;
mod message;
mod reply_enum;

pub(crate) use command::derive as command;
pub(crate) use endpoint::derive as endpoint;
pub(crate) use message::{derive_event as event, derive_reply as reply};
