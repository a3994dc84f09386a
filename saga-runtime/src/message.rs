//! What travels: commands, replies and events, and what is known of each at compile time.

use std::cmp::Ordering;

use serde::Serialize;

use crate::{
    codec::{Codec, Payload},
    envelope::Envelope,
    error::HandlerError,
    private,
};

/// A type that travels in an envelope. Derived by `Command`, `Reply` and `Event`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message",
    note = "derive `Command`, `Reply` or `Event` for `{Self}`, together with serde's `Serialize` and `Deserialize`"
)]
pub trait Message: Sized + Send + Sync + 'static {
    /// Everything known of the type without an instance of it.
    const INFO: &'static MessageInfo;
    /// How it is written and read, by serde. Written by the derives; no bound of this trait, so that a type without serde is
    /// told where it is derived, and not wherever it is named.
    #[doc(hidden)]
    const BODY: private::Body<Self>;
    /// What it is to whoever takes it. Written by the derives.
    #[doc(hidden)]
    type Kind: private::Kind<Self>;

    /// Reads a body of an older version. Written by the derives from `upgrade(1 = BillOrderV1)`; without it, refuses.
    fn read_older(version: u32, _: Codec, _: &[u8]) -> Result<Self, HandlerError> {
        Err(private::no_upgrade(Self::INFO.name, version, Self::INFO.version))
    }
}

/// Asks one endpoint to do something.
#[diagnostic::on_unimplemented(
    message = "S104: `{Self}` is not a command",
    label = "only a command can be sent",
    note = "derive `Command` and say whom it is for: `#[command(to = Endpoint)]`"
)]
pub trait Command: Message {
    /// The queue it is addressed to.
    type Endpoint: Endpoint;
    /// Its typed answer: the enum `<Command>Reply`, or [`NoReply`].
    type Reply: Replies;
}

/// The answer to a command.
#[diagnostic::on_unimplemented(
    message = "S104: `{Self}` is not a reply",
    label = "only a reply can be replied",
    note = "derive `Reply` and name it in the command's `replies(..)` or `refusals(..)`"
)]
pub trait Reply: Message {}

/// A fact, published to whoever subscribed.
#[diagnostic::on_unimplemented(
    message = "S104: `{Self}` is not an event",
    label = "only an event can be published",
    note = "derive `Event` for it"
)]
pub trait Event: Message {}

/// A named queue with handlers behind it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an endpoint",
    label = "not an endpoint",
    note = "derive `Endpoint` for it"
)]
pub trait Endpoint: 'static {
    /// The queue's name; replies to sagas living here arrive at `<NAME>.replies`.
    const NAME: &'static str;
}

/// Whatever a handler may take: a single message, or the reply enum of a command.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot trigger a handler",
    label = "neither a message nor the reply enum of a command",
    note = "derive `Command`, `Reply` or `Event` for `{Self}`"
)]
pub trait Incoming: Sized + Send + Sync + 'static {
    /// The messages it may be read from, in declaration order.
    const MESSAGES: &'static [&'static MessageInfo];

    /// Reads it from an envelope whose type is one of [`MESSAGES`](Self::MESSAGES).
    fn read(envelope: &Envelope) -> Result<Self, HandlerError>;
}

impl<M: Message> Incoming for M {
    const MESSAGES: &'static [&'static MessageInfo] = &[M::INFO];

    fn read(envelope: &Envelope) -> Result<Self, HandlerError> {
        let (codec, body) = (envelope.content_type, &envelope.body);
        match envelope.version.cmp(&M::INFO.version) {
            Ordering::Equal => M::BODY.read(codec, M::INFO.name, body),
            Ordering::Less => M::read_older(envelope.version, codec, body),
            Ordering::Greater => Err(HandlerError::newer(
                M::INFO.name,
                envelope.version,
                M::INFO.version,
            )),
        }
    }
}

/// The answer a service gives to a command: the generated reply enum.
pub trait Replies: Incoming {
    /// Encodes the variant that was chosen.
    fn payload(&self, codec: Codec) -> Result<Payload, HandlerError>;
}

/// The answer to a command that declares none. It has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {}

impl Incoming for NoReply {
    const MESSAGES: &'static [&'static MessageInfo] = &[];

    fn read(envelope: &Envelope) -> Result<Self, HandlerError> {
        Err(HandlerError::new(format!(
            "`{}` answers a command that declares no replies",
            envelope.name
        )))
    }
}

impl Replies for NoReply {
    fn payload(&self, _: Codec) -> Result<Payload, HandlerError> {
        match *self {}
    }
}

/// The three kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
pub enum MessageKind {
    /// Asks one endpoint to do something.
    Command,
    /// Answers a command.
    Reply,
    /// States a fact to whoever subscribed.
    Event,
}

/// Everything known of a message type at compile time.
///
/// Identity is the wire [`name`](Self::name): two types with one name are one message to a queue.
#[derive(Clone, Copy, Debug)]
pub struct MessageInfo {
    /// The name on the wire, `"BillOrder"` unless overridden.
    pub name: &'static str,
    /// Where the type is declared, `"shop::contracts::BillOrder"`: it tells two types of one name apart.
    pub declared: &'static str,
    /// The version on the wire, 1 unless overridden.
    pub version: u32,
    /// Command, reply or event.
    pub kind: MessageKind,
    /// Where a command is sent; `None` for replies and events.
    pub endpoint: Option<&'static str>,
    /// What a command may be answered with; empty for replies and events.
    pub replies: &'static [ReplyInfo],
    /// An event that is published outside the system.
    pub external: bool,
    /// An event that is meant for subscribers outside the system.
    pub outsiders: bool,
    /// The fields as declared, for schemas; without those that serde skips.
    pub fields: &'static [FieldInfo],
    /// How the fields make a body.
    pub form: Form,
    /// The older versions it can be read from, ascending: `upgrade(1 = BillOrderV1)`.
    pub upgrades: &'static [u32],
}

impl MessageInfo {
    /// The declared reply of this command with the given wire name.
    pub fn reply(&self, name: &str) -> Option<&'static ReplyInfo> {
        self.replies.iter().find(|reply| reply.message.name == name)
    }

    /// Whether whoever sends this command waits for an answer.
    pub const fn wants_reply(&self) -> bool {
        !self.replies.is_empty()
    }
}

impl PartialEq for MessageInfo {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for MessageInfo {}

/// One declared answer of a command.
#[derive(Clone, Copy, Debug)]
pub struct ReplyInfo {
    /// The reply.
    pub message: &'static MessageInfo,
    /// It says that the thing was *not* done, so that there is nothing to undo.
    pub refusal: bool,
}

/// One field of a message or of a saga's data, as its author wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The field's name (or its position in a tuple struct).
    pub name: &'static str,
    /// The type, as tokens separated the way rustc prints them: `"Vec < OrderLine >"`.
    pub ty: &'static str,
    /// Its name in the body: [`name`](Self::name), unless serde's `rename` or `rename_all` say otherwise.
    pub key: &'static str,
    /// Other names under which it is read: serde's `alias`.
    pub aliases: &'static [&'static str],
    /// A body without it can be read: it is an `Option`, or has serde's `default`.
    pub optional: bool,
    /// What writes it in place of its type: serde's `with` or `serialize_with`.
    pub with: Option<&'static str>,
}

impl FieldInfo {
    /// A field that serde's attributes say nothing of.
    pub const fn new(name: &'static str, ty: &'static str) -> Self {
        Self {
            name,
            ty,
            key: name,
            aliases: &[],
            optional: false,
            with: None,
        }
    }
}

/// How the fields of a struct make a body, as far as serde's attributes on the struct say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// An object with the fields by name; unknown ones are passed over.
    #[default]
    Named,
    /// An object with the fields by name; unknown ones are refused: `#[serde(deny_unknown_fields)]`.
    Strict,
    /// A tuple struct: a list, or the one value it wraps.
    Tuple,
    /// A struct without a body: `null`.
    Unit,
    /// Something else, by `#[serde(from = "..")]`, `into`, `try_from`, `remote` or `tag`: the fields do not tell.
    Custom,
}
