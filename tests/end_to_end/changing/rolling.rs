//! A rolling upgrade: two builds on one store, then the newer one alone.

use super::*;

/// The time that passes while one looks: ten times as quick as the wall's, so that leases are kept on a slow machine.
const TICK: Duration = Duration::from_millis(20);

async fn all_end(outside: &Bus, tick: &impl Fn(), keys: &[String]) {
    for key in keys {
        eventually(&format!("`{key}` ends"), async || {
            tick();
            view(outside, key)
                .await
                .is_some_and(|instance| instance.state == "end")
        })
        .await;
    }
}

/// Places orders as both builds do.
async fn place_both(outside: &Bus, wave: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for nth in 0..10 {
        let (old, new) = (format!("{wave}-old-{nth}"), format!("{wave}-new-{nth}"));
        outside.send(placed(&old)).await.unwrap();
        let order = v2::PlaceOrder {
            order_id: new.clone(),
            currency: "CHF".into(),
        };
        outside.send(order).await.unwrap();
        keys.extend([old, new]);
    }
    keys
}

/// `open` begins another process each time; `tick` lets time pass, where it does not by itself.
pub(crate) async fn two_builds_side_by_side(open: impl AsyncFn() -> Builder, tick: impl Fn()) {
    let ledger = Ledger::default();
    let old = open()
        .await
        .saga::<v1::Fulfilment>()
        .service(v1::BillingDesk(ledger.clone()))
        .start()
        .await
        .unwrap();
    let outside = open().await.start().await.unwrap();
    // Under way when the newer build comes, and waiting for a service that only that one has.
    for nth in 0..10 {
        outside.send(placed(&format!("before-{nth}"))).await.unwrap();
    }
    let mut keys = Vec::from_iter((0..10).map(|nth| format!("before-{nth}")));
    comes_to(&outside, "before-0", "Labelling").await;
    let new = open()
        .await
        .saga::<v2::Fulfilment>()
        .service(v2::BillingDesk(ledger.clone()))
        .service(v2::WarehouseDesk(ledger.clone()))
        .start()
        .await
        .unwrap();
    keys.extend(place_both(&outside, "beside").await);
    all_end(&outside, &tick, &keys).await;

    // Stopped in the middle of the next ones.
    let rest = place_both(&outside, "after").await;
    old.shutdown().await.unwrap();
    all_end(&outside, &tick, &rest).await;
    keys.extend(rest);

    assert!(outside.inspect().dead_letter_counts().await.unwrap().is_empty());
    let done = ledger.lock().unwrap().clone();
    for key in &keys {
        let times = |what: &str| {
            let whole = format!("{what} {key}");
            let begun = format!("{whole} in ");
            done.iter()
                .filter(|line| **line == whole || line.starts_with(&begun))
                .count()
        };
        assert_eq!((times("bill"), times("label")), (1, 1), "{key}");
    }
    for bus in [new, outside] {
        bus.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_two_builds_side_by_side_are_all_done_once_and_go_on_when_the_older_one_stops() {
    let (store, clock) = (Memory::new(), ManualClock::default());
    let open = async || Bus::new(store.clone()).clock(clock.clone());
    two_builds_side_by_side(open, || clock.advance(TICK)).await;
}
