//! RabbitMQ for tests: a corner of the server at hand, or a server of the test's own.

use std::{
    fs, io,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions, QueueDeleteOptions},
};
use saga_runtime::transport::{RabbitMq, RabbitMqOptions};
use tempfile::TempDir;

use crate::{
    process::{Process, free_address},
    servers::{RABBITMQ, installed},
};

/// Queues under a prefix of their own; they are deleted with it.
#[derive(Debug)]
pub struct Corner {
    url: String,
    prefix: String,
    queues: &'static [&'static str],
}

impl Corner {
    /// A corner for these queues on the server at hand.
    pub fn with(queues: &'static [&'static str]) -> Self {
        Self::of(RABBITMQ.address(), queues)
    }

    fn of(url: String, queues: &'static [&'static str]) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        Self {
            url,
            prefix: format!("test.{}.{made}.", std::process::id()),
            queues,
        }
    }

    /// How to connect to it.
    pub fn options(&self) -> RabbitMqOptions {
        self.options_by(&self.url)
    }

    /// As [`options`](Self::options), by way of another address.
    pub fn options_by(&self, url: &str) -> RabbitMqOptions {
        RabbitMq::options(url).prefix(&self.prefix)
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What its queues begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Puts bytes that are no message into a queue.
    ///
    /// # Errors
    /// If the server does not take them.
    pub async fn put_garbage(&self, queue: &str, garbage: &str) -> lapin::Result<()> {
        let connection = connect_to(&self.url).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let (key, options) = (self.queue(queue).into(), BasicPublishOptions::default());
        let garbage = garbage.as_bytes();
        let publishing = channel.basic_publish("".into(), key, options, garbage, BasicProperties::default());
        publishing.await?.await?;
        connection.close(200, "done".into()).await
    }

    /// What a queue is called on the server.
    pub fn queue(&self, queue: &str) -> String {
        format!("{}{queue}", self.prefix)
    }
}

/// A connection of the test's own.
///
/// # Errors
/// If there is no server.
pub async fn connect() -> lapin::Result<Connection> {
    connect_to(&RABBITMQ.address()).await
}

async fn connect_to(url: &str) -> lapin::Result<Connection> {
    Connection::connect(url, ConnectionProperties::default()).await
}

impl Drop for Corner {
    fn drop(&mut self) {
        let queues = self.queues.iter();
        let names = queues.flat_map(|queue| [self.queue(queue), self.queue(&format!("{queue}.dead"))]);
        let (names, exchange): (Vec<_>, _) = (names.collect(), self.queue("saga.events"));
        let url = self.url.clone();
        // On a thread of its own: the test's runtime may be ending.
        let deleting = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(delete(url, names, exchange)))
        });
        let _ = deleting.join();
    }
}

async fn delete(url: String, queues: Vec<String>, exchange: String) -> lapin::Result<()> {
    let connection = connect_to(&url).await?;
    let channel = connection.create_channel().await?;
    for queue in queues {
        let deleting = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
        deleting.await?;
    }
    channel
        .exchange_delete(exchange.into(), ExchangeDeleteOptions::default())
        .await?;
    connection.close(200, "done".into()).await
}

/// A server of the test's own: a node with a name, ports and a folder of its own; it is killed with this.
#[derive(Debug)]
pub struct OwnServer {
    process: Process,
    _folder: TempDir,
}

impl OwnServer {
    /// Starts it with this configuration. `None`, said aloud, where it is not installed; with `CI=true` that is a failure.
    ///
    /// # Errors
    /// If there is no folder, no port, or it does not come to answer.
    ///
    /// # Panics
    /// With `CI=true`, if it is not installed.
    pub async fn start(configuration: &str) -> io::Result<Option<Self>> {
        let Some(program) = installed("rabbitmq-server", "rabbitmq-server", &[]) else {
            return Ok(None);
        };
        // Debian's program of that name changes the user first; what it then runs does not.
        let folders = [
            Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server").to_owned(),
            program,
        ];
        let program = folders
            .into_iter()
            .find(|file| file.is_file())
            .unwrap_or_default();
        let folder = tempfile::tempdir()?;
        let (address, between_nodes) = (free_address()?, free_address()?);
        let file = |name: &str| folder.path().join(name);
        fs::write(file("plugins"), "[].")?;
        fs::write(file("rabbitmq.conf"), configuration)?;
        let mut command = Command::new(program);
        command
            .env("HOME", folder.path())
            .env("RABBITMQ_NODENAME", format!("saga-{}@localhost", address.port()))
            .env("RABBITMQ_NODE_IP_ADDRESS", address.ip().to_string())
            .env("RABBITMQ_NODE_PORT", address.port().to_string())
            .env("RABBITMQ_DIST_PORT", between_nodes.port().to_string())
            .env("RABBITMQ_MNESIA_BASE", file("mnesia"))
            .env("RABBITMQ_LOG_BASE", file("log"))
            .env("RABBITMQ_PID_FILE", file("pid"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("plugins"))
            .env("RABBITMQ_CONFIG_FILE", file("rabbitmq"))
            // The script becomes the server and does not stay beside it, so that it can be killed.
            .env("RUNNING_UNDER_SYSTEMD", "1");
        let process = Process::start(command, address).await?;
        Ok(Some(Self {
            process,
            _folder: folder,
        }))
    }

    /// A corner of it for these queues.
    pub fn corner(&self, queues: &'static [&'static str]) -> Corner {
        Corner::of(format!("amqp://guest:guest@{}", self.process.address()), queues)
    }

    /// The process itself, to be killed and started again.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
