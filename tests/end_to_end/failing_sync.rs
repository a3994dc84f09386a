//! A disk that takes every write and fails when it is to be synced: nothing is acknowledged that a loss of power undoes.

use std::{
    fs::{self, File},
    io::ErrorKind::NotFound,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use saga_runtime::{Bus, ErrorKind, store::Sqlite};
use tokio::sync::Semaphore;

use crate::{
    disk::SmallDisk,
    job::{Hands, Start, jobs, letters, start, state, until_idle, until_in},
    order::eventually,
};

/// A disk whose medium is a file on a small disk. When that is full, a new block is taken until it is synced, which fails as
/// it does on a disk that breaks: the system calls the block written all the same, and it is on no medium.
struct Disk {
    files: Mounted,
    medium: SmallDisk,
}

/// An image of a disk, mounted; gone with this value.
struct Mounted {
    folder: tempfile::TempDir,
}

impl Mounted {
    fn mount(image: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-o", "loop"])
            .args([image, folder.path()])
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self { folder })
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("saga.db")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
    }
}

impl Disk {
    /// `None`: this user may not mount one.
    fn mount() -> Option<Self> {
        let medium = SmallDisk::mount()?;
        let image = medium.path().join("image");
        File::create(&image).unwrap().set_len(32 << 20).unwrap();
        // Without extents and a journal, the file system keeps its notes on blocks that have their place on the medium before it
        // is full, so that only data is lost.
        let made = Command::new("mke2fs")
            .args(["-q", "-F", "-t", "ext2", "-b", "4096"])
            .arg(&image)
            .status();
        let made = match made {
            Err(error) if error.kind() == NotFound => return None,
            made => made.unwrap(),
        };
        assert!(made.success());
        let files = Mounted::mount(&image)?;
        Some(Self { files, medium })
    }

    /// What is on the medium at this moment, as it is found after a loss of power.
    fn after_a_loss_of_power(&self) -> (Mounted, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        fs::copy(self.medium.path().join("image"), &image).unwrap();
        // What a system does when it starts again. One that corrected something says so with 1.
        let checked = Command::new("e2fsck").args(["-f", "-y"]).arg(&image).output();
        let checked = checked.unwrap();
        assert!(checked.status.code().is_some_and(|code| code < 4), "{checked:?}");
        (Mounted::mount(&image).unwrap(), folder)
    }

    /// Starts on what a loss of power leaves, and looks for jobs.
    async fn holds_after_a_loss_of_power(&self, jobs_sent: &[String]) {
        let (files, _folder) = self.after_a_loss_of_power();
        let idle = Hands::that(async |_, _| std::future::pending().await);
        let store = Sqlite::open(files.database()).await.unwrap();
        let bus = jobs(Bus::new(store), &idle).start().await.unwrap();
        for job in jobs_sent {
            eventually(&format!("`{job}` is there"), async || {
                state(&bus, job).await != "absent"
            })
            .await;
        }
        bus.shutdown_within(std::time::Duration::ZERO).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_is_told_in_words_and_waited_out_and_nothing_acknowledged_is_lost() {
    let Some(disk) = Disk::mount() else {
        eprintln!("skipped: this user may not mount a disk made of a file");
        return;
    };
    let leave = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&leave);
    let hands = Hands::that(move |_, _| {
        let waiting = Arc::clone(&waiting);
        async move {
            waiting.acquire().await.unwrap().forget();
            Ok(true)
        }
    });
    let store = Sqlite::open(disk.files.database()).await.unwrap();
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    let mut sent: Vec<String> = (0..20).map(|number| format!("before{number}")).collect();
    for job in &sent {
        bus.send(start(job)).await.unwrap();
        until_in(&bus, job, "Working").await;
    }
    eventually("they are in hand", async || hands.tries() == 20).await;

    let filler = disk.medium.fill();
    // The kernel may still find a few pages.
    let error = loop {
        // What has no row gets one, which waits for no disk and so takes its place in the log before the sync fails.
        bus.inspect().counts().await.unwrap();
        let (job, note) = (format!("last{}", sent.len()), "n".repeat(100_000));
        match bus
            .send(Start {
                job: job.clone(),
                note,
            })
            .await
        {
            Ok(_) => sent.push(job),
            Err(error) => break error,
        }
    };
    // Nothing was written at all if it came after another that failed.
    assert!(
        matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Unavailable),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("saga.db") && text.contains("Check the disk"),
        "{text}"
    );
    leave.add_permits(1_000);
    disk.holds_after_a_loss_of_power(&sent).await;

    fs::remove_file(filler).unwrap();
    for job in (0..20).map(|number| format!("after{number}")) {
        eventually("it is taken", async || bus.send(start(&job)).await.is_ok()).await;
        sent.push(job);
    }
    disk.holds_after_a_loss_of_power(&sent).await;
    for job in &sent {
        until_in(&bus, job, "end").await;
    }
    until_idle(&bus).await;
    let mut tried: Vec<String> = hands
        .tried
        .lock()
        .unwrap()
        .iter()
        .map(|(job, _)| job.clone())
        .collect();
    tried.sort_unstable();
    sent.sort_unstable();
    assert_eq!(tried, sent, "each is done once");
    assert!(letters(&bus).await.is_empty());
    bus.shutdown().await.unwrap();
}
