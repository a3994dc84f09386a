//! One connection to the server, made again whenever it is needed and gone.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use lapin::{Channel, Connection, ConnectionProperties, tcp::AMQPUriTcpExt as _};

use super::{declare::declare, options::Server};
use crate::{Error, ErrorKind, transport::Topology};

/// A connection that heals.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) server: Arc<Server>,
    /// What the server's own tools show it as.
    purpose: &'static str,
    state: tokio::sync::Mutex<State>,
    /// Declared again over every new connection: some of it vanishes with the old one, and the server may be a new one.
    declared: Mutex<Topology>,
    /// The largest frame, in bytes, by agreement with the server.
    frame_max: AtomicUsize,
}

enum State {
    Down,
    Up(Arc<Connection>),
    /// Closed on our side, for good.
    Closed,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Down => "Down",
            Self::Up(_) => "Up",
            Self::Closed => "Closed",
        })
    }
}

impl Link {
    pub(super) fn to(server: Arc<Server>, purpose: &'static str) -> Self {
        Self {
            server,
            purpose,
            state: tokio::sync::Mutex::new(State::Down),
            declared: Mutex::default(),
            frame_max: AtomicUsize::new(usize::MAX),
        }
    }

    /// A channel of its own for the caller; it ends with the last of its clones and consumers.
    pub(super) async fn channel(&self) -> Result<Channel, Error> {
        let connection = self.connection().await?;
        self.channel_on(&connection).await
    }

    async fn channel_on(&self, connection: &Connection) -> Result<Channel, Error> {
        let opened = self.server.answered(connection.create_channel()).await;
        if opened.is_err() {
            self.cut().await;
        }
        opened.map_err(|error| self.server.failed("to open a channel", &error))
    }

    /// The connection there is, or a new one.
    async fn connection(&self) -> Result<Arc<Connection>, Error> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Up(connection) if connection.status().connected() => return Ok(Arc::clone(connection)),
            State::Closed => return Err(closed(&self.server)),
            State::Up(_) => {
                tracing::warn!(
                    at = self.server.place(),
                    "the connection is lost; connecting again"
                );
            }
            State::Down => {}
        }
        *state = State::Down;
        let connection = Arc::new(self.connect().await?);
        let declared = self.declared().clone();
        declare(&self.server, &connection, &declared)
            .await
            .map_err(|mut faults| faults.swap_remove(0))?;
        self.frame_max.store(frame_max(&connection), Ordering::Relaxed);
        *state = State::Up(Arc::clone(&connection));
        Ok(connection)
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let server = &self.server;
        let runtime = lapin::runtime::default_runtime().map_err(|error| server.not_connected(&error))?;
        let tls = server.tls();
        let stream = async move |uri: lapin::uri::AMQPUri, runtime| {
            silence_this_thread();
            let stream = uri.connect_with_config_async(tls.as_ref(), &runtime).await;
            stream.map_err(lapin::Error::from)
        };
        let properties = ConnectionProperties::default().with_connection_name(self.purpose.into());
        let connecting = Connection::connector(server.uri.clone(), runtime, stream, properties);
        let connected = server.answered(connecting).await;
        connected.map_err(|error| server.not_connected(&error))
    }

    /// Declares, and remembers what was declared.
    pub(super) async fn declare(&self, topology: &Topology) -> Result<(), Vec<Error>> {
        let connection = self.connection().await.map_err(|error| vec![error])?;
        let known = self.declared().clone();
        let known = |queue: &str| {
            known
                .queues
                .iter()
                .chain(&known.ephemeral)
                .any(|name| **name == *queue)
        };
        let topology = topology.clone();
        super::declare::check_bindings(&self.server, &connection, &topology, known).await?;
        declare(&self.server, &connection, &topology).await?;
        let mut declared = self.declared();
        add(&mut declared.queues, topology.queues);
        add(&mut declared.ephemeral, topology.ephemeral);
        add(&mut declared.bindings, topology.bindings);
        add(&mut declared.owned, topology.owned);
        Ok(())
    }

    fn declared(&self) -> std::sync::MutexGuard<'_, Topology> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The largest frame, in bytes.
    pub(super) fn frame_max(&self) -> usize {
        self.frame_max.load(Ordering::Relaxed)
    }

    /// Whether a queue vanishes with this connection.
    pub(super) fn is_ephemeral(&self, queue: &str) -> bool {
        self.declared().ephemeral.iter().any(|name| **name == *queue)
    }

    /// Gives up a connection over which nothing moves.
    pub(super) async fn cut(&self) {
        let mut state = self.state.lock().await;
        if matches!(*state, State::Up(_)) {
            *state = State::Down;
        }
    }

    /// Says goodbye, so that the server frees at once what was held.
    pub(super) async fn close(&self) {
        let state = std::mem::replace(&mut *self.state.lock().await, State::Closed);
        let State::Up(connection) = state else { return };
        let closing = connection.close(200, "closed".into());
        if let Err(error) = self.server.answered(closing).await {
            tracing::debug!(%error, at = self.server.place(), "the connection was gone before it was closed");
        }
    }
}

/// Zero means that there is no limit.
fn frame_max(connection: &Connection) -> usize {
    match connection.configuration().frame_max() {
        0 => usize::MAX,
        bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
    }
}

fn add<T: PartialEq>(to: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !to.contains(&item) {
            to.push(item);
        }
    }
}

fn closed(server: &Server) -> Error {
    Error::new(
        ErrorKind::Closed,
        format!("the connection to {} was closed on this side", server.place()),
    )
}

/// Each connection has a thread, on which lapin logs messages that have no route with all that is in them, as warnings.
/// They are ordinary (events that nobody hears) and nobody else's business; what matters is told from here.
fn silence_this_thread() {
    let silence = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
    std::mem::forget(silence);
}
