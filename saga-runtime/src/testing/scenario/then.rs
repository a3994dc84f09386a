//! Then: what is found, or the story of how it came to something else.

use std::sync::Arc;

use super::{Emitted, Reason, Scenario, body, spoken};
use crate::{
    codec::Codec,
    envelope::{Envelope, MessageId},
    message::{Command, Event, Incoming, Message, MessageKind, Reply},
    saga::Saga,
    store::Found,
    testing::chart::side_by_side,
};

impl<S: Saga> Scenario<S> {
    /// It has sent exactly this.
    #[track_caller]
    pub fn sends<C: Command>(&mut self, expected: &C) -> &mut Self {
        self.emits("it sends", expected)
    }

    /// It has published exactly this.
    #[track_caller]
    pub fn publishes<E: Event>(&mut self, expected: &E) -> &mut Self {
        self.emits("it publishes", expected)
    }

    /// It has answered a sender that waited with exactly this.
    #[track_caller]
    pub fn replies<R: Reply>(&mut self, expected: &R) -> &mut Self {
        self.emits("it replies", expected)
    }

    /// The command of this type that it has sent, to look at its parts.
    #[track_caller]
    pub fn sent<C: Command>(&mut self) -> C {
        self.take("it sends")
    }

    /// The event of this type that it has published, to look at its parts.
    #[track_caller]
    pub fn published<E: Event>(&mut self) -> E {
        self.take("it publishes")
    }

    /// The answer of this type that it has given, to look at its parts.
    #[track_caller]
    pub fn replied<R: Reply>(&mut self) -> R {
        self.take("it replies")
    }

    /// It has emitted nothing that was not looked at.
    #[track_caller]
    pub fn emits_nothing_more(&mut self) -> &mut Self {
        let actual = self.unseen();
        match actual.is_empty() {
            true => self,
            false => self.fail("it emits nothing more", "nothing", &actual),
        }
    }

    /// It is in this state.
    #[track_caller]
    pub fn is_in(&mut self, state: &str) -> &mut Self {
        match self.state() == state {
            true => self,
            false => self.fail("the state it is in", state, &self.state_name()),
        }
    }

    /// It has finished.
    #[track_caller]
    pub fn ends(&mut self) -> &mut Self {
        match &self.found {
            Found::Finished(_) => self,
            _ => self.fail("it has finished", "end", &self.standing()),
        }
    }

    /// Its compensation needs a person; why.
    #[track_caller]
    pub fn parked(&mut self) -> String {
        let parked = match &self.found {
            Found::Live(row) => row.parked.as_ref().map(ToString::to_string),
            _ => None,
        };
        match parked {
            Some(why) => why,
            None => self.fail("its compensation is parked", "parked", &self.standing()),
        }
    }

    /// Something said in `when` becomes a dead letter; why.
    #[track_caller]
    pub fn dead_letter(&mut self, when: impl FnOnce(&mut Self)) -> Reason {
        self.expects_dead = true;
        when(self);
        self.expects_dead = false;
        let dead = std::mem::take(&mut self.dead);
        match dead.first() {
            Some(dead) => dead.reason,
            None => self.fail(
                "a message becomes a dead letter",
                "a dead letter",
                "all were handled",
            ),
        }
    }

    /// Every sender that waited was answered, and none twice.
    #[track_caller]
    pub fn answers_everyone(&mut self) -> &mut Self {
        let answers = |request: &MessageId| {
            let to_it = self
                .emitted
                .iter()
                .filter(|emitted| emitted.envelope.in_reply_to == Some(*request));
            to_it.count()
        };
        let wrong = self.callers.iter().find(|request| answers(request) != 1);
        match wrong.map(answers) {
            None => self,
            Some(times) => self.fail(
                "whoever asks is answered",
                "answered once",
                &format!("answered {times} times\n{}", self.standing()),
            ),
        }
    }

    /// Fails, and tells the story: for what is written down as known to be wrong at this point.
    #[track_caller]
    pub fn fails_here(&mut self, what: &str) {
        self.fail("what was found", "not this", what)
    }

    #[track_caller]
    fn emits<M: Message>(&mut self, what: &str, expected: &M) -> &mut Self {
        let found = self.next_of::<M>();
        let expected = pretty(M::INFO.name, &message_as_json(expected));
        let Some(found) = found else {
            self.fail(what, &expected, &or_nothing(self.unseen()));
        };
        let actual = pretty(M::INFO.name, &body_as_json(&found));
        match actual == expected {
            true => self,
            false => self.fail(what, &expected, &actual),
        }
    }

    #[track_caller]
    fn take<M: Message>(&mut self, what: &str) -> M {
        let Some(found) = self.next_of::<M>() else {
            self.fail(what, M::INFO.name, &or_nothing(self.unseen()));
        };
        match M::read(&found) {
            Ok(message) => message,
            Err(error) => self.fail(what, M::INFO.name, &error.to_string()),
        }
    }

    /// The oldest message of this type that was not looked at; from now on it was.
    fn next_of<M: Message>(&mut self) -> Option<Arc<Envelope>> {
        let next = self
            .emitted
            .iter_mut()
            .find(|emitted| !emitted.seen && *emitted.envelope.name == *M::INFO.name)?;
        next.seen = true;
        Some(Arc::clone(&next.envelope))
    }

    fn unseen(&self) -> String {
        let unseen = self.emitted.iter().filter(|emitted| !emitted.seen);
        let lines: Vec<String> = unseen.map(said).collect();
        lines.join("\n")
    }

    /// Where it stands and what it waits for.
    fn standing(&self) -> String {
        let book = self.book();
        let mut lines = vec![format!("in `{}`", self.state())];
        lines.extend(
            book.open
                .iter()
                .map(|open| format!("`{}` is not answered", open.command)),
        );
        lines.extend(self.timers().iter().map(|timer| format!("timer {timer}")));
        if let Found::Live(row) = &self.found
            && let Some(why) = &row.parked
        {
            lines.push(format!("parked: {why}"));
        }
        lines.join("\n")
    }

    /// Says what was expected and what was found, and tells the story.
    #[track_caller]
    pub(super) fn fail(&self, what: &str, expected: &str, actual: &str) -> ! {
        panic!(
            "\nscenario of `{}`: {what}\n\n{}\nwhat happened\n{}{:>12}  {}\n",
            S::DEFINITION.name,
            side_by_side(expected, actual),
            self.chart.text(),
            spoken(self.elapsed()),
            "here it failed",
        )
    }
}

fn said(emitted: &Emitted) -> String {
    let verb = match emitted.envelope.kind {
        MessageKind::Command => "sends",
        MessageKind::Event => "publishes",
        MessageKind::Reply => "replies",
    };
    let text = format!("{verb} {} {}", emitted.envelope.name, body(&emitted.envelope));
    text.trim_end().to_owned()
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "nothing".into() } else { text }
}

fn message_as_json<M: Message>(message: &M) -> serde_json::Value {
    let body = M::BODY.write(Codec::Json, M::INFO.name, message);
    body.ok()
        .and_then(|body| serde_json::from_slice(&body).ok())
        .unwrap_or_default()
}

fn body_as_json(envelope: &Envelope) -> serde_json::Value {
    serde_json::from_slice(&envelope.body).unwrap_or_default()
}

fn pretty(name: &str, value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => name.to_owned(),
        value => format!(
            "{name}\n{}",
            serde_json::to_string_pretty(value).unwrap_or_default()
        ),
    }
}
