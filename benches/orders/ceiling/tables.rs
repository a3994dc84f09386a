//! The rows of one order, in the columns and at the sizes the library has them.

use std::{path::Path, time::Instant};

use rusqlite::{CachedStatement, Connection, params};
use saga_benches::Outcome;
use uuid::Uuid;

use crate::sizes::{BODY, DATA, FIRST_BOOK, HEAD, LAST_BOOK, SECOND_BOOK};

/// Microseconds; what counts is that rows have times, not which.
const NOW: i64 = 1_800_000_000_000_000;
const DUE: i64 = NOW + 1_800_000_000;

/// The library's tables without their indexes.
const SCHEMA: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma cache_size = -32000;
    pragma wal_autocheckpoint = 16000;
    create table message (
        seq integer primary key, place text, due integer, queue text not null, consumer text not null,
        wait integer not null, accepted_at integer not null, attempts integer not null,
        crashes integer not null default 0, suspect integer not null default 0,
        history blob, head blob not null, body blob not null
    ) strict;
    create table instance (
        n integer primary key, saga text not null, key text not null, incarnation integer not null,
        version integer not null, state text not null, saga_version integer not null, content_type integer not null,
        due integer, parked text, created_at integer not null, updated_at integer not null,
        book blob not null, data blob not null
    ) strict;
    create table finished (
        n integer primary key, saga text not null, key text not null, incarnation integer not null,
        created_at integer not null, finished_at integer not null, book blob not null
    ) strict;
";

const SEND: &str = "
    insert into message (queue, consumer, wait, accepted_at, attempts, head, body)
    values (?1, ?2, 0, ?3, 0, ?4, ?5)";
const CONSUME: &str = "delete from message where seq = ?";
const START: &str = "
    insert into instance values
    (null, 'Fulfilment', ?1, 1, 1, 'AwaitingBill', 1, 0, ?2, null, ?3, ?3, ?4, ?5)";
const ADVANCE: &str = "
    update instance set version = 2, state = 'AwaitingLabel', due = ?1, updated_at = ?2, book = ?3, data = ?4
    where n = ?5 and version = 1";
const REMOVE: &str = "delete from instance where n = ? and version = 2";
const FINISH: &str = "insert into finished values (null, 'Fulfilment', ?1, 1, ?2, ?2, ?3)";

/// An order on its way, and where its rows are.
pub(super) struct Order {
    pub(super) begun: Instant,
    key: Uuid,
    next: Step,
    instance: i64,
    message: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Place,
    Bill,
    Billed,
    CreateLabel,
    Labelled,
    Ended,
}

impl Order {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            key: Uuid::new_v4(),
            next: Step::Place,
            instance: 0,
            message: 0,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.next == Step::Ended
    }
}

/// The database.
pub(super) struct Tables {
    connection: Connection,
}

impl Tables {
    pub(super) fn create(database: &Path) -> Outcome<Self> {
        let connection = Connection::open(database)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// The next step of every order, in one transaction.
    pub(super) fn commit(&mut self, orders: &mut [Order]) -> Outcome<()> {
        let transaction = self.connection.transaction()?;
        let mut rows = Rows::prepare(&transaction)?;
        for order in orders {
            rows.step(order)?;
        }
        drop(rows);
        transaction.commit()?;
        Ok(())
    }
}

/// The statements of one transaction.
struct Rows<'a> {
    connection: &'a Connection,
    send: CachedStatement<'a>,
    consume: CachedStatement<'a>,
    start: CachedStatement<'a>,
    advance: CachedStatement<'a>,
    remove: CachedStatement<'a>,
    finish: CachedStatement<'a>,
}

impl<'a> Rows<'a> {
    fn prepare(connection: &'a Connection) -> Outcome<Self> {
        Ok(Self {
            connection,
            send: connection.prepare_cached(SEND)?,
            consume: connection.prepare_cached(CONSUME)?,
            start: connection.prepare_cached(START)?,
            advance: connection.prepare_cached(ADVANCE)?,
            remove: connection.prepare_cached(REMOVE)?,
            finish: connection.prepare_cached(FINISH)?,
        })
    }

    fn step(&mut self, order: &mut Order) -> Outcome<()> {
        order.next = match order.next {
            Step::Place => {
                self.start(order)?;
                self.send(order, "billing", "BillingDesk")?;
                Step::Bill
            }
            Step::Bill => {
                self.consume(order)?;
                self.send(order, "sales.replies", "Fulfilment")?;
                Step::Billed
            }
            Step::Billed => {
                self.consume(order)?;
                self.advance(order)?;
                self.send(order, "warehouse", "WarehouseDesk")?;
                Step::CreateLabel
            }
            Step::CreateLabel => {
                self.consume(order)?;
                self.send(order, "sales.replies", "Fulfilment")?;
                Step::Labelled
            }
            Step::Labelled | Step::Ended => {
                self.consume(order)?;
                self.finish(order)?;
                Step::Ended
            }
        };
        Ok(())
    }

    fn send(&mut self, order: &mut Order, queue: &str, consumer: &str) -> Outcome<()> {
        self.send
            .execute(params![queue, consumer, NOW, [b'h'; HEAD], [b'b'; BODY]])?;
        order.message = self.connection.last_insert_rowid();
        Ok(())
    }

    fn consume(&mut self, order: &Order) -> Outcome<()> {
        gate(self.consume.execute([order.message])?)
    }

    fn start(&mut self, order: &mut Order) -> Outcome<()> {
        let (key, book, data) = (order.key.to_string(), [b'b'; FIRST_BOOK], [b'd'; DATA]);
        self.start.execute(params![key, DUE, NOW, book, data])?;
        order.instance = self.connection.last_insert_rowid();
        Ok(())
    }

    fn advance(&mut self, order: &Order) -> Outcome<()> {
        let (book, data) = ([b'b'; SECOND_BOOK], [b'd'; DATA]);
        gate(
            self.advance
                .execute(params![DUE, NOW, book, data, order.instance])?,
        )
    }

    fn finish(&mut self, order: &Order) -> Outcome<()> {
        gate(self.remove.execute([order.instance])?)?;
        let (key, book) = (order.key.to_string(), [b'b'; LAST_BOOK]);
        self.finish.execute(params![key, NOW, book])?;
        Ok(())
    }
}

/// A row that was not there would make the whole measurement a lie.
fn gate(changed: usize) -> Outcome<()> {
    (changed == 1)
        .then_some(())
        .ok_or_else(|| "a row was lost".into())
}
