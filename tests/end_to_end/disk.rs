//! A disk that is full: told in words, waited out, nothing lost.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use saga_runtime::{Bus, Error, ErrorKind, store::Sqlite};
use tokio::sync::Semaphore;

use crate::{
    job::{Hands, jobs, letters, start, state, until_idle, until_in},
    order::eventually,
};

/// A disk of 4 MB; gone with this value.
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None`: this user may not mount one.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(folder.path())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self { folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Nothing can be written to it any more. A process that another test is starting has all open files for a moment.
    pub async fn make_read_only(&self) {
        eventually("nobody writes to the disk", async || {
            let mut remount = Command::new("mount");
            remount.args(["-o", "remount,ro"]).arg(self.path());
            remount.status().unwrap().success()
        })
        .await;
    }

    /// Fills what is left of it.
    pub fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

async fn send_until_full(bus: &Bus) -> Option<Error> {
    for number in 0..10_000 {
        if let Err(error) = bus.send(start(&format!("more{number}"))).await {
            return Some(error);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_in_words_and_waited_out() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    };
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let hands = Hands::that(move |_, _| {
        let held = Arc::clone(&held);
        async move {
            held.acquire().await.unwrap().forget();
            Ok(true)
        }
    });
    let store = Sqlite::open(disk.path().join("saga.db")).await.unwrap();
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    bus.send(start("a")).await.unwrap();
    until_in(&bus, "a", "Working").await;
    eventually("it is in hand", async || hands.tries() == 1).await;

    let filler = disk.fill();
    let refused = send_until_full(&bus).await.expect("the disk never was full");
    assert_eq!(refused.kind(), ErrorKind::Full, "{refused}");
    assert!(
        refused.is_retryable() && refused.to_string().contains("full"),
        "{refused}"
    );
    let before = hands.tries();
    gate.add_permits(100_000);
    assert_eq!(state(&bus, "a").await, "Working", "nothing is done by halves");

    std::fs::remove_file(filler).unwrap();
    until_in(&bus, "a", "end").await;
    until_idle(&bus).await;
    let of_a = hands
        .tried
        .lock()
        .unwrap()
        .iter()
        .filter(|(job, _)| job == "a")
        .count();
    assert_eq!(
        of_a, 1,
        "the work is not done again because its commit failed ({before} tries before)"
    );
    assert!(letters(&bus).await.is_empty());
    bus.shutdown().await.unwrap();
}
