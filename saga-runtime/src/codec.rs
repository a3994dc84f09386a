//! How bodies are written: JSON by default, postcard where compactness matters; both readable side by side.

use std::cell::RefCell;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{error::HandlerError, message::MessageInfo};

/// The format of a body, named in every envelope so that readers never guess.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// `application/json`: readable, and tolerant of added fields.
    #[default]
    Json,
    /// `application/x-postcard`: about half the size and twice the speed, but a changed field breaks stored messages.
    Postcard,
}

impl Codec {
    /// The content type that stands in the envelope.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Postcard => "application/x-postcard",
        }
    }

    /// The codec with this content type.
    pub fn from_content_type(text: &str) -> Option<Self> {
        [Self::Json, Self::Postcard]
            .into_iter()
            .find(|codec| codec.content_type() == text)
    }

    /// Writes `value`; `what` names it in the error.
    pub fn encode<T: Serialize>(self, what: &str, value: &T) -> Result<Bytes, HandlerError> {
        let written = with_scratch(|scratch| match self {
            Self::Json => serde_json::to_writer(scratch, value).map_err(|error| error.to_string()),
            Self::Postcard => extend(value, scratch).map_err(|error| error.to_string()),
        });
        written.map_err(|error| {
            let text = format!(
                "`{what}` could not be written as {}: {error}",
                self.content_type()
            );
            HandlerError::new(text)
        })
    }

    /// Reads a value; `what` names it in the error.
    pub fn decode<T: DeserializeOwned>(self, what: &str, body: &[u8]) -> Result<T, HandlerError> {
        let read = match self {
            Self::Json => serde_json::from_slice(body).map_err(|error| error.to_string()),
            Self::Postcard => postcard::from_bytes(body).map_err(|error| error.to_string()),
        };
        read.map_err(|error| {
            HandlerError::undecodable(format!(
                "`{what}` could not be read as {}: {error}",
                self.content_type()
            ))
        })
    }
}

thread_local! {
    /// Where bodies and rows are written before they are copied to their exact size: growing a new buffer for each
    /// costs more than the copy.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A scratch buffer larger than this is not kept.
const MAX_SCRATCH: usize = 64 << 10;

/// Writes into a buffer that is kept for the next time, and copies what was written.
pub(crate) fn with_scratch<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Bytes, E> {
    // Taken out for the time of writing: a value may write another one.
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let written = write(&mut scratch).map(|()| Bytes::copy_from_slice(&scratch));
    if scratch.capacity() <= MAX_SCRATCH {
        SCRATCH.set(scratch);
    }
    written
}

/// Appends a value in postcard.
pub(crate) fn extend<T: Serialize>(value: &T, buffer: &mut Vec<u8>) -> Result<(), postcard::Error> {
    *buffer = postcard::to_extend(value, std::mem::take(buffer))?;
    Ok(())
}

/// A message that has been written, with its type beside it.
#[derive(Clone, Debug)]
pub struct Payload {
    /// What it is.
    pub info: &'static MessageInfo,
    /// How the body is written.
    pub content_type: Codec,
    /// The body.
    pub body: Bytes,
}

impl Payload {
    /// Writes a message.
    pub fn of<M: crate::message::Message>(message: &M, codec: Codec) -> Result<Self, HandlerError> {
        Ok(Self {
            info: M::INFO,
            content_type: codec,
            body: M::BODY.write(codec, M::INFO.name, message)?,
        })
    }
}
