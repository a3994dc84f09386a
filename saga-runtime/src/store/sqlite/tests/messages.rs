//! What becomes of messages across waits and restarts.

use super::*;

#[tokio::test]
async fn what_a_dead_process_had_claimed_is_suspect_and_what_a_closed_one_gave_back_is_not() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    apply(&store, sends(message("PlaceOrder"))).await;
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
    assert!(store.take(claim()).await.unwrap().messages.is_empty());
    store.close().await.unwrap();

    let store = fixture.open().await;
    assert!(!store.take(claim()).await.unwrap().messages[0].suspect);
    drop(store);

    let store = fixture.open().await;
    let taken = store.take(claim()).await.unwrap();
    assert!(taken.messages[0].suspect);
    let counted = Park {
        seq: taken.messages[0].seq,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        crashes: 1,
        history: Vec::new(),
        instance: None,
        keep: true,
    };
    let unit = Unit {
        park: vec![counted],
        ..Unit::default()
    };
    assert!(is_applied(&apply(&store, unit).await));
    drop(store);

    let store = fixture.open().await;
    let taken = store.take(claim()).await.unwrap();
    assert_eq!((taken.messages[0].suspect, taken.messages[0].crashes), (true, 1));
}

#[tokio::test]
async fn a_message_reads_back_as_it_was_written() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let sent = NewMessage {
        attempts: 2,
        history: vec![Failure {
            at: Timestamp::new(5, 7).unwrap(),
            error: "refused".into(),
        }],
        ..message("PlaceOrder")
    };
    let Outcome::Applied { born } = apply(&store, sends(sent.clone())).await else {
        panic!("not applied");
    };
    let taken = store.take(claim()).await.unwrap();
    let read = &taken.messages[0];
    assert_eq!(read.seq, born[0]);
    assert_eq!(read.envelope, sent.envelope);
    assert_eq!((&read.queue, &read.consumer), (&sent.queue, &sent.consumer));
    assert_eq!((read.attempts, &read.history), (2, &sent.history));
    let source = Source {
        queue: "shop".into(),
        consumer: "Fulfilment".into(),
    };
    let oldest = Want {
        oldest: vec![source],
        ..Want::default()
    };
    let oldest = store.take(oldest).await.unwrap().oldest;
    assert_eq!(oldest, [Some(Timestamp::UNIX_EPOCH)], "claimed ones count");
}

#[tokio::test]
async fn a_type_that_was_unknown_is_ready_when_a_build_knows_it() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let later = Timestamp::UNIX_EPOCH + Duration::from_secs(600);
    for name in ["New", "Newer"] {
        let waiting = NewMessage {
            wait: Wait::Unknown,
            due: Some(later),
            ..message(name)
        };
        apply(&store, sends(waiting)).await;
    }
    let taken = store.take(claim()).await.unwrap();
    assert!(taken.messages.is_empty());
    assert_eq!(taken.next_due, Some(later));
    store.close().await.unwrap();

    let store = fixture.open_knowing(&["New"]).await;
    let names = |taken: &Taken| -> Vec<String> {
        taken
            .messages
            .iter()
            .map(|message| message.envelope.name.to_string())
            .collect()
    };
    assert_eq!(names(&store.take(claim()).await.unwrap()), ["New"]);
    fixture.clock.advance(Duration::from_secs(600));
    assert_eq!(
        names(&store.take(claim()).await.unwrap()),
        ["Newer"],
        "its wait is over"
    );
}

#[tokio::test]
async fn the_commit_that_creates_an_instance_releases_its_waiting_messages_and_wakes() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let waiting = || NewMessage {
        wait: Wait::Absent,
        due: Some(Timestamp::UNIX_EPOCH + Duration::from_secs(60)),
        instance: Some(id("a")),
        ..message("Paid")
    };
    apply(&store, sends(waiting())).await;
    assert!(store.take(claim()).await.unwrap().messages.is_empty());
    let woken = store.woken();
    apply(&store, put("a", None)).await;
    woken.await;
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
    // And one that comes too late to be released need not wait.
    apply(&store, sends(waiting())).await;
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn a_dead_letter_is_replayed_under_its_own_id_and_raw_bytes_stay() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let letter = |message| DeadLetter {
        message,
        queue: "shop".into(),
        consumer: Some("Fulfilment".into()),
        reason: Reason::HandlerFailed,
        detail: "it failed".into(),
        history: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    let envelope = envelope("PlaceOrder");
    let raw = DeadMessage::Raw {
        headers: vec![],
        body: Bytes::from_static(b"?"),
    };
    let unit = Unit {
        dead: vec![letter(DeadMessage::Envelope(Arc::clone(&envelope))), letter(raw)],
        ..Unit::default()
    };
    apply(&store, unit).await;
    let filter = DeadLetterFilter {
        reason: Some(Reason::HandlerFailed),
        ..DeadLetterFilter::default()
    };
    let ids = store.inspect().dead_letters(filter).await.unwrap();
    let ids = ids.iter().map(|stored| stored.id).collect();
    assert_eq!(store.inspect().replay(ids).await.unwrap(), 1);
    assert_eq!(store.take(claim()).await.unwrap().messages[0].envelope, envelope);
    assert_eq!(store.inspect().dead_letter_counts().await.unwrap()[""], 1);
}

#[tokio::test]
async fn a_wait_that_begins_in_the_transaction_which_ends_it_is_over_at_once() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let waiting = NewMessage {
        wait: Wait::Absent,
        due: Some(Timestamp::UNIX_EPOCH + Duration::from_secs(60)),
        instance: Some(id("a")),
        ..message("Paid")
    };
    let outcomes = store.commit(vec![sends(waiting), put("a", None)]).await.unwrap();
    assert!(outcomes.iter().all(is_applied));
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
}
