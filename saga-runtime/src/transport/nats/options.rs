//! How to reach a NATS server, and how to lay out what is kept there.

use std::{fmt, path::PathBuf};

use super::Nats;
use crate::{Error, tls::Tls};

/// How to connect to NATS. See [`Nats::options`].
#[derive(Clone)]
pub struct NatsOptions {
    pub(super) servers: String,
    pub(super) namespace: String,
    pub(super) credentials: Credentials,
    pub(super) require_tls: bool,
    pub(super) tls: Tls,
    pub(super) replicas: usize,
    pub(super) queue_bytes: Option<u64>,
}

/// Who we are.
#[derive(Clone, Default)]
pub(super) enum Credentials {
    /// What the address says, if anything.
    #[default]
    InAddress,
    User {
        name: String,
        password: String,
    },
    Token(String),
    File(PathBuf),
    NKey(String),
}

impl NatsOptions {
    pub(super) fn to(servers: String) -> Self {
        Self {
            servers,
            namespace: "saga".to_owned(),
            credentials: Credentials::default(),
            require_tls: false,
            tls: Tls::default(),
            replicas: 1,
            queue_bytes: None,
        }
    }

    /// What the names of all streams and subjects begin with: `saga` unless said otherwise. Systems that share a server
    /// and are to know nothing of each other take different ones: 1 to 32 letters, digits and `_`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// By user and password. They may also stand in the address: `nats://user:password@host`, percent-encoded.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Credentials::User {
            name: name.into(),
            password: password.into(),
        };
        self
    }

    /// By token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.credentials = Credentials::Token(token.into());
        self
    }

    /// By a `.creds` file, as `nsc` writes them. It is read once, by [`connect`](Self::connect).
    #[must_use]
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials = Credentials::File(path.into());
        self
    }

    /// By the seed of an NKey.
    #[must_use]
    pub fn nkey(mut self, seed: impl Into<String>) -> Self {
        self.credentials = Credentials::NKey(seed.into());
        self
    }

    /// Refuses a server that does not speak TLS, as the scheme `tls://` does. A server that requires TLS gets it anyway.
    #[must_use]
    pub fn require_tls(mut self) -> Self {
        self.require_tls = true;
        self
    }

    /// Requires TLS, and trusts the authorities in this PEM file instead of the system's.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.ca_file = Some(path.into());
        self.require_tls()
    }

    /// Requires TLS, and shows the server the certificate (a PEM file, the chain included) that this key belongs to.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls.client = Some((certificate.into(), key.into()));
        self.require_tls()
    }

    /// How many servers of a cluster keep each message: 1 unless said otherwise, at most 5. Holds for what is newly
    /// declared.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas.clamp(1, 5);
        self
    }

    /// The most bytes a queue, or the copies of an event not yet taken, may occupy on the server; sending to a full one
    /// is tried again until there is room. Unless said, only the server's own limit holds. Accounts may require it.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: u64) -> Self {
        self.queue_bytes = Some(bytes);
        self
    }

    /// Connects, and checks that the server can do what is needed of it.
    ///
    /// # Errors
    /// Whatever is wrong with the options, the connection or the server, all of it at once.
    pub async fn connect(self) -> Result<Nats, Error> {
        Nats::open(self).await
    }
}

/// Never a secret, and no address as it was given: there may be a password in it.
impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions")
            .field("namespace", &self.namespace)
            .field("credentials", &self.credentials)
            .field("require_tls", &self.require_tls)
            .field("tls", &self.tls)
            .field("replicas", &self.replicas)
            .field("queue_bytes", &self.queue_bytes)
            .finish_non_exhaustive()
    }
}

/// The kind only.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InAddress => "as the address says",
            Self::User { .. } => "user and password",
            Self::Token(_) => "token",
            Self::File(_) => "credentials file",
            Self::NKey(_) => "nkey",
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let options = NatsOptions::to("nats://me:hidden@localhost".into());
        let all = [
            options.clone(),
            options.clone().user("me", "hidden"),
            options.clone().token("hidden"),
            options.nkey("hidden"),
        ];
        for options in all {
            assert!(!format!("{options:?}").contains("hidden"), "{options:?}");
        }
    }
}
