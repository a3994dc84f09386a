//! How many transactions a database has committed, asked of SQLite's own bookkeeping and of nobody who is measured.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

use saga_benches::Outcome;

/// Offset of `iChange` in the WAL index header: "Counter incremented each transaction"
/// (<https://www.sqlite.org/walformat.html#the_wal_index_header>). It wraps.
const CHANGE_COUNTER: u64 = 8;

/// Transactions committed to `database` so far, modulo 2^32; the database must be open in WAL mode.
pub(crate) fn so_far(database: &Path) -> Outcome<u32> {
    let mut index = database.as_os_str().to_owned();
    index.push("-shm");
    let mut file = File::open(index)?;
    let mut counter = [0; 4];
    file.seek(SeekFrom::Start(CHANGE_COUNTER))?;
    file.read_exact(&mut counter)?;
    Ok(u32::from_ne_bytes(counter))
}
