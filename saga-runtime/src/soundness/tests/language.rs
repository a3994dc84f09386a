//! Reads a saga written in the library's language, without bodies, into a definition.
//!
//! The rules are then tested on what a user would write. Endpoints follow the first starting command.

use std::{collections::HashMap, time::Duration};

use crate::{
    definition::*,
    message::{Form, MessageInfo, MessageKind, ReplyInfo},
};

pub(super) fn leak<T>(list: Vec<T>) -> &'static [T] {
    Vec::leak(list)
}

/// Reads messages and one saga.
pub(super) fn saga(text: &str) -> &'static Definition {
    let tokens = tokens(text);
    let mut reader = Reader {
        messages: HashMap::new(),
        states: Vec::new(),
    };
    reader.declare_messages(&tokens);
    reader.read_saga(&tokens)
}

/// The tokens of a text: words (with dots), arrows, and single signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let mut rest = line.split("//").next().unwrap_or("").trim_start();
        while !rest.is_empty() {
            let word = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
                .unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("->") || rest.starts_with("=>") => 2,
                0 => rest.chars().next().unwrap().len_utf8(),
                word => word,
            };
            tokens.push(rest[..length].to_owned());
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The tokens of a list in brackets, split at commas outside inner brackets.
fn arguments(tokens: &[String]) -> Vec<&[String]> {
    split(tokens, ",")
}

fn split<'a>(tokens: &'a [String], sign: &str) -> Vec<&'a [String]> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth -= 1,
            other if other == sign && depth == 0 => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[from..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// What stands between the bracket at `open` and its partner.
fn inside(tokens: &[String], open: usize) -> &[String] {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &tokens[open + 1..at];
        }
    }
    panic!("a bracket is not closed");
}

fn position(tokens: &[String], sign: &str) -> Option<usize> {
    tokens.iter().position(|token| token == sign)
}

struct Reader {
    messages: HashMap<String, &'static MessageInfo>,
    states: Vec<&'static str>,
}

impl Reader {
    fn declare_messages(&mut self, tokens: &[String]) {
        for at in 0..tokens.len() {
            let is = |word: &str| tokens[at] == "#" && tokens[at + 2] == word;
            if is("command") {
                let name = &tokens[at + position(&tokens[at..], "struct").unwrap() + 1];
                self.declare_command(name, inside(tokens, at + 3));
            } else if is("event") {
                let name = &tokens[at + position(&tokens[at..], "struct").unwrap() + 1];
                self.declare(name, MessageKind::Event, None, Vec::new());
            }
        }
    }

    fn declare_command(&mut self, name: &str, options: &[String]) {
        let (mut endpoint, mut replies) = (String::new(), Vec::new());
        for option in arguments(options) {
            if option[0] == "to" {
                endpoint = option[2].to_lowercase();
            } else {
                for reply in arguments(inside(option, 1)) {
                    let message = self.declare(&reply[0], MessageKind::Reply, None, Vec::new());
                    replies.push(ReplyInfo {
                        message,
                        refusal: option[0] == "refusals",
                    });
                }
            }
        }
        self.declare(name, MessageKind::Command, Some(endpoint), replies);
    }

    fn declare(
        &mut self,
        name: &str,
        kind: MessageKind,
        endpoint: Option<String>,
        replies: Vec<ReplyInfo>,
    ) -> &'static MessageInfo {
        self.messages
            .entry(name.to_owned())
            .or_insert_with(|| message(name, kind, endpoint, replies))
    }

    fn read_saga(&mut self, tokens: &[String]) -> &'static Definition {
        let at = (0..tokens.len())
            .find(|&at| tokens[at] == "#" && tokens[at + 2] == "saga")
            .unwrap();
        let options = arguments(inside(tokens, at + 3));
        for option in options.iter().filter(|option| option[0] == "states") {
            self.states = arguments(inside(option, 1))
                .iter()
                .map(|state| &*state[0].clone().leak())
                .collect();
        }
        if self.states.is_empty() {
            self.states.push("Active");
        }
        let start = at + position(&tokens[at..], "impl").unwrap();
        let clauses = self.read_clauses(inside(tokens, start + 2));
        let mut definition = Definition {
            name: tokens[start + 1].clone().leak(),
            version: 1,
            endpoint: endpoint(clauses),
            states: leak(self.states.clone()),
            clauses,
            exceptions: &[],
            no_timeout: &[],
            no_undo: &[],
            settled: &[],
            endless: false,
            fields: &[],
            form: Form::Named,
            upgrades: &[],
            renamed: &[],
            retired: &[],
            key: &[],
            key_paths: &[],
        };
        self.read_options(&options, &mut definition);
        Box::leak(Box::new(definition))
    }

    fn read_options(&self, options: &[&[String]], definition: &mut Definition) {
        let (mut exceptions, mut no_undo, mut settled) = (Vec::new(), Vec::new(), Vec::new());
        let mut retired = Vec::new();
        for option in options {
            let how = match option[0].as_str() {
                "ignore" => Treatment::Ignore,
                "defer" => Treatment::Defer,
                "unexpected" => Treatment::Unexpected,
                "no_undo" => {
                    no_undo.extend(
                        arguments(inside(option, 1))
                            .iter()
                            .map(|name| leak(vec![self.messages[&name[0]]])),
                    );
                    continue;
                }
                "settled" => {
                    settled.extend(
                        arguments(inside(option, 1))
                            .iter()
                            .map(|state| self.state(&state[0])),
                    );
                    continue;
                }
                "retired" => {
                    let names = arguments(inside(option, 1));
                    retired.extend(names.into_iter().map(|name| self.retired(name)));
                    continue;
                }
                _ => continue,
            };
            let list = inside(option, 1);
            let (names, places) = self.split_places(list);
            for name in arguments(names) {
                exceptions.push(Exception {
                    how,
                    item: self.item(name),
                    places,
                });
            }
        }
        definition.exceptions = leak(exceptions);
        definition.no_undo = leak(no_undo);
        definition.settled = leak(settled);
        definition.retired = leak(retired);
    }

    fn retired(&self, name: &[String]) -> Retired {
        if name[0] != "send" {
            return Retired::State(self.state(&name[0]));
        }
        let (command, places) = self.split_places(&name[1..]);
        Retired::Send {
            command: self.message(&command[0]),
            places,
        }
    }

    fn read_clauses(&self, tokens: &[String]) -> &'static [Clause] {
        let mut clauses = Vec::new();
        for at in 0..tokens.len() {
            if tokens[at] == "#" {
                let handler = &tokens[at + position(&tokens[at..], "fn").unwrap() + 1];
                clauses.push(self.read_clause(handler, &tokens[at + 2], inside(tokens, at + 3)));
            }
        }
        leak(clauses)
    }

    fn read_clause(&self, handler: &str, word: &str, tokens: &[String]) -> Clause {
        let head = tokens
            .iter()
            .position(|token| ["->", "=>", "{"].contains(&token.as_str()))
            .unwrap_or(tokens.len());
        let (head, outcome) = tokens.split_at(head);
        let (trigger, places) = self.split_places(head);
        let branches = match outcome.first().map(String::as_str) {
            Some("{") => split(inside(outcome, 0), "|")
                .iter()
                .map(|branch| self.branch(Some(&branch[0]), &branch[1..]))
                .collect(),
            _ => vec![self.branch(None, outcome)],
        };
        let trigger = self.trigger(word, trigger);
        let placed = !matches!(
            trigger,
            Trigger::Start(_) | Trigger::Compensate(_) | Trigger::Compensated
        );
        Clause {
            handler: handler.to_owned().leak(),
            trigger,
            places: if placed { places } else { &[] },
            branches: leak(branches),
        }
    }

    fn trigger(&self, word: &str, tokens: &[String]) -> Trigger {
        match word {
            "start" => Trigger::Start(self.item(tokens)),
            "on" => Trigger::On(self.item(tokens)),
            "all" => Trigger::All(leak(
                arguments(tokens)
                    .into_iter()
                    .map(|item| self.item(item))
                    .collect(),
            )),
            "after" => Trigger::After(duration(tokens)),
            "every" => Trigger::Every(duration(tokens)),
            "at" => Trigger::At,
            "compensate" => Trigger::Compensate(self.item(tokens)),
            "compensated" => Trigger::Compensated,
            other => panic!("`{other}` is no trigger"),
        }
    }

    fn item(&self, tokens: &[String]) -> Item {
        let messages = match tokens[0]
            .strip_suffix("Reply")
            .and_then(|command| self.messages.get(command))
        {
            Some(command) => command.replies.iter().map(|reply| reply.message).collect(),
            None => vec![self.message(&tokens[0])],
        };
        let of = position(tokens, "of").map(|at| self.message(&tokens[at + 1]));
        Item {
            messages: leak(messages),
            of,
            arity: arity(tokens),
        }
    }

    fn split_places<'a>(&self, tokens: &'a [String]) -> (&'a [String], &'static [Place]) {
        match position(tokens, "in") {
            None => (tokens, &[Place::Rest]),
            Some(at) => {
                let places = split(&tokens[at + 1..], "|")
                    .iter()
                    .map(|place| self.place(&place[0]))
                    .collect();
                (&tokens[..at], leak(places))
            }
        }
    }

    fn place(&self, name: &str) -> Place {
        match name {
            "_" => Place::Rest,
            "compensate" => Place::Compensate,
            "end" => Place::End,
            state => Place::State(self.state(state)),
        }
    }

    fn branch(&self, label: Option<&str>, outcome: &[String]) -> Branch {
        let goes = position(outcome, "=>");
        let target = goes.map(|at| match outcome[at + 1].as_str() {
            "end" => Target::End,
            "compensate" => Target::Compensate,
            state => Target::State(self.state(state)),
        });
        let effects = match outcome.first().map(String::as_str) {
            Some("->") => arguments(&outcome[1..goes.unwrap_or(outcome.len())]),
            _ => Vec::new(),
        };
        Branch {
            label: label.map(|label| &*label.to_owned().leak()),
            effects: leak(effects.into_iter().map(|effect| self.effect(effect)).collect()),
            target,
        }
    }

    fn effect(&self, tokens: &[String]) -> Effect {
        let verb = match tokens[0].as_str() {
            "send" => Verb::Send,
            "publish" => Verb::Publish,
            "reply" => Verb::Reply,
            other => panic!("`{other}` is no effect"),
        };
        let to = position(tokens, "to").map(|at| self.message(&tokens[at + 1]));
        Effect {
            verb,
            message: self.message(&tokens[1]),
            arity: arity(tokens),
            to,
        }
    }

    fn state(&self, name: &str) -> u16 {
        self.states
            .iter()
            .position(|state| *state == name)
            .unwrap_or_else(|| panic!("`{name}` is no state")) as u16
    }

    fn message(&self, name: &str) -> &'static MessageInfo {
        self.messages
            .get(name)
            .unwrap_or_else(|| panic!("`{name}` is no message"))
    }
}

/// A message without fields.
pub(super) fn message(
    name: &str,
    kind: MessageKind,
    endpoint: Option<String>,
    replies: Vec<ReplyInfo>,
) -> &'static MessageInfo {
    Box::leak(Box::new(MessageInfo {
        name: name.to_owned().leak(),
        declared: "",
        version: 1,
        kind,
        endpoint: endpoint.map(|endpoint| &*endpoint.leak()),
        replies: leak(replies),
        external: false,
        outsiders: false,
        fields: &[],
        form: Form::Unit,
        upgrades: &[],
    }))
}

fn endpoint(clauses: &[Clause]) -> &'static str {
    clauses
        .iter()
        .find_map(|clause| match clause.trigger {
            Trigger::Start(item) => item.messages[0].endpoint,
            _ => None,
        })
        .unwrap_or("home")
}

fn arity(tokens: &[String]) -> Arity {
    match () {
        () if tokens.iter().any(|token| token == "?") => Arity::Optional,
        () if tokens.iter().any(|token| token == "*") => Arity::Many,
        () => Arity::One,
    }
}

fn duration(tokens: &[String]) -> Duration {
    let count: u64 = tokens[0].parse().unwrap();
    let seconds = match tokens[1].as_str() {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        unit => panic!("`{unit}` is no unit"),
    };
    Duration::from_secs(count * seconds)
}
