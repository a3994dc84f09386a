//! Who we are is told to the broker alone: it is neither logged nor shown, whatever goes wrong.

use std::{
    fmt::{Debug, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use saga_runtime::{
    Bus, Error,
    store::Memory,
    transport::{Nats, RabbitMq, Transport},
};
use saga_tests::{nats, proxy::Proxy, rabbitmq};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::order::{World, eventually, order, shop};

const PASSWORD: &str = "open-sesame";

/// Everything that is logged on this thread, by whomever, at whatever level.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<String>>,
    last: Arc<AtomicU64>,
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut Line(&mut self.lines.lock().unwrap()));
        span::Id::from_u64(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Line(&mut self.lines.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut self.lines.lock().unwrap()));
    }

    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Trades over a line that is cut, connects with a wrong password, and to where nobody is; all that was said.
async fn all_that_is_said<T: Transport>(
    server: String,
    connect: impl AsyncFn(String) -> Result<T, Error>,
) -> String {
    let log = Log::default();
    let _here = tracing::subscriber::set_default(log.clone());
    let line = Proxy::to(&server).await.unwrap();
    let address = line.address();
    let broker = connect(format!("shop:{PASSWORD}@{address}")).await.unwrap();
    let mut said = format!("{broker:?}");
    let bus = shop(Bus::with(broker, Memory::new()), &World::default())
        .start()
        .await
        .unwrap();
    for key in ["A1", "A2"] {
        eventually("an order goes through", async || {
            bus.request(order(key)).await.is_ok()
        })
        .await;
        line.cut();
    }
    write!(said, "{bus:?}").unwrap();
    bus.shutdown().await.unwrap();
    let refused = connect(format!("shop:not-{PASSWORD}@{address}"))
        .await
        .unwrap_err();
    write!(said, "{refused} {refused:?}").unwrap();
    line.take_down();
    let alone = connect(format!("shop:{PASSWORD}@{address}")).await.unwrap_err();
    write!(said, "{alone} {alone:?}").unwrap();
    let logged = log.lines.lock().unwrap();
    assert!(logged.contains("connection is lost"), "something is logged");
    said + &logged
}

fn assert_silent(said: &str) {
    let at = said.find(PASSWORD);
    let around = at.map(|at| &said[at.saturating_sub(200)..said.len().min(at + 50)]);
    assert_eq!(around, None);
}

#[tokio::test]
async fn a_password_for_nats_is_never_told() {
    let accounts = format!("authorization {{ users: [{{ user: shop, password: \"{PASSWORD}\" }}] }}");
    let Some(server) = nats::OwnServer::start(&accounts).await.unwrap() else {
        return;
    };
    let connect = async |to: String| Nats::connect(format!("nats://{to}")).await;
    assert_silent(&all_that_is_said(server.address().to_string(), connect).await);
}

#[tokio::test]
async fn a_password_for_rabbitmq_is_never_told() {
    let user = format!("default_user = shop\ndefault_pass = {PASSWORD}\n");
    let Some(mut server) = rabbitmq::OwnServer::start(&user).await.unwrap() else {
        return;
    };
    let connect = async |to: String| RabbitMq::connect(format!("amqp://{to}")).await;
    let address = server.process().address().to_string();
    assert_silent(&all_that_is_said(address, connect).await);
}
