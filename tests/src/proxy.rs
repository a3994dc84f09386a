//! A TCP proxy between a client and a server, whose line a test cuts, freezes or makes long; at once, or with the next thing
//! that a client says.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
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

/// What happens to the next bytes from a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// They go through.
    #[default]
    Pass,
    /// They reach the server, and its answer is lost with the connection.
    LoseAnswer,
    /// They are lost with the connection.
    LoseRequest,
}

/// A proxy on a port of its own; it ends when dropped, and with it every connection over it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    next: Arc<Mutex<Fate>>,
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
        let (next, connections) = (Arc::default(), Arc::default());
        let way = Way {
            server: server.to_owned(),
            line: end,
            next: Arc::clone(&next),
        };
        let accepting = tokio::spawn(accept(listener, way, Arc::clone(&connections)));
        Ok(Self {
            address,
            line,
            next,
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

    /// Decides on the next bytes that any client sends; those after them pass.
    pub fn next(&self, fate: Fate) {
        *lock(&self.next) = fate;
    }

    /// Whether what was decided has come.
    pub fn is_done(&self) -> bool {
        *lock(&self.next) == Fate::Pass
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

fn lock(fate: &Mutex<Fate>) -> std::sync::MutexGuard<'_, Fate> {
    fate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a connection leads through.
#[derive(Clone)]
struct Way {
    server: String,
    line: watch::Receiver<Line>,
    next: Arc<Mutex<Fate>>,
}

async fn accept(listener: TcpListener, way: Way, connections: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let Line { is_down, cuts, .. } = *way.line.borrow();
        if is_down {
            continue;
        }
        // Counted, it is torn by the next cut, however soon that comes.
        connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(connect(client, way.clone(), cuts));
    }
}

async fn connect(client: TcpStream, Way { server, line, next }: Way, cuts: u64) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let is_answer_lost = AtomicBool::new(false);
    let asked = || match std::mem::take(&mut *lock(&next)) {
        Fate::Pass => true,
        Fate::LoseAnswer => {
            is_answer_lost.store(true, Ordering::SeqCst);
            true
        }
        Fate::LoseRequest => false,
    };
    let told = || !is_answer_lost.load(Ordering::SeqCst);
    tokio::select! {
        () = carry(from_client, to_server, line.clone(), asked) => {}
        () = carry(from_server, to_client, line.clone(), told) => {}
        () = torn(line, cuts) => {}
    }
}

async fn torn(mut line: watch::Receiver<Line>, cuts: u64) {
    // The proxy's end is an end too.
    let _ = line.wait_for(|line| line.cuts != cuts).await;
}

/// Ends with the connection, or when a piece is not to go through.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    goes_through: impl Fn() -> bool,
) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if !goes_through() {
            return;
        }
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
