//! A system as an AsyncAPI 3.0 document: its queues are channels, what its parts send and take are operations.

use serde_json::{Map, Value, json};

use super::{
    notation,
    parties::Party,
    routing_table::{Route, RoutingTable},
};
use crate::message::{MessageInfo, MessageKind};

mod schema;

/// The channel of answers to whoever asked: its address is in the command's header.
const CALLERS: &str = "callers";

pub(super) fn document(table: &RoutingTable) -> Value {
    let mut document = Document::default();
    for route in &table.routes {
        document.add(route);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": table.system, "version": "1" },
        "defaultContentType": "application/json",
        "channels": document.channels,
        "operations": document.operations,
        "components": {
            "messages": document.messages,
            "messageTraits": { "envelope": envelope() },
        },
    })
}

#[derive(Default)]
struct Document {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
}

impl Document {
    fn add(&mut self, route: &Route) {
        self.add_message(route.message);
        let message = route.message;
        match message.kind {
            MessageKind::Command => {
                let queue = message.endpoint.unwrap_or_default();
                self.add_channel(queue, Some(queue), message);
                self.add_sender(route, queue);
                self.add_taker(route, queue);
            }
            MessageKind::Event => {
                let topic = format!("events.{}", message.name);
                self.add_channel(&topic, Some(message.name), message);
                self.add_sender(route, &topic);
                self.add_taker(route, &topic);
            }
            // Said with the operation that it answers.
            MessageKind::Reply => {}
        }
    }

    fn add_message(&mut self, message: &MessageInfo) {
        let described = json!({
            "name": message.name,
            "title": message.name,
            "summary": format!("{}, version {}", notation::kind(message.kind), message.version),
            "traits": [{ "$ref": "#/components/messageTraits/envelope" }],
            "payload": schema::payload(message),
        });
        self.messages.entry(key(message.name)).or_insert(described);
    }

    fn add_channel(&mut self, name: &str, address: Option<&str>, message: &MessageInfo) {
        let channel = self
            .channels
            .entry(key(name))
            .or_insert_with(|| json!({ "address": address, "messages": {} }));
        let message = key(message.name);
        channel["messages"][&message] = json!({ "$ref": format!("#/components/messages/{message}") });
    }

    fn add_sender(&mut self, route: &Route, channel: &str) {
        let (Party::Saga { name, .. } | Party::Service { name, .. }) = route.from else {
            return;
        };
        let mut operation = operation("send", channel, route.message);
        if let Party::Saga { endpoint, .. } = route.from
            && route.message.wants_reply()
        {
            let queue = crate::engine::replies_queue(endpoint);
            operation["reply"] = self.reply(&queue, Some(&queue), route.message);
        }
        self.add_operation(name, "send", route.message, operation);
    }

    fn add_taker(&mut self, route: &Route, channel: &str) {
        let (Party::Saga { name, .. } | Party::Service { name, .. }) = route.to else {
            return;
        };
        let mut operation = operation("receive", channel, route.message);
        if route.message.wants_reply() {
            operation["reply"] = self.reply(CALLERS, None, route.message);
            operation["reply"]["address"] = json!({
                "location": "$message.header#/saga-reply-to-queue",
                "description": "The queue of whoever asked",
            });
        }
        self.add_operation(name, "receive", route.message, operation);
    }

    fn add_operation(&mut self, part: &str, verb: &str, message: &MessageInfo, operation: Value) {
        let name = format!("{}.{verb}.{}", key(part), key(message.name));
        self.operations.insert(name, operation);
    }

    fn reply(&mut self, channel: &str, address: Option<&str>, command: &MessageInfo) -> Value {
        for reply in command.replies {
            self.add_message(reply.message);
            self.add_channel(channel, address, reply.message);
        }
        let replies = command.replies.iter();
        let messages: Vec<Value> = replies.map(|reply| in_channel(channel, reply.message)).collect();
        json!({ "channel": channel_reference(channel), "messages": messages })
    }
}

fn operation(action: &str, channel: &str, message: &MessageInfo) -> Value {
    json!({
        "action": action,
        "channel": channel_reference(channel),
        "messages": [in_channel(channel, message)],
    })
}

fn channel_reference(channel: &str) -> Value {
    json!({ "$ref": format!("#/channels/{}", key(channel)) })
}

fn in_channel(channel: &str, message: &MessageInfo) -> Value {
    json!({ "$ref": format!("#/channels/{}/messages/{}", key(channel), key(message.name)) })
}

/// A name as a key, for which AsyncAPI allows less than a wire name may hold: `a/b` is `a-2f-b`.
fn key(name: &str) -> String {
    let each = name.chars().map(|c| match c {
        plain if plain.is_ascii_alphanumeric() || matches!(plain, '.' | '-' | '_') => plain.to_string(),
        other => format!("-{:x}-", u32::from(other)),
    });
    each.collect()
}

/// The headers every message has, as brokers carry them.
fn envelope() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "headers": {
            "type": "object",
            "required": ["content-type", "saga-created-at", "saga-id", "saga-kind", "saga-name"],
            "properties": {
                "content-type": text("How the body is written"),
                "saga-id": text("The message's id; the same on every attempt to send it. With RabbitMQ, the property `message_id`"),
                "saga-kind": { "type": "string", "enum": ["command", "reply", "event"] },
                "saga-name": text("The message's name on the wire. With RabbitMQ, the property `type`"),
                "saga-version": text("The message's version, 1 where absent"),
                "saga-created-at": text("When it was made, in RFC 3339"),
                "saga-conversation": text("The id of the message that everything began with; its own where absent"),
                "saga-caused-by": text("The id of the message during whose handling it was sent; that of the command it answers where absent"),
                "saga-in-reply-to": text("The id of the command that it answers"),
                "saga-reply-to-queue": text("Where its answer goes"),
                "traceparent": text("W3C trace context"),
            },
        },
        "correlationId": { "location": "$message.header#/saga-conversation" },
    })
}
