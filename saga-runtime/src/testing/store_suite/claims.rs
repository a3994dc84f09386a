//! A message is claimed by one node at a time, oldest first, within limits.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::claim,
    samples::{self, carrying, consume, failure, message, park, parking, put},
    *,
};
use crate::store::{NewMessage, Park, Source, Wait};

fn of(consumer: &str, queue: &str) -> NewMessage {
    NewMessage {
        consumer: Some(consumer.into()),
        ..message(queue)
    }
}

fn sized(bytes: usize) -> NewMessage {
    carrying(
        samples::with_body("BillOrder", vec![b'x'; bytes].into()),
        "billing",
    )
}

fn claiming(claims: Vec<Claim>, max_bytes: usize) -> Want {
    Want {
        claims,
        max_bytes,
        ..Want::default()
    }
}

fn rows(messages: &[Stored]) -> Vec<Seq> {
    messages.iter().map(|stored| stored.seq).collect()
}

pub async fn a_message_is_taken_as_it_was_put<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let put_there = NewMessage {
        attempts: 2,
        history: vec![failure()],
        ..message("billing")
    };
    let born = process.apply(put([put_there.clone()])).await;
    let expected = Stored {
        seq: born[0],
        envelope: put_there.envelope,
        queue: put_there.queue,
        consumer: None,
        wait: Wait::Ready,
        accepted_at: bench.now(),
        attempts: 2,
        crashes: 0,
        suspect: false,
        history: put_there.history,
    };
    assert_eq!(process.claim_one("billing").await, expected);
}

pub async fn a_claimed_message_is_not_taken_again<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([message("billing")])).await;
    process.claim_one("billing").await;
    process.assert_nothing_ready("billing").await;
}

pub async fn another_node_cannot_take_what_a_living_one_claimed<F: StoreFixture>(bench: Bench<F>) {
    let one = bench.start().await;
    if !one.caps().shared {
        return super::super::skip("this store serves one process at a time");
    }
    let two = bench.start().await;
    one.apply(put([message("billing")])).await;
    let taken = one.claim_one("billing").await;
    two.beat().await.unwrap();
    two.assert_nothing_ready("billing").await;
    assert_eq!(two.attempt(consume([taken.seq])).await, Outcome::ClaimLost);
    assert_eq!(two.attempt(parking(park(&taken))).await, Outcome::ClaimLost);
    one.apply(consume([taken.seq])).await;
}

pub async fn a_consumed_message_never_comes_again<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([message("billing")])).await;
    let taken = process.claim_one("billing").await;
    process.apply(consume([taken.seq])).await;
    assert_eq!(process.attempt(consume([taken.seq])).await, Outcome::ClaimLost);
    bench.restart(process).await.assert_nothing_ready("billing").await;
}

pub async fn a_message_nobody_claimed_cannot_be_consumed<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let born = process.apply(put([message("billing")])).await;
    assert_eq!(process.attempt(consume(born)).await, Outcome::ClaimLost);
    process.claim_one("billing").await;
}

pub async fn messages_come_oldest_first<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let mut born = process.apply(put((0..10).map(|_| message("billing")))).await;
    born.extend(process.apply(put([message("billing")])).await);
    let first = process.claim_up_to("billing", 4).await.messages;
    assert_eq!(rows(&first), born[..4]);
    process.apply(parking(park(&first[1]))).await;
    let rest = process.claim("billing").await;
    assert_eq!(rest[0].seq, born[1], "what was given back is older than the rest");
    assert_eq!(rows(&rest[1..]), born[4..]);
}

pub async fn messages_of_several_claims_come_in_one_order<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let born = process.apply(put(["a", "b", "a", "b"].map(message))).await;
    let claims = vec![claim("b", None, 9), claim("a", None, 9)];
    let taken = process.want(claiming(claims, 1 << 20)).await;
    assert_eq!(rows(&taken.messages), born);
}

pub async fn a_claim_is_for_one_queue_and_one_consumer<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let desk = of("BillingDesk", "billing");
    let born = process
        .apply(put([
            message("billing"),
            desk,
            of("Audit", "billing"),
            message("sales"),
        ]))
        .await;
    let taken = process
        .want(claiming(vec![claim("billing", Some("BillingDesk"), 9)], 1 << 20))
        .await;
    assert_eq!(rows(&taken.messages), [born[1]]);
    assert_eq!(taken.messages[0].consumer.as_deref(), Some("BillingDesk"));
    assert_eq!(rows(&process.claim("billing").await), [born[0]]);
}

pub async fn a_claim_keeps_its_limit_and_says_whether_there_is_more<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put((0..5).map(|_| message("billing")))).await;
    let first = process.claim_up_to("billing", 3).await;
    assert_eq!((first.messages.len(), first.more), (3, vec![true]));
    let second = process.claim_up_to("billing", 2).await;
    assert_eq!((second.messages.len(), second.more), (2, vec![false]));
    let third = process.claim_up_to("billing", 2).await;
    assert_eq!((third.messages.len(), third.more), (0, vec![false]));
}

pub async fn a_limit_of_none_claims_none<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([message("billing")])).await;
    let taken = process.claim_up_to("billing", 0).await;
    assert_eq!((taken.messages.len(), taken.more), (0, vec![true]));
}

pub async fn claims_stop_before_more_bytes_than_wanted<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put((0..5).map(|_| sized(1_000)))).await;
    let taken = process
        .want(claiming(vec![claim("billing", None, 9)], 2_500))
        .await;
    assert_eq!((taken.messages.len(), taken.more), (2, vec![true]));
    assert_eq!(process.claim("billing").await.len(), 3);
}

pub async fn one_message_always_fits<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([sized(5_000), sized(10)])).await;
    let taken = process.want(claiming(vec![claim("billing", None, 9)], 100)).await;
    assert_eq!(taken.messages.len(), 1);
    assert_eq!(taken.messages[0].envelope.body.len(), 5_000);
}

pub async fn a_message_born_claimed_is_never_taken_by_a_living_node<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let claimed = NewMessage {
        claimed: true,
        ..message("billing")
    };
    let born = process.apply(put([claimed])).await;
    process.beat().await.unwrap();
    process.assert_nothing_ready("billing").await;
    process.apply(consume(born)).await;
}

pub async fn messages_to_relay_are_claimed_apart<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let relay = NewMessage {
        wait: Wait::Relay,
        ..message("billing")
    };
    let born = process
        .apply(put([relay.clone(), relay, message("billing")]))
        .await;
    assert_eq!(rows(&process.claim("billing").await), [born[2]]);
    let want = |relay| Want {
        relay,
        max_bytes: 1 << 20,
        ..Want::default()
    };
    let first = process.want(want(1)).await.relay;
    assert_eq!(rows(&first), [born[0]]);
    assert_eq!(rows(&process.want(want(9)).await.relay), [born[1]]);
    let later = Park {
        wait: Wait::Relay,
        due: Some(bench.after(5)),
        ..park(&first[0])
    };
    process.apply(parking(later)).await;
    assert_eq!(process.want(want(9)).await.relay, []);
    bench.advance_secs(5).await;
    assert_eq!(rows(&process.want(want(9)).await.relay), [born[0]]);
}

pub async fn the_oldest_message_of_a_consumer_counts_even_while_claimed<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let source = |consumer: &str| Source {
        queue: "sales".into(),
        consumer: consumer.into(),
    };
    let want = || Want {
        oldest: vec![source("Fulfilment"), source("Other")],
        ..Want::default()
    };
    assert_eq!(process.want(want()).await.oldest, [None, None]);
    let first = bench.now();
    process.apply(put([of("Fulfilment", "sales")])).await;
    bench.advance_secs(1).await;
    process.apply(put([message("sales")])).await;
    let second = bench.now();
    assert_eq!(process.want(want()).await.oldest, [Some(first), Some(second)]);

    let claims = vec![claim("sales", Some("Fulfilment"), 9)];
    let taken = process.want(claiming(claims, 1 << 20)).await.messages;
    assert_eq!(process.want(want()).await.oldest, [Some(first), Some(second)]);
    process.apply(consume(rows(&taken))).await;
    assert_eq!(process.want(want()).await.oldest, [Some(second), Some(second)]);
}

pub async fn a_message_that_waits_for_a_retry_is_not_the_oldest<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([message("sales")])).await;
    let taken = process.claim_one("sales").await;
    let retry = Park {
        wait: Wait::Retry,
        due: Some(bench.after(5)),
        ..park(&taken)
    };
    process.apply(parking(retry)).await;
    let source = Source {
        queue: "sales".into(),
        consumer: "Fulfilment".into(),
    };
    let want = Want {
        oldest: vec![source],
        ..Want::default()
    };
    assert_eq!(process.want(want.clone()).await.oldest, [None]);
    bench.advance_secs(6).await;
    assert_eq!(process.want(want).await.oldest, [None]);
}
