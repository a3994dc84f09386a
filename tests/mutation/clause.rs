//! A handler as its attribute says it, taken apart so that one part can be dropped or changed, and written out again.

/// One handler: what sets it off, where, and what it may do.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) handler: String,
    /// `start`, `on`, `after`, ..
    pub(crate) word: String,
    /// As written, up to `in`: `OrderBilled`, `30 min`, `FlightBooked, CarBooked?`; nothing for `compensated`.
    pub(crate) trigger: String,
    pub(crate) places: Vec<String>,
    pub(crate) branches: Vec<Branch>,
    /// The enum of a handler that decides between labelled outcomes.
    decision: String,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) label: String,
    /// As written: `send BillOrder`, `publish OrderCancelled?`.
    pub(crate) effects: Vec<String>,
    pub(crate) target: Option<String>,
}

impl Clause {
    /// Reads `on(OrderBilled in AwaitingBill -> send Label => AwaitingLabel)` and the signature below it.
    pub(crate) fn read(attribute: &str, signature: &str) -> Self {
        let (word, rest) = attribute.split_once('(').unwrap_or((attribute, ")"));
        let rest = rest.strip_suffix(')').unwrap();
        let at = ["->", "=>", "{"].iter().filter_map(|mark| rest.find(mark)).min();
        let (head, outcome) = rest.split_at(at.unwrap_or(rest.len()));
        let (trigger, places) = head.split_once(" in ").unwrap_or((head, ""));
        Self {
            handler: between(signature, "fn ", "("),
            word: word.to_owned(),
            trigger: trigger.trim().to_owned(),
            places: listed(places, "|"),
            branches: branches(outcome.trim()),
            decision: signature.rsplit("->").next().unwrap().trim().to_owned(),
        }
    }

    /// The messages that set it off, without `?`, `*` and `of`.
    pub(crate) fn messages(&self) -> Vec<String> {
        let timed = matches!(self.word.as_str(), "after" | "every" | "at");
        let items = if timed { "" } else { self.trigger.as_str() };
        listed(items, ",").iter().map(|item| bare(item)).collect()
    }

    /// The attribute and a method that fits it. What it does is not needed to be refused.
    pub(crate) fn written(&self) -> String {
        let Self { handler, word, .. } = self;
        let (clause, parameters, returned) = (self.clause(), self.parameters(), self.returned());
        format!("    #[{word}({clause})]\n    fn {handler}({parameters}) -> {returned} {{ todo!() }}\n")
    }

    fn clause(&self) -> String {
        let places = match self.places.as_slice() {
            [] => String::new(),
            places => format!(" in {}", places.join(" | ")),
        };
        let outcomes: Vec<String> = self.branches.iter().map(Branch::written).collect();
        let outcome = match self.decides() {
            true => format!("{{ {} }}", outcomes.join(" | ")),
            false => outcomes.concat(),
        };
        format!("{}{places} {outcome}", self.trigger)
    }

    fn decides(&self) -> bool {
        self.branches.iter().any(|branch| !branch.label.is_empty())
    }

    fn parameters(&self) -> String {
        let receiver = match self.word.as_str() {
            "start" => None,
            "on" if self.places == ["end"] => None,
            "compensate" => Some("&self".to_owned()),
            _ => Some("&mut self".to_owned()),
        };
        let timed = matches!(self.word.as_str(), "after" | "every" | "at");
        let items = if timed {
            Vec::new()
        } else {
            listed(&self.trigger, ",")
        };
        let messages = items.iter().map(|item| format!("_: {}", wrapped(item)));
        receiver
            .into_iter()
            .chain(messages)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn returned(&self) -> String {
        if self.decides() {
            return self.decision.clone();
        }
        let instance = (self.word == "start").then(|| "Self".to_owned());
        let effects = self.branches[0].effects.iter().map(|effect| {
            let message = effect.split_once(' ').unwrap().1;
            wrapped(message.split(" to ").next().unwrap())
        });
        match instance.into_iter().chain(effects).collect::<Vec<_>>().as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        }
    }
}

impl Branch {
    fn read(text: &str) -> Self {
        let (rest, target) = match text.split_once("=>") {
            Some((rest, target)) => (rest, Some(target.trim().to_owned())),
            None => (text, None),
        };
        let (label, effects) = rest.split_once("->").unwrap_or((rest, ""));
        Self {
            label: label.trim().to_owned(),
            effects: listed(effects, ","),
            target,
        }
    }

    fn written(&self) -> String {
        let effects = match self.effects.as_slice() {
            [] => String::new(),
            effects => format!(" -> {}", effects.join(", ")),
        };
        let target = self.target.as_ref().map(|target| format!(" => {target}"));
        format!("{}{effects}{}", self.label, target.unwrap_or_default())
    }
}

fn branches(outcome: &str) -> Vec<Branch> {
    match outcome.strip_prefix('{') {
        Some(labelled) => labelled
            .trim_end_matches('}')
            .split('|')
            .map(Branch::read)
            .collect(),
        None => vec![Branch::read(outcome)],
    }
}

/// `CarBooked` in `CarBooked?`, `Rejected` in `Rejected of BookFlight`.
fn bare(item: &str) -> String {
    item.split(" of ")
        .next()
        .unwrap()
        .trim_end_matches(['?', '*'])
        .to_owned()
}

/// The type in which a message marked so is handed over.
fn wrapped(item: &str) -> String {
    let message = bare(item);
    match item.chars().last() {
        Some('?') => format!("Option<{message}>"),
        Some('*') => format!("Vec<{message}>"),
        _ => message,
    }
}

/// The members of a list; none of an empty text.
pub(crate) fn listed(text: &str, separator: &str) -> Vec<String> {
    let members = text
        .split(separator)
        .map(str::trim)
        .filter(|member| !member.is_empty());
    members.map(str::to_owned).collect()
}

/// What stands between two marks.
pub(crate) fn between(text: &str, from: &str, to: &str) -> String {
    text.split_once(from)
        .unwrap()
        .1
        .split_once(to)
        .unwrap()
        .0
        .to_owned()
}
