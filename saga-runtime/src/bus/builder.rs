//! Puts a bus together: backend, sagas, services, bounds; and starts it.

use std::{fmt, marker::PhantomData, sync::Arc};

use tokio::task::JoinSet;

use super::{
    Bus, Inner, beat,
    budget::Budget,
    heard::Heard,
    ingest::Ingest,
    intake::Intake,
    options::{SagaOptions, ServiceOptions},
    relay::Relay,
    requests::Requests,
    routing::{Consumer, Kind, Routing},
    service_lane::ServiceLane,
    shared::{Alarm, Health, Lanes, Shared},
    store_time::StoreTime,
    worker::Worker,
};
use crate::{
    Error, ErrorKind,
    clock::{Clock, SystemClock},
    codec::Codec,
    engine::{Engine, Erased},
    limits::Limits,
    retry::RetryPolicy,
    saga::Saga,
    service::Service,
    store::{Node, Opened, Store},
    system::{Open, System},
    transport::{Topology, Transport},
};

/// A bus under construction. See [`Bus::new`].
pub struct Builder<Sys = Open> {
    store: Arc<dyn Store>,
    transport: Option<Arc<dyn Transport>>,
    pending: Vec<Pending>,
    clock: Arc<dyn Clock>,
    codec: Codec,
    limits: Limits,
    retry: Option<RetryPolicy>,
    workers: usize,
    system: PhantomData<fn() -> Sys>,
}

/// A consumer waiting for what is said of the whole bus.
type Pending = Box<dyn FnOnce(Codec, &Limits, Option<&RetryPolicy>) -> Consumer + Send>;

impl<Sys> fmt::Debug for Builder<Sys> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("store", &self.store)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(store: Arc<dyn Store>, transport: Option<Arc<dyn Transport>>) -> Self {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        Self {
            store,
            transport,
            pending: Vec::new(),
            clock: Arc::new(SystemClock),
            codec: Codec::default(),
            limits: Limits::default(),
            retry: None,
            workers: cores.clamp(1, 8),
            system: PhantomData,
        }
    }
}

impl<Sys: System> Builder<Sys> {
    /// Serves a saga.
    #[must_use]
    pub fn saga<S: Saga>(self) -> Self {
        self.saga_with::<S>(SagaOptions::default())
    }

    /// Serves a saga in a particular way.
    #[must_use]
    pub fn saga_with<S: Saga>(mut self, options: SagaOptions) -> Self {
        self.pending.push(Box::new(move |codec, limits, _| {
            Consumer::saga(Engine::new(Erased::<S>::new(), codec, limits.clone()), options)
        }));
        self
    }

    /// Serves a service.
    #[must_use]
    pub fn service(mut self, service: impl Service) -> Self {
        self.pending.push(Box::new(move |_, _, retry| {
            let options = ServiceOptions::default().retry(retry.cloned().unwrap_or_default());
            Consumer::service(service, options)
        }));
        self
    }

    /// Serves a service in a particular way.
    #[must_use]
    pub fn service_with(mut self, service: impl Service, options: ServiceOptions) -> Self {
        self.pending
            .push(Box::new(move |_, _, _| Consumer::service(service, options)));
        self
    }

    /// Takes part in a system declared with [`system!`](macro@crate::system): all its parts must be on the bus, and only what
    /// it accepts can be sent into it.
    #[must_use]
    pub fn system<Other: System>(self) -> Builder<Other> {
        Builder {
            store: self.store,
            transport: self.transport,
            pending: self.pending,
            clock: self.clock,
            codec: self.codec,
            limits: self.limits,
            retry: self.retry,
            workers: self.workers,
            system: PhantomData,
        }
    }

    /// Another clock, for tests: [`ManualClock`](crate::clock::ManualClock).
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How bodies are written; whatever is received is read as it says itself.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Other bounds.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The retry policy of services that have none of their own.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// How many saga workers share the instances: by default one per core, at most 8.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Opens the backend and starts to work. Everything that is wrong with the set-up is reported at once.
    pub async fn start(mut self) -> Result<Bus<Sys>, Error> {
        if let Some(transport) = &self.transport {
            // What it would not carry is refused to the handler that emits it, not when it is on its way.
            self.limits.body_bytes = self.limits.body_bytes.min(transport.caps().max_body);
        }
        let pending = std::mem::take(&mut self.pending);
        let consumers: Vec<Consumer> = pending
            .into_iter()
            .map(|pending| pending(self.codec, &self.limits, self.retry.as_ref()))
            .collect();
        let mut faults = missing_parts::<Sys>(&consumers);
        match Routing::new(consumers) {
            Ok(routing) if faults.is_empty() => self.start_with(routing).await,
            Ok(_) => Err(all_of(faults)),
            Err(more) => {
                faults.extend(more);
                Err(all_of(faults))
            }
        }
    }

    async fn start_with(self, mut routing: Routing) -> Result<Bus<Sys>, Error> {
        let node = Node {
            id: self.clock.new_id(),
            clock: self.clock,
            limits: self.limits,
        };
        let requests = Requests::new(node.id);
        let backends = Backends {
            store: &*self.store,
            transport: self.transport.as_deref(),
        };
        let time = StoreTime::new(Arc::clone(&node.clock));
        let asked = time.ask();
        let opened = backends.open(&node, &routing, &requests).await?;
        time.told(asked, opened.now);
        time.mention();
        routing.subscribe(&opened.subscriptions);
        if self.store.caps().shared {
            routing.listen(&requests.queue);
        }
        let received = self.transport.iter().flat_map(|_| routing.catalog().queues);
        let heard = Heard::nothing_of(received);
        let (lanes, ends) = lanes(self.workers, routing.consumers.len());
        let shared = Arc::new(Shared {
            started_at: time.now(),
            time,
            runtime: tokio::runtime::Handle::current(),
            budget: Budget::new(
                node.limits.prefetch,
                node.limits.prefetch_bytes,
                routing.consumers.len(),
            ),
            store: self.store,
            transport: self.transport,
            codec: self.codec,
            routing,
            requests,
            alarm: Alarm::new(),
            heard,
            leftovers: tokio::sync::Notify::new(),
            health: Health::default(),
            lanes,
            stopping: false.into(),
            careful: tokio::sync::Mutex::default(),
            node,
        });
        let tasks = spawn_all(&shared, ends);
        Ok(Bus {
            inner: Arc::new(Inner::new(shared, tasks)),
            system: PhantomData,
        })
    }
}

/// What a bus stands on, before it does.
struct Backends<'a> {
    store: &'a dyn Store,
    transport: Option<&'a dyn Transport>,
}

impl Backends<'_> {
    /// Opens the store and declares the topology. One is tried even if the other fails, so that what is wrong with both is
    /// told at once; then neither is held on to.
    async fn open(&self, node: &Node, routing: &Routing, requests: &Requests) -> Result<Opened, Error> {
        let opened = self.store.open(node, &routing.catalog()).await;
        let declared = match self.transport {
            Some(transport) => {
                let topology = topology(routing, requests, self.store.caps().shared);
                transport.declare(&topology).await
            }
            None => Ok(()),
        };
        let (opened, faults) = match (opened, declared) {
            (Ok(opened), Ok(())) => return Ok(opened),
            (Ok(opened), Err(faults)) => (Some(opened), faults),
            (Err(fault), declared) => {
                let more = declared.err().into_iter().flatten();
                (None, [fault].into_iter().chain(more).collect())
            }
        };
        if let Some(transport) = self.transport {
            transport.close().await;
        }
        if opened.is_some()
            && let Err(error) = self.store.close().await
        {
            tracing::debug!(%error, "the store is left to its lease");
        }
        Err(all_of(faults))
    }
}

/// The receiving ends of the lanes.
struct Ends {
    sagas: Vec<async_channel::Receiver<super::shared::Work>>,
    services: Vec<async_channel::Receiver<super::arrival::Arrival>>,
    relay: async_channel::Receiver<super::relay::Parcel>,
}

fn lanes(workers: usize, consumers: usize) -> (Lanes, Ends) {
    let (sagas_in, sagas) = (0..workers).map(|_| async_channel::unbounded()).unzip();
    let (services_in, services) = (0..consumers).map(|_| async_channel::unbounded()).unzip();
    let (relay_in, relay) = async_channel::unbounded();
    (
        Lanes {
            sagas: sagas_in,
            services: services_in,
            relay: relay_in,
        },
        Ends {
            sagas,
            services,
            relay,
        },
    )
}

fn spawn_all(shared: &Arc<Shared>, ends: Ends) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for lane in ends.sagas {
        tasks.spawn(Worker::new(Arc::clone(shared), lane).run());
    }
    for (consumer, lane) in shared.routing.consumers.iter().zip(ends.services) {
        if let Kind::Service(slot) = &consumer.kind {
            let slot = Arc::clone(slot);
            tasks.spawn(ServiceLane::new(Arc::clone(shared), slot, consumer.retry.clone(), lane).run());
        }
    }
    if let Some(transport) = &shared.transport {
        tasks.spawn(Relay::new(Arc::clone(shared), Arc::clone(transport), ends.relay).run());
        let queues = shared
            .routing
            .catalog()
            .queues
            .into_iter()
            .chain([Arc::clone(&shared.requests.queue)]);
        for queue in queues {
            tasks.spawn(Ingest::new(Arc::clone(shared), Arc::clone(transport), queue).run());
        }
    }
    tasks.spawn(Intake::new(Arc::clone(shared)).run());
    tasks.spawn(beat::run(Arc::clone(shared)));
    tasks
}

/// What the transport must know. A store that is not shared serves its endpoints alone: what came of a message would
/// otherwise depend on who received it.
fn topology(routing: &Routing, requests: &Requests, is_shared: bool) -> Topology {
    let catalog = routing.catalog();
    let owned = if is_shared {
        Vec::new()
    } else {
        catalog.queues.clone()
    };
    Topology {
        queues: catalog.queues,
        ephemeral: vec![Arc::clone(&requests.queue)],
        bindings: catalog.subscriptions,
        owned,
    }
}

fn missing_parts<Sys: System>(consumers: &[Consumer]) -> Vec<Error> {
    let missing = Sys::PARTS
        .iter()
        .filter(|part| !consumers.iter().any(|consumer| *consumer.name == *part.name()));
    let texts = missing.map(|part| {
        format!(
            "system `{}` contains `{}`, which is not on the bus",
            Sys::NAME,
            part.name()
        )
    });
    texts.map(|text| Error::new(ErrorKind::Setup, text)).collect()
}

/// Several errors as one: of the kind of the first that does not pass by itself, if there is one.
fn all_of(errors: Vec<Error>) -> Error {
    let lasting = errors.iter().find(|error| !error.is_retryable());
    let kind = lasting.or(errors.first()).map_or(ErrorKind::Setup, Error::kind);
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    Error::new(kind, texts.join("\n"))
}
