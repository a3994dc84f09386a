//! Whom to trust, as `sslmode` and `sslrootcert` say.

use std::path::PathBuf;

use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, ErrorKind, tls::Tls};

/// What a server has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// No TLS.
    Disable,
    /// TLS where the server has it, whoever it is.
    Prefer,
    /// TLS, whoever the server is; a certificate of its own name by these, where they were named.
    Require,
    /// A certificate of its own name, by an authority in this file or by one the platform trusts.
    Verify(Option<PathBuf>),
}

impl Trust {
    /// What `sslmode` and `sslrootcert` ask for; nothing said is `prefer`, as in PostgreSQL's own clients.
    pub(super) fn of(mode: Option<&str>, root: Option<String>) -> Result<Self, Error> {
        let root = root.map(PathBuf::from);
        match mode {
            Some("disable") => Ok(Self::Disable),
            None | Some("prefer" | "allow") => Ok(Self::Prefer),
            Some("require") if root.is_none() => Ok(Self::Require),
            Some("require" | "verify-full") => Ok(Self::Verify(root)),
            Some(other) => Err(Error::new(
                ErrorKind::Setup,
                format!(
                    "the PostgreSQL URL asks for `sslmode={other}`: use disable, prefer, require or verify-full"
                ),
            )),
        }
    }

    pub(super) fn mode(&self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::Verify(_) => SslMode::Require,
        }
    }

    /// What connects by it.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let config = match self {
            Self::Verify(root) => Tls {
                ca_file: root.clone(),
                client: None,
            }
            .client_config(),
            _ => Tls::without_asking_who_it_is(),
        };
        Ok(MakeRustlsConnect::new(config?))
    }
}
