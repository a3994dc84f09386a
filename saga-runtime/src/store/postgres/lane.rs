//! The lanes: each commits on a connection of its own whatever waits when it is free, and finds out what became of a
//! commit whose connection broke.
//!
//! ```text
//! commit ─┐           ┌─▶ lane 0 ─▶ one statement, one transaction, one sync ─▶ answers
//! commit ─┼─▶ queue ──┤
//! commit ─┘           └─▶ lane 1 ─▶ ...      A flush begins as soon as lane 0 is free; no timer is involved.
//! ```
//!
//! The other lanes help only when a crowd waits: two small flights cost the server and its disk more than one large one.
//!
//! A lane has a row in the database, which each flight writes its number into. When the connection breaks half-way, the
//! lane connects again and moves its row to the next epoch: that waits for a flight still under way, shuts out one
//! that was not begun, and tells from the number whether the last one took effect. So the outcome is always known, but
//! for a node that was taken for dead meanwhile: its lanes are gone, and its claims are somebody else's.

use std::{sync::Arc, time::Duration};

use tokio_postgres::{Row, types::ToSql};

use super::{
    address::Address,
    bell::Bell,
    error::{Fault, Remedy},
    flight::{Flight, Touched, refusal},
    node::Member,
    numbers::Numbers,
    queue::{Job, Queue},
    session::{Line, Purpose, Session},
};
use crate::{
    Error, ErrorKind,
    store::{Outcome, Seq, Unit},
};

/// How often a flight is tried again that met a deadlock or another one's write.
pub(super) const TRIES: u32 = 10;

/// What a lane waits at first, and at most, before it connects again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

const COMMIT: &str = "SELECT lost, why, released FROM commit_1($1, $2, $3, $4, $5, $6, \
    $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, \
    $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, \
    $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, \
    $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83)";

const NEXT_EPOCH: &str =
    "UPDATE lane SET epoch = epoch + 1 WHERE node = $1 AND lane = $2 RETURNING epoch, flight, lost, why";

/// What the lanes of one store share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) address: Address,
    pub(super) purpose: Purpose,
    pub(super) member: Member,
    pub(super) numbers: Numbers,
    pub(super) bell: Bell,
}

/// Commits what comes through the queue until it is closed.
pub(super) async fn serve(common: Arc<Common>, number: i32, queue: Queue) {
    let mut lane = Lane {
        line: Line::new(common.address.clone(), common.purpose),
        common,
        number,
        standing: None,
    };
    while let Ok(first) = queue.first(number).await {
        lane.serve(queue.gather(first)).await;
    }
}

/// Where a lane stands on the server, by its own session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    node: i32,
    epoch: i32,
    flight: i64,
}

impl Standing {
    /// Where it stands once the next flight has arrived.
    pub(super) fn next(self) -> Self {
        Self {
            flight: self.flight + 1,
            ..self
        }
    }
}

pub(super) struct Lane {
    common: Arc<Common>,
    line: Line,
    number: i32,
    standing: Option<Standing>,
}

/// What a row of the lane, or the function's answer, says of a flight.
pub(super) struct Verdict {
    lost: Vec<i32>,
    why: Vec<i32>,
    released: i64,
}

impl Verdict {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            lost: row.try_get::<_, Option<_>>("lost")?.unwrap_or_default(),
            why: row.try_get::<_, Option<_>>("why")?.unwrap_or_default(),
            released: 0,
        })
    }

    pub(super) fn outcomes(&self, units: &[(&Unit, Seq)]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = units
            .iter()
            .map(|(unit, first)| Outcome::Applied {
                born: (*first..).take(unit.out.len()).collect(),
            })
            .collect();
        for (unit, why) in self.lost.iter().zip(&self.why) {
            let outcome = usize::try_from(*unit).ok().and_then(|n| outcomes.get_mut(n));
            if let Some(outcome) = outcome {
                *outcome = match why {
                    1 => Outcome::Conflict,
                    2 => Outcome::Duplicate,
                    _ => Outcome::ClaimLost,
                };
            }
        }
        outcomes
    }
}

/// What is left of a unit: which it is, and the number of its first new row.
type Left<'u> = (usize, &'u Unit, Seq);

impl Lane {
    async fn serve(&mut self, jobs: Vec<Job>) {
        let (units, answers): (Vec<Vec<Unit>>, Vec<_>) =
            jobs.into_iter().map(|job| (job.units, job.answer)).unzip();
        let mut outcomes = vec![None; units.iter().map(Vec::len).sum()];
        let result = self.commit(&units, &mut outcomes).await;
        let mut outcomes = outcomes.into_iter();
        for (units, answer) in units.iter().zip(answers) {
            let mine: Vec<Option<Outcome>> = outcomes.by_ref().take(units.len()).collect();
            let any = mine.iter().any(Option::is_some);
            let answered = match (mine.into_iter().collect::<Option<Vec<_>>>(), &result) {
                (Some(all), _) => Ok(all),
                (None, Err(error)) if !any => Err(Error::new(error.kind(), error.to_string())),
                (None, Err(error)) => Err(Error::new(ErrorKind::Unknown, error.to_string())),
                (None, Ok(())) => Err(abandoned()),
            };
            let _ = answer.send(answered);
        }
    }

    /// Flights one after the other, until each unit has its outcome.
    async fn commit(&mut self, units: &[Vec<Unit>], outcomes: &mut [Option<Outcome>]) -> Result<(), Error> {
        let mut left = Vec::with_capacity(outcomes.len());
        for (n, unit) in units.iter().flatten().enumerate() {
            match refusal(unit).or_else(|| too_many(unit)) {
                Some(refused) => outcomes[n] = Some(refused),
                None => left.push((n, unit)),
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let firsts = self.numbers(&left).await?;
        let left = left
            .into_iter()
            .zip(firsts)
            .map(|((n, unit), first)| (n, unit, first));
        let (joined, mut left): (Vec<Left<'_>>, Vec<_>) =
            left.partition(|(_, unit, _)| !unit.join.is_empty());
        for (n, unit, first) in joined {
            outcomes[n] = Some(self.fly_joined(unit, first).await?);
        }
        let mut patient = false;
        while !left.is_empty() {
            let mut touched = Touched::default();
            let (now, later) = left.into_iter().partition(|(_, unit, _)| touched.admits(unit));
            self.commit_apart(now, outcomes, patient).await?;
            patient = true;
            left = later;
        }
        Ok(())
    }

    async fn numbers(&mut self, left: &[(usize, &Unit)]) -> Result<Vec<Seq>, Error> {
        let counts = left.iter().map(|(_, unit)| unit.out.len());
        let result = match self.line.session().await {
            Ok(session) => {
                let result = self.common.numbers.take(&session, counts).await;
                if let Err(fault) = &result {
                    self.line.hang_up_after(fault, &session).await;
                }
                result
            }
            Err(fault) => Err(fault),
        };
        result.map_err(|fault| self.explain(fault))
    }

    /// Halves a flight that is refused, until what is refused stands alone.
    async fn commit_apart(
        &mut self,
        units: Vec<Left<'_>>,
        outcomes: &mut [Option<Outcome>],
        mut patient: bool,
    ) -> Result<(), Error> {
        let mut parts = vec![units];
        while let Some(part) = parts.pop() {
            let flight: Vec<(&Unit, Seq)> = part.iter().map(|(_, unit, first)| (*unit, *first)).collect();
            match self.fly(&flight, patient).await? {
                Ok(found) => {
                    for ((n, ..), outcome) in part.iter().zip(found) {
                        outcomes[*n] = Some(outcome);
                    }
                    patient = true;
                }
                Err(why) if part.len() == 1 => {
                    if let Some((n, ..)) = part.first() {
                        outcomes[*n] = Some(Outcome::Rejected(why));
                    }
                }
                Err(_) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.push(second.to_vec());
                    parts.push(first.to_vec());
                }
            }
        }
        Ok(())
    }

    /// One flight, until its outcome is known; `Ok(Err(why))` if its content is refused. With patience it is tried
    /// until it succeeds, since others of its commit have been applied.
    async fn fly(
        &mut self,
        units: &[(&Unit, Seq)],
        patient: bool,
    ) -> Result<Result<Vec<Outcome>, String>, Error> {
        let mut pause = PAUSES.0;
        let mut careful = false;
        for nth in 0.. {
            let fault = match self.try_fly(units, careful).await {
                Ok(verdict) => {
                    if verdict.released > 0 || units.iter().any(|(unit, _)| wakes(unit)) {
                        self.common.bell.ring();
                    }
                    return Ok(Ok(verdict.outcomes(units)));
                }
                Err(fault) => fault,
            };
            match fault.remedy() {
                Remedy::Again | Remedy::Register if nth < TRIES => continue,
                Remedy::Carefully if nth < TRIES => careful = true,
                Remedy::Isolate | Remedy::Carefully => return Ok(Err(fault.words())),
                _ if patient && fault.may_pass() => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                _ => return Err(self.explain(fault)),
            }
        }
        Err(abandoned())
    }

    async fn try_fly(&mut self, units: &[(&Unit, Seq)], careful: bool) -> Result<Verdict, Fault> {
        let session = self.session().await?;
        let standing = self.stand(&session).await?.next();
        let fault = match self.apply(&session, standing, units, careful).await {
            Ok(verdict) => {
                self.standing = Some(standing);
                return Ok(verdict);
            }
            Err(fault) => fault,
        };
        self.hang_up_after(&fault, &session).await;
        if fault.remedy() == Remedy::Resolve {
            return self.resolve(standing, fault).await;
        }
        self.forget_if_unregistered(&fault, &session, standing).await?;
        Err(fault)
    }

    /// Applies units as the flight that leads to `standing`.
    pub(super) async fn apply(
        &self,
        session: &Session,
        standing: Standing,
        units: &[(&Unit, Seq)],
        careful: bool,
    ) -> Result<Verdict, Fault> {
        let flight = Flight::of(units)?;
        let retention = self.common.member.retention();
        let fixed: [&(dyn ToSql + Sync); 6] = [
            &standing.node,
            &self.number,
            &standing.epoch,
            &standing.flight,
            &retention,
            &careful,
        ];
        let columns = flight.parameters();
        let all: Vec<&(dyn ToSql + Sync)> = fixed.into_iter().chain(columns).collect();
        let rows = session.query(COMMIT, &all).await?;
        let row = rows.first().ok_or_else(abandoned)?;
        Ok(Verdict {
            released: row.try_get("released")?,
            ..Verdict::read(row)?
        })
    }

    /// A flight has arrived that was not answered by [`fly`](Self::fly).
    pub(super) fn arrived(&mut self, standing: Standing, unit: &Unit) {
        self.standing = Some(standing);
        if wakes(unit) {
            self.common.bell.ring();
        }
    }

    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        self.line.session().await
    }

    pub(super) async fn hang_up_after(&self, fault: &Fault, session: &Arc<Session>) {
        self.line.hang_up_after(fault, session).await;
    }

    pub(super) async fn forget_if_unregistered(
        &mut self,
        fault: &Fault,
        session: &Session,
        standing: Standing,
    ) -> Result<(), Fault> {
        if fault.remedy() == Remedy::Register {
            self.standing = None;
            self.common.member.rejoin(session, standing.node).await?;
        }
        Ok(())
    }

    /// Where this lane stands, once it has a session of its own.
    pub(super) async fn stand(&mut self, session: &Session) -> Result<Standing, Fault> {
        let node = self.common.member.n()?;
        if let Some(standing) = self.standing.filter(|standing| standing.node == node) {
            return Ok(standing);
        }
        let rows = session.query(NEXT_EPOCH, &[&node, &self.number]).await?;
        let Some(row) = rows.first() else {
            self.common.member.rejoin(session, node).await?;
            return Err(Fault::Undone);
        };
        let standing = Standing {
            node,
            epoch: row.try_get("epoch")?,
            flight: row.try_get("flight")?,
        };
        self.standing = Some(standing);
        Ok(standing)
    }

    /// Finds out what became of a flight whose connection broke. It is asked for as long as it takes.
    pub(super) async fn resolve(&mut self, flown: Standing, broken: Fault) -> Result<Verdict, Fault> {
        self.standing = None;
        let mut pause = PAUSES.0;
        loop {
            tracing::warn!(
                error = broken.words(),
                server = %self.common.address,
                "the connection broke during a commit; what became of it is asked"
            );
            match self.ask(flown).await {
                Ok(Some((standing, verdict))) => {
                    self.standing = Some(standing);
                    return match standing.flight == flown.flight {
                        true => Ok(verdict),
                        false => Err(Fault::Undone),
                    };
                }
                Ok(None) => return Err(taken_over().into()),
                Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    async fn ask(&mut self, flown: Standing) -> Result<Option<(Standing, Verdict)>, Fault> {
        let rows = self.line.query(NEXT_EPOCH, &[&flown.node, &self.number]).await?;
        let Some(row) = rows.first() else {
            let session = self.line.session().await?;
            self.common.member.rejoin(&session, flown.node).await?;
            return Ok(None);
        };
        let standing = Standing {
            node: flown.node,
            epoch: row.try_get("epoch")?,
            flight: row.try_get("flight")?,
        };
        let verdict = Verdict {
            released: 1,
            ..Verdict::read(row)?
        };
        Ok(Some((standing, verdict)))
    }

    pub(super) fn explain(&self, fault: Fault) -> Error {
        fault.explain(&self.common.address, "commit")
    }
}

/// Whether a unit makes something ready that nobody has claimed.
fn wakes(unit: &Unit) -> bool {
    unit.out
        .iter()
        .any(|message| !message.claimed && message.due.is_none())
        || unit.park.iter().any(|park| !park.keep && park.due.is_none())
}

fn too_many(unit: &Unit) -> Option<Outcome> {
    (unit.out.len() > Numbers::MOST).then(|| {
        Outcome::Rejected(format!(
            "one unit may send at most {} messages, and this one sends {}",
            Numbers::MOST,
            unit.out.len()
        ))
    })
}

pub(super) fn abandoned() -> Error {
    Error::new(
        ErrorKind::Unknown,
        "the PostgreSQL store was closed before the commit was answered; open it again",
    )
}

fn taken_over() -> Error {
    Error::new(
        ErrorKind::Unknown,
        "the connection to PostgreSQL broke during a commit, and before it was back this process had been taken for \
         dead: what it had claimed was given to others",
    )
}
