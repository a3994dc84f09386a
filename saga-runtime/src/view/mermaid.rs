//! Diagrams in Mermaid, which GitHub, GitLab and rustdoc plug-ins draw.

use super::{
    graph::{self, Edge, Node},
    parties::{Group, Party},
    routing_table::RoutingTable,
};
use crate::{definition::Definition, message::MessageKind};

/// The words of Mermaid's state diagrams, which it knows in any case of letters.
const RESERVED: [&str; 15] = [
    "state",
    "note",
    "end",
    "class",
    "classdef",
    "style",
    "direction",
    "scale",
    "hide",
    "as",
    "default",
    "click",
    "compensate",
    "ended",
    "statediagram",
];

/// A `stateDiagram-v2` of a saga.
pub(super) fn saga(definition: &'static Definition) -> String {
    let edges = graph::edges(definition);
    let mut diagram = String::from("stateDiagram-v2\n");
    for (state, name) in definition.states.iter().enumerate() {
        let id = state_id(definition, state);
        if id != *name {
            diagram += &format!("    state \"{name}\" as {id}\n");
        }
    }
    if edges.iter().any(|edge| edge.from == Node::End) {
        diagram += "    state \"after the end\" as ended\n";
    }
    for edge in &edges {
        diagram += &transition(definition, edge);
    }
    diagram
}

fn transition(definition: &Definition, edge: &Edge) -> String {
    let node = |node| match node {
        Node::Start => "[*]".into(),
        Node::State(state) => state_id(definition, usize::from(state)),
        Node::Compensate => "compensate".into(),
        Node::End if edge.from == Node::End => "ended".into(),
        Node::End => "[*]".into(),
    };
    let (from, to) = (node(edge.from), node(edge.to));
    format!("    {from} --> {to}: {}\n", escape(&edge.label()))
}

/// The state's own name, unless Mermaid would read something else into it.
fn state_id(definition: &Definition, state: usize) -> String {
    let name = definition.states.get(state).copied().unwrap_or("?");
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match plain && !RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        true => name.to_owned(),
        false => format!("state{state}"),
    }
}

/// What would end a label is written as an entity.
fn escape(label: &str) -> String {
    let each = label.chars().map(|c| match c {
        '#' | ':' | ';' | '"' | '|' | '<' | '>' => format!("#{};", u32::from(c)),
        plain => plain.to_string(),
    });
    each.collect()
}

/// A `flowchart` of a system: parts within their endpoints, and the messages between them. Replies are dotted, events
/// thick.
pub(super) fn system(table: &RoutingTable) -> String {
    let groups = Group::of(table);
    let mut diagram = String::from("flowchart LR\n");
    for (n, group) in groups.iter().enumerate() {
        diagram += &subgraph(n, group, &groups);
    }
    for bundle in table.bundles() {
        let (from, to) = (id(bundle.from, &groups), id(bundle.to, &groups));
        let arrow = match bundle.kind {
            MessageKind::Command => "-->",
            MessageKind::Reply => "-.->",
            MessageKind::Event => "==>",
        };
        let messages = escape(&bundle.messages.join(", "));
        diagram += &format!("    {from} {arrow}|\"{messages}\"| {to}\n");
    }
    diagram
}

fn subgraph(n: usize, group: &Group, groups: &[Group]) -> String {
    let nodes = group.parties.iter().map(|party| {
        let (open, close) = match party {
            Party::Saga { .. } => ("[[", "]]"),
            Party::Outside | Party::Nobody => ("([", "])"),
            Party::Service { .. } | Party::Remote { .. } => ("[", "]"),
        };
        format!(
            "{}{open}\"{}\"{close}\n",
            id(*party, groups),
            escape(party.name())
        )
    });
    match group.endpoint {
        None => nodes.map(|node| format!("    {node}")).collect(),
        Some(endpoint) => {
            let nodes: String = nodes.map(|node| format!("        {node}")).collect();
            let endpoint = escape(endpoint);
            format!("    subgraph endpoint{n}[\"{endpoint}\"]\n{nodes}    end\n")
        }
    }
}

/// A party's name where it is a plain one; its place otherwise.
fn id(party: Party, groups: &[Group]) -> String {
    let name = party.name();
    let plain = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain || matches!(party, Party::Outside | Party::Nobody) {
        return name.to_owned();
    }
    let parties = groups.iter().flat_map(|group| &group.parties);
    let place = parties.take_while(|other| **other != party).count();
    format!("part{place}")
}
