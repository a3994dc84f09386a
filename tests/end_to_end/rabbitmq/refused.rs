//! What is wrong with a server, an address or a queue is said when the bus starts, and how to put it right.

use std::time::Duration;

use lapin::{options::QueueDeclareOptions, types::FieldTable};
use saga_runtime::{
    Error, ErrorKind,
    transport::{RabbitMq, Topology, Transport},
};
use saga_tests::servers::RABBITMQ;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use super::corner;

async fn refusal(url: &str) -> Error {
    let connecting = RabbitMq::options(url).patience(Duration::from_secs(5)).connect();
    connecting.await.unwrap_err()
}

fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_and_not_shown() {
    if corner().is_none() {
        return;
    }
    let place = RABBITMQ.place();
    let refused = refusal(&format!("amqp://nobody:hunter2@{place}")).await;
    assert_says(
        &refused,
        ErrorKind::Setup,
        &[&place, "user or the password", "add_user"],
    );
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("nobody"), "{shown}");
}

#[tokio::test]
async fn a_virtual_host_that_does_not_exist_is_told() {
    if corner().is_none() {
        return;
    }
    let refused = refusal(&format!("{}/atlantis", RABBITMQ.address())).await;
    assert_says(
        &refused,
        ErrorKind::Setup,
        &[&RABBITMQ.place(), "`atlantis`", "add_vhost"],
    );
}

#[tokio::test]
async fn a_server_out_of_reach_is_told() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = refusal(&format!("amqp://guest:hunter2@{unused}")).await;
    assert_says(
        &refused,
        ErrorKind::Unavailable,
        &[&unused.to_string(), "out of reach", "start it"],
    );
    assert!(refused.is_retryable());
    assert!(!refused.to_string().contains("hunter2"));
}

#[tokio::test]
async fn something_that_is_no_rabbitmq_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        }
    });
    let refused = refusal(&format!("amqp://{address}")).await;
    assert_says(
        &refused,
        ErrorKind::Setup,
        &[&address.to_string(), "does not speak AMQP"],
    );
}

#[tokio::test]
async fn all_queues_declared_with_other_arguments_are_told_at_once() {
    let Some(corner) = corner() else { return };
    let connection = saga_tests::rabbitmq::connect().await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    for queue in ["billing", "sales"] {
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let declaring = channel.queue_declare(corner.queue(queue).into(), durable, FieldTable::default());
        declaring.await.unwrap();
    }
    let broker = corner.options().connect().await.unwrap();
    let topology = Topology {
        queues: ["billing", "warehouse", "sales", "", &"long".repeat(70)]
            .map(Into::into)
            .to_vec(),
        ..Topology::default()
    };
    let faults = broker.declare(&topology).await.unwrap_err();
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 4, "{texts:#?}");
    for (fault, queue) in faults.iter().zip(["billing", "sales"]) {
        let name = format!("refused queue `{}`", corner.queue(queue));
        assert_says(
            fault,
            ErrorKind::Setup,
            &[&name, "declared with other arguments", "delete it"],
        );
    }
    // What could be declared is there.
    broker
        .declare(&Topology {
            queues: vec!["warehouse".into()],
            ..Topology::default()
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_told() {
    let options = RabbitMq::options("amqps://localhost").ca_file("/nowhere/ca.pem");
    let refused = options.connect().await.unwrap_err();
    assert_says(&refused, ErrorKind::Setup, &["/nowhere/ca.pem"]);
}
