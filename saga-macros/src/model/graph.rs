//! The states as a graph: who leads where, and the shortest way there.

use std::collections::VecDeque;

use crate::parse::Word;

use super::{Clause, Model, Place};

/// Where an instance can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    State(usize),
    Compensate,
    End,
}

/// A handler that leads from one node to another; `from` is `None` for `start`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    from: Option<Node>,
    to: Node,
    handler: String,
}

/// Every transition of a saga.
#[derive(Debug)]
pub(crate) struct Graph {
    states: Vec<String>,
    edges: Vec<Edge>,
    /// For every node its number, the index of the edge by which it is first reached.
    reached_by: Vec<Option<usize>>,
}

impl Graph {
    /// The graph of a saga, explored from its starts.
    pub(crate) fn of(model: &Model<'_>) -> Self {
        let states: Vec<String> = model.states.iter().map(ToString::to_string).collect();
        let edges = model
            .clauses
            .iter()
            .flat_map(|clause| edges(model, clause))
            .collect();
        let reached_by = vec![None; states.len() + 2];
        let mut graph = Self {
            states,
            edges,
            reached_by,
        };
        if !model
            .clauses
            .iter()
            .any(|clause| clause.word() == Word::Compensated)
        {
            graph.edges.push(Edge {
                from: Some(Node::Compensate),
                to: Node::End,
                handler: "compensation".into(),
            });
        }
        graph.explore();
        graph
    }

    /// Breadth first, so that the edge by which a node is reached is the last of a shortest path.
    fn explore(&mut self) {
        let mut frontier = VecDeque::from([None]);
        while let Some(from) = frontier.pop_front() {
            for (i, edge) in self
                .edges
                .iter()
                .enumerate()
                .filter(|(_, edge)| edge.from == from)
            {
                let reached = &mut self.reached_by[number(&self.states, edge.to)];
                if reached.is_none() {
                    *reached = Some(i);
                    frontier.push_back(Some(edge.to));
                }
            }
        }
    }

    /// Whether any instance can get there.
    pub(crate) fn is_reachable(&self, node: Node) -> bool {
        self.reached_by[number(&self.states, node)].is_some()
    }

    /// Whether something other than itself leads to a state.
    pub(crate) fn is_entered(&self, state: usize) -> bool {
        let node = Node::State(state);
        self.edges
            .iter()
            .any(|edge| edge.to == node && edge.from != Some(node))
    }

    /// Everything that can be reached from a state, not counting the state itself unless something leads back.
    pub(crate) fn reachable_from(&self, state: usize) -> Vec<Node> {
        let mut seen: Vec<Node> = Vec::new();
        let mut frontier = vec![Node::State(state)];
        while let Some(from) = frontier.pop() {
            for edge in self.edges.iter().filter(|edge| edge.from == Some(from)) {
                if !seen.contains(&edge.to) {
                    seen.push(edge.to);
                    frontier.push(edge.to);
                }
            }
        }
        seen
    }

    /// The shortest way to a state in words: `` `place` => AwaitingBill, `late` => Cancelling ``.
    pub(crate) fn way_to(&self, state: usize) -> String {
        let mut steps = Vec::new();
        let mut at = Some(Node::State(state));
        while let Some(node) = at {
            let Some(edge) = self.reached_by[number(&self.states, node)].map(|i| &self.edges[i]) else {
                break;
            };
            steps.push(format!("`{}` => {}", edge.handler, self.shown(node)));
            at = edge.from;
        }
        steps.reverse();
        steps.join(", ")
    }

    fn shown(&self, node: Node) -> &str {
        match node {
            Node::State(state) => &self.states[state],
            Node::Compensate => "compensate",
            Node::End => "end",
        }
    }
}

fn number(states: &[String], node: Node) -> usize {
    match node {
        Node::State(state) => state,
        Node::Compensate => states.len(),
        Node::End => states.len() + 1,
    }
}

fn edges(model: &Model<'_>, clause: &Clause<'_>) -> Vec<Edge> {
    let sources: Vec<Option<Node>> = match clause.word() {
        Word::Start => vec![None],
        Word::Compensated => vec![Some(Node::Compensate)],
        Word::Compensate => Vec::new(),
        Word::On | Word::All | Word::After | Word::Every | Word::At => {
            let live = model
                .live_states(clause)
                .into_iter()
                .map(|state| Some(Node::State(state)));
            let undoing = clause
                .places
                .contains(&Place::Compensate)
                .then_some(Some(Node::Compensate));
            live.chain(undoing).collect()
        }
    };
    let targets: Vec<Node> = clause
        .branches
        .iter()
        .filter_map(|branch| branch.target)
        .collect();
    let handler = clause.name().to_string();
    let lead = |from| targets.iter().map(move |&to| (from, to));
    sources
        .into_iter()
        .flat_map(lead)
        .map(|(from, to)| Edge {
            from,
            to,
            handler: handler.clone(),
        })
        .collect()
}
