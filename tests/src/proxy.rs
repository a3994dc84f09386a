//! A TCP proxy between a client and a server, whose line a test cuts, freezes or makes long.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// How the line is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Line {
    /// Nobody gets through.
    is_down: bool,
    /// Connections stand, and nothing moves over them.
    is_frozen: bool,
    /// How long each piece takes.
    delay: Duration,
    /// How often everything on it was torn.
    cuts: u64,
}

/// A proxy on a port of its own; it ends when dropped, and with it every connection over it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A line to a server (host and port).
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn to(server: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (line, end) = watch::channel(Line::default());
        let connections = Arc::default();
        let accepting = tokio::spawn(accept(listener, server.to_owned(), end, Arc::clone(&connections)));
        Ok(Self {
            address,
            line,
            connections,
            accepting,
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were let through so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Tears every connection; new ones get through.
    pub fn cut(&self) {
        self.line.send_modify(|line| line.cuts += 1);
    }

    /// Tears every connection and lets none through until [`mend`](Self::mend).
    pub fn take_down(&self) {
        self.line.send_modify(|line| {
            line.is_down = true;
            line.cuts += 1;
        });
    }

    /// Holds back everything, and neither end learns of it, until [`mend`](Self::mend).
    pub fn freeze(&self) {
        self.line.send_modify(|line| line.is_frozen = true);
    }

    /// Lets everything through again.
    pub fn mend(&self) {
        self.line.send_modify(|line| {
            line.is_down = false;
            line.is_frozen = false;
        });
    }

    /// Makes each piece take so long, in each direction.
    pub fn delay(&self, delay: Duration) {
        self.line.send_modify(|line| line.delay = delay);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    server: String,
    line: watch::Receiver<Line>,
    connections: Arc<AtomicUsize>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let Line { is_down, cuts, .. } = *line.borrow();
        if is_down {
            continue;
        }
        // Counted, it is torn by the next cut, however soon that comes.
        connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(connect(client, server.clone(), line.clone(), cuts));
    }
}

async fn connect(client: TcpStream, server: String, line: watch::Receiver<Line>, cuts: u64) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = carry(from_client, to_server, line.clone()) => {}
        () = carry(from_server, to_client, line.clone()) => {}
        () = torn(line, cuts) => {}
    }
}

async fn torn(mut line: watch::Receiver<Line>, cuts: u64) {
    // The proxy's end is an end too.
    let _ = line.wait_for(|line| line.cuts != cuts).await;
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut piece = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let delay = line.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if line.wait_for(|line| !line.is_frozen).await.is_err() || to.write_all(&piece[..read]).await.is_err()
        {
            return;
        }
    }
}
