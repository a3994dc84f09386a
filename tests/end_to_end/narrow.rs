//! A transport carries less than the limits allow: nothing that it would refuse is ever promised to anybody.

use saga_runtime::{
    Bus, Error, ErrorKind,
    dead_letter::Reason,
    prelude::*,
    saga, service,
    service::BoxFuture,
    store::Memory,
    transport::{Flow, MemoryTransport, Outgoing, Receiver, Sent, Topology, Transport, TransportCaps},
};

use crate::job::until_dead;

/// What is carried, in bytes.
const NARROW: usize = 100;

#[derive(Endpoint)]
struct Yard;

/// Asks for something of so many bytes.
#[derive(Command, Serialize, Deserialize)]
#[command(to = Yard, replies(Cut))]
struct Order {
    yard: String,
    bytes: usize,
}
#[derive(Reply, Serialize, Deserialize)]
struct Cut {
    wood: String,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Yard, replies(Sawn))]
struct Saw {
    log: String,
}
#[derive(Reply, Serialize, Deserialize)]
struct Sawn {
    planks: String,
}

#[saga(by = yard, at = Yard)]
#[derive(Serialize, Deserialize)]
struct Sawmill {
    yard: String,
}

#[saga(states(Sawing), no_timeout(Sawing))]
impl Sawmill {
    #[start(Order -> send Saw => Sawing)]
    fn order(order: Order) -> (Self, Saw) {
        let log = "x".repeat(order.bytes);
        (Self { yard: order.yard }, Saw { log })
    }

    #[on(Sawn in Sawing -> reply Cut => end)]
    fn sawn(&mut self, sawn: Sawn) -> Cut {
        Cut { wood: sawn.planks }
    }
}

/// Makes three planks of a log.
struct Blade;

#[service(at = Yard)]
impl Blade {
    #[on(Saw)]
    async fn saw(&self, saw: Saw) -> Result<SawReply, ServiceError> {
        let planks = saw.log.repeat(3);
        Ok(Sawn { planks }.into())
    }
}

#[derive(Debug)]
struct Narrow(MemoryTransport);

impl Transport for Narrow {
    fn caps(&self) -> TransportCaps {
        TransportCaps {
            max_body: NARROW,
            ..self.0.caps()
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        self.0.declare(topology)
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        let largest = batch.iter().map(|outgoing| outgoing.envelope.body.len()).max();
        assert!(largest <= Some(NARROW), "{largest:?} bytes are to be carried");
        self.0.send(batch)
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        self.0.subscribe(queue, flow)
    }
}

fn order(yard: &str, bytes: usize) -> Order {
    Order {
        yard: yard.into(),
        bytes,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_transport_would_not_carry_is_refused_before_anything_is_written() {
    let bus = Bus::with(Narrow(MemoryTransport::new()), Memory::new())
        .saga::<Sawmill>()
        .service(Blade);
    let bus = bus.start().await.unwrap();
    let refused = bus.send(order(&"x".repeat(NARROW), 1)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Limit);
    assert!(refused.to_string().contains("the limit is 100"), "{refused}");

    let OrderReply::Cut(cut) = bus.request(order("small", 10)).await.unwrap();
    assert_eq!(cut.wood.len(), 30, "what fits goes its way");

    // The saga makes too much of it, and the service of what the next saga sends.
    for (yard, bytes) in [("a", 200), ("b", 50)] {
        bus.send(order(yard, bytes)).await.unwrap();
    }
    let letters = until_dead(&bus, 2).await;
    let mut told: Vec<_> = letters
        .iter()
        .map(|letter| (letter.reason, letter.detail.as_str()))
        .collect();
    told.sort_by_key(|(_, detail)| detail.contains("`Sawn`"));
    let [(first, saw), (second, sawn)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((*first, *second), (Reason::OverLimit, Reason::OverLimit));
    assert!(saw.contains("`Saw`") && saw.contains("the limit is 100"), "{saw}");
    assert!(
        sawn.contains("`Sawn`") && sawn.contains("the limit is 100"),
        "{sawn}"
    );
    bus.shutdown().await.unwrap();
}
