//! How to reach a server, and what to do there.

use std::{fmt, path::PathBuf, time::Duration};

use lapin::{
    tcp::OwnedTLSConfig,
    uri::{AMQPScheme, AMQPUri},
};

use super::{RabbitMq, names::Names};
use crate::{Error, ErrorKind};

/// The largest body unless said otherwise: prefetch counts messages only, so that this bounds what is in memory.
const MAX_BODY: usize = 1 << 20;

/// How often a sign of life is exchanged; a peer that is silent for two of them is taken for gone.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long one step with the server may take, unless said otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// How to reach a RabbitMQ server. Neither `Debug` nor any error shows the user or the password.
#[derive(Clone)]
pub struct RabbitMqOptions {
    url: String,
    prefix: String,
    max_body: usize,
    ca_file: Option<PathBuf>,
    patience: Duration,
}

impl RabbitMqOptions {
    pub(super) fn to(url: String) -> Self {
        Self {
            url,
            prefix: String::new(),
            max_body: MAX_BODY,
            ca_file: None,
            patience: PATIENCE,
        }
    }

    /// Begins the name of every queue and exchange, so that several systems can share a virtual host: `"shop."`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The largest body, in bytes: 1 MiB unless said otherwise. Up to twice [`Limits::batch`](crate::limits::Limits::batch)
    /// bodies of each queue are in memory at a time. The server has a limit of its own: 128 MiB up to RabbitMQ 3, 16 MiB from
    /// 4 on.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// A file in PEM format with certificates to trust besides those of the operating system; for `amqps://`.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// How long the server may take to connect, to declare, or to confirm a batch: 30 s unless said otherwise. What it has
    /// not confirmed by then is sent again over a new connection.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects. What is wrong with the address, the credentials, the virtual host or the server itself is an error here.
    pub async fn connect(self) -> Result<RabbitMq, Error> {
        RabbitMq::open(self.server()?).await
    }

    /// The address, read, and all else that the connections need.
    pub(super) fn server(self) -> Result<Server, Error> {
        let mut uri: AMQPUri = self.url.parse().map_err(|_| unreadable())?;
        uri.query.heartbeat = Some(u16::try_from(HEARTBEAT.as_secs()).unwrap_or(u16::MAX));
        let ca = match &self.ca_file {
            None => None,
            Some(path) => Some(read(path)?),
        };
        if ca.is_some() && uri.scheme != AMQPScheme::AMQPS {
            let text = "certificates to trust are given for RabbitMQ, but the URL is not encrypted: write `amqps://`";
            return Err(Error::new(ErrorKind::Setup, text));
        }
        Ok(Server {
            uri,
            names: Names::with_prefix(self.prefix),
            max_body: self.max_body,
            ca,
            patience: self.patience,
        })
    }
}

impl fmt::Debug for RabbitMqOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqOptions")
            .field("prefix", &self.prefix)
            .field("max_body", &self.max_body)
            .field("ca_file", &self.ca_file)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// What the parser says may repeat a part of the URL, and that may be the password.
fn unreadable() -> Error {
    let text = "the URL of RabbitMQ cannot be read; it looks like `amqp://user:password@host:5672/vhost`, and characters \
                that are special in a URL are written as %xx";
    Error::new(ErrorKind::Setup, text)
}

fn read(path: &PathBuf) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        let text = format!("the certificates in `{}` cannot be read: {error}", path.display());
        Error::new(ErrorKind::Setup, text)
    })
}

/// A server, as far as it is known before anybody has spoken to it.
pub(super) struct Server {
    pub(super) uri: AMQPUri,
    pub(super) names: Names,
    pub(super) max_body: usize,
    /// Certificates to trust, in PEM format.
    pub(super) ca: Option<String>,
    pub(super) patience: Duration,
}

impl Server {
    pub(super) fn tls(&self) -> OwnedTLSConfig {
        OwnedTLSConfig {
            identity: None,
            cert_chain: self.ca.clone(),
        }
    }

    /// What errors call it.
    pub(super) fn place(&self) -> String {
        format!(
            "RabbitMQ at {}:{}",
            self.uri.authority.host, self.uri.authority.port
        )
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("at", &self.place())
            .field("vhost", &self.uri.vhost)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_neither_in_debug_nor_in_errors() {
        let options = RabbitMqOptions::to("amqp://ada:hunter2@localhost/shop".into());
        let shown = format!("{options:?}");
        let server = format!("{:?}", options.server().unwrap());
        for text in [shown, server] {
            assert!(!text.contains("ada") && !text.contains("hunter2"), "{text}");
        }
        for url in [
            "ada:hunter2@localhost",
            "hunter2",
            "http://ada:hunter2@localhost",
            "amqp://ada:hunter2@localhost:hunter2",
        ] {
            let refused = RabbitMqOptions::to(url.into()).server().unwrap_err();
            let text = format!("{refused} {refused:?}");
            assert!(
                !text.contains("hunter2") && text.contains("amqp://user:password@"),
                "{text}"
            );
        }
    }

    #[test]
    fn certificates_without_encryption_are_a_mistake() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let options = RabbitMqOptions::to("amqp://localhost".into()).ca_file(file.path());
        let refused = options.server().unwrap_err();
        assert!(refused.to_string().contains("amqps://"), "{refused}");
    }
}
