//! What the derives of the contracts write: names, data, and reply enums that survive both codecs.

use std::collections::BTreeMap;

use saga_runtime::{
    codec::Codec,
    envelope::{Envelope, MessageId},
    message::{FieldInfo, Incoming, MessageKind, NoReply, Replies},
    prelude::*,
};

#[derive(Endpoint)]
struct Billing;

#[derive(Endpoint)]
struct CardPayments;

#[derive(Endpoint)]
#[endpoint(name = "billing.v2")]
struct NewBilling;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(declined::BillingDeclined))]
struct BillOrder {
    pub order_id: u64,
    pub lines: Vec<String>,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = CardPayments, name = "payments:Void", version = 3)]
struct VoidPayment(pub u64);

#[derive(Reply, Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OrderBilled {
    pub invoice: String,
}

mod declined {
    use saga_runtime::prelude::*;

    /// Cannot be shown, and need not be.
    #[derive(Reply, Serialize, Deserialize)]
    #[reply(name = "Declined", version = 2)]
    pub(super) struct BillingDeclined;
}

#[derive(Event, Serialize, Deserialize)]
#[event(external, name = "bank.Settled")]
struct Settled {
    pub r#type: u8,
}

#[test]
fn endpoints_are_named_after_their_type_unless_told_otherwise() {
    assert_eq!(Billing::NAME, "billing");
    assert_eq!(CardPayments::NAME, "card-payments");
    assert_eq!(NewBilling::NAME, "billing.v2");
}

#[test]
fn a_command_knows_whom_it_is_for_and_how_it_is_answered() {
    let info = BillOrder::INFO;
    assert_eq!(
        (info.name, info.version, info.kind),
        ("BillOrder", 1, MessageKind::Command)
    );
    assert_eq!(info.endpoint, Some("billing"));
    let answers: Vec<_> = info
        .replies
        .iter()
        .map(|reply| (reply.message.name, reply.refusal))
        .collect();
    assert_eq!(answers, [("OrderBilled", false), ("Declined", true)]);
    let fields = [
        FieldInfo::new("order_id", "u64"),
        FieldInfo::new("lines", "Vec < String >"),
    ];
    assert_eq!(info.fields, fields);
}

#[test]
fn a_command_without_answers_has_none() {
    let info = VoidPayment::INFO;
    assert_eq!(
        (info.name, info.version, info.endpoint),
        ("payments:Void", 3, Some("card-payments"))
    );
    assert!(!info.wants_reply());
    assert_eq!(info.fields, [FieldInfo::new("0", "u64")]);
    assert!(<<VoidPayment as Command>::Reply as Incoming>::MESSAGES.is_empty());
    let _: fn(NoReply) -> <VoidPayment as Command>::Reply = std::convert::identity;
}

#[test]
fn an_event_says_whether_it_comes_from_outside() {
    let info = Settled::INFO;
    assert_eq!((info.name, info.kind), ("bank.Settled", MessageKind::Event));
    assert!(info.external && !info.outsiders);
    assert_eq!(info.fields, [FieldInfo::new("type", "u8")]);
}

#[test]
fn reply_enums_survive_every_codec() {
    for codec in [Codec::Json, Codec::Postcard] {
        let billed = BillOrderReply::from(OrderBilled {
            invoice: "R-1".into(),
        });
        let declined = BillOrderReply::from(declined::BillingDeclined);
        assert!(
            matches!(round_trip(&billed, codec), Ok(BillOrderReply::OrderBilled(it)) if it.invoice == "R-1")
        );
        assert!(matches!(
            round_trip(&declined, codec),
            Ok(BillOrderReply::BillingDeclined(_))
        ));
    }
}

#[test]
fn what_is_no_answer_is_refused_in_words() {
    let envelope = envelope("OrderLost", 1, Codec::Json, b"{}");
    let refused = BillOrderReply::read(&envelope)
        .map(drop)
        .map_err(|error| error.to_string());
    assert_eq!(
        refused,
        Err("`OrderLost` is not among the answers to `BillOrder`".into())
    );
}

#[test]
fn reply_enums_show_what_can_be_shown() {
    let billed = BillOrderReply::from(OrderBilled {
        invoice: "R-1".into(),
    });
    assert_eq!(
        format!("{billed:?}"),
        r#"OrderBilled(OrderBilled { invoice: "R-1" })"#
    );
    assert_eq!(
        format!("{:?}", BillOrderReply::from(declined::BillingDeclined)),
        "BillingDeclined(..)"
    );
}

fn round_trip(reply: &BillOrderReply, codec: Codec) -> Result<BillOrderReply, HandlerError> {
    let payload = reply.payload(codec)?;
    BillOrderReply::read(&envelope(
        payload.info.name,
        payload.info.version,
        codec,
        &payload.body,
    ))
}

fn envelope(name: &str, version: u32, content_type: Codec, body: &[u8]) -> Envelope {
    let id = MessageId::random();
    Envelope {
        id,
        kind: MessageKind::Reply,
        name: name.into(),
        version,
        content_type,
        created_at: Timestamp::UNIX_EPOCH,
        conversation: id,
        caused_by: None,
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: None,
        headers: BTreeMap::new(),
        body: body.to_vec().into(),
    }
}
