//! Tells the other processes that something is ready, and hears it from them.
//!
//! A notification in the transaction that commits would make all commits wait for each other. It is sent after it, from
//! another connection, one at a time: what comes meanwhile shares the next one. It may get lost; whoever listens
//! looks by himself every now and then.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    error::Fault,
    lane::Common,
    session::{Line, Purpose, Session},
};

/// How often to look unasked while notifications come, and while they do not.
const LOOKS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(200));

/// How often the connection that listens is looked at.
const WATCH: Duration = Duration::from_millis(250);

/// What is waited at first, and at most, before connecting again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// Somebody is to be told.
    rung: Notify,
    /// There may be something.
    heard: Notify,
    is_listening: AtomicBool,
}

impl Bell {
    /// Something became ready that nobody has claimed.
    pub(super) fn ring(&self) {
        self.rung.notify_one();
        self.heard.notify_one();
    }

    /// Returns when there may be something to take.
    pub(super) async fn heard(&self) {
        let (quiet, deaf) = LOOKS;
        let look = if self.is_listening.load(Ordering::Relaxed) {
            quiet
        } else {
            deaf
        };
        // It is for nothing if the time is up.
        let _ = tokio::time::timeout(look, self.heard.notified()).await;
    }
}

pub(super) fn channel(common: &Common) -> String {
    format!("saga_{}", common.address.schema)
}

/// Tells the others whenever the bell was rung.
pub(super) async fn tell(common: Arc<Common>, line: Arc<Line>) {
    let channel = channel(&common);
    loop {
        common.bell.rung.notified().await;
        let teller = common.member.number().unwrap_or_default().to_string();
        let told = line.query("SELECT pg_notify($1, $2)", &[&channel, &teller]).await;
        if let Err(fault) = told {
            tracing::debug!(
                error = fault.words(),
                "the other processes were not told; they look by themselves"
            );
        }
    }
}

/// Listens to the others, on a connection of its own.
pub(super) async fn listen(common: Arc<Common>) {
    let mut pause = PAUSES.0;
    loop {
        match hear(&common).await {
            Ok(session) => {
                pause = PAUSES.0;
                common.bell.is_listening.store(true, Ordering::Relaxed);
                // What was told while nobody listened.
                common.bell.heard.notify_one();
                while !session.is_closed() {
                    tokio::time::sleep(WATCH).await;
                }
                common.bell.is_listening.store(false, Ordering::Relaxed);
            }
            Err(fault) => {
                tracing::debug!(error = fault.words(), "cannot listen to the other processes");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

async fn hear(common: &Arc<Common>) -> Result<Session, Fault> {
    let listener = Arc::clone(common);
    let heard = move |teller: &str| {
        if listener.member.number().is_none_or(|me| teller != me.to_string()) {
            listener.bell.heard.notify_one();
        }
    };
    let session = Session::open(&common.address, Purpose::Desk, heard).await?;
    session.run(&format!("LISTEN \"{}\"", channel(common))).await?;
    Ok(session)
}
