//! What is too large, for the library or for the server, is refused in words and holds up nothing else.

use saga_runtime::{
    Timestamp,
    transport::{Destination, Outgoing, Sent, Topology, Transport},
};
use saga_tests::rabbitmq::OwnServer;

use super::QUEUES;
use crate::{broker::envelope, job::Work};

fn work(bytes: usize) -> Outgoing {
    let work = Work {
        job: "a".into(),
        note: "x".repeat(bytes),
    };
    Outgoing {
        to: Destination::Queue("back".into()),
        envelope: envelope(&work, Timestamp::now()).into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_the_server_takes_is_refused_and_harms_no_other() {
    let Some(server) = OwnServer::start("max_message_size = 65536\n").await.unwrap() else {
        return;
    };
    let broker = server.corner(QUEUES).options().connect().await.unwrap();
    let topology = Topology {
        queues: vec!["back".into()],
        ..Topology::default()
    };
    broker.declare(&topology).await.unwrap();
    let mut left = vec![work(16), work(100_000), work(1_000), work(200_000)];
    let (mut accepted, mut refused) = (0, Vec::new());
    for _ in 0..20 {
        let sent = broker.send(&left).await;
        let again = std::mem::take(&mut left).into_iter().zip(sent);
        for (outgoing, sent) in again {
            match sent {
                Sent::Accepted => accepted += 1,
                Sent::Refused(why) => refused.push((outgoing.envelope.body.len(), why)),
                Sent::Unknown(_) => left.push(outgoing),
                Sent::NoRoute => panic!("there is such a queue"),
            }
        }
    }
    assert_eq!((accepted, refused.len()), (2, 2), "{refused:?}");
    for (bytes, why) in refused {
        assert!(bytes > 65_536, "{why}");
        let said = ["`Work`", &bytes.to_string(), "65536", "`max_message_size`"];
        assert!(said.iter().all(|word| why.contains(word)), "{why}");
    }
}
