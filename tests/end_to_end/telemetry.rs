//! What a subscriber to `tracing` sees of the order process.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use saga_runtime::{Bus, store::Memory};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::order::{World, order, shop};

/// The fields of every span called `handle`.
#[derive(Clone, Default)]
struct Spans {
    seen: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    last: Arc<AtomicU64>,
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        if span.metadata().name() == "handle" {
            let mut fields = Fields::default();
            span.record(&mut fields);
            self.seen.lock().unwrap().push(fields.0);
        }
        span::Id::from_u64(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Spans {
    /// What the handlers' spans say of each message: its name and trace context.
    fn traces(&self) -> Vec<(String, Option<String>)> {
        let seen = self.seen.lock().unwrap();
        let trace = |fields: &BTreeMap<String, String>| {
            let context = fields
                .get("traceparent")
                .map(|quoted| quoted.trim_matches('"').to_owned());
            (fields["message.name"].clone(), context)
        };
        seen.iter().map(trace).collect()
    }
}

/// Of an order that went through, on one thread, so that the subscriber sees the workers too.
async fn spans_of_an_order(traceparent: Option<&str>) -> Spans {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let bus = shop(Bus::new(Memory::new()), &World::default())
        .start()
        .await
        .unwrap();
    let request = bus.request(order("A1"));
    match traceparent {
        Some(traceparent) => request.traceparent(traceparent).await,
        None => request.await,
    }
    .unwrap();
    bus.shutdown().await.unwrap();
    spans
}

#[tokio::test]
async fn the_trace_that_a_message_came_with_is_carried_through_saga_services_and_replies() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let came_with = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let traces = spans_of_an_order(Some(&came_with)).await.traces();
    assert_eq!(traces[0], ("PlaceOrder".to_owned(), Some(came_with)));
    for name in [
        "BillOrder",
        "OrderBilled",
        "CreateShippingLabel",
        "ShippingLabelCreated",
    ] {
        assert!(traces.iter().any(|(seen, _)| seen == name), "{name}: {traces:?}");
    }
    let mut spans = BTreeSet::new();
    for (name, context) in &traces {
        let context = context.as_deref().unwrap_or_default();
        let parts: Vec<&str> = context.split('-').collect();
        let [version, trace, span, flags] = parts[..] else {
            panic!("`{name}` carries no trace context: {context}");
        };
        assert_eq!((version, trace, flags), ("00", TRACE, "01"), "{name}");
        assert!(
            span.len() == 16 && span.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{name}: {span}"
        );
        assert!(spans.insert(span.to_owned()), "`{name}` has a span of its own");
    }
}

#[tokio::test]
async fn where_no_trace_came_in_none_is_made_up() {
    let traces = spans_of_an_order(None).await.traces();
    assert!(
        traces.len() >= 5 && traces.iter().all(|(_, context)| context.is_none()),
        "{traces:?}"
    );
}

#[tokio::test]
async fn every_handler_runs_in_a_span_that_names_message_saga_state_and_attempt() {
    let spans = spans_of_an_order(None).await;
    let seen = spans.seen.lock().unwrap().clone();

    let billed = seen.iter().find(|fields| {
        fields
            .get("message.name")
            .is_some_and(|name| name == "OrderBilled")
    });
    let billed = billed.expect("the reply is handled in a span");
    assert!(!billed["message.id"].is_empty());
    let of_saga: Vec<&str> = ["saga.name", "saga.key", "saga.state", "attempt"]
        .map(|name| billed[name].as_str())
        .into();
    assert_eq!(of_saga, ["Fulfilment", "A1", "AwaitingBill", "0"]);

    let services: BTreeSet<&str> = seen
        .iter()
        .filter_map(|fields| fields.get("service.name"))
        .map(String::as_str)
        .collect();
    assert_eq!(services, BTreeSet::from(["\"BillingDesk\"", "\"WarehouseDesk\""]));
}
