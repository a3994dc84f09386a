//! Given: how a scenario starts.

use std::{marker::PhantomData, sync::Arc};

use jiff::Timestamp;

use super::{BEGINNING_S, Scenario, caller};
use crate::{
    codec::{Codec, Payload},
    engine::{
        Engine, Erased,
        book::{Book, Kept, Open, Step, Waiting},
    },
    envelope::Address,
    limits::Limits,
    message::{Command, MessageKind, Replies},
    saga::Saga,
    store::{Change, Found, InstanceId},
};

/// The key of an instance that starts in the middle, until a message says another.
pub(super) const UNNAMED: &str = "given";

impl<S: Saga> Scenario<S> {
    /// No instance yet: the first message has to start it, or waits for it.
    pub fn new() -> Self {
        Self::with(Codec::Json, Limits::default())
    }

    /// With other bounds than the default ones.
    pub fn within(limits: Limits) -> Self {
        Self::with(Codec::Json, limits)
    }

    /// An instance that has just entered `state`, with the timers of that state armed and nothing else under way.
    ///
    /// # Panics
    /// If the saga declares no such state.
    #[track_caller]
    pub fn given(state: &str, data: S) -> Self {
        let mut scenario = Self::new();
        let cause = Arc::new(scenario.blank(MessageKind::Event, "given"));
        let saga = Arc::clone(scenario.engine.name());
        let id = InstanceId {
            saga,
            key: UNNAMED.into(),
        };
        let now = scenario.now;
        let placed = scenario
            .engine
            .place(id.clone(), state, Box::new(data), &cause, now);
        let Some(mut instance) = placed else {
            let declared = scenario.engine.definition().states.join("`, `");
            scenario.fail(
                "given",
                &format!("state `{state}`"),
                &format!("declared are `{declared}`"),
            );
        };
        match scenario.engine.seal(&mut instance, now) {
            Ok(Change::Put(row)) => scenario.found = Found::Live(row),
            Ok(_) => {}
            Err(failure) => panic!("{}", failure.detail),
        }
        let me = scenario.me();
        scenario
            .chart
            .note(scenario.elapsed(), &me, format!("given, in `{state}`"));
        scenario.id = Some(id);
        scenario
    }

    fn with(codec: Codec, limits: Limits) -> Self {
        let began_at = Timestamp::from_second(BEGINNING_S).unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            engine: Arc::new(Engine::new(Erased::<S>::new(), codec, limits)),
            id: None,
            found: Found::Absent,
            began_at,
            now: began_at,
            made: 0,
            chart: crate::testing::chart::Chart::default(),
            emitted: Vec::new(),
            asked: Vec::new(),
            callers: Vec::new(),
            waiting: Vec::new(),
            dead: Vec::new(),
            expects_dead: false,
            saga: PhantomData,
        }
    }

    /// The clock starts at this time, where it has not moved yet.
    #[must_use]
    pub fn starting_at(mut self, time: Timestamp) -> Self {
        (self.began_at, self.now) = (time, time);
        self
    }

    /// Given too: a request that was sent and not answered yet.
    #[track_caller]
    pub fn awaiting<C: Command>(&mut self, command: &C) -> &mut Self {
        let mut envelope = self.envelope(command);
        envelope.reply_to = self.address().map(|instance| Address {
            queue: "replies".into(),
            instance: Some(instance),
        });
        let open = Open {
            id: envelope.id,
            command: C::INFO.name.into(),
        };
        self.asked.push(Arc::new(envelope));
        self.note_given(format!("`{}` is not answered yet", C::INFO.name), |book| {
            book.open.push(open)
        })
    }

    /// Given too: a step that was completed by this reply to command `C`, and is to be undone if it comes to that.
    #[track_caller]
    pub fn done<C: Command>(&mut self, reply: impl Into<C::Reply>) -> &mut Self {
        let payload: Payload = self.written(reply.into().payload(self.engine.codec()));
        let envelope = self.of_payload(&payload);
        let step = Step {
            command: Some(C::INFO.name.into()),
            message: Kept::of(&envelope),
        };
        let text = format!("`{}` was answered with `{}`", C::INFO.name, payload.info.name);
        self.note_given(text, |book| book.steps.push(step))
    }

    /// Given too: a sender that waits for the answer to this command.
    #[track_caller]
    pub fn asked<C: Command>(&mut self, command: &C) -> &mut Self {
        let envelope = self.envelope(command);
        self.callers.push(envelope.id);
        let waiting = Waiting {
            command: C::INFO.name.into(),
            request: envelope.id,
            reply_to: caller(),
        };
        self.note_given(
            format!("a sender waits for the answer to `{}`", C::INFO.name),
            |book| {
                book.waiting.push(waiting);
            },
        )
    }

    #[track_caller]
    fn note_given(&mut self, text: String, note: impl FnOnce(&mut Book)) -> &mut Self {
        let (at, me) = (self.elapsed(), self.me());
        let Found::Live(row) = &mut self.found else {
            self.fail(
                "given",
                "an instance: begin with `Scenario::given`",
                "there is none",
            );
        };
        let written = Book::read(&row.book).and_then(|mut book| {
            note(&mut book);
            book.write()
        });
        match written {
            Ok(book) => row.book = book,
            Err(error) => panic!("{error}"),
        }
        self.chart.note(at, &me, text);
        self
    }
}
