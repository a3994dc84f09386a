//! What was sent while nobody was there is handled when somebody is, however long that took.

use std::time::Duration;

use saga_runtime::{Bus, clock::ManualClock, prelude::*, store::Sqlite};

#[derive(Endpoint)]
struct Desk;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk)]
struct OpenCase {
    case: u32,
}

#[saga(by = case, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Case {
    case: u32,
}

#[saga(states(Open))]
impl Case {
    #[start(OpenCase => Open)]
    fn open(request: OpenCase) -> Self {
        Self { case: request.case }
    }

    #[after(30 d in Open => end)]
    fn forgotten(&mut self) {}
}

#[tokio::test]
async fn a_start_command_older_than_the_wait_for_an_instance_still_starts_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.db");
    let clock = ManualClock::default();

    let outside = Bus::new(Sqlite::open(&file).await.unwrap())
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    outside.send(OpenCase { case: 7 }).await.unwrap();
    outside.shutdown().await.unwrap();
    clock.advance(Duration::from_secs(3_600));

    let desk = Bus::new(Sqlite::open(&file).await.unwrap())
        .clock(clock)
        .saga::<Case>()
        .start()
        .await
        .unwrap();
    while !desk.inspect().queues().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let case = desk.inspect().instance("Case", "7").await.unwrap();
    assert_eq!(case.expect("the case was opened").state, "Open");
    assert!(desk.inspect().dead_letter_counts().await.unwrap().is_empty());
    desk.shutdown().await.unwrap();
}
