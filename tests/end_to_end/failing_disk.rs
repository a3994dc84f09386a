//! A disk that fails a write, or takes none: told in words, waited out, nothing lost or done twice.

use std::{collections::HashMap, env, process::Command};

use rusqlite::Connection;
use saga_runtime::{Bus, ErrorKind, store::Sqlite};

use crate::{
    disk::SmallDisk,
    job::{Hands, Start, jobs, letters, until_idle, until_in},
};

/// The database of the process whose writes fail.
const DATABASE: &str = "SAGA_FAILING_DATABASE";
/// In this shell a write beyond 2 MiB fails with an error of input and output, as a broken disk's does.
const SHELL: &str = "trap '' XFSZ; ulimit -S -f 2048; exec \"$@\"";

/// Lets the writes of this process through again.
fn mend() {
    let process = std::process::id().to_string();
    let mended = Command::new("prlimit")
        .args(["--pid", &process, "--fsize=unlimited"])
        .status();
    assert!(mended.unwrap().success());
}

/// The process whose writes fail; the test below starts it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_on_a_failing_disk() {
    let Ok(database) = env::var(DATABASE) else { return };
    let hands = Hands::willing();
    let bus = jobs(Bus::new(Sqlite::open(&database).await.unwrap()), &hands)
        .start()
        .await
        .unwrap();
    let (mut sent, mut failed) = (Vec::new(), None);
    while failed.is_none() && sent.len() < 10_000 {
        let job = format!("job{}", sent.len());
        let note = "n".repeat(5_000);
        match bus
            .send(Start {
                job: job.clone(),
                note,
            })
            .await
        {
            Ok(_) => sent.push(job),
            Err(error) => failed = Some(error),
        }
    }
    let failed = failed.expect("no write failed");
    assert!(
        matches!(failed.kind(), ErrorKind::Unavailable | ErrorKind::Unknown),
        "{failed}"
    );
    let text = failed.to_string();
    assert!(
        text.contains(&database) && text.contains("Check the disk"),
        "{text}"
    );

    mend();
    for job in &sent {
        until_in(&bus, job, "end").await;
    }
    until_idle(&bus).await;
    assert!(letters(&bus).await.is_empty());
    let mut tries: HashMap<String, u32> = HashMap::new();
    for (job, _) in hands.tried.lock().unwrap().iter() {
        *tries.entry(job.clone()).or_default() += 1;
    }
    assert!(tries.values().all(|times| *times == 1), "{tries:?}");
    bus.shutdown().await.unwrap();
}

#[test]
fn writes_that_fail_are_told_in_words_and_waited_out() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("skipped: there is no `prlimit` to make a write fail");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("saga.db");
    let mut process = Command::new("bash");
    process
        .args(["-c", SHELL, "bash"])
        .arg(env::current_exe().unwrap());
    process.args(["--exact", "failing_disk::a_process_on_a_failing_disk"]);
    let output = process.env(DATABASE, &database).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let check = "PRAGMA integrity_check";
    let sound: String = Connection::open(&database)
        .unwrap()
        .query_row(check, (), |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn a_read_only_file_or_folder_is_named_with_what_to_do() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    };
    let there = disk.path().join("there.db");
    let bus = Bus::new(Sqlite::open(&there).await.unwrap())
        .start()
        .await
        .unwrap();
    bus.shutdown().await.unwrap();
    disk.make_read_only().await;
    for file in [there, disk.path().join("new.db")] {
        let error = Sqlite::open(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setup, "{error}");
        let text = error.to_string();
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(text.contains(name) && text.contains("write"), "{text}");
    }
}
