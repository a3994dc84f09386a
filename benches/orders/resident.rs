//! How much memory the process holds after many orders, measured in a process of its own that did nothing else.

use std::{env, fs, path::Path, process::Command};

use saga_benches::Outcome;

use crate::library::{Backend, Shop};

/// How many orders are in flight meanwhile.
const IN_FLIGHT: usize = 256;

/// Resident memory in MB after each of `milestones` orders, ascending, on the backend.
pub(crate) fn after<const N: usize>(backend: &Backend, milestones: [u64; N]) -> Outcome<[f64; N]> {
    let mut child = Command::new(env::current_exe()?);
    child.arg("resident").args(milestones.iter().map(u64::to_string));
    if let Backend::Sqlite(database) = backend {
        child.arg("--database").arg(database);
    }
    let told = child.output()?;
    if !told.status.success() {
        return Err(String::from_utf8_lossy(&told.stderr).into());
    }
    let told = String::from_utf8(told.stdout)?;
    let megabytes: Vec<f64> = told.lines().map(str::parse).collect::<Result<_, _>>()?;
    megabytes
        .try_into()
        .map_err(|_| "a milestone was not reported".into())
}

/// The other side of [`after`]: places the orders and prints a line for each milestone.
pub(crate) fn tell(database: Option<&Path>, milestones: &[u64]) -> Outcome<()> {
    let backend = database.map_or(Backend::Memory, |database| Backend::Sqlite(database.to_owned()));
    let shop = Shop::open(backend)?;
    let mut placed = 0;
    for &milestone in milestones {
        shop.place(milestone - placed, IN_FLIGHT)?;
        placed = milestone;
        println!("{}", megabytes()?);
    }
    shop.close()
}

/// What the kernel says of this process; NaN where there is no `/proc`.
fn megabytes() -> Outcome<f64> {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return Ok(f64::NAN);
    };
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or_default();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1_024.0 / 1e6)
}
