//! The saga as data: what sets which handler off, what it emits, where it leads.

use std::time::Duration;

use saga_runtime::{
    definition::{
        Arity, Branch, Clause, Definition, Effect, Exception, Item, Place, Target, Treatment, Trigger, Verb,
    },
    message::{FieldInfo, Form, MessageInfo},
    prelude::*,
};

use crate::contracts::*;

const AWAITING_MAIL: Place = Place::State(0);
const CLAUSES: &[Clause] = &[
    Clause {
        handler: "sign_up",
        trigger: Trigger::Start(message(&[SignUp::INFO])),
        places: &[],
        branches: &[branch(&[emits(Verb::Send, SendWelcome::INFO)], Target::State(0))],
    },
    Clause {
        handler: "welcomed",
        trigger: Trigger::On(message(&[WelcomeSent::INFO])),
        places: &[AWAITING_MAIL],
        branches: &[branch(&[emits(Verb::Reply, SignedUp::INFO)], Target::End)],
    },
    Clause {
        handler: "mail_is_late",
        trigger: Trigger::After(Duration::from_secs(3_600)),
        places: &[AWAITING_MAIL],
        branches: &[branch(&[emits(Verb::Reply, MailUnreachable::INFO)], Target::End)],
    },
];

pub const DEFINITION: &Definition = &Definition {
    name: "Welcome",
    version: 1,
    endpoint: Accounts::NAME,
    states: &["AwaitingMail"],
    clauses: CLAUSES,
    exceptions: &[Exception {
        how: Treatment::Ignore,
        item: message(&[WelcomeSent::INFO]),
        places: &[Place::End],
    }],
    no_timeout: &[],
    no_undo: &[],
    settled: &[],
    endless: false,
    fields: &[FieldInfo::new("0", "String")],
    form: Form::Tuple,
    upgrades: &[],
    renamed: &[],
    retired: &[],
    key: &[FieldInfo::new("order_id", "u64")],
    key_paths: &[],
};

const fn message(messages: &'static [&'static MessageInfo]) -> Item {
    let (of, arity) = (None, Arity::One);
    Item { messages, of, arity }
}

const fn emits(verb: Verb, message: &'static MessageInfo) -> Effect {
    let (arity, to) = (Arity::One, None);
    Effect {
        verb,
        message,
        arity,
        to,
    }
}

const fn branch(effects: &'static [Effect], target: Target) -> Branch {
    let (label, target) = (None, Some(target));
    Branch {
        label,
        effects,
        target,
    }
}
