//! Where the server is and how to reach it: the URL without what must never be printed.

use std::{fmt, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use super::tls::Trust;
use crate::{Error, ErrorKind};

/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long sent bytes may stay unacknowledged, and how often a silent connection is probed.
const SILENCE: Duration = Duration::from_secs(10);

/// A server, a database on it and the schema the tables are in. Prints without credentials.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
    pub(super) schema: String,
}

impl Address {
    pub(super) fn parse(url: &str, schema: &str) -> Result<Self, Error> {
        check_schema(schema)?;
        let (url, mode, root) = split_tls(url);
        let mut config = Config::from_str(&url).map_err(|error| {
            // The error may quote what was given: only its kind is passed on.
            drop(error);
            setup(
                "the PostgreSQL URL cannot be read. Write it as \
                 postgres://user:password@host:5432/database?sslmode=verify-full, with reserved characters escaped",
            )
        })?;
        if config.get_hosts().is_empty() {
            return Err(setup(
                "the PostgreSQL URL names no host. Write it as postgres://user:password@host:5432/database",
            ));
        }
        let trust = Trust::of(mode.as_deref(), root)?;
        let name = config.get_application_name().unwrap_or("saga").to_owned();
        let patience = config.get_connect_timeout().copied().unwrap_or(CONNECT);
        config
            .ssl_mode(trust.mode())
            .application_name(name)
            .connect_timeout(patience)
            .tcp_user_timeout(SILENCE)
            .keepalives(true)
            .keepalives_idle(SILENCE)
            .keepalives_interval(Duration::from_secs(3))
            .keepalives_retries(3);
        if config.get_hosts().iter().all(is_socket) {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self {
            config,
            trust,
            schema: schema.to_owned(),
        })
    }

    /// The schema's name as it stands in a statement.
    pub(super) fn quoted_schema(&self) -> String {
        format!("\"{}\"", self.schema)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        for (n, host) in self.config.get_hosts().iter().enumerate() {
            let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
            let comma = if n > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{comma}{}:{port}", path.display())?,
            }
        }
        let database = self.config.get_dbname().or(self.config.get_user());
        write!(f, "/{} schema {}", database.unwrap_or_default(), self.schema)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_socket(host: &Host) -> bool {
    match host {
        Host::Tcp(_) => false,
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// Lower-case letters, digits and underscores: a name that means the same quoted and unquoted.
fn check_schema(schema: &str) -> Result<(), Error> {
    let is_name = schema.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && schema
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && schema.len() <= 48
        && !schema.starts_with("pg_");
    if is_name {
        return Ok(());
    }
    Err(setup(format!(
        "`{schema}` cannot be the name of a PostgreSQL schema here: use at most 48 lower-case letters, digits and \
         underscores, not starting with a digit or `pg_`"
    )))
}

/// Takes `sslmode` and `sslrootcert` out, which the client does not know in full.
fn split_tls(url: &str) -> (String, Option<String>, Option<String>) {
    let (mut mode, mut root) = (None, None);
    let mut keep = |pair: &&str| match pair.split_once('=') {
        Some(("sslmode", value)) => {
            mode = Some(value.to_owned());
            false
        }
        Some(("sslrootcert", value)) => {
            root = Some(unescaped(value));
            false
        }
        _ => true,
    };
    let rest = if url.contains("://") {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let query: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter(&mut keep)
            .collect();
        if query.is_empty() {
            base.to_owned()
        } else {
            format!("{base}?{}", query.join("&"))
        }
    } else {
        let words: Vec<&str> = url.split_whitespace().filter(&mut keep).collect();
        words.join(" ")
    };
    (rest, mode, root)
}

/// A path as it stands in a URL: slashes may be written `%2F`, spaces `%20`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = &tail[if hex.is_some() { 2 } else { 0 }..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn setup(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Setup, text)
}
