//! A TCP proxy that cuts connections when it is told to.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// What happens to the next bytes from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They go through.
    Pass,
    /// They reach the server, and its answer is lost with the connection.
    LoseAnswer,
    /// They are lost with the connection.
    LoseRequest,
}

const FATES: [Fate; 3] = [Fate::Pass, Fate::LoseAnswer, Fate::LoseRequest];

/// It ends, with all its connections, when it is dropped.
pub struct Proxy {
    port: u16,
    next: Arc<AtomicU8>,
    cut: watch::Sender<()>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// In front of a server, on a port of its own.
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(AtomicU8::new(0));
        let cut = watch::Sender::new(());
        let mut tasks = JoinSet::new();
        let (fate, cuts) = (Arc::clone(&next), cut.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (server, fate, mut cut) = (server.clone(), Arc::clone(&fate), cuts.subscribe());
                connections.spawn(async move {
                    tokio::select! {
                        () = connection(client, server, &fate) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self {
            port,
            next,
            cut,
            _tasks: tasks,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Decides on the next bytes that any client sends; those after them pass.
    pub fn next(&self, fate: Fate) {
        self.next.store(fate as u8, Ordering::SeqCst);
    }

    /// Whether the fate has come.
    pub fn is_done(&self) -> bool {
        self.next.load(Ordering::SeqCst) == 0
    }

    /// Cuts all connections there are.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn connection(mut client: TcpStream, server: String, fate: &AtomicU8) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut asked, mut told) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Some(bytes) = some(read) else { return };
                let now = FATES[usize::from(fate.swap(0, Ordering::SeqCst))];
                if now == Fate::LoseRequest || server.write_all(&asked[..bytes]).await.is_err() {
                    return;
                }
                if now == Fate::LoseAnswer {
                    let _ = server.read(&mut told).await;
                    return;
                }
            }
            read = server.read(&mut told) => {
                let Some(bytes) = some(read) else { return };
                if client.write_all(&told[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn some(read: std::io::Result<usize>) -> Option<usize> {
    read.ok().filter(|bytes| *bytes > 0)
}
