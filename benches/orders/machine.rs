//! Threads: how many of the machine's cores who is measured works on.

use std::{io, thread::available_parallelism};

use tokio::runtime::{Builder, Runtime};

/// All cores, for who is alone on the machine.
pub(crate) fn alone() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// Half the cores, for who shares the machine with the servers it talks to; it would only keep them waiting otherwise.
pub(crate) fn beside_servers() -> io::Result<Runtime> {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(cores.div_ceil(2)).enable_all().build()
}
