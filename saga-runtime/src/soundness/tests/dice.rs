//! Random sagas, each from its seed.

use std::time::Duration;

use super::language::{leak, message};
use crate::{
    definition::*,
    message::{Form, MessageInfo, MessageKind, ReplyInfo},
};

/// Throws sagas (splitmix64).
pub(super) struct Dice(pub(super) u64);

/// The messages of one saga.
struct Cast {
    starts: Vec<&'static MessageInfo>,
    free: Vec<&'static MessageInfo>,
    sent: Vec<&'static MessageInfo>,
    undos: Vec<&'static MessageInfo>,
    replies: Vec<&'static MessageInfo>,
    answers: Vec<&'static MessageInfo>,
    states: u16,
}

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len() as u64) as usize]
    }

    fn cast(&mut self) -> Cast {
        let reply = |name: String| message(&name, MessageKind::Reply, None, Vec::new());
        let home = || Some("home".to_owned());
        let mut answers = Vec::new();
        let mut starts = Vec::new();
        for number in 0..=self.roll(2) {
            let answer = reply(format!("Answer{number}"));
            let replies = if self.chance(80) {
                vec![ReplyInfo {
                    message: answer,
                    refusal: false,
                }]
            } else {
                Vec::new()
            };
            answers.extend(replies.iter().map(|reply| reply.message));
            starts.push(message(
                &format!("Start{number}"),
                MessageKind::Command,
                home(),
                replies,
            ));
        }
        let answer = reply("Status".to_owned());
        answers.push(answer);
        let query = vec![ReplyInfo {
            message: answer,
            refusal: false,
        }];
        let free = vec![
            message("Query", MessageKind::Command, home(), query),
            message("Happened", MessageKind::Event, None, Vec::new()),
        ];
        let (mut sent, mut replies) = (Vec::new(), vec![reply("Shared".to_owned())]);
        for number in 0..=self.roll(3) {
            let mut declared = vec![ReplyInfo {
                message: reply(format!("Done{number}")),
                refusal: false,
            }];
            if self.chance(60) {
                declared.push(ReplyInfo {
                    message: reply(format!("Refused{number}")),
                    refusal: true,
                });
            }
            if self.chance(20) {
                declared.push(ReplyInfo {
                    message: replies[0],
                    refusal: self.chance(50),
                });
            }
            replies.extend(
                declared
                    .iter()
                    .map(|reply| reply.message)
                    .filter(|reply| reply.name != "Shared"),
            );
            sent.push(message(
                &format!("Do{number}"),
                MessageKind::Command,
                Some("there".to_owned()),
                declared,
            ));
        }
        let undone = reply("Undone".to_owned());
        let replied = vec![ReplyInfo {
            message: undone,
            refusal: false,
        }];
        let undos = vec![
            message("Undo", MessageKind::Command, Some("there".to_owned()), replied),
            message(
                "Forget",
                MessageKind::Command,
                Some("there".to_owned()),
                Vec::new(),
            ),
        ];
        if self.chance(20) {
            sent.push(undos[0]);
            replies.push(undone);
        }
        Cast {
            starts,
            free,
            sent,
            undos,
            replies,
            answers,
            states: 1 + self.roll(3) as u16,
        }
    }

    pub(super) fn saga(&mut self, leaves_compensate: bool) -> &'static Definition {
        let cast = self.cast();
        let compensates = self.chance(50);
        let mut clauses = Vec::new();
        for start in &cast.starts {
            let branches = self.branches(&cast, compensates, 90);
            clauses.push(clause(
                format!("start{}", clauses.len()),
                Trigger::Start(one(start)),
                &[],
                branches,
            ));
        }
        let mut exceptions = Vec::new();
        for state in 0..cast.states {
            self.state(&cast, state, compensates, &mut clauses, &mut exceptions);
        }
        if compensates {
            self.compensation(&cast, leaves_compensate, &mut clauses);
        }
        self.after_the_end(&cast, &mut exceptions);
        let no_undo = if self.chance(30) {
            vec![leak(vec![cast.sent[0]])]
        } else {
            Vec::new()
        };
        let settled = if self.chance(20) {
            vec![self.roll(u64::from(cast.states)) as u16]
        } else {
            Vec::new()
        };
        Box::leak(Box::new(Definition {
            name: "Random",
            version: 1,
            endpoint: "home",
            states: &["A", "B", "C", "D"][..usize::from(cast.states)],
            clauses: leak(clauses),
            exceptions: leak(exceptions),
            no_timeout: &[],
            no_undo: leak(no_undo),
            settled: leak(settled),
            endless: false,
            fields: &[],
            form: Form::Named,
            upgrades: &[],
            renamed: &[],
            retired: &[],
            key: &[],
            key_paths: &[],
        }))
    }

    /// What one state does with each message: a handler, a join, an exception, or nothing.
    fn state(
        &mut self,
        cast: &Cast,
        state: u16,
        compensates: bool,
        clauses: &mut Vec<Clause>,
        exceptions: &mut Vec<Exception>,
    ) {
        let mut messages: Vec<_> = cast
            .replies
            .iter()
            .chain(&cast.free)
            .chain(&cast.starts[..1])
            .copied()
            .collect();
        if self.chance(35) {
            let joined: Vec<_> = (0..=self.roll(3))
                .map(|_| messages.swap_remove(self.roll(messages.len() as u64) as usize))
                .collect();
            let items = joined
                .iter()
                .map(|message| Item {
                    arity: self.arity(60),
                    ..one(message)
                })
                .collect();
            let place = if self.chance(90) {
                Place::State(state)
            } else {
                Place::Rest
            };
            let branches = self.branches(cast, compensates, 80);
            clauses.push(clause(
                format!("join{}", clauses.len()),
                Trigger::All(leak(items)),
                &[place],
                branches,
            ));
        }
        for message in messages {
            let place = if self.chance(93) {
                Place::State(state)
            } else {
                Place::Rest
            };
            let mut item = one(message);
            let askers: Vec<_> = cast
                .sent
                .iter()
                .filter(|sent| sent.reply(message.name).is_some())
                .copied()
                .collect();
            if !askers.is_empty() && self.chance(10) {
                item.of = Some(self.pick(&askers));
            }
            if self.chance(if message.kind == MessageKind::Reply {
                65
            } else {
                25
            }) {
                let branches = self.branches(cast, compensates, 65);
                clauses.push(clause(
                    format!("on{}", clauses.len()),
                    Trigger::On(item),
                    &[place],
                    branches,
                ));
            } else if self.chance(40) {
                let how = self.pick(&[Treatment::Ignore, Treatment::Defer, Treatment::Unexpected]);
                exceptions.push(Exception {
                    how,
                    item,
                    places: leak(vec![place]),
                });
            }
        }
        if self.chance(60) {
            let trigger = self.pick(&[
                Trigger::After(Duration::from_secs(60)),
                Trigger::At,
                Trigger::Every(Duration::from_secs(1)),
            ]);
            let branches = self.branches(cast, compensates, 60);
            clauses.push(clause(
                format!("timer{}", clauses.len()),
                trigger,
                &[Place::State(state)],
                branches,
            ));
        }
    }

    fn compensation(&mut self, cast: &Cast, leaves: bool, clauses: &mut Vec<Clause>) {
        for number in 0..cast.sent.len() {
            if cast.sent[number].name != "Undo" && self.chance(50) {
                let undone = one(cast.sent[number].replies[0].message);
                let undo = vec![effect(Verb::Send, self.pick(&cast.undos), Arity::One)];
                let branches = vec![Branch {
                    label: None,
                    effects: leak(undo),
                    target: None,
                }];
                clauses.push(clause(
                    format!("undo{}", clauses.len()),
                    Trigger::Compensate(undone),
                    &[],
                    branches,
                ));
            }
        }
        if self.chance(70) {
            let mut branches = self.branches(cast, false, 80);
            // What is sent at the end of compensation stays open like anything else.
            branches.truncate(1);
            clauses.push(clause(
                "compensated".to_owned(),
                Trigger::Compensated,
                &[],
                branches,
            ));
        }
        if self.chance(40) {
            let branches = self.branches(cast, false, if leaves { 60 } else { 0 });
            clauses.push(clause(
                "meanwhile".to_owned(),
                Trigger::On(one(cast.free[0])),
                &[Place::Compensate],
                branches,
            ));
        }
    }

    fn after_the_end(&mut self, cast: &Cast, exceptions: &mut Vec<Exception>) {
        for reply in &cast.replies {
            if self.chance(20) {
                exceptions.push(Exception {
                    how: Treatment::Ignore,
                    item: one(reply),
                    places: &[Place::End],
                });
            }
        }
    }

    fn branches(&mut self, cast: &Cast, compensates: bool, leaving: u64) -> Vec<Branch> {
        let count = if self.chance(20) { 2 } else { 1 };
        (0..count)
            .map(|_| self.branch(cast, compensates, leaving))
            .collect()
    }

    fn branch(&mut self, cast: &Cast, compensates: bool, leaving: u64) -> Branch {
        let mut effects = Vec::new();
        for _ in 0..self.roll(3) {
            let arity = self.arity(80);
            effects.push(match self.roll(10) {
                0..6 => effect(Verb::Send, self.pick(&cast.sent), arity),
                _ => effect(
                    Verb::Reply,
                    self.pick(&cast.answers),
                    if arity == Arity::Many { Arity::One } else { arity },
                ),
            });
        }
        let target = self.chance(leaving).then(|| match self.roll(10) {
            0..2 => Target::End,
            2..4 if compensates => Target::Compensate,
            _ => Target::State(self.roll(u64::from(cast.states)) as u16),
        });
        Branch {
            label: None,
            effects: leak(effects),
            target,
        }
    }

    fn arity(&mut self, one: u64) -> Arity {
        if self.chance(one) {
            Arity::One
        } else {
            self.pick(&[Arity::Optional, Arity::Many])
        }
    }
}

fn one(message: &'static MessageInfo) -> Item {
    Item {
        messages: leak(vec![message]),
        of: None,
        arity: Arity::One,
    }
}

fn effect(verb: Verb, message: &'static MessageInfo, arity: Arity) -> Effect {
    Effect {
        verb,
        message,
        arity,
        to: None,
    }
}

fn clause(handler: String, trigger: Trigger, places: &[Place], branches: Vec<Branch>) -> Clause {
    Clause {
        handler: handler.leak(),
        trigger,
        places: leak(places.to_vec()),
        branches: leak(branches),
    }
}
