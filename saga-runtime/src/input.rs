//! What a handler is given: the message that set it off, or the arrivals of a join.

use std::{any::Any, sync::Arc};

use crate::{
    context::Context,
    envelope::Envelope,
    error::HandlerError,
    message::{Incoming, MessageInfo},
};

/// The input of one handler.
pub struct Input<'a> {
    context: &'a Context,
    envelope: &'a Envelope,
    /// The message as read for its key, so that it is read once.
    decoded: Option<Box<dyn Any + Send + Sync>>,
    /// What a join collected, in order of arrival.
    arrivals: &'a [Arrived],
}

/// A message that a join collected.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The message.
    pub message: Arc<Envelope>,
    /// Of a reply: the wire name of the command it answers.
    pub of: Option<Arc<str>>,
}

impl<'a> Input<'a> {
    /// The input for a handler of one message.
    pub fn new(context: &'a Context, envelope: &'a Envelope) -> Self {
        Self {
            context,
            envelope,
            decoded: None,
            arrivals: &[],
        }
    }

    /// The input for a join.
    pub fn joined(context: &'a Context, envelope: &'a Envelope, arrivals: &'a [Arrived]) -> Self {
        Self {
            context,
            envelope,
            decoded: None,
            arrivals,
        }
    }

    /// With the message as it was read before.
    pub(crate) fn with_decoded(mut self, decoded: Option<Box<dyn Any + Send + Sync>>) -> Self {
        self.decoded = decoded;
        self
    }

    /// The message as it was read, for [`with_decoded`](Self::with_decoded).
    pub(crate) fn into_decoded(self) -> Option<Box<dyn Any + Send + Sync>> {
        self.decoded
    }

    /// The circumstances.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// The wire name of the message that set the handler off.
    pub fn name(&self) -> &str {
        &self.envelope.name
    }

    /// Whether the message is one of those `T` is read from.
    pub fn is<T: Incoming>(&self) -> bool {
        holds(T::MESSAGES, self.name())
    }

    /// Reads the message and keeps it, for asking it for its key.
    pub fn peek<T: Incoming>(&mut self) -> Result<&T, HandlerError> {
        if !self.decoded.as_ref().is_some_and(|decoded| decoded.is::<T>()) {
            self.decoded = Some(Box::new(T::read(self.envelope)?));
        }
        let decoded = self.decoded.as_ref().and_then(|decoded| decoded.downcast_ref());
        decoded.ok_or_else(|| HandlerError::new("the message was read as another type"))
    }

    /// The message.
    pub fn message<T: Incoming>(&mut self) -> Result<T, HandlerError> {
        match self
            .decoded
            .take()
            .map(Box::<dyn Any + Send + Sync>::downcast::<T>)
        {
            Some(Ok(decoded)) => Ok(*decoded),
            _ => T::read(self.envelope),
        }
    }

    /// The arrival of a join's plain item; with `of`, the reply to that command.
    pub fn one<T: Incoming>(&self, of: Option<&MessageInfo>) -> Result<T, HandlerError> {
        self.optional(of)?
            .ok_or_else(|| HandlerError::new("a join ran without one of its messages"))
    }

    /// The arrival of a join's `?` item; with `of`, the reply to that command.
    pub fn optional<T: Incoming>(&self, of: Option<&MessageInfo>) -> Result<Option<T>, HandlerError> {
        self.arrived::<T>(of).next().map(T::read).transpose()
    }

    /// The arrivals of a join's `*` item, in order of arrival; with `of`, the replies to that command.
    pub fn many<T: Incoming>(&self, of: Option<&MessageInfo>) -> Result<Vec<T>, HandlerError> {
        self.arrived::<T>(of).map(T::read).collect()
    }

    fn arrived<T: Incoming>(&self, of: Option<&MessageInfo>) -> impl Iterator<Item = &'a Envelope> {
        let answers = move |arrival: &&Arrived| of.is_none_or(|of| arrival.of.as_deref() == Some(of.name));
        self.arrivals
            .iter()
            .filter(answers)
            .map(|arrival| &*arrival.message)
            .filter(|message| holds(T::MESSAGES, &message.name))
    }
}

fn holds(messages: &[&'static MessageInfo], name: &str) -> bool {
    messages.iter().any(|info| info.name == name)
}
