//! A node's life on the file: it takes over, collects garbage, gives back.

use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, Result, params};

use super::{
    database::{Database, span},
    place::free_place,
};
use crate::store::{Beat, Catalog, Node, Opened, Subscription};

/// The most rows of each kind that one beat removes: some milliseconds of work.
const GARBAGE: u32 = 1_000;

impl Database {
    /// Makes the file this node's: whatever a dead one had claimed is free again, and what this build knows is ready.
    /// For the node that has it already, its catalog grows.
    pub(super) fn take_over(&mut self, node: &Node, catalog: &Catalog) -> Result<Opened> {
        if self.node != Some(node.id) {
            self.adopt()?;
            self.catalog = Catalog::default();
        }
        self.clock = Arc::clone(&node.clock);
        self.retention = span(node.limits.retention);
        self.catalog.extend(catalog);
        self.unknown = true;
        self.release_known(self.now())?;
        self.merge(&catalog.subscriptions)?;
        self.absent = self.any_absent()?;
        Ok(Opened {
            now: self.clock.now(),
            subscriptions: subscriptions(&self.connection)?,
        })
    }

    fn adopt(&mut self) -> Result<()> {
        self.settle_all()?;
        self.claims.clear();
        let free = concat!(
            "UPDATE message SET suspect = 1, place = ",
            free_place!(),
            " WHERE place IS NULL"
        );
        self.connection.execute(free, [])?;
        Ok(())
    }

    fn merge(&self, subscriptions: &[Subscription]) -> Result<()> {
        let mut add = self
            .connection
            .prepare("INSERT OR IGNORE INTO subscription (event, queue) VALUES (?, ?)")?;
        subscriptions
            .iter()
            .try_for_each(|it| add.execute([&*it.event, &*it.queue]).map(drop))
    }

    /// Removes what is past its retention, in a bounded chunk.
    pub(super) fn collect(&mut self) -> Result<Beat> {
        self.settle_all()?;
        let now = self.now();
        let before = now.saturating_sub(self.retention);
        self.release_known(now)?;
        let graves = self.collect_graves(before)?;
        let entries = self
            .cached(
                "DELETE FROM inbox WHERE (id, consumer) IN \
             (SELECT id, consumer FROM inbox WHERE at < ? ORDER BY at LIMIT ?)",
            )?
            .execute(params![before, GARBAGE])?;
        self.absent = self.any_absent()?;
        self.keys.sweep(&self.connection)?;
        Ok(Beat {
            adopted: 0,
            collected: graves + entries,
            more: graves.max(entries) == GARBAGE as usize,
        })
    }

    fn collect_graves(&mut self, before: i64) -> Result<usize> {
        let mut graves: Vec<(i64, i64)> = {
            let mut old = self.cached(
                "SELECT n, saga, key FROM finished WHERE finished_at < ? ORDER BY finished_at LIMIT ?",
            )?;
            let read = |row: &rusqlite::Row<'_>| {
                let hash = self
                    .keys
                    .hash(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
                Ok((hash, row.get(0)?))
            };
            old.query_map(params![before, GARBAGE], read)?
                .collect::<Result<_>>()?
        };
        // In the order of the key index, so that neighbours share its pages.
        graves.sort_unstable();
        graves
            .iter()
            .try_for_each(|(hash, n)| self.remove_grave(*hash, *n))?;
        Ok(graves.len())
    }

    /// Frees all that is claimed, as no suspect: nothing died.
    pub(super) fn give_back(&mut self) -> Result<()> {
        self.settle_all()?;
        let mut free = self.connection.prepare(concat!(
            "UPDATE message SET place = ",
            free_place!(),
            " WHERE seq = ?"
        ))?;
        self.claims
            .all()
            .try_for_each(|seq| free.execute([seq]).map(drop))
    }

    /// Moves everything from the log into the database file.
    pub(super) fn checkpoint(&self) -> Result<()> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    fn cached(&self, sql: &str) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql)
    }
}

fn subscriptions(connection: &Connection) -> Result<Vec<Subscription>> {
    connection
        .prepare("SELECT event, queue FROM subscription ORDER BY event, queue")?
        .query_map([], |row| {
            Ok(Subscription {
                event: row.get_ref(0)?.as_str()?.into(),
                queue: row.get_ref(1)?.as_str()?.into(),
            })
        })?
        .collect()
}
