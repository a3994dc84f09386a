//! Older versions chained to the present one, a version that reads as it is, renamed states and timers; states, timers and
//! commands that are kept for older instances alone.
use saga_runtime::{message::Form, prelude::*, saga::Saga};

#[derive(Endpoint)]
struct Sales;

#[derive(Deserialize)]
struct PlaceOrderV1 {
    id: u64,
}

#[derive(Deserialize)]
struct PlaceOrderV2 {
    order_id: u64,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, version = 3, upgrade(2 = PlaceOrderV2, 1 = PlaceOrderV1))]
struct PlaceOrder {
    order_id: u64,
    #[serde(rename = "cents")]
    total_cents: u64,
}

impl From<PlaceOrderV1> for PlaceOrderV2 {
    fn from(older: PlaceOrderV1) -> Self {
        Self { order_id: older.id }
    }
}

impl From<PlaceOrderV2> for PlaceOrder {
    fn from(older: PlaceOrderV2) -> Self {
        Self { order_id: older.order_id, total_cents: 0 }
    }
}

#[saga(by = order_id, at = Sales, version = 2, upgrade(1 = Fulfilment))]
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fulfilment {
    order_id: u64,
    note: Option<String>,
}

#[derive(Event, Serialize, Deserialize)]
struct Insured {
    order_id: u64,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(Wrapped))]
struct Wrap {}

#[derive(Reply, Serialize, Deserialize)]
struct Wrapped {}

#[derive(Event, Serialize, Deserialize)]
struct PackingBegun {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(Weighed), refusals(TooHeavy))]
struct Weigh {}

#[derive(Reply, Serialize, Deserialize)]
struct Weighed {}

#[derive(Reply, Serialize, Deserialize)]
struct TooHeavy {}

#[saga(
    states(Packing, Wrapping, Insuring),
    renamed(Boxing = Packing, late = packing_is_late),
    retired(Wrapping, Insuring, remind, send Weigh in Packing),
    ignore(Insured in Wrapping, Weighed in Packing, Wrapped in end),
    unexpected(Weighed, TooHeavy in end),
)]
impl Fulfilment {
    #[start(PlaceOrder => Packing)]
    fn place(order: PlaceOrder) -> Self {
        Self { order_id: order.order_id, note: None }
    }

    #[on(Wrapped in Wrapping => Packing)]
    fn wrapped(&mut self, _: Wrapped) {}

    #[on(Insured in Insuring -> send Wrap => Wrapping)]
    fn insured(&mut self, _: Insured) -> Wrap {
        Wrap {}
    }

    #[on(TooHeavy in Packing => end)]
    fn too_heavy(&mut self, _: TooHeavy) {}

    #[after(1 h in Packing | Wrapping | Insuring => end)]
    fn packing_is_late(&mut self) {}

    #[after(1 min in Packing -> publish PackingBegun)]
    fn remind(&mut self) -> PackingBegun {
        PackingBegun {}
    }
}

fn main() {
    let codec = saga_runtime::codec::Codec::Json;
    let upgraded = PlaceOrder::read_older(1, codec, br#"{"id":7}"#).unwrap();
    assert_eq!((upgraded.order_id, upgraded.total_cents), (7, 0));
    let unknown = PlaceOrder::read_older(0, codec, b"{}").err().unwrap();
    assert!(unknown.to_string().contains("upgrade(0 = ..)"), "{unknown}");

    let info = PlaceOrder::INFO;
    assert_eq!((info.version, info.upgrades, info.form), (3, &[1, 2][..], Form::Named));
    assert_eq!((info.fields[1].name, info.fields[1].key), ("total_cents", "cents"));

    let saga = Fulfilment::read_older(1, codec, br#"{"order_id":7}"#).unwrap();
    assert_eq!((saga.order_id, saga.note), (7, None));
    let definition = Fulfilment::DEFINITION;
    assert_eq!((definition.version, definition.upgrades, definition.form), (2, &[1][..], Form::Strict));
    assert_eq!((definition.fields[0].optional, definition.fields[1].optional), (false, true));
    assert_eq!((definition.renamed[0].old, definition.renamed[0].new), ("Boxing", "Packing"));
}
