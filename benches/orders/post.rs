//! The messages of an order as brokers carry them, headers and all, so that whoever sends by hand sends the same.

use std::sync::Arc;

use saga_runtime::{
    Timestamp,
    codec::Codec,
    envelope::{Address, Envelope, InstanceAddress, MessageId},
    message::MessageKind,
};
use uuid::Uuid;

use crate::sizes::BODY;

/// How many they are.
pub(crate) const MESSAGES: f64 = 6.0;

/// From the customer's command to the event at the end; what is in the bodies is nobody's concern.
pub(crate) fn of_an_order() -> [Envelope; 6] {
    let beginning = MessageId::random();
    let caller = Address {
        queue: format!("requester.{}", Uuid::new_v4()).into(),
        instance: None,
    };
    let order = InstanceAddress {
        saga: "Fulfilment".into(),
        key: Uuid::new_v4().to_string().into(),
        incarnation: u64::MAX >> 1,
    };
    let saga = Address {
        queue: "sales.replies".into(),
        instance: Some(order.clone()),
    };
    let message = |kind, name: &str| Envelope {
        id: MessageId::random(),
        kind,
        name: name.into(),
        version: 1,
        content_type: Codec::Json,
        created_at: Timestamp::now(),
        conversation: beginning,
        caused_by: Some(MessageId::random()),
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: None,
        headers: Default::default(),
        body: vec![b'x'; BODY].into(),
    };
    let command = |name, reply_to: &Address| Envelope {
        reply_to: Some(reply_to.clone()),
        ..message(MessageKind::Command, name)
    };
    let answer = |name| {
        let answer = message(MessageKind::Reply, name);
        Envelope {
            in_reply_to: answer.caused_by,
            to: Some(order.clone()),
            ..answer
        }
    };
    let placed = Envelope {
        id: beginning,
        caused_by: None,
        ..command("PlaceOrder", &caller)
    };
    [
        placed,
        command("BillOrder", &saga),
        answer("OrderBilled"),
        command("CreateShippingLabel", &saga),
        answer("ShippingLabelCreated"),
        message(MessageKind::Event, "OrderReadyToShip"),
    ]
}

/// The same again and again.
pub(crate) fn in_turn<T: Clone>(messages: [T; 6]) -> impl Iterator<Item = T> {
    let messages = Arc::new(messages);
    (0..).map(move |n: usize| messages[n % messages.len()].clone())
}
