//! The connection: made, watched, and asked whether the server can do what is needed of it.

use std::{fmt, time::Duration};

use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr, ServerInfo,
    jetstream::{self, Context, context::ContextBuilder, response::Response},
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use super::{
    error::{Failure, Server},
    options::{Credentials, NatsOptions},
};
use crate::{Error, ErrorKind};

/// How long an answer of the server is awaited.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The first version with all that is used here.
const OLDEST: (u32, u32) = (2, 9);

/// Room beside the body for headers: those of the envelope and the caller's.
const HEADER_ROOM: usize = 64 << 10;

/// What a question without particulars says.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// What is asked of an account. The client's own type wants more than servers of 2.9 say.
#[derive(Debug, Default, Deserialize)]
struct Account {
    limits: AccountLimits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccountLimits {
    /// Below zero: none, as for all of them.
    max_storage: i64,
    max_bytes_required: bool,
    storage_max_stream_bytes: i64,
}

/// A connection that heals itself.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) jetstream: Context,
    pub(super) server: Server,
    pub(super) link: watch::Receiver<Link>,
    /// The largest body, in bytes.
    pub(super) max_body: usize,
}

/// How the connection is. Who watches it is told when it is lost, and when it is made again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    pub(super) is_lost: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("server", &self.server.0)
            .finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) async fn open(options: &NatsOptions) -> Result<Self, Error> {
        let (addresses, given) = read_addresses(&options.servers)?;
        let shown: Vec<String> = addresses.iter().map(shown).collect();
        let server = Server(shown.join(", "));
        let (link, watched) = watch::channel(Link::default());
        let secured = secured(options, &addresses)?;
        let known = with_credentials(secured, options, given).await?;
        let watching = server.clone();
        let client = known
            .name("saga")
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .event_callback(move |event| {
                heed(&watching, &event, &link);
                std::future::ready(())
            })
            .connect(&addresses[..])
            .await
            .map_err(|error| not_connected(&server, &error))?;
        let jetstream = ContextBuilder::new().timeout(PATIENCE).build(client.clone());
        let max_body = max_body(client.server_info().max_payload);
        let connection = Self {
            client,
            jetstream,
            server,
            link: watched,
            max_body,
        };
        connection.check(options).await?;
        Ok(connection)
    }

    /// Returns when the connection is lost, or was already.
    pub(super) async fn lost(&self) {
        // A watch that has ended is as good as a connection that has.
        let _ = self.link.clone().wait_for(|link| link.is_lost).await;
    }

    /// A request to the JetStream API.
    pub(super) async fn api<T: DeserializeOwned>(
        &self,
        subject: String,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<T, Failure> {
        ask(&self.jetstream, subject, payload).await
    }

    /// Whether the server can do what is needed of it: everything that it cannot, at once.
    async fn check(&self, options: &NatsOptions) -> Result<(), Error> {
        let mut faults = faults_of_server(&self.client.server_info());
        match self.api::<Account>("INFO".to_owned(), &Nothing {}).await {
            Ok(account) => faults.extend(faults_of_account(&account, options)),
            Err(why) => faults.push(format!("JetStream does not answer: {why}")),
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(self
            .server
            .error(ErrorKind::Setup, "it cannot be used", faults.join("\n")))
    }
}

/// A request to the JetStream API.
pub(super) async fn ask<T: DeserializeOwned>(
    jetstream: &Context,
    subject: String,
    payload: &(impl Serialize + ?Sized),
) -> Result<T, Failure> {
    let answer: Result<Response<T>, _> = jetstream.request(subject, payload).await;
    match answer {
        Ok(Response::Ok(answer)) => Ok(answer),
        Ok(Response::Err { error }) => Err(Failure::Refused(error)),
        Err(error) => Err(Failure::Unreachable(error.to_string())),
    }
}

/// Who we are, as an address says it: a user and a password, or a token alone.
type Given = (String, Option<String>);

/// The addresses without what is secret in them, and that.
fn read_addresses(servers: &str) -> Result<(Vec<ServerAddr>, Option<Given>), Error> {
    let mut addresses = Vec::new();
    let mut given = None;
    for (at, text) in servers.split(',').enumerate() {
        let unreadable = |why: String| {
            let text = format!(
                "NATS: server address {} cannot be read ({why}); write `nats://host:4222`, several with commas between",
                at + 1
            );
            Error::new(ErrorKind::Setup, text)
        };
        let address: ServerAddr = text
            .trim()
            .parse()
            .map_err(|error: std::io::Error| unreadable(error.to_string()))?;
        if let Some(name) = address.username() {
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            given.get_or_insert((decoded(name), address.password().map(decoded)));
        }
        let bare = shown(&address);
        addresses.push(
            bare.parse()
                .map_err(|error: std::io::Error| unreadable(error.to_string()))?,
        );
    }
    Ok((addresses, given))
}

/// An address without user and password.
fn shown(address: &ServerAddr) -> String {
    let scheme = if address.tls_required() { "tls" } else { "nats" };
    let host = address.host();
    let brackets = if host.contains(':') && !host.starts_with('[') {
        ("[", "]")
    } else {
        ("", "")
    };
    format!("{scheme}://{}{host}{}:{}", brackets.0, brackets.1, address.port())
}

fn secured(options: &NatsOptions, addresses: &[ServerAddr]) -> Result<ConnectOptions, Error> {
    let required = options.require_tls || addresses.iter().any(ServerAddr::tls_required);
    let connect = ConnectOptions::new().require_tls(required);
    match options.tls.client_config() {
        Ok(config) => Ok(connect.tls_client_config(config)),
        Err(error) if required => Err(error),
        // The server may yet ask for TLS; then the client says what is missing.
        Err(_) => Ok(connect),
    }
}

async fn with_credentials(
    connect: ConnectOptions,
    options: &NatsOptions,
    in_address: Option<Given>,
) -> Result<ConnectOptions, Error> {
    Ok(match options.credentials.clone() {
        Credentials::InAddress => match in_address {
            Some((name, Some(password))) => connect.user_and_password(name, password),
            Some((token, None)) => connect.token(token),
            None => connect,
        },
        Credentials::User { name, password } => connect.user_and_password(name, password),
        Credentials::Token(token) => connect.token(token),
        Credentials::NKey(seed) => connect.nkey(seed),
        Credentials::File(path) => {
            let read = connect.credentials_file(&path).await;
            read.map_err(|error| {
                let text = format!(
                    "NATS: the credentials file `{}` cannot be used: {}",
                    path.display(),
                    error.kind()
                );
                Error::new(ErrorKind::Setup, text)
            })?
        }
    })
}

fn heed(server: &Server, event: &Event, link: &watch::Sender<Link>) {
    match event {
        Event::Connected => {
            tracing::info!(%server, "connected");
            link.send_if_modified(|link| std::mem::take(&mut link.is_lost));
        }
        Event::Disconnected => {
            tracing::warn!(%server, "the connection is lost; it is made again");
            link.send_modify(|link| link.is_lost = true);
        }
        Event::SlowConsumer(_) => {
            tracing::warn!(%server, "deliveries were dropped on the way; they come again")
        }
        other => tracing::debug!(%server, event = %other, "notice"),
    }
}

fn not_connected(server: &Server, error: &async_nats::ConnectError) -> Error {
    let (kind, remedy) = match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => (
            ErrorKind::Setup,
            "the server refuses these credentials; see its `authorization`",
        ),
        kind if kind == ConnectErrorKind::Tls || is_about_certificates(error) => (
            ErrorKind::Setup,
            "see the CA file, the client certificate, and the host name in the server's certificate",
        ),
        ConnectErrorKind::ServerParse => (ErrorKind::Setup, "write `nats://host:4222`"),
        _ => (
            ErrorKind::Unavailable,
            "is the server up (`nats-server -js`), and the address right?",
        ),
    };
    server.error(kind, "connecting", format_args!("{error}; {remedy}"))
}

/// The client says of a certificate that it refuses, or that is refused, only that reading or writing failed.
fn is_about_certificates(error: &async_nats::ConnectError) -> bool {
    let text = error.to_string();
    text.contains("certificate") || text.contains("Certificate")
}

fn faults_of_server(info: &ServerInfo) -> Vec<String> {
    let mut faults = Vec::new();
    if is_older(&info.version) {
        faults.push(format!(
            "its version is {}; at least {}.{} is needed",
            info.version, OLDEST.0, OLDEST.1
        ));
    }
    if !info.headers {
        faults.push("it carries no headers; remove `no_header_support` from its configuration".to_owned());
    }
    if !info.jetstream {
        faults.push("JetStream is not enabled; start it with `-js`".to_owned());
    }
    if info.max_payload < 2 * HEADER_ROOM {
        faults.push(format!(
            "its `max_payload` is {} bytes; at least {} are needed",
            info.max_payload,
            2 * HEADER_ROOM
        ));
    }
    faults
}

/// Whether a version is known to be too old; one that cannot be read may be anything.
fn is_older(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST,
        _ => false,
    }
}

fn faults_of_account(account: &Account, options: &NatsOptions) -> Vec<String> {
    let mut faults = Vec::new();
    let limits = &account.limits;
    if limits.max_storage == 0 {
        faults.push("the account may store nothing in files; give it `max_file` storage".to_owned());
    }
    if limits.max_bytes_required && options.queue_bytes.is_none() {
        faults.push("the account wants a bound for each stream; set `queue_bytes`".to_owned());
    }
    let largest = u64::try_from(limits.storage_max_stream_bytes)
        .ok()
        .filter(|bytes| *bytes > 0);
    if let (Some(largest), Some(wanted)) = (largest, options.queue_bytes)
        && wanted > largest
    {
        faults.push(format!(
            "a stream of the account may have {largest} bytes; `queue_bytes` is {wanted}"
        ));
    }
    faults
}

fn max_body(max_payload: usize) -> usize {
    max_payload.saturating_sub(HEADER_ROOM).max(max_payload / 2)
}

/// Whether JetStream says that there is no such thing.
pub(super) fn is_absent(failure: &Failure) -> bool {
    use jetstream::ErrorCode as Code;
    failure.is_code(Code::STREAM_NOT_FOUND) || failure.is_code(Code::CONSUMER_NOT_FOUND)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_is_secret() {
        let (addresses, given) = read_addresses("nats://me:pass%40word@one:4223, tls://two").unwrap();
        let shown: Vec<String> = addresses.iter().map(shown).collect();
        assert_eq!(shown, ["nats://one:4223", "tls://two:4222"]);
        assert_eq!(given, Some(("me".into(), Some("pass@word".into()))));
        let (v6, _) = read_addresses("nats://[::1]:4222").unwrap();
        assert_eq!(v6[0].port(), 4222);
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let error = read_addresses("nats://ok,nats://me:hidden@:x").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("address 2") && !text.contains("hidden"), "{text}");
    }

    #[test]
    fn everything_wrong_with_a_server_is_said_at_once() {
        let info = ServerInfo {
            version: "2.2.6".into(),
            max_payload: 1_024,
            ..ServerInfo::default()
        };
        assert_eq!(faults_of_server(&info).len(), 4);
        let account = Account {
            limits: AccountLimits {
                max_bytes_required: true,
                ..AccountLimits::default()
            },
        };
        assert_eq!(
            faults_of_account(&account, &NatsOptions::to("nats://x".into())).len(),
            2
        );
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_older("2.8.4") && is_older("1.10.0"));
        assert!(!is_older("2.9.10") && !is_older("2.10.1") && !is_older("3.0.0") && !is_older("nightly"));
    }
}
