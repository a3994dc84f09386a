//! Diagrams in DOT, the language of Graphviz.

use super::{
    graph::{self, Edge, Node},
    parties::{Group, Party},
    routing_table::RoutingTable,
};
use crate::{definition::Definition, message::MessageKind};

/// A directed graph of a saga's states.
pub(super) fn saga(definition: &'static Definition) -> String {
    let edges = graph::edges(definition);
    let mut dot = format!("digraph {} {{\n", quoted(definition.name));
    dot += "    node [shape=box, style=rounded];\n";
    dot += "    \"*start\" [shape=point, label=\"\"];\n";
    for state in definition.states {
        dot += &format!("    {};\n", quoted(state));
    }
    let touches = |node| edges.iter().any(|edge| edge.from == node || edge.to == node);
    if touches(Node::Compensate) {
        dot += "    \"*compensate\" [label=\"compensate\", style=\"rounded,dashed\"];\n";
    }
    if touches(Node::End) {
        dot += "    \"*end\" [shape=doublecircle, label=\"end\"];\n";
    }
    let edges: String = edges.iter().map(|edge| transition(definition, edge)).collect();
    dot + &edges + "}\n"
}

fn transition(definition: &Definition, edge: &Edge) -> String {
    // No state is named with an asterisk, so that these cannot be taken for one.
    let node = |node| match node {
        Node::Start => "*start",
        Node::State(state) => super::notation::state(definition, state),
        Node::Compensate => "*compensate",
        Node::End => "*end",
    };
    let (from, to) = (quoted(node(edge.from)), quoted(node(edge.to)));
    let style = if edge.stays { ", style=dashed" } else { "" };
    format!("    {from} -> {to} [label={}{style}];\n", quoted(&edge.label()))
}

/// A directed graph of a system: parts within their endpoints, and the messages between them. Replies are dotted, events
/// bold.
pub(super) fn system(table: &RoutingTable) -> String {
    let mut dot = format!(
        "digraph {} {{\n    rankdir=LR;\n    node [shape=box];\n",
        quoted(table.system)
    );
    for (n, group) in Group::of(table).iter().enumerate() {
        dot += &cluster(n, group);
    }
    for bundle in table.bundles() {
        let (from, to) = (quoted(bundle.from.name()), quoted(bundle.to.name()));
        let style = match bundle.kind {
            MessageKind::Command => "solid",
            MessageKind::Reply => "dotted",
            MessageKind::Event => "bold",
        };
        let messages = quoted(&bundle.messages.join(", "));
        dot += &format!("    {from} -> {to} [label={messages}, style={style}];\n");
    }
    dot + "}\n"
}

fn cluster(n: usize, group: &Group) -> String {
    let nodes = group.parties.iter().map(|party| {
        let shape = match party {
            Party::Saga { .. } => " [peripheries=2]",
            Party::Outside | Party::Nobody => " [shape=ellipse]",
            Party::Service { .. } | Party::Remote { .. } => "",
        };
        format!("{}{shape};\n", quoted(party.name()))
    });
    match group.endpoint {
        None => nodes.map(|node| format!("    {node}")).collect(),
        Some(endpoint) => {
            let nodes: String = nodes.map(|node| format!("        {node}")).collect();
            let label = quoted(endpoint);
            format!("    subgraph cluster{n} {{\n        label={label};\n{nodes}    }}\n")
        }
    }
}

/// A quoted identifier: quotes and backslashes are escaped.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
