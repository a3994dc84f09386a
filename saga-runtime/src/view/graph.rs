//! A saga as a graph: what leads where, with `_` resolved the way the engine resolves it.

use super::notation;
use crate::{
    definition::{Branch, Clause, Definition, Item, Place, Target, Trigger},
    engine::{Action, Routes, Spot},
    message::MessageInfo,
};

/// A node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Start,
    State(u16),
    Compensate,
    End,
}

/// Everything that leads from one node to another and emits the same on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: Node,
    pub(super) to: Node,
    pub(super) triggers: Vec<String>,
    pub(super) does: String,
    /// The state is not left: its timers run on.
    pub(super) stays: bool,
}

impl Edge {
    /// `OrderBilled, after 24 h / send RefundOrder`
    pub(super) fn label(&self) -> String {
        let stays = if self.stays { " (stays)" } else { "" };
        let does = match self.does.as_str() {
            "" => String::new(),
            does => format!(" / {does}"),
        };
        format!("{}{does}{stays}", self.triggers.join(", "))
    }
}

/// The edges of a saga, in the order written; those that differ in the trigger alone are one.
pub(super) fn edges(definition: &'static Definition) -> Vec<Edge> {
    let routes = Routes::new(definition);
    let mut edges = Vec::new();
    for (index, clause) in definition.clauses.iter().enumerate() {
        for (from, trigger) in occasions(definition, &routes, index, clause) {
            for branch in clause.branches {
                add(&mut edges, edge(from, &trigger, clause, branch));
            }
        }
    }
    edges.extend(silent_end(definition));
    edges
}

/// Without `#[compensated]`, the saga ends when everything is undone.
fn silent_end(definition: &Definition) -> Option<Edge> {
    let branches = || definition.clauses.iter().flat_map(|clause| clause.branches);
    let entered = branches().any(|branch| branch.target == Some(Target::Compensate));
    let said = |clause: &Clause| matches!(clause.trigger, Trigger::Compensated);
    (entered && !definition.clauses.iter().any(said)).then(|| Edge {
        from: Node::Compensate,
        to: Node::End,
        triggers: vec!["everything undone".into()],
        does: String::new(),
        stays: false,
    })
}

fn add(edges: &mut Vec<Edge>, edge: Edge) {
    let alike = |other: &&mut Edge| {
        (other.from, other.to, other.stays) == (edge.from, edge.to, edge.stays) && other.does == edge.does
    };
    match edges.iter_mut().find(alike) {
        Some(known) => known.triggers.extend(edge.triggers),
        None => edges.push(edge),
    }
}

fn edge(from: Node, trigger: &str, clause: &Clause, branch: &Branch) -> Edge {
    let label = branch.label.map(|label| format!(" [{label}]"));
    let to = match branch.target {
        Some(Target::State(state)) => Node::State(state),
        Some(Target::End) => Node::End,
        Some(Target::Compensate) => Node::Compensate,
        // A start leads somewhere in any case: into the first state.
        None if from == Node::Start => Node::State(0),
        None => from,
    };
    let runtime_moves_on = matches!(clause.trigger, Trigger::Compensate(_) | Trigger::Start(_));
    Edge {
        from,
        to,
        triggers: vec![format!("{trigger}{}", label.unwrap_or_default())],
        does: notation::effects(branch),
        stays: branch.target.is_none() && !runtime_moves_on,
    }
}

/// Where a clause may run, and what sets it off there.
fn occasions(definition: &Definition, routes: &Routes, index: usize, clause: &Clause) -> Vec<(Node, String)> {
    let whole = || notation::trigger(definition, clause);
    match &clause.trigger {
        Trigger::Start(_) => vec![(Node::Start, whole())],
        Trigger::Compensate(_) | Trigger::Compensated => vec![(Node::Compensate, whole())],
        Trigger::After(_) | Trigger::Every(_) | Trigger::At | Trigger::All(_) => {
            let nodes = nodes(definition, clause.places);
            nodes.into_iter().map(|node| (node, whole())).collect()
        }
        Trigger::On(item) => {
            let here = |node| Some((node, trigger_at(definition, routes, index, item, node)?));
            nodes(definition, clause.places)
                .into_iter()
                .filter_map(here)
                .collect()
        }
    }
}

/// What of an item this clause takes at a node: another clause may name the message there, where this one says `_`.
fn trigger_at(
    definition: &Definition,
    routes: &Routes,
    index: usize,
    item: &Item,
    node: Node,
) -> Option<String> {
    let spot = match node {
        Node::Start => return None,
        Node::State(state) => Spot::State(state),
        Node::Compensate => Spot::Compensate,
        Node::End => Spot::End,
    };
    let of = item.of.map(|command| command.name);
    let is_taken =
        |message: &&&'static MessageInfo| routes.action(spot, message.name, of) == Some(Action::Run(index));
    let taken: Vec<_> = item.messages.iter().filter(is_taken).copied().collect();
    match taken.len() {
        0 => None,
        all if all == item.messages.len() => Some(notation::item(definition, item)),
        _ => Some(notation::names(&taken).join(" or ")),
    }
}

fn nodes(definition: &Definition, places: &[Place]) -> Vec<Node> {
    let declared = (0..).map(Node::State).take(definition.states.len());
    let each = places.iter().flat_map(|place| match *place {
        Place::State(state) => vec![Node::State(state)],
        Place::Rest => declared.clone().collect(),
        Place::Compensate => vec![Node::Compensate],
        Place::End => vec![Node::End],
    });
    let mut nodes: Vec<Node> = Vec::new();
    for node in each {
        if !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    nodes
}
