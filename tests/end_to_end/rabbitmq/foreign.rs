//! What others put into the queues: copies, garbage, and messages of other programs.

use lapin::{
    BasicProperties, Connection,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldArray, FieldTable},
};
use saga_runtime::{
    Bus, Timestamp,
    codec::Codec,
    dead_letter::{DeadMessage, Reason},
    envelope::{Envelope, MessageId},
    message::Message,
    store::Memory,
};
use saga_tests::rabbitmq::Corner;

use super::{connect, corner};
use crate::{
    job::{Hands, StartReply, Work, jobs, letters, start, until_dead},
    order::eventually,
};

/// A program that knows nothing of sagas.
struct Stranger<'a> {
    connection: Connection,
    corner: &'a Corner,
}

impl<'a> Stranger<'a> {
    async fn at(corner: &'a Corner) -> Self {
        let connection = saga_tests::rabbitmq::connect().await.unwrap();
        Self { connection, corner }
    }

    async fn put(&self, queue: &str, properties: BasicProperties, body: &[u8]) {
        let channel = self.connection.create_channel().await.unwrap();
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .unwrap();
        let (key, options) = (self.corner.queue(queue).into(), BasicPublishOptions::default());
        let publishing = channel.basic_publish("".into(), key, options, body, properties);
        publishing.await.unwrap().await.unwrap();
    }
}

fn work(job: &str) -> Envelope {
    let (message, id) = (
        Work {
            job: job.into(),
            note: String::new(),
        },
        MessageId::random(),
    );
    Envelope {
        id,
        kind: Work::INFO.kind,
        name: Work::INFO.name.into(),
        version: Work::INFO.version,
        content_type: Codec::Json,
        created_at: Timestamp::now(),
        conversation: id,
        caused_by: None,
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: None,
        headers: Default::default(),
        body: Codec::Json.encode(Work::INFO.name, &message).unwrap(),
    }
}

fn headers(envelope: &Envelope) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in envelope.to_wire().0 {
        table.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    table
}

fn tries_of(hands: &Hands, job: &str) -> usize {
    let tried = hands.tried.lock().unwrap();
    tried.iter().filter(|(tried, _)| tried == job).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_delivered_several_times_is_handled_once() {
    let Some(corner) = corner() else { return };
    let hands = Hands::willing();
    let bus = jobs(Bus::with(connect(&corner).await, Memory::new()), &hands);
    let bus = bus.start().await.unwrap();
    let stranger = Stranger::at(&corner).await;
    let message = work("a");
    for _ in 0..5 {
        let properties = BasicProperties::default().with_headers(headers(&message));
        stranger.put("back", properties, &message.body).await;
    }
    for job in ["b", "c"] {
        bus.request(start(job)).await.unwrap();
    }
    eventually("it is handled", async || tries_of(&hands, "a") > 0).await;
    assert_eq!(tries_of(&hands, "a"), 1);
    assert!(letters(&bus).await.is_empty());
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_set_aside_in_words_while_good_messages_go_on() {
    let Some(corner) = corner() else { return };
    let bus = jobs(
        Bus::with(connect(&corner).await, Memory::new()),
        &Hands::willing(),
    );
    let bus = bus.start().await.unwrap();
    let stranger = Stranger::at(&corner).await;

    stranger.put("back", BasicProperties::default(), b"").await;
    stranger
        .put("back", BasicProperties::default(), b"no headers")
        .await;
    let mut odd = FieldTable::default();
    odd.insert("text".into(), AMQPValue::LongString(vec![0xff, 0xfe].into()));
    odd.insert("number".into(), AMQPValue::LongLongInt(-7));
    odd.insert("list".into(), AMQPValue::FieldArray(FieldArray::default()));
    odd.insert("table".into(), AMQPValue::FieldTable(FieldTable::default()));
    odd.insert("bytes".into(), AMQPValue::ByteArray(vec![1, 2, 3].into()));
    odd.insert("nothing".into(), AMQPValue::Void);
    let properties = BasicProperties::default()
        .with_headers(odd)
        .with_content_type("text/plain".into());
    stranger.put("back", properties, &[0xff; 100]).await;
    let garbage = work("garbage");
    let properties = BasicProperties::default().with_headers(headers(&garbage));
    stranger.put("back", properties, b"{not json").await;

    let reply = bus.request(start("good")).await.unwrap();
    assert!(matches!(reply, StartReply::Finished(_)));
    let letters = until_dead(&bus, 4).await;
    assert_eq!(letters.len(), 4, "{letters:?}");
    for letter in &letters {
        assert_eq!(letter.reason, Reason::Undecodable, "{letter:?}");
        assert!(letter.detail.len() > 20, "{letter:?}");
    }
    let foreign = letters.iter().find_map(|letter| match &letter.message {
        DeadMessage::Raw { headers, body } if body.len() == 100 => Some(headers),
        _ => None,
    });
    let foreign = foreign.unwrap();
    assert!(foreign.contains(&("number".into(), "-7".into())), "{foreign:?}");
    assert!(
        foreign.contains(&("content-type".into(), "text/plain".into())),
        "{foreign:?}"
    );
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_gave_up_on_is_taken_from_where_it_put_it() {
    let Some(corner) = corner() else { return };
    let hands = Hands::willing();
    let bus = jobs(Bus::with(connect(&corner).await, Memory::new()), &hands);
    let bus = bus.start().await.unwrap();
    let stranger = Stranger::at(&corner).await;
    let message = work("given up");
    let properties = BasicProperties::default().with_headers(headers(&message));
    stranger.put("back.dead", properties, &message.body).await;
    eventually("it is handled", async || tries_of(&hands, "given up") == 1).await;
    bus.shutdown().await.unwrap();
}
