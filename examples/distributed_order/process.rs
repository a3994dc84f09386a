//! One process, from its start until it is told to stop.

use std::io::Write as _;

use saga_runtime::{Bus, bus::Builder};
use tokio::io::{AsyncReadExt as _, stdin};

use crate::{Result, handled::Handled, options::Part};

/// Serves until it is told to stop, and then finishes what is in hand.
pub async fn serve(bus: Builder, part: &Part) -> Result<()> {
    let handled = Handled::counted()?;
    let bus = bus.start().await?;
    tell("ready")?;
    stopped(part).await?;
    end(bus, &handled).await
}

/// Gives back to its colleagues what it has not begun.
pub async fn end(bus: Bus, handled: &Handled) -> Result<()> {
    bus.shutdown().await?;
    tell(&format!("handled {}", handled.messages()))
}

/// A line for whoever started this process. He may be gone.
pub fn tell(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Returns when it is time to stop.
pub async fn stopped(part: &Part) -> Result<()> {
    tokio::select! {
        pressed = tokio::signal::ctrl_c(), if !part.attached => pressed?,
        ended = stdin_ends(), if part.attached => ended?,
    }
    Ok(())
}

async fn stdin_ends() -> std::io::Result<()> {
    let mut all = Vec::new();
    stdin().read_to_end(&mut all).await.map(drop)
}
