//! How bodies are written: JSON by default, postcard where compactness matters; both readable side by side.

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
        let written = match self {
            Self::Json => serde_json::to_vec(value).map_err(|error| error.to_string()),
            Self::Postcard => postcard::to_stdvec(value).map_err(|error| error.to_string()),
        };
        written.map(Bytes::from).map_err(|error| {
            HandlerError::new(format!(
                "`{what}` could not be written as {}: {error}",
                self.content_type()
            ))
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
            body: codec.encode(M::INFO.name, message)?,
        })
    }
}
