//! NATS for tests: a corner of the server at hand, or a server of the test's own.

use std::{
    fs, io,
    net::SocketAddr,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::StreamExt;
use saga_runtime::transport::{Nats, NatsOptions};
use tempfile::TempDir;

use crate::{
    process::{Process, free_address},
    servers::{NATS, installed},
};

/// Streams under a namespace of their own; they are deleted with it.
#[derive(Debug)]
pub struct Corner {
    address: String,
    namespace: String,
}

impl Corner {
    /// A corner of the server at hand.
    pub fn new() -> Self {
        Self::of(NATS.address())
    }

    fn of(address: String) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        Self {
            address,
            namespace: format!("test_{}_{made}", std::process::id()),
        }
    }

    /// How to connect to it.
    pub fn options(&self) -> NatsOptions {
        self.options_by(&self.address)
    }

    /// As [`options`](Self::options), by way of another address.
    pub fn options_by(&self, address: &str) -> NatsOptions {
        Nats::options(address).namespace(&self.namespace)
    }

    /// Where the server is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Puts bytes that are no message into a queue.
    ///
    /// # Errors
    /// If the server does not take them.
    pub async fn put_garbage(&self, queue: &str, garbage: String) -> Result<(), async_nats::Error> {
        let jetstream = connect(&self.address).await?;
        let subject = format!("{}.queue.{queue}", self.namespace);
        jetstream.publish(subject, garbage.into()).await?.await?;
        Ok(())
    }

    /// What its streams and subjects begin with.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

impl Default for Corner {
    fn default() -> Self {
        Self::new()
    }
}

/// A client of the test's own, past the library.
///
/// # Errors
/// If there is no server.
pub async fn connect(address: &str) -> Result<async_nats::jetstream::Context, async_nats::Error> {
    Ok(async_nats::jetstream::new(async_nats::connect(address).await?))
}

impl Drop for Corner {
    fn drop(&mut self) {
        let (address, prefix) = (self.address.clone(), format!("{}-", self.namespace));
        // A runtime of its own: this is called while another one is at work.
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            runtime.block_on(remove_streams(&address, &prefix)).ok()
        });
        // A test that has failed must not fail again.
        let _ = removing.join();
    }
}

async fn remove_streams(address: &str, prefix: &str) -> Result<(), async_nats::Error> {
    let jetstream = connect(address).await?;
    let names: Vec<String> = jetstream
        .stream_names()
        .filter_map(async |name| name.ok())
        .collect()
        .await;
    for name in names.iter().filter(|name| name.starts_with(prefix)) {
        jetstream.delete_stream(name).await?;
    }
    Ok(())
}

/// A server of the test's own, on a port and in a folder of its own; it is killed with this.
#[derive(Debug)]
pub struct OwnServer {
    process: Process,
    _folder: TempDir,
}

impl OwnServer {
    /// Starts it with more lines in its configuration. `None`, said aloud, where it is not installed; with `CI=true` that
    /// is a failure.
    ///
    /// # Errors
    /// If there is no folder, no port, or it does not come to answer.
    ///
    /// # Panics
    /// With `CI=true`, if it is not installed.
    pub async fn start(more: &str) -> io::Result<Option<Self>> {
        let Some(program) = installed("nats-server", "nats-server", &["/usr/sbin", "/usr/local/bin"]) else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let store = folder.path().join("jetstream");
        let lines = format!("listen: \"{address}\"\njetstream {{ store_dir: {store:?} }}\n{more}\n");
        let configuration = folder.path().join("nats.conf");
        fs::write(&configuration, lines)?;
        let mut command = Command::new(program);
        command.arg("--config").arg(configuration);
        let process = Process::start(command, address).await?;
        Ok(Some(Self {
            process,
            _folder: folder,
        }))
    }

    /// Host and port.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// A corner of it.
    pub fn corner(&self) -> Corner {
        Corner::of(format!("nats://{}", self.address()))
    }

    /// The process itself, to be killed and started again.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
