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

use crate::{clocked::Clocked, servers::Schema};

/// Data that outlives a bus.
pub enum Backend {
    Memory(Memory),
    Sqlite(TempDir),
    Postgres(Schema),
}

impl Backend {
    pub fn memory() -> Self {
        Self::Memory(Memory::new())
    }

    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// `None`, said aloud, where there is no server.
    pub fn postgres() -> Option<Self> {
        Schema::new().map(Self::Postgres)
    }

    /// Whether a process that died is known to be dead only when its lease is over.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }

    pub async fn builder(&self) -> Builder {
        match self {
            Self::Postgres(schema) => Bus::new(Clocked::connect(schema).await),
            Self::Memory(memory) => Bus::new(memory.clone()),
            Self::Sqlite(_) => Bus::new(Sqlite::open(self.file()).await.unwrap()),
        }
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Memory(_) | Self::Postgres(_) => panic!("it has no file"),
            Self::Sqlite(folder) => folder.path().join("saga.db"),
        }
    }
}

/// Runs a scenario on every backend, as `<title>::memory`, `<title>::sqlite` and `<title>::postgres`.
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

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    if let Some(backend) = $crate::backends::Backend::postgres() {
                        scenario(&backend).await;
                    }
                }
            }
        )*
    };
}
pub(crate) use on_each_backend;

/// How a commit goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The store is out of reach when it is opened.
    Opening,
    /// The store is out of reach.
    Unavailable,
    /// Of the units that rest on an instance, none is applied.
    Instances(fn() -> Outcome),
    /// Units that set something aside are refused.
    DeadLetters,
}

impl Fault {
    /// Whether it befalls this unit, and what comes of it.
    fn befalls(self, unit: &Unit) -> Option<fn() -> Outcome> {
        match self {
            Self::Instances(outcome) => unit.instance.is_some().then_some(outcome),
            Self::DeadLetters => {
                let refused: fn() -> Outcome = || Outcome::Rejected("no such words".into());
                (!unit.dead.is_empty()).then_some(refused)
            }
            Self::Opening | Self::Unavailable => None,
        }
    }
}

/// A store whose next commits go wrong as scripted.
#[derive(Debug)]
pub struct Faulty {
    inner: Memory,
    script: Script,
    units: Units,
}

/// The faults to come, oldest first.
pub type Script = Arc<Mutex<VecDeque<Fault>>>;

/// The units that commits brought, oldest first.
pub type Units = Arc<Mutex<Vec<Unit>>>;

impl Faulty {
    pub fn new(script: impl IntoIterator<Item = Fault>) -> (Self, Script) {
        let script: Script = Arc::new(Mutex::new(script.into_iter().collect()));
        let faulty = Self {
            inner: Memory::new(),
            script: Arc::clone(&script),
            units: Units::default(),
        };
        (faulty, script)
    }

    pub fn units(&self) -> Units {
        Arc::clone(&self.units)
    }

    async fn commit_others(&self, units: Vec<Unit>, fault: Fault) -> Result<Vec<Outcome>, Error> {
        let befallen: Vec<_> = units.iter().map(|unit| fault.befalls(unit)).collect();
        let others = units
            .into_iter()
            .zip(&befallen)
            .filter(|(_, befallen)| befallen.is_none());
        let others = others.map(|(unit, _)| unit).collect();
        let mut outcomes = self.inner.commit(others).await?.into_iter();
        let each = befallen.into_iter().map(|befallen| match befallen {
            Some(outcome) => outcome(),
            None => outcomes.next().unwrap(),
        });
        Ok(each.collect())
    }
}

fn out_of_reach() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is out of reach")
}

impl Store for Faulty {
    fn caps(&self) -> StoreCaps {
        self.inner.caps()
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        let fault = |fault: &mut Fault| matches!(fault, Fault::Opening);
        if self.script.lock().unwrap().pop_front_if(fault).is_some() {
            return Box::pin(std::future::ready(Err(out_of_reach())));
        }
        self.inner.open(node, catalog)
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        self.inner.take(want)
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        self.units.lock().unwrap().extend(units.iter().cloned());
        let mut script = self.script.lock().unwrap();
        let fault = script.pop_front_if(|fault| {
            matches!(fault, Fault::Unavailable) || units.iter().any(|unit| fault.befalls(unit).is_some())
        });
        drop(script);
        Box::pin(async move {
            match fault {
                None => self.inner.commit(units).await,
                Some(Fault::Unavailable) => Err(out_of_reach()),
                Some(fault) => self.commit_others(units, fault).await,
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
