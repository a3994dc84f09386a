//! The processes of one company: started, killed, started again, told to stop.

use std::{env::current_exe, process::Stdio, time::Duration};

use clap::ValueEnum as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{Result, options::Servers};

/// How long a process may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that runs one part; it does not outlive this.
pub struct Process {
    pub part: &'static str,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts one and waits until it is ready; what it said then.
    pub async fn start(servers: &Servers, part: &'static str) -> Result<(Self, String)> {
        let mut command = Command::new(current_exe()?);
        command.args([part, "--attached", "--name", &servers.name]);
        let broker = servers.broker.to_possible_value();
        command.args(broker.iter().flat_map(|broker| ["--broker", broker.get_name()]));
        if part == "sales" {
            command.args(["--port", "0"]);
        }
        // Not as arguments: everybody on the machine can read those.
        command
            .env("SAGA_POSTGRES_URL", &servers.postgres)
            .env("SAGA_RABBITMQ_URL", &servers.rabbitmq)
            .env("SAGA_NATS_URL", &servers.nats);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("its output is not to be had")?;
        let lines = BufReader::new(stdout).lines();
        let mut process = Self { part, child, lines };
        let ready = process.line().await?;
        let ready = ready.ok_or_else(|| format!("{part} has ended at once"))?;
        Ok((process, ready))
    }

    /// Kills it as `kill -9` does: nothing is given back, nothing is said.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Lets it finish what is in hand; how many messages it has handled since it was started.
    pub async fn stop(mut self) -> Result<u64> {
        let part = self.part;
        drop(self.child.stdin.take());
        let said = self.line().await?.unwrap_or_default();
        let ended = timeout(PATIENCE, self.child.wait()).await??;
        let handled = said.strip_prefix("handled ").and_then(|count| count.parse().ok());
        match handled {
            Some(handled) if ended.success() => Ok(handled),
            _ => Err(format!("{part} has not stopped as it should: {ended}").into()),
        }
    }

    async fn line(&mut self) -> Result<Option<String>> {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        Ok(line.map_err(|_| format!("{} does not say a word", self.part))??)
    }
}
