//! One saga type behind a trait object, so that the lanes carry sagas of all types.

use std::{any::Any, cmp::Ordering, marker::PhantomData};

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    codec::Codec, definition::Definition, effects::Effects, error::HandlerError, input::Input, key::Key,
    saga::Saga,
};

/// The data of an instance of a type the engine does not know.
pub(crate) type Data = Box<dyn Any + Send + Sync>;

pub(crate) trait AnySaga: Send + Sync {
    fn definition(&self) -> &'static Definition;
    fn key_of(&self, input: &mut Input<'_>) -> Result<Key, HandlerError>;
    fn start(&self, clause: usize, input: &mut Input<'_>) -> Result<(Data, Effects), HandlerError>;
    fn handle(&self, data: &mut Data, clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError>;
    fn handle_ended(&self, clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError>;
    fn due(&self, data: &Data, clause: usize) -> Option<Timestamp>;
    fn read(&self, version: u32, codec: Codec, bytes: &[u8]) -> Result<Data, HandlerError>;
    fn write(&self, codec: Codec, data: &Data) -> Result<Bytes, HandlerError>;
}

pub(crate) struct Erased<S>(PhantomData<fn() -> S>);

impl<S: Saga> Erased<S> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }

    fn of(data: &Data) -> Result<&S, HandlerError> {
        data.downcast_ref()
            .ok_or_else(|| HandlerError::new("the instance holds the data of another saga"))
    }
}

impl<S: Saga> AnySaga for Erased<S> {
    fn definition(&self) -> &'static Definition {
        S::DEFINITION
    }

    fn key_of(&self, input: &mut Input<'_>) -> Result<Key, HandlerError> {
        S::key_of(input)
    }

    fn start(&self, clause: usize, input: &mut Input<'_>) -> Result<(Data, Effects), HandlerError> {
        S::start(clause, input).map(|(saga, effects)| (Box::new(saga) as Data, effects))
    }

    fn handle(&self, data: &mut Data, clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError> {
        match data.downcast_mut::<S>() {
            Some(saga) => saga.handle(clause, input),
            None => Self::of(data).map(|_| Effects::new(input.context())),
        }
    }

    fn handle_ended(&self, clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError> {
        S::handle_ended(clause, input)
    }

    fn due(&self, data: &Data, clause: usize) -> Option<Timestamp> {
        Self::of(data).ok().and_then(|saga| saga.due(clause))
    }

    fn read(&self, version: u32, codec: Codec, bytes: &[u8]) -> Result<Data, HandlerError> {
        let Definition {
            name, version: known, ..
        } = *S::DEFINITION;
        let saga = match version.cmp(&known) {
            Ordering::Equal => codec.decode::<S>(name, bytes),
            Ordering::Less => S::read_older(version, codec, bytes),
            Ordering::Greater => Err(HandlerError::newer(name, version, known)),
        };
        saga.map(|saga| Box::new(saga) as Data)
    }

    fn write(&self, codec: Codec, data: &Data) -> Result<Bytes, HandlerError> {
        codec.encode(S::DEFINITION.name, Self::of(data)?)
    }
}
