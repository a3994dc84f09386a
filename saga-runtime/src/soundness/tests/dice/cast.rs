//! The messages of one random saga.

use super::Dice;
use crate::{
    message::{MessageInfo, MessageKind, ReplyInfo},
    soundness::tests::language::message,
};

type Messages = Vec<&'static MessageInfo>;

/// Who is on stage.
pub(super) struct Cast {
    /// What may start the saga.
    pub(super) starts: Messages,
    /// What may come at any time.
    pub(super) free: Messages,
    pub(super) sent: Messages,
    /// Commands that only older builds sent.
    pub(super) retired: Messages,
    pub(super) undos: Messages,
    /// The answers to what is sent, or was.
    pub(super) replies: Messages,
    /// The answers that the saga gives.
    pub(super) answers: Messages,
    pub(super) published: &'static MessageInfo,
    pub(super) states: u16,
}

impl Dice {
    pub(super) fn cast(&mut self) -> Cast {
        let mut cast = Cast {
            starts: Vec::new(),
            free: Vec::new(),
            sent: Vec::new(),
            retired: Vec::new(),
            undos: Vec::new(),
            replies: vec![reply("Shared")],
            answers: Vec::new(),
            published: event("Told"),
            states: 1 + self.roll(3) as u16,
        };
        self.cast_starts(&mut cast);
        cast.take("Query", &["Status"]);
        cast.free.push(event("Happened"));
        for number in 0..=self.roll(3) {
            let command = self.asking(&format!("Do{number}"), &mut cast);
            cast.sent.push(command);
        }
        if self.chance(25) {
            let command = self.asking("DoNoMore", &mut cast);
            cast.retired.push(command);
        }
        self.cast_undos(&mut cast);
        if self.chance(10) {
            // Only older builds asked for it.
            cast.replies.push(reply("Unasked"));
        }
        cast
    }

    fn cast_starts(&mut self, cast: &mut Cast) {
        for number in 0..=self.roll(2) {
            if self.chance(15) {
                cast.starts.push(event(&format!("Began{number}")));
                continue;
            }
            let answer = format!("Answer{number}");
            let answers: &[&str] = if self.chance(80) { &[&answer] } else { &[] };
            let command = cast.taken(&format!("Start{number}"), answers);
            cast.starts.push(command);
        }
    }

    /// A command that the saga sends, or older builds of it did, and what it is answered with.
    fn asking(&mut self, name: &str, cast: &mut Cast) -> &'static MessageInfo {
        let mut replies = vec![answer(reply(&format!("{name}Done")), false)];
        if self.chance(60) {
            replies.push(answer(reply(&format!("{name}Refused")), true));
        }
        cast.replies.extend(replies.iter().map(|reply| reply.message));
        if self.chance(35) {
            replies.push(answer(cast.replies[0], self.chance(50)));
        }
        command(name, "there", replies)
    }

    fn cast_undos(&mut self, cast: &mut Cast) {
        let undone = reply("Undone");
        cast.undos = vec![
            command("Undo", "there", vec![answer(undone, false)]),
            command("Forget", "there", Vec::new()),
        ];
        if self.chance(20) {
            cast.sent.push(cast.undos[0]);
            cast.replies.push(undone);
        }
        if self.chance(15) {
            cast.sent.push(cast.undos[1]);
        }
    }
}

impl Cast {
    /// A command that the saga takes.
    fn taken(&mut self, name: &str, answers: &[&str]) -> &'static MessageInfo {
        let answers: Messages = answers.iter().map(|name| reply(name)).collect();
        self.answers.extend(&answers);
        let answers = answers.into_iter().map(|message| answer(message, false));
        command(name, "home", answers.collect())
    }

    fn take(&mut self, name: &str, answers: &[&str]) {
        let command = self.taken(name, answers);
        self.free.push(command);
    }

    /// The commands that a message may answer, older builds' included.
    pub(super) fn askers(&self, reply: &MessageInfo) -> Messages {
        let commands = self.sent.iter().chain(&self.retired).copied();
        commands
            .filter(|command| command.reply(reply.name).is_some())
            .collect()
    }
}

fn reply(name: &str) -> &'static MessageInfo {
    message(name, MessageKind::Reply, None, Vec::new())
}

fn event(name: &str) -> &'static MessageInfo {
    message(name, MessageKind::Event, None, Vec::new())
}

fn command(name: &str, endpoint: &str, replies: Vec<ReplyInfo>) -> &'static MessageInfo {
    message(name, MessageKind::Command, Some(endpoint.to_owned()), replies)
}

fn answer(message: &'static MessageInfo, refusal: bool) -> ReplyInfo {
    ReplyInfo { message, refusal }
}
