//! Files, disks and other programs that misbehave.

use super::*;

#[tokio::test]
async fn a_file_that_is_no_database_is_called_corrupt_with_its_path() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path(), vec![b'x'; 10_000]).unwrap();
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("test.db"), "{error}");
}

#[tokio::test]
async fn a_page_overwritten_behind_our_back_is_an_error_and_no_panic() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let units = (0..500).map(|n| put(&n.to_string(), None)).collect();
    store.commit(units).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = std::fs::read(fixture.path()).unwrap();
    bytes[4_096 * 2..].fill(0x5a);
    std::fs::write(fixture.path(), bytes).unwrap();
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[tokio::test]
async fn tables_of_a_newer_build_are_left_alone() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(&store, "PRAGMA user_version = 99").await;
    drop(store);
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let error = Sqlite::open(Path::new("/nowhere/at/all.db")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setup);
    assert!(error.to_string().contains("/nowhere/at/all.db"), "{error}");
}

#[tokio::test]
async fn a_second_holder_of_the_file_is_told_until_the_first_lets_go() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains("test.db.lock"), "{error}");
    store.close().await.unwrap();
    assert_eq!(store.beat().await.unwrap_err().kind(), ErrorKind::Closed);
    fixture.open().await;
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_applies_nothing_and_passes() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(&store, "PRAGMA max_page_count = 20").await;
    let big = |key: &str| {
        let mut unit = put(key, None);
        if let Some(InstanceChange {
            change: Change::Put(row),
            ..
        }) = &mut unit.instance
        {
            row.data = vec![7; 100_000].into();
        }
        unit
    };
    let error = store.commit(vec![put("a", None), big("b")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert!(error.is_retryable());
    assert_eq!(find(&store, "a").await, Found::Absent);
    sql(&store, "PRAGMA max_page_count = 1000").await;
    assert!(
        store
            .commit(vec![put("a", None), big("b")])
            .await
            .unwrap()
            .iter()
            .all(is_applied)
    );
}

#[tokio::test]
async fn a_file_another_program_writes_to_is_unavailable_for_the_time() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(&store, "PRAGMA busy_timeout = 0").await;
    let other = Connection::open(fixture.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(vec![put("a", None)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(is_applied(&apply(&store, put("a", None)).await));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_the_file_does_not_get_around_the_lock() {
    let fixture = Fixture::new();
    let _store = fixture.open().await;
    let link = fixture.directory.path().join("link.db");
    std::os::unix::fs::symlink(fixture.path(), &link).unwrap();
    assert_eq!(Sqlite::open(link).await.unwrap_err().kind(), ErrorKind::Locked);
}

#[tokio::test]
async fn a_store_without_a_file_is_refused() {
    for path in ["", ":memory:"] {
        assert_eq!(Sqlite::open(path).await.unwrap_err().kind(), ErrorKind::Setup);
    }
}
