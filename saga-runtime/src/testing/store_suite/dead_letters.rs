//! What was set aside is found, replayed or deleted.

#![allow(missing_docs, reason = "the titles are sentences")]

use std::collections::BTreeMap;

use super::{
    samples::{burying, dead_letter},
    *,
};
use crate::{
    dead_letter::{DeadLetter, DeadLetterFilter, DeadMessage, Reason, StoredDeadLetter},
    store::Wait,
};

async fn list<S: Store>(process: &Process<S>, filter: DeadLetterFilter) -> Vec<StoredDeadLetter> {
    process.inspect().dead_letters(filter).await.unwrap()
}

async fn names<S: Store>(process: &Process<S>, filter: DeadLetterFilter) -> Vec<String> {
    let letters = list(process, filter).await.into_iter();
    letters
        .map(|stored| stored.letter.message.name().unwrap_or("raw").to_owned())
        .collect()
}

/// Three letters: A and B in `billing`, C in `sales`.
async fn with_three<F: StoreFixture>(bench: &Bench<F>) -> Process<F::Store> {
    let process = bench.start().await;
    let letters = [
        dead_letter("A", "billing", Reason::Unexpected),
        dead_letter("B", "billing", Reason::Undecodable),
        dead_letter("C", "sales", Reason::Undecodable),
    ];
    process.apply(burying(letters)).await;
    process
}

fn raw() -> DeadLetter {
    let message = DeadMessage::Raw {
        headers: vec![("saga-id".into(), "not an id".into())],
        body: bytes::Bytes::from_static(b"\xff\0"),
    };
    DeadLetter {
        message,
        consumer: None,
        ..dead_letter("raw", "billing", Reason::Undecodable)
    }
}

pub async fn a_dead_letter_is_found_as_it_was_set_aside<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let letters = [dead_letter("A", "billing", Reason::RetriesExhausted), raw()];
    process.apply(burying(letters.clone())).await;
    let found = list(&process, DeadLetterFilter::default()).await.into_iter();
    assert_eq!(found.map(|stored| stored.letter).collect::<Vec<_>>(), letters);
}

pub async fn dead_letters_come_oldest_first_in_pages<F: StoreFixture>(bench: Bench<F>) {
    let process = with_three(&bench).await;
    let first = list(
        &process,
        DeadLetterFilter {
            limit: 2,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(first.len(), 2);
    assert!(first[0].id < first[1].id);
    let next = DeadLetterFilter {
        after: first[1].id,
        limit: 2,
        ..Default::default()
    };
    assert_eq!(names(&process, next).await, ["C"]);
}

pub async fn dead_letters_are_filtered<F: StoreFixture>(bench: Bench<F>) {
    let process = with_three(&bench).await;
    let all = DeadLetterFilter::default;
    assert_eq!(names(&process, all()).await, ["A", "B", "C"]);
    assert_eq!(
        names(
            &process,
            DeadLetterFilter {
                name: Some("B".into()),
                ..all()
            }
        )
        .await,
        ["B"]
    );
    let billing = DeadLetterFilter {
        queue: Some("billing".into()),
        ..all()
    };
    assert_eq!(names(&process, billing).await, ["A", "B"]);
    let undecodable = DeadLetterFilter {
        reason: Some(Reason::Undecodable),
        ..all()
    };
    assert_eq!(names(&process, undecodable.clone()).await, ["B", "C"]);
    let both = DeadLetterFilter {
        queue: Some("sales".into()),
        limit: 1,
        ..undecodable
    };
    assert_eq!(names(&process, both).await, ["C"]);
}

pub async fn dead_letters_are_counted_by_message<F: StoreFixture>(bench: Bench<F>) {
    let process = with_three(&bench).await;
    process
        .apply(burying([dead_letter("B", "sales", Reason::Unexpected)]))
        .await;
    let counts = process.inspect().dead_letter_counts().await.unwrap();
    let expected = [("A", 1), ("B", 2), ("C", 1)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!(counts, BTreeMap::from(expected));
}

pub async fn a_replayed_dead_letter_is_back_in_its_queue_under_its_own_id<F: StoreFixture>(bench: Bench<F>) {
    let process = with_three(&bench).await;
    let letter = list(&process, DeadLetterFilter::default()).await.remove(0);
    assert_eq!(process.inspect().replay(vec![letter.id]).await.unwrap(), 1);
    let claims = vec![bench::claim("billing", Some("BillingDesk"), 9)];
    let taken = process
        .want(Want {
            claims,
            max_bytes: 1 << 20,
            ..Want::default()
        })
        .await;
    assert_eq!(taken.messages.len(), 1);
    let back = &taken.messages[0];
    assert_eq!(
        DeadMessage::Envelope(Arc::clone(&back.envelope)),
        letter.letter.message
    );
    assert_eq!((back.wait, back.attempts), (Wait::Ready, 0));
    assert_eq!(names(&process, DeadLetterFilter::default()).await, ["B", "C"]);
}

pub async fn a_dead_letter_is_replayed_once<F: StoreFixture>(bench: Bench<F>) {
    let process = with_three(&bench).await;
    let letters = list(&process, DeadLetterFilter::default()).await;
    let ids: Vec<_> = letters.iter().map(|stored| stored.id).collect();
    let twice = [ids.clone(), ids.clone()].concat();
    assert_eq!(process.inspect().replay(twice).await.unwrap(), 3);
    assert_eq!(process.inspect().replay(ids).await.unwrap(), 0);
}

pub async fn bytes_that_are_no_message_stay_when_replayed<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(burying([raw()])).await;
    let id = list(&process, DeadLetterFilter::default()).await[0].id;
    assert_eq!(process.inspect().replay(vec![id]).await.unwrap(), 0);
    assert_eq!(names(&process, DeadLetterFilter::default()).await, ["raw"]);
}

pub async fn a_deleted_dead_letter_is_gone<F: StoreFixture>(bench: Bench<F>) {
    let process = with_three(&bench).await;
    let letters = list(&process, DeadLetterFilter::default()).await;
    let ids = vec![letters[0].id, letters[2].id, i64::MAX];
    assert_eq!(process.inspect().delete(ids).await.unwrap(), 2);
    assert_eq!(names(&process, DeadLetterFilter::default()).await, ["B"]);
}
