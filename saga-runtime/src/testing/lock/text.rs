//! The file: one fact per line, in a fixed order, so that a diff says what changed and merges by itself.

use std::{collections::BTreeSet, fmt};

use super::facts::{Fact, Field, Item, Lock, Section, Shape, Title};

const HEADER: &str = "\
# What stored instances and messages under way rely on: keep it under version control.
# `SAGA_LOCK=accept cargo test` writes it when what changed is compatible or migrated.
";

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        for (title, facts) in &self.subjects {
            writeln!(f, "\n{title}")?;
            for fact in facts {
                writeln!(f, "  {fact}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = match self.section {
            Section::Saga => "saga",
            Section::Service => "service",
            Section::Message => "message",
        };
        write!(f, "{section} {}", self.name)
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(endpoint) => write!(f, "at {endpoint}"),
            Self::Kind(kind) => f.write_str(kind),
            Self::Version(version) => write!(f, "version {version}"),
            Self::Reads(version) => write!(f, "reads version {version}"),
            Self::Form(form) => write!(f, "form {form}"),
            Self::Field(field) => write!(f, "field {field}"),
            Self::Key(key) => write!(f, "key {key}"),
            Self::KeyPath { message, path } => write!(f, "finds by {path} of {message}"),
            Self::State(state) => write!(f, "state {state}"),
            Self::Renamed { old, new } => write!(f, "renamed {old} = {new}"),
            Self::Starts(message) => write!(f, "starts with {message}"),
            Self::In { place, item, how } => write!(f, "in {place} {how} {item}"),
            Self::Timer { place, handler } => write!(f, "in {place} waits for {handler}"),
            Self::Undoes(item) => write!(f, "undoes {item}"),
            Self::Handles(message) => write!(f, "takes {message}"),
            Self::Answer {
                message,
                refusal: false,
            } => write!(f, "replies {message}"),
            Self::Answer {
                message,
                refusal: true,
            } => write!(f, "refuses {message}"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.of {
            Some(of) => write!(f, " of {of}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::Tuple => "tuple",
            Self::Unit => "unit",
            Self::Custom => "custom",
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.ty)?;
        let optional = self.optional.then(|| "optional".to_owned());
        let with = self.with.iter().map(|with| format!("with {with}"));
        let aliases = self.aliases.iter().map(|alias| format!("or {alias}"));
        let notes: Vec<String> = optional.into_iter().chain(with).chain(aliases).collect();
        if notes.is_empty() {
            return Ok(());
        }
        write!(f, " [{}]", notes.join(", "))
    }
}

impl Lock {
    /// Reads the file. `Err` is the line that is no fact, and why.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lock = Self::default();
        let mut facts: Option<&mut BTreeSet<Fact>> = None;
        for (number, line) in text.lines().enumerate() {
            let here = || format!("line {}: `{}`", number + 1, line.trim());
            let complaint = || format!("{} is no fact", here());
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            match (line.strip_prefix("  "), &mut facts) {
                (None, _) => {
                    let title = Title::parse(line).ok_or_else(complaint)?;
                    facts = Some(lock.subjects.entry(title).or_default());
                }
                (Some(fact), Some(facts)) => {
                    let fact = Fact::parse(fact).ok_or_else(complaint)?;
                    if facts.iter().any(|other| other.contradicts(&fact)) {
                        return Err(format!("{} contradicts a line above it", here()));
                    }
                    facts.insert(fact);
                }
                (Some(_), None) => return Err(complaint()),
            }
        }
        Ok(lock)
    }
}

impl Title {
    fn parse(line: &str) -> Option<Self> {
        let (section, name) = line.split_once(' ')?;
        let section = match section {
            "saga" => Section::Saga,
            "service" => Section::Service,
            "message" => Section::Message,
            _ => return None,
        };
        let name = name.to_owned();
        Some(Self { section, name })
    }
}

impl Fact {
    fn parse(line: &str) -> Option<Self> {
        if matches!(line, "reply" | "event") || line.starts_with("command to ") {
            return Some(Self::Kind(line.into()));
        }
        let (word, rest) = line.split_once(' ')?;
        Some(match word {
            "at" => Self::At(rest.into()),
            "version" => Self::Version(rest.parse().ok()?),
            "reads" => Self::Reads(rest.strip_prefix("version ")?.parse().ok()?),
            "form" => Self::Form(Shape::parse(rest)?),
            "field" => Self::Field(Field::parse(rest)?),
            "key" => Self::Key(rest.into()),
            "finds" => {
                let (path, message) = rest.strip_prefix("by ")?.split_once(" of ")?;
                Self::KeyPath {
                    message: message.into(),
                    path: path.into(),
                }
            }
            "state" => Self::State(rest.into()),
            "renamed" => {
                let (old, new) = rest.split_once(" = ")?;
                Self::Renamed {
                    old: old.into(),
                    new: new.into(),
                }
            }
            "starts" => Self::Starts(rest.strip_prefix("with ")?.into()),
            "in" => Self::parse_in(rest)?,
            "undoes" => Self::Undoes(Item::parse(rest)),
            "takes" => Self::Handles(rest.into()),
            "replies" => Self::Answer {
                message: rest.into(),
                refusal: false,
            },
            "refuses" => Self::Answer {
                message: rest.into(),
                refusal: true,
            },
            _ => return None,
        })
    }

    /// `AwaitingBill takes OrderBilled`
    fn parse_in(rest: &str) -> Option<Self> {
        let (place, rest) = rest.split_once(' ')?;
        let place = place.to_owned();
        if let Some(handler) = rest.strip_prefix("waits for ") {
            let handler = handler.into();
            return Some(Self::Timer { place, handler });
        }
        let how = ["takes", "joins", "ignores", "defers", "sets aside"]
            .into_iter()
            .find(|how| rest.starts_with(how))?;
        let item = Item::parse(rest.strip_prefix(how)?.strip_prefix(' ')?);
        let how = how.to_owned();
        Some(Self::In { place, item, how })
    }
}

impl Item {
    fn parse(text: &str) -> Self {
        match text.split_once(" of ") {
            Some((message, of)) => Self {
                message: message.into(),
                of: Some(of.into()),
            },
            None => Self {
                message: text.into(),
                of: None,
            },
        }
    }
}

impl Shape {
    fn parse(text: &str) -> Option<Self> {
        [Self::Strict, Self::Tuple, Self::Unit, Self::Custom]
            .into_iter()
            .find(|shape| shape.to_string() == text)
    }
}

impl Field {
    /// `note: Option<String> [optional, or remark]`; a type holds no ` [`, for its spaces are left out.
    fn parse(text: &str) -> Option<Self> {
        let (key, rest) = text.split_once(": ")?;
        let (ty, notes) = match rest.split_once(" [") {
            Some((ty, notes)) => (ty, notes.strip_suffix(']')?),
            None => (rest, ""),
        };
        let mut field = Self {
            position: key.parse().ok(),
            key: key.into(),
            ty: ty.into(),
            optional: false,
            with: None,
            aliases: Vec::new(),
        };
        for note in notes.split(", ").filter(|note| !note.is_empty()) {
            match note.split_once(' ') {
                None if note == "optional" => field.optional = true,
                Some(("with", with)) => field.with = Some(with.into()),
                Some(("or", alias)) => field.aliases.push(alias.into()),
                _ => return None,
            }
        }
        Some(field)
    }
}
