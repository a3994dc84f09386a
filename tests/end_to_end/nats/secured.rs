//! Servers that want TLS and credentials, and what is said of them when they do not get it.

use saga_runtime::{Error, ErrorKind, transport::Nats};
use saga_tests::nats::OwnServer;

use crate::certificates::certificates;

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_with_whom_the_authority_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    certificates(folder.path());
    let tls = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
        file("server.pem"),
        file("server.key"),
        file("ca.pem")
    );
    let Some(server) = OwnServer::start(&tls).await.unwrap() else {
        return;
    };
    let address = format!("tls://{}", server.address());
    let trusting = Nats::options(&address).ca_file(file("ca.pem"));
    let known = trusting
        .clone()
        .client_certificate(file("client.pem"), file("client.key"));
    known.connect().await.unwrap();
    let stranger = trusting.connect().await.unwrap_err();
    assert!(stranger.to_string().contains(&address), "{stranger}");
    let distrusting = Nats::connect(&address).await.unwrap_err();
    assert_eq!(distrusting.kind(), ErrorKind::Setup);
    assert!(
        distrusting.to_string().contains("CA file")
            || distrusting.to_string().contains("certificate authority"),
        "{distrusting}"
    );
}

fn assert_refused_without_a_word_of(secret: &str, refused: &Error) {
    let text = format!("{refused} {refused:?}");
    assert_eq!(refused.kind(), ErrorKind::Setup, "{text}");
    assert!(text.contains("credentials") && text.contains("NATS at"), "{text}");
    assert!(!text.contains(secret), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_taken_and_never_repeated() {
    let accounts = "authorization { users: [{ user: shop, password: \"let@me:in\" }] }";
    let Some(server) = OwnServer::start(accounts).await.unwrap() else {
        return;
    };
    let address = server.address();
    let plain = Nats::options(format!("nats://{address}"));
    let in_address = format!("nats://shop:let%40me%3Ain@{address}");
    for way in [
        plain.clone().user("shop", "let@me:in"),
        Nats::options(&in_address),
    ] {
        let nats = way.connect().await.unwrap();
        assert!(!format!("{nats:?}").contains("let@me"), "{nats:?}");
    }
    let refused = plain.user("shop", "hidden").connect().await.unwrap_err();
    assert_refused_without_a_word_of("hidden", &refused);
    let refused = Nats::connect(format!("nats://shop:hidden@{address}"))
        .await
        .unwrap_err();
    assert_refused_without_a_word_of("hidden", &refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_server_cannot_do_is_said_at_once() {
    let without_jetstream = "max_payload: 65536\naccounts { A { users: [{ user: a, password: b }] } }";
    let Some(server) = OwnServer::start(without_jetstream).await.unwrap() else {
        return;
    };
    let options = Nats::options(format!("nats://{}", server.address())).user("a", "b");
    let text = options.connect().await.unwrap_err().to_string();
    assert!(
        text.contains("max_payload") && text.contains("JetStream"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_named_with_the_remedy() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = Nats::connect(format!("nats://{nobody}")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("nats-server -js"), "{refused}");
}
