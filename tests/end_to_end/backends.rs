//! The backends every scenario runs on, and a store that fails on command.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use saga_runtime::{
    Bus, Error, ErrorKind,
    bus::Builder,
    service::BoxFuture,
    store::{
        Beat, Catalog, Inspect, Memory, Node, Opened, Outcome, Sqlite, Store, StoreCaps, Taken, Unit, Want,
    },
};
use tempfile::TempDir;

/// Data that outlives a bus.
pub enum Backend {
    Memory(Memory),
    Sqlite(TempDir),
}

impl Backend {
    pub fn memory() -> Self {
        Self::Memory(Memory::new())
    }

    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub async fn builder(&self) -> Builder {
        match self {
            Self::Memory(memory) => Bus::new(memory.clone()),
            Self::Sqlite(_) => Bus::new(Sqlite::open(self.file()).await.unwrap()),
        }
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Memory(_) => panic!("memory has no file"),
            Self::Sqlite(folder) => folder.path().join("saga.db"),
        }
    }
}

/// Runs a scenario on every backend, as `<title>::memory` and `<title>::sqlite`.
macro_rules! on_each_backend {
    ($( async fn $title:ident($backend:ident) $scenario:block )*) => {
        $(
            mod $title {
                #[allow(unused_imports)]
                use super::*;

                async fn scenario($backend: &$crate::backends::Backend) $scenario

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn memory() {
                    scenario(&$crate::backends::Backend::memory()).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    scenario(&$crate::backends::Backend::sqlite()).await;
                }
            }
        )*
    };
}
pub(crate) use on_each_backend;

/// How a commit goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The store is out of reach.
    Unavailable,
    /// Of the units that rest on an instance, none is applied.
    Instances(fn() -> Outcome),
}

/// A store whose next commits go wrong as scripted.
#[derive(Debug)]
pub struct Faulty {
    inner: Memory,
    script: Script,
}

/// The faults to come, oldest first.
pub type Script = Arc<Mutex<VecDeque<Fault>>>;

impl Faulty {
    pub fn new(script: impl IntoIterator<Item = Fault>) -> (Self, Script) {
        let script: Script = Arc::new(Mutex::new(script.into_iter().collect()));
        let faulty = Self {
            inner: Memory::new(),
            script: Arc::clone(&script),
        };
        (faulty, script)
    }

    async fn commit_others(&self, units: Vec<Unit>, outcome: fn() -> Outcome) -> Result<Vec<Outcome>, Error> {
        let (spared, kept): (Vec<_>, Vec<_>) = units
            .into_iter()
            .map(|unit| (unit.instance.is_none(), unit))
            .unzip();
        let others = kept.into_iter().zip(&spared).filter(|(_, spared)| **spared);
        let mut outcomes = self
            .inner
            .commit(others.map(|(unit, _)| unit).collect())
            .await?
            .into_iter();
        Ok(spared
            .iter()
            .map(|spared| {
                if *spared {
                    outcomes.next().unwrap()
                } else {
                    outcome()
                }
            })
            .collect())
    }
}

impl Store for Faulty {
    fn caps(&self) -> StoreCaps {
        self.inner.caps()
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        self.inner.open(node, catalog)
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        self.inner.take(want)
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        let touches_instances = units.iter().any(|unit| unit.instance.is_some());
        let mut script = self.script.lock().unwrap();
        let fault = match script.front() {
            Some(Fault::Instances(_)) if !touches_instances => None,
            _ => script.pop_front(),
        };
        drop(script);
        Box::pin(async move {
            match fault {
                None => self.inner.commit(units).await,
                Some(Fault::Unavailable) => {
                    Err(Error::new(ErrorKind::Unavailable, "the store is out of reach"))
                }
                Some(Fault::Instances(outcome)) => self.commit_others(units, outcome).await,
            }
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        self.inner.beat()
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        self.inner.woken()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.inner.close()
    }

    fn inspect(&self) -> &dyn Inspect {
        self.inner.inspect()
    }
}
