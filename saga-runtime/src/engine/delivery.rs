//! How a message comes to an instance: which one it is for, and what comes again once the instance has moved on.

use std::{any::Any, sync::Arc};

use jiff::Timestamp;

use super::{Emission, Engine, Failure, Message, Slot, Verdict, step};
use crate::{
    dead_letter::Reason,
    envelope::{Envelope, MessageId},
    input::Input,
    key::Key,
    message::MessageKind,
    store::InstanceId,
};

/// A message that was set aside, and why.
#[derive(Clone, Debug)]
pub(crate) struct SetAside {
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

/// What a message was read as when its key was asked.
pub(crate) type Decoded = Option<Box<dyn Any + Send + Sync>>;

impl Engine {
    /// The instance a message is for, and the message as it was read to find that out.
    pub(crate) fn instance_of(&self, envelope: &Arc<Envelope>) -> Result<(InstanceId, Decoded), Failure> {
        let saga = Arc::clone(&self.name);
        if let Some(to) = &envelope.to {
            let key = Arc::clone(&to.key);
            return Ok((InstanceId { saga, key }, None));
        }
        if envelope.kind == MessageKind::Reply {
            let detail = format!(
                "reply `{}` does not say which instance of `{saga}` it is for",
                envelope.name
            );
            return Err(Failure::new(Reason::NoOpenRequest, detail));
        }
        let (key, decoded) = self.key_of(envelope)?;
        let key = key.into();
        Ok((InstanceId { saga, key }, decoded))
    }

    /// The key of a command or event, and the message as it was read for it.
    fn key_of(&self, envelope: &Arc<Envelope>) -> Result<(Key, Decoded), Failure> {
        let context = self.context(envelope, None, envelope.created_at, 0);
        let mut input = Input::new(&context, envelope);
        let key = step::guarded(|| self.saga.key_of(&mut input))?;
        Ok((key, input.into_decoded()))
    }

    /// Deferred messages whose state was left come again; what of them is set aside. `doomed` names those that failed
    /// before.
    pub(crate) fn deliver_ripe(
        &self,
        slot: &mut Slot,
        id: &InstanceId,
        now: Timestamp,
        doomed: &dyn Fn(MessageId) -> Option<(Reason, String)>,
        out: &mut Vec<Emission>,
    ) -> Result<Vec<SetAside>, (MessageId, Failure)> {
        let mut aside = Vec::new();
        while let Some(envelope) = self.ripe(slot) {
            let dead = match doomed(envelope.id) {
                Some(dead) => Some(dead),
                None => {
                    let message = Message {
                        envelope: &envelope,
                        decoded: None,
                        waited: true,
                        attempt: 0,
                    };
                    match self.deliver(slot, id, message, now, out) {
                        Ok(Verdict::Dead(reason, detail)) => Some((reason, detail)),
                        Ok(_) => None,
                        Err(failure) => return Err((envelope.id, failure)),
                    }
                }
            };
            aside.extend(dead.map(|(reason, detail)| SetAside {
                envelope,
                reason,
                detail,
            }));
        }
        Ok(aside)
    }

    /// The next deferred message whose state was left since.
    fn ripe(&self, slot: &mut Slot) -> Option<Arc<Envelope>> {
        let Slot::Live(instance) = slot else { return None };
        let book = &mut instance.book;
        let (entered, ended) = (book.entered, instance.ended);
        let at = book
            .deferred
            .iter()
            .position(|deferred| ended || deferred.entered != entered)?;
        Some(book.deferred.remove(at).envelope)
    }
}
