//! Servers that tests need: at hand, or said to be missing.

use std::{
    env,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

/// A server and where it is to be found.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    name: &'static str,
    variable: &'static str,
    default: &'static str,
}

/// NATS with JetStream.
pub const NATS: Server = Server {
    name: "NATS",
    variable: "SAGA_NATS_URL",
    default: "nats://127.0.0.1:4222",
};

/// RabbitMQ.
pub const RABBITMQ: Server = Server {
    name: "RabbitMQ",
    variable: "SAGA_RABBITMQ_URL",
    default: "amqp://guest:guest@127.0.0.1:5672",
};

impl Server {
    /// Its address: what the environment says, or where it stands by default.
    pub fn address(&self) -> String {
        env::var(self.variable).unwrap_or_else(|_| self.default.to_owned())
    }

    /// Its host and port.
    pub fn place(&self) -> String {
        place(&self.address()).to_owned()
    }

    /// Its address by way of another host and port.
    pub fn address_by(&self, way: SocketAddr) -> String {
        self.address().replacen(&self.place(), &way.to_string(), 1)
    }

    /// Why tests that need it are skipped; `None` if it is there.
    ///
    /// # Panics
    /// With `CI=true` nothing is skipped: a server that is missing is a failure.
    pub fn missing(&self) -> Option<String> {
        let address = self.address();
        if answers(&address) {
            return None;
        }
        let (name, variable) = (self.name, self.variable);
        let why = format!("{name} does not answer at {}; set {variable}", place(&address));
        nothing_is_skipped_in_ci(&why);
        Some(why)
    }
}

/// A server's program, to be started by the test itself. `None`, said aloud, where it is not installed.
///
/// # Panics
/// With `CI=true` nothing is skipped: a program that is missing is a failure.
pub fn installed(program: &str, package: &str, beside_path: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(beside_path.iter().map(PathBuf::from));
    let mut files = folders.map(|folder| folder.join(program));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        let why = format!("`{program}` is not installed (`apt install {package}`)");
        nothing_is_skipped_in_ci(&why);
        eprintln!("skipped: {why}");
    }
    found
}

#[allow(clippy::panic, reason = "a test says what is wrong by panicking")]
fn nothing_is_skipped_in_ci(why: &str) {
    if env::var("CI").is_ok_and(|ci| ci == "true") {
        panic!("{why}");
    }
}

/// Host and port of an address.
fn place(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

fn answers(address: &str) -> bool {
    let found = place(address).to_socket_addrs();
    found
        .into_iter()
        .flatten()
        .any(|socket| TcpStream::connect_timeout(&socket, Duration::from_secs(2)).is_ok())
}
