//! Work of the user's own, in the transaction that applies a unit. Such a unit has a transaction to itself: what it does
//! holds up no others.

use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use tokio_postgres::Client;

use super::{
    Postgres,
    error::{Fault, Remedy},
    lane::{Lane, Standing},
    session::Session,
};
use crate::{
    Error,
    service::BoxFuture,
    store::{Join, JoinError, Outcome, Seq, Unit},
    telemetry::panic_text,
};

const NAME: &str = "postgres";

/// What the lane's own statements are set to and the user's are not; see `session`.
const AS_THE_USER_HAS_IT: &str = "SET LOCAL search_path TO DEFAULT; SET LOCAL plan_cache_mode TO DEFAULT; \
    SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_bitmapscan TO DEFAULT; \
    SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT;";

type Statements = dyn for<'t> Fn(&'t Client) -> BoxFuture<'t, Result<(), JoinError>> + Send + Sync;

/// What a [`Join`] for this store wraps.
struct Work(Box<Statements>);

impl Postgres {
    /// Work on this store's database for [`Context::join`](crate::Context::join) and the `join` of
    /// [`Bus::send`](crate::Bus::send).
    ///
    /// It is given the connection on which the unit has just been applied, inside that transaction, with the search path
    /// and the settings of the role. It must not end the transaction. One of the store's connections is taken up
    /// meanwhile: do all I/O before, and only write here.
    ///
    /// ```
    /// use saga_runtime::store::Postgres;
    ///
    /// let (order, cents) = ("A1".to_owned(), 1_200_i64);
    /// let join = Postgres::join(move |transaction| {
    ///     let order = order.clone();
    ///     Box::pin(async move {
    ///         let insert = "INSERT INTO charge VALUES ($1, $2)";
    ///         transaction.execute(insert, &[&order, &cents]).await?;
    ///         Ok(())
    ///     })
    /// });
    /// # let _ = join;
    /// ```
    pub fn join(
        work: impl for<'t> Fn(&'t Client) -> BoxFuture<'t, Result<(), JoinError>> + Send + Sync + 'static,
    ) -> Join {
        Join::new(NAME, Work(Box::new(work)))
    }
}

/// Why a unit's work cannot be done, if it cannot.
pub(super) fn refusal(unit: &Unit) -> Option<Outcome> {
    let foreign = unit.join.iter().find(|join| join.work::<Work>().is_none());
    let why = match foreign {
        Some(join) => join.not_for(NAME),
        None if !unit.join.is_empty() && unit.instance.is_some() => {
            "work is joined to a step of a saga, whose handlers only say what is to be done".into()
        }
        None => return None,
    };
    Some(Outcome::Rejected(why))
}

impl Lane {
    /// Applies a unit together with the work it joins, until its outcome is known.
    pub(super) async fn fly_joined(&mut self, unit: &Unit, first: Seq) -> Result<Outcome, Error> {
        for _ in 0..super::lane::TRIES {
            let fault = match self.try_joined(unit, first).await {
                Ok(outcome) => return Ok(outcome),
                Err(fault) => fault,
            };
            match fault.remedy() {
                Remedy::Again | Remedy::Register | Remedy::Carefully | Remedy::Resolve => {}
                Remedy::Isolate => return Ok(Outcome::Rejected(fault.words())),
                Remedy::Tell => return Err(self.explain(fault)),
            }
        }
        Err(super::lane::abandoned())
    }

    async fn try_joined(&mut self, unit: &Unit, first: Seq) -> Result<Outcome, Fault> {
        let session = self.session().await?;
        let standing = self.stand(&session).await?.next();
        let result = self.in_transaction(&session, standing, unit, first).await;
        let undone = match &result {
            Ok(outcome) => !matches!(outcome, Outcome::Applied { .. }),
            Err(_) => true,
        };
        if undone {
            if let Err(fault) = session.run("ROLLBACK").await {
                self.hang_up_after(&fault, &session).await;
            }
            if let Err(fault) = &result {
                self.hang_up_after(fault, &session).await;
                self.forget_if_unregistered(fault, &session, standing).await?;
            }
            return result;
        }
        match session.run("COMMIT").await {
            Ok(()) => {
                self.arrived(standing, unit);
                result
            }
            Err(fault) => {
                self.hang_up_after(&fault, &session).await;
                match fault.remedy() {
                    Remedy::Resolve => {
                        let verdict = self.resolve(standing, fault).await?;
                        let mut outcomes = verdict.outcomes(&[(unit, first)]);
                        outcomes.pop().ok_or(Fault::Undone)
                    }
                    // What is checked last, a deferred constraint.
                    _ => Ok(Outcome::JoinFailed(fault.words())),
                }
            }
        }
    }

    async fn in_transaction(
        &self,
        session: &Session,
        standing: Standing,
        unit: &Unit,
        first: Seq,
    ) -> Result<Outcome, Fault> {
        session.run("BEGIN").await?;
        let units = [(unit, first)];
        let verdict = self.apply(session, standing, &units, true).await?;
        let outcome = verdict.outcomes(&units).pop().ok_or(Fault::Undone)?;
        if !matches!(outcome, Outcome::Applied { .. }) {
            return Ok(outcome);
        }
        session.run(AS_THE_USER_HAS_IT).await?;
        for Work(work) in unit.join.iter().filter_map(Join::work) {
            let done = AssertUnwindSafe(work(session.client())).catch_unwind().await;
            let why = match done {
                Ok(Ok(())) => continue,
                Ok(Err(_)) if session.is_closed() => return Err(Fault::Undone),
                Ok(Err(error)) => in_words(&*error),
                Err(panic) => format!("the joined work panicked: {}", panic_text(&*panic)),
            };
            return Ok(Outcome::JoinFailed(why));
        }
        Ok(outcome)
    }
}

/// With what the server said, which the client's own error leaves to its source.
fn in_words(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
