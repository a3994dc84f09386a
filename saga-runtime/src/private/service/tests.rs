//! A service as the macro writes it, run by hand.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codec::Codec,
    definition::Arity,
    effects::{Effects, Output},
    envelope::{Envelope, MessageId},
    input::Input,
    prelude::*,
    system::{Accepts, Member, Open, Part, System},
};

#[derive(Endpoint)]
struct Billing;

#[derive(Endpoint)]
struct Warehouse;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
struct BillOrder {
    order_id: u64,
    total_cents: u64,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing)]
struct RemindCustomer {
    order_id: u64,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse)]
struct Pack {
    order_id: u64,
}

#[derive(Reply, Serialize, Deserialize)]
struct OrderBilled {
    invoice: u64,
}

#[derive(Reply, Serialize, Deserialize)]
struct BillingDeclined;

#[derive(Event, Serialize, Deserialize)]
#[event(outsiders)]
struct InvoiceIssued {
    order_id: u64,
}

#[derive(Event, Serialize, Deserialize)]
struct CustomerMoved {
    orders: Vec<u64>,
}

type Billed<T> = Result<T, ServiceError>;

/// Where the money is asked for.
trait Gateway: Send + Sync + 'static {
    fn charge(&self, cents: u64) -> impl Future<Output = Result<u64, std::io::Error>> + Send;
}

struct Desk<G> {
    gateway: G,
}

#[service(at = Billing, name = "desk")]
impl<G: Gateway> Desk<G> {
    const LIMIT_CENTS: u64 = 1_000;

    /// An alias of `Result`, an answer and an optional event.
    #[on(BillOrder -> publish InvoiceIssued?)]
    async fn bill(
        &self,
        order: BillOrder,
        context: &Context,
    ) -> Billed<(BillOrderReply, Option<InvoiceIssued>)> {
        assert_eq!(context.attempt(), 0);
        if order.total_cents > Self::LIMIT_CENTS {
            return Ok((BillingDeclined.into(), None));
        }
        let invoice = self.gateway.charge(order.total_cents).await?;
        Ok((
            OrderBilled { invoice }.into(),
            Some(InvoiceIssued {
                order_id: order.order_id,
            }),
        ))
    }

    #[on(CustomerMoved -> send Pack*, publish InvoiceIssued)]
    async fn moved(&self, moved: CustomerMoved) -> (Vec<Pack>, InvoiceIssued) {
        self.note();
        let packs = moved.orders.into_iter().map(|order_id| Pack { order_id });
        (packs.collect(), InvoiceIssued { order_id: 0 })
    }

    #[on(RemindCustomer)]
    async fn remind(&self, _: RemindCustomer) {}

    fn note(&self) {}
}

struct Bank;

impl Gateway for Bank {
    async fn charge(&self, cents: u64) -> Result<u64, std::io::Error> {
        if cents == 0 {
            Err(std::io::Error::other("nothing to charge"))
        } else {
            Ok(cents + 1)
        }
    }
}

const DESK: Desk<Bank> = Desk { gateway: Bank };

saga_runtime::system! { Shop { Desk<Bank> } accepts(BillOrder, CustomerMoved) remote(Warehouse) }

#[test]
fn a_service_is_known_as_data() {
    let desk = Desk::<Bank>::DEFINITION;
    assert_eq!((desk.name, desk.endpoint), ("desk", "billing"));
    let handlers: Vec<_> = desk
        .handlers
        .iter()
        .map(|it| (it.handler, it.message.name))
        .collect();
    assert_eq!(
        handlers,
        [
            ("bill", "BillOrder"),
            ("moved", "CustomerMoved"),
            ("remind", "RemindCustomer")
        ]
    );
    let arities: Vec<_> = desk.handlers[1]
        .effects
        .iter()
        .map(|it| (it.message.name, it.arity))
        .collect();
    assert_eq!(arities, [("Pack", Arity::Many), ("InvoiceIssued", Arity::One)]);
}

#[test]
fn a_system_is_known_as_data() {
    fn accepts<S: Accepts<M>, M>() {}
    accepts::<Shop, BillOrder>();
    accepts::<Open, Pack>();
    assert!(matches!(Shop::PARTS, [Part::Service(desk)] if desk.name == "desk"));
    assert_eq!(Desk::<Bank>::PART.endpoint(), "billing");
    assert_eq!(Shop::ACCEPTS, [BillOrder::INFO, CustomerMoved::INFO]);
    assert_eq!((Shop::NAME, Shop::REMOTE), ("Shop", ["warehouse"].as_slice()));
}

#[tokio::test]
async fn the_answer_comes_before_the_effects() {
    let effects = run(
        0,
        &BillOrder {
            order_id: 7,
            total_cents: 10,
        },
    )
    .await;
    assert_eq!(
        names(effects),
        Ok(vec!["reply OrderBilled".into(), "publish InvoiceIssued".into()])
    );
}

#[tokio::test]
async fn an_effect_that_was_left_out_is_not_emitted() {
    let effects = run(
        0,
        &BillOrder {
            order_id: 7,
            total_cents: 5_000,
        },
    )
    .await;
    assert_eq!(names(effects), Ok(vec!["reply BillingDeclined".into()]));
}

#[tokio::test]
async fn any_error_may_be_tried_again() {
    let failed = run(
        0,
        &BillOrder {
            order_id: 7,
            total_cents: 0,
        },
    )
    .await
    .err();
    assert!(failed.is_some_and(|error| error.is_retryable() && error.to_string() == "nothing to charge"));
}

#[tokio::test]
async fn an_event_is_handled_without_an_answer() {
    let effects = run(1, &CustomerMoved { orders: vec![1, 2] }).await;
    let expected = ["send Pack", "send Pack", "publish InvoiceIssued"];
    assert_eq!(names(effects), Ok(expected.map(String::from).to_vec()));
    assert_eq!(names(run(2, &RemindCustomer { order_id: 1 }).await), Ok(vec![]));
}

#[tokio::test]
async fn what_cannot_be_read_is_not_tried_again() {
    let failed = run(0, &BillingDeclined).await.err();
    assert!(failed.is_some_and(|error| !error.is_retryable()));
    let failed = run(9, &BillingDeclined).await.err();
    assert!(failed.is_some_and(|error| error.to_string().contains("no handler number 9")));
}

async fn run<M: Message>(handler: usize, message: &M) -> Result<Effects, ServiceError> {
    let envelope = envelope(message).map_err(|error| ServiceError::permanent(error.to_string()))?;
    let context = Context {
        now: Timestamp::UNIX_EPOCH,
        envelope: Arc::clone(&envelope),
        key: None,
        attempt: 0,
        codec: Codec::Json,
        joined: None,
    };
    DESK.handle(handler, Input::new(&context, &envelope)).await
}

fn envelope<M: Message>(message: &M) -> Result<Arc<Envelope>, HandlerError> {
    let id = MessageId::random();
    Ok(Arc::new(Envelope {
        id,
        kind: M::INFO.kind,
        name: M::INFO.name.into(),
        version: M::INFO.version,
        content_type: Codec::Json,
        created_at: Timestamp::UNIX_EPOCH,
        conversation: id,
        caused_by: None,
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: None,
        headers: BTreeMap::new(),
        body: M::BODY.write(Codec::Json, M::INFO.name, message)?,
    }))
}

/// What was emitted, in words and in order.
fn names(effects: Result<Effects, ServiceError>) -> Result<Vec<String>, String> {
    let outputs = effects.map_err(|error| error.to_string())?.outputs;
    let name = |output: Output| match output {
        Output::Send(payload) => format!("send {}", payload.info.name),
        Output::Publish(payload) => format!("publish {}", payload.info.name),
        Output::Reply { payload, .. } => format!("reply {}", payload.info.name),
    };
    Ok(outputs.into_iter().map(name).collect())
}
