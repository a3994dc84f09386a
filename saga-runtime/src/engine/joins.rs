//! Fork-join: a handler that waits for several messages.

use std::sync::Arc;

use super::{Failure, book::Step as Arrival, routes::Spot, step::Step};
use crate::{
    definition::{Arity, Item, Trigger},
    input::Arrived,
};

impl Step<'_> {
    /// Runs a join of the present state that has all it waits for; whether there was one.
    pub(super) fn run_complete_join(&mut self) -> Result<bool, Failure> {
        let Spot::State(state) = self.instance.spot else {
            return Ok(false);
        };
        let engine = self.engine;
        for &clause in engine.routes.joins(state) {
            let Trigger::All(items) = engine.definition.clauses[clause].trigger else {
                continue;
            };
            if self.is_worth_running(items) && items.iter().all(|item| self.is_satisfied(item)) {
                self.run_join(clause, items)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A join of optional items alone would run for ever if nothing had arrived and it stayed in its state.
    fn is_worth_running(&self, items: &[Item]) -> bool {
        let entered_for_it = self.instance.book.joined_at != Some(self.instance.book.entered);
        entered_for_it || items.iter().any(|item| self.arrivals_of(item).next().is_some())
    }

    fn is_satisfied(&self, item: &Item) -> bool {
        let arrived = self.arrivals_of(item).next().is_some();
        match item.arity {
            Arity::One => arrived,
            Arity::Optional => arrived || !self.is_open(item),
            Arity::Many => !self.is_open(item),
        }
    }

    /// Whether some open request may still be answered with what the item waits for.
    fn is_open(&self, item: &Item) -> bool {
        self.instance.book.open.iter().any(|open| {
            let of = item.of.is_none_or(|of| *of.name == *open.command);
            let sent = self.engine.routes.sent(&open.command);
            of && sent.is_some_and(|sent| {
                item.messages
                    .iter()
                    .any(|message| sent.reply(message.name).is_some())
            })
        })
    }

    fn arrivals_of<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = &'a Arrival> {
        self.instance
            .book
            .arrivals
            .iter()
            .filter(|arrival| belongs(arrival, item))
    }

    fn run_join(&mut self, clause: usize, items: &'static [Item]) -> Result<(), Failure> {
        let book = &mut self.instance.book;
        book.joined_at = Some(book.entered);
        let (arrived, others): (Vec<Arrival>, Vec<Arrival>) = std::mem::take(&mut book.arrivals)
            .into_iter()
            .partition(|arrival| items.iter().any(|item| belongs(arrival, item)));
        book.arrivals = others;
        let arrived: Vec<Arrived> = arrived
            .into_iter()
            .map(|arrival| Arrived {
                message: Arc::new(arrival.message.envelope()),
                of: arrival.command,
            })
            .collect();
        let cause = self.cause;
        self.run_on(clause, cause, &arrived, None)
    }
}

fn belongs(arrival: &Arrival, item: &Item) -> bool {
    item.messages
        .iter()
        .any(|message| *message.name == *arrival.message.name)
        && item
            .of
            .is_none_or(|of| Some(of.name) == arrival.command.as_deref())
}
