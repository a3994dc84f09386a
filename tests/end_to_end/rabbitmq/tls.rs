//! Over TLS, with a server of the test's own whose certificate nobody else trusts.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use saga_runtime::{
    Bus, ErrorKind,
    store::Memory,
    transport::{RabbitMq, RabbitMqOptions},
};
use tempfile::TempDir;

use crate::order::{PlaceOrderReply, World, order, shop};

/// How long a server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where Debian keeps the script that does not change the user.
const SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A RabbitMQ server that speaks TLS only; it ends with this.
struct Server {
    process: Child,
    port: u16,
    home: TempDir,
}

impl Server {
    /// `None`, said aloud, where there is nothing to start one with.
    async fn start() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        if !Path::new(SCRIPT).exists() || !certify(home.path()) {
            eprintln!("skipped: a server of its own needs {SCRIPT} and openssl");
            return None;
        }
        let (port, between_nodes) = (free_port(), free_port());
        let path = |name: &str| home.path().join(name);
        fs::write(path("rabbitmq.conf"), configuration(home.path(), port)).unwrap();
        fs::write(path("plugins"), "[].").unwrap();
        let process = Command::new(SCRIPT)
            .env("HOME", home.path())
            .env("RABBITMQ_NODENAME", format!("saga{port}@localhost"))
            .env("RABBITMQ_DIST_PORT", between_nodes.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("db"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { process, port, home };
        server.until_up().await;
        Some(server)
    }

    async fn until_up(&self) {
        let up = tokio::time::timeout(PATIENCE, async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_err()
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        up.await.expect("the server starts");
    }

    fn options(&self) -> RabbitMqOptions {
        RabbitMq::options(format!("amqps://guest:guest@localhost:{}", self.port))
    }

    fn certificate(&self) -> PathBuf {
        self.home.path().join("certificate.pem")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}

/// A certificate for this machine that is its own authority.
fn certify(home: &Path) -> bool {
    let made = Command::new("openssl")
        .current_dir(home)
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .stderr(Stdio::null())
        .status();
    made.is_ok_and(|status| status.success())
}

fn configuration(home: &Path, port: u16) -> String {
    let home = home.display();
    format!(
        "listeners.tcp = none\n\
         listeners.ssl.1 = 127.0.0.1:{port}\n\
         ssl_options.cacertfile = {home}/certificate.pem\n\
         ssl_options.certfile = {home}/certificate.pem\n\
         ssl_options.keyfile = {home}/key.pem\n\
         ssl_options.verify = verify_none\n"
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_over_tls_to_a_server_that_is_trusted_and_to_no_other() {
    let Some(server) = Server::start().await else {
        return;
    };
    let refused = server.options().connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Setup, "{refused}");
    assert!(refused.to_string().contains("ca_file"), "{refused}");

    let broker = server
        .options()
        .ca_file(server.certificate())
        .connect()
        .await
        .unwrap();
    let bus = shop(Bus::with(broker, Memory::new()), &World::default());
    let bus = bus.start().await.unwrap();
    let reply = bus.request(order("A1")).await.unwrap();
    assert!(matches!(reply, PlaceOrderReply::OrderConfirmed(_)));
    bus.shutdown().await.unwrap();
}
