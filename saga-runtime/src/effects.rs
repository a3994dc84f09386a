//! What a handler wants done: messages to emit and the branch it took. Decided purely, performed by the runtime.

use crate::{
    codec::{Codec, Payload},
    context::Context,
    error::HandlerError,
    message::{Command, Event, Message, MessageInfo, Replies, Reply},
};

/// The outcome of one handler.
#[derive(Clone, Debug)]
pub struct Effects {
    pub(crate) codec: Codec,
    pub(crate) branch: usize,
    pub(crate) outputs: Vec<Output>,
}

/// One message to emit.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Send(Payload),
    Publish(Payload),
    Reply {
        payload: Payload,
        to: Option<&'static MessageInfo>,
    },
}

impl Output {
    pub(crate) fn payload(&self) -> &Payload {
        match self {
            Self::Send(payload) | Self::Publish(payload) | Self::Reply { payload, .. } => payload,
        }
    }
}

impl Effects {
    /// Nothing to emit, first branch.
    pub fn new(context: &Context) -> Self {
        Self {
            codec: context.codec(),
            branch: 0,
            outputs: Vec::new(),
        }
    }

    /// The branch that was taken: an index into [`Clause::branches`](crate::definition::Clause::branches).
    pub fn branch(&mut self, branch: usize) -> &mut Self {
        self.branch = branch;
        self
    }

    /// Sends a command to its endpoint.
    pub fn send<C: Command>(&mut self, command: &C) -> Result<&mut Self, HandlerError> {
        let payload = self.payload(command)?;
        self.outputs.push(Output::Send(payload));
        Ok(self)
    }

    /// Sends each of the commands: an `Option` or a `Vec`.
    pub fn send_each<C: Command>(
        &mut self,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<&mut Self, HandlerError> {
        for command in commands {
            self.send(&command)?;
        }
        Ok(self)
    }

    /// Publishes an event.
    pub fn publish<E: Event>(&mut self, event: &E) -> Result<&mut Self, HandlerError> {
        let payload = self.payload(event)?;
        self.outputs.push(Output::Publish(payload));
        Ok(self)
    }

    /// Publishes each of the events: an `Option` or a `Vec`.
    pub fn publish_each<E: Event>(
        &mut self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<&mut Self, HandlerError> {
        for event in events {
            self.publish(&event)?;
        }
        Ok(self)
    }

    /// Answers whoever waits for the command that declares `R`.
    pub fn reply<R: Reply>(&mut self, reply: &R) -> Result<&mut Self, HandlerError> {
        let payload = self.payload(reply)?;
        self.outputs.push(Output::Reply { payload, to: None });
        Ok(self)
    }

    /// Answers whoever waits with each of the replies: an `Option` or a `Vec`.
    pub fn reply_each<R: Reply>(
        &mut self,
        replies: impl IntoIterator<Item = R>,
    ) -> Result<&mut Self, HandlerError> {
        for reply in replies {
            self.reply(&reply)?;
        }
        Ok(self)
    }

    /// Answers the senders waiting for command `C`.
    pub fn reply_to<C: Command, R: Reply>(&mut self, reply: &R) -> Result<&mut Self, HandlerError> {
        let payload = self.payload(reply)?;
        self.outputs.push(Output::Reply {
            payload,
            to: Some(C::INFO),
        });
        Ok(self)
    }

    /// Answers the senders waiting for command `C` with each of the replies.
    pub fn reply_each_to<C: Command, R: Reply>(
        &mut self,
        replies: impl IntoIterator<Item = R>,
    ) -> Result<&mut Self, HandlerError> {
        for reply in replies {
            self.reply_to::<C, R>(&reply)?;
        }
        Ok(self)
    }

    /// A service's typed answer to the command it is handling.
    pub fn answer<R: Replies>(&mut self, reply: &R) -> Result<&mut Self, HandlerError> {
        let payload = reply.payload(self.codec)?;
        self.outputs.push(Output::Reply { payload, to: None });
        Ok(self)
    }

    fn payload<M: Message>(&self, message: &M) -> Result<Payload, HandlerError> {
        Payload::of(message, self.codec)
    }
}
