//! What the disk allows: how often a second can 4 KiB be appended and made durable.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use saga_benches::Outcome;

/// Appends and syncs one block after the other for `window`; how many that is per second.
pub(crate) fn per_second(directory: &Path, window: Duration) -> Outcome<f64> {
    let mut file = tempfile::tempfile_in(directory)?;
    let block = [0x5a_u8; 4_096];
    let begun = Instant::now();
    let mut synced = 0_u32;
    while begun.elapsed() < window {
        file.write_all(&block)?;
        file.sync_data()?;
        synced += 1;
    }
    Ok(f64::from(synced) / begun.elapsed().as_secs_f64())
}
