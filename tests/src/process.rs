//! A server's process that a test starts, kills and starts again.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How long a server may take to answer: RabbitMQ takes a few seconds, on a busy machine many.
const PATIENCE: Duration = Duration::from_secs(240);

/// A process that answers at an address; it is killed with this.
#[derive(Debug)]
pub struct Process {
    command: Command,
    address: SocketAddr,
    child: Option<Child>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// If it cannot be started, ends, or does not come to answer.
    pub async fn start(mut command: Command, address: SocketAddr) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut process = Self {
            command,
            address,
            child: None,
        };
        process.restart().await?;
        Ok(process)
    }

    /// Host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it, as `kill -9` does.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks it to end, as `kill` does, and waits until it has.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn stop(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            Command::new("kill").arg(child.id().to_string()).status()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts it again with what it had stored.
    ///
    /// # Errors
    /// If it cannot be started, ends, or does not come to answer.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kill()?;
        let child = self.child.insert(self.command.spawn()?);
        let mut again = tokio::time::interval(Duration::from_millis(10));
        let answers = async {
            while tokio::net::TcpStream::connect(self.address).await.is_err() {
                if let Some(ended) = child.try_wait()? {
                    return Err(io::Error::other(format!("the server ended: {ended}")));
                }
                again.tick().await;
            }
            Ok(())
        };
        let late = || io::Error::new(io::ErrorKind::TimedOut, "the server does not answer");
        tokio::time::timeout(PATIENCE, answers)
            .await
            .map_err(|_| late())?
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// An address on this machine that nobody listens at.
///
/// # Errors
/// If no port can be had.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
