//! The way to what is wrong, told: as a chart, and as a scenario to paste.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use super::{
    FaultKind,
    fault::Fault,
    flights::To,
    local::InstanceIndex,
    world::{Move, Step, World},
};
use crate::{
    engine::TIMER,
    envelope::{Envelope, MessageId},
    limits::Limits,
    message::{MessageInfo, MessageKind},
    testing::chart::Chart,
};

impl World<'_> {
    /// Goes a way: what came of each move, and the configuration at its end.
    pub(super) fn follow(&mut self, way: &[Step]) -> (Vec<(Step, u32)>, Vec<u32>) {
        let mut config = self.initial();
        let mut next = Vec::new();
        let mut went = Vec::with_capacity(way.len());
        for &step in way {
            let outcome = self.outcome(&config, step.mv);
            went.push((step, outcome));
            if self.apply(&config, step.mv, outcome, &mut next).is_err() {
                break;
            }
            if step.dies {
                self.come_again(&mut next, outcome);
            }
            std::mem::swap(&mut config, &mut next);
        }
        (went, config)
    }

    /// What happened on a way.
    pub(super) fn chart(&mut self, way: &[Step], fault: &Fault) -> Chart {
        let mut chart = Chart::default();
        let now = self.draw_all(&mut chart, way);
        let whole: Arc<str> = "the system".into();
        let over = fault.instance.map_or(whole, |instance| self.label(instance));
        chart.note(now, &over, fault.text.clone());
        chart
    }

    /// What happened on a way, and when it ends.
    pub(super) fn draw_all(&mut self, chart: &mut Chart, way: &[Step]) -> Duration {
        let (went, _) = self.follow(way);
        let mut now = Duration::ZERO;
        for (Step { mv, dies }, outcome) in went {
            now = self.draw(chart, mv, outcome, now);
            if dies {
                let text = format!(
                    "the process dies before it acknowledges `{}`",
                    self.outcome_at(outcome).cause.name
                );
                chart.note(now, &self.doer(mv, outcome), text);
            }
        }
        now
    }

    /// Who makes a move, as the chart calls it.
    fn doer(&self, mv: Move, outcome: u32) -> Arc<str> {
        match (self.subject(mv), mv) {
            (Some(instance), _) => self.label(instance),
            (None, Move::Serve(_)) => self.endpoint(&self.outcome_at(outcome).cause),
            (None, Move::Again(flight)) => match self.flights.get(flight).to {
                To::Instance(instance) => self.label(instance),
                To::Service(_) | To::Declared => self.endpoint(&self.outcome_at(outcome).cause),
            },
            (None, _) => "services".into(),
        }
    }

    fn draw(&self, chart: &mut Chart, mv: Move, number: u32, before: Duration) -> Duration {
        let outcome = self.outcome_at(number);
        let at = outcome.local.map_or(before, |local| {
            let clock = self.locals.get(local).local.clock;
            Duration::try_from(clock.duration_since(self.beginning)).unwrap_or(before)
        });
        let me = self.doer(mv, number);
        let cause = &outcome.cause;
        let caller: Arc<str> = "caller".into();
        match mv {
            Move::Give(_) => chart.message(at, &caller, &me, cause),
            Move::Deliver(_) => chart.note(at, &me, format!("`{}` arrives", cause.name)),
            Move::Expire(_) => {
                chart.note(
                    at,
                    &me,
                    format!("`{}` has waited for an instance long enough", cause.name),
                );
            }
            Move::Answer(flight, _) => {
                let endpoint = self.endpoint(&self.flights.get(flight).envelope);
                chart.message(at, &endpoint, &me, cause);
            }
            Move::Silence(flight) => {
                let command = &self.flights.get(flight).envelope;
                chart.note(
                    at,
                    &self.endpoint(command),
                    format!("`{}` is never answered", command.name),
                );
            }
            Move::Serve(_) => chart.note(at, &me, format!("`{}` is handled", cause.name)),
            Move::Again(_) => {
                chart.note(at, &me, format!("`{}` comes again and is recognised", cause.name));
            }
            Move::Fire(_) => {
                let handler = cause.name.strip_prefix(TIMER).unwrap_or(&cause.name);
                chart.note(at, &me, format!("timeout `{handler}`"));
            }
            Move::Retry(_) => chart.note(at, &me, "a person says: go on"),
        }
        for (to, envelope) in &outcome.emitted {
            chart.message(at, &me, to, envelope);
        }
        for note in &outcome.notes {
            chart.note(at, &me, note.clone());
        }
        at
    }

    fn endpoint(&self, envelope: &Envelope) -> Arc<str> {
        let info = self.parts.info(&envelope.name);
        info.and_then(|info| info.endpoint)
            .unwrap_or("subscribers")
            .into()
    }

    /// What an instance is called: the saga, with its key where there are several.
    fn label(&self, instance: InstanceIndex) -> Arc<str> {
        let id = &self.locals.instances[usize::from(instance)];
        match self.locals.instances.len() {
            1 => Arc::clone(&id.saga),
            _ => format!("{} {}", id.saga, id.key).into(),
        }
    }

    /// A test of one instance that goes the same way, where the fault is about one.
    pub(super) fn scenario(&mut self, way: &[Step], fault: &Fault) -> Option<String> {
        let instance = fault.instance?;
        let id = self.locals.instances[usize::from(instance)].clone();
        let saga = self.parts.saga_named(&id.saga)?;
        let ty = self.parts.sagas[saga].ty;
        let (went, _) = self.follow(way);
        let mut text = format!(
            "#[test]\nfn {}() {{\n    // {}\n    let mut it = Scenario::<{ty}>::new();\n",
            title(fault.kind),
            fault.text.replace('\n', " ")
        );
        let mut sent: Vec<(Arc<str>, MessageId)> = Vec::new();
        for (Step { mv, .. }, number) in went {
            let outcome = self.outcome_at(number);
            if let Some(line) = self.line(mv, instance, &outcome.cause, &sent) {
                let _ = writeln!(text, "    {line}");
            }
            if self.subject(mv) == Some(instance) {
                let commands = outcome
                    .emitted
                    .iter()
                    .filter(|(_, envelope)| envelope.reply_to.is_some());
                sent.extend(commands.map(|(_, command)| (Arc::clone(&command.name), command.id)));
            }
        }
        if let Some(last) = last_line(fault) {
            let _ = writeln!(text, "    {last}");
        }
        text.push_str("}\n");
        Some(text)
    }

    fn line(
        &self,
        mv: Move,
        instance: InstanceIndex,
        cause: &Arc<Envelope>,
        sent: &[(Arc<str>, MessageId)],
    ) -> Option<String> {
        let about = self.subject(mv) == Some(instance);
        match mv {
            Move::Give(_) if !about => None,
            Move::Give(_) | Move::Answer(..) | Move::Deliver(_) if about => Some(self.said(cause, sent)),
            Move::Expire(flight) if about && self.is_given(flight) => {
                let seconds = Limits::default().absent_wait.as_secs();
                Some(format!("it.advance(std::time::Duration::from_secs({seconds}));"))
            }
            Move::Expire(_) if about => Some(self.said(cause, sent)),
            Move::Fire(_) if about => {
                let handler = cause.name.strip_prefix(TIMER).unwrap_or(&cause.name);
                Some(format!("it.timeout(\"{handler}\");"))
            }
            Move::Retry(_) if about => Some("it.retry_compensation();".to_owned()),
            _ => None,
        }
    }

    /// Whether a message on its way was said in the scenario when it was given.
    fn is_given(&self, flight: u32) -> bool {
        let flight = self.flights.get(flight);
        let copy = self.inputs.copy_of(flight.envelope.id);
        matches!(flight.to, To::Instance(_))
            && copy.is_some_and(|copy| self.inputs.copies[usize::from(copy)].instance.is_some())
    }

    fn said(&self, cause: &Envelope, sent: &[(Arc<str>, MessageId)]) -> String {
        let ty = type_name(self.parts.info(&cause.name), &cause.name);
        let body = String::from_utf8_lossy(&cause.body);
        let value = format!("json::<{ty}>(r##\"{body}\"##)");
        match cause.kind {
            MessageKind::Command if cause.reply_to.is_some() => format!("it.request({value});"),
            MessageKind::Command => format!("it.send({value});"),
            MessageKind::Event => format!("it.publish({value});"),
            MessageKind::Reply => {
                let asked = sent.iter().find(|(_, id)| Some(*id) == cause.in_reply_to);
                let Some((command, id)) = asked else {
                    return format!("it.reply({value});");
                };
                let ty = type_name(self.parts.info(command), command);
                let alike: Vec<_> = sent.iter().filter(|(name, _)| name == command).collect();
                let nth = alike.iter().position(|(_, known)| known == id).unwrap_or(0);
                match alike.len() {
                    1 => format!("it.answer::<{ty}>({value});"),
                    _ => format!("it.answer_nth::<{ty}>({nth}, {value});"),
                }
            }
        }
    }
}

/// The type's own name, without the path to it.
fn type_name<'n>(info: Option<&'static MessageInfo>, name: &'n str) -> &'n str {
    info.and_then(|info| info.declared.rsplit("::").next())
        .unwrap_or(name)
}

fn title(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::DeadLetter(_) => "no_message_becomes_a_dead_letter",
        FaultKind::NeverEnds | FaultKind::EndlessLoop => "it_comes_to_an_end",
        FaultKind::Unanswered => "whoever_asks_is_answered",
        FaultKind::AnsweredTwice => "whoever_asks_is_answered_once",
        FaultKind::CompensatedTwice => "no_step_is_compensated_twice",
        FaultKind::CompensatedAndKept => "what_is_kept_was_not_undone",
        FaultKind::NotCompensated => "what_is_not_kept_is_undone",
        FaultKind::NotRepeatable => "a_handler_does_the_same_again",
        FaultKind::Unreadable => "what_is_stored_can_be_read",
        FaultKind::ServiceFailed => "no_service_fails",
        FaultKind::Property => "the_property_holds",
    }
}

fn last_line(fault: &Fault) -> Option<String> {
    match fault.kind {
        FaultKind::DeadLetter(_) | FaultKind::Unreadable => None,
        FaultKind::NeverEnds | FaultKind::EndlessLoop => Some("it.ends();".to_owned()),
        FaultKind::Unanswered | FaultKind::AnsweredTwice => Some("it.answers_everyone();".to_owned()),
        _ => Some(format!("it.fails_here({:?});", fault.text)),
    }
}
