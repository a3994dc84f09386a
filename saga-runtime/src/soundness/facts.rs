//! What an exploration found out, and how it came to each finding.

use super::capacity::{ASKERS, BRANCHES, CONFIGURATIONS, INPUTS, PLACES, REQUESTS};

/// Configurations, and some room for findings that are no configuration of their own.
pub(super) const NODES: usize = CONFIGURATIONS + 256;

/// A step: the branch that ran and the message that came, or what an older build had sent; each as a number plus one, 0
/// where there was none.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub(super) branch: u16,
    pub(super) input: u8,
    pub(super) sent_before: u8,
}

impl Edge {
    pub(super) const NONE: Self = Self {
        branch: 0,
        input: 0,
        sent_before: 0,
    };

    /// A request that an older build left open.
    pub(super) const fn sent_before(request: usize) -> Self {
        Self {
            sent_before: request as u8 + 1,
            ..Self::NONE
        }
    }

    /// The request that an older build left open.
    pub(super) const fn request_before(self) -> Option<usize> {
        match self.sent_before {
            0 => None,
            request => Some(request as usize - 1),
        }
    }

    pub(super) const fn of_input(input: usize) -> Self {
        Self {
            input: input as u8 + 1,
            ..Self::NONE
        }
    }

    pub(super) const fn with_branch(self, number: usize) -> Self {
        Self {
            branch: number as u16 + 1,
            ..self
        }
    }

    pub(super) const fn branch(self) -> Option<usize> {
        if self.branch == 0 {
            None
        } else {
            Some(self.branch as usize - 1)
        }
    }

    pub(super) const fn input(self) -> Option<usize> {
        if self.input == 0 {
            None
        } else {
            Some(self.input as usize - 1)
        }
    }
}

/// The shortest ways: each node knows the step that led there first.
pub(super) struct Trace {
    parent: [u16; NODES],
    edge: [Edge; NODES],
    place: [u8; NODES],
    pub(super) count: usize,
}

/// The parent of the nodes where a saga starts.
pub(super) const NOWHERE: usize = u16::MAX as usize;

impl Trace {
    pub(super) const fn new() -> Self {
        Self {
            parent: [0; NODES],
            edge: [Edge::NONE; NODES],
            place: [0; NODES],
            count: 0,
        }
    }

    /// Adds a node; where there is no more room, the last one stands in.
    pub(super) const fn add(&mut self, parent: usize, edge: Edge, place: usize) -> usize {
        if self.count == NODES {
            return NODES - 1;
        }
        self.parent[self.count] = parent as u16;
        self.edge[self.count] = edge;
        self.place[self.count] = place as u8;
        self.count += 1;
        self.count - 1
    }

    pub(super) const fn parent(&self, node: usize) -> Option<usize> {
        if self.parent[node] == u16::MAX {
            None
        } else {
            Some(self.parent[node] as usize)
        }
    }

    pub(super) const fn edge(&self, node: usize) -> Edge {
        self.edge[node]
    }

    pub(super) const fn place(&self, node: usize) -> usize {
        self.place[node] as usize
    }

    /// The first node that a branch led to.
    pub(super) const fn first_of_branch(&self, branch: usize) -> Option<usize> {
        let mut node = 0;
        while node < self.count {
            if let Some(ran) = self.edge[node].branch()
                && ran == branch
            {
                return Some(node);
            }
            node += 1;
        }
        None
    }

    /// The last branch that ran on the way to a node.
    pub(super) const fn last_branch(&self, mut node: usize) -> Option<usize> {
        loop {
            if let Some(branch) = self.edge[node].branch() {
                return Some(branch);
            }
            match self.parent(node) {
                Some(parent) => node = parent,
                None => return None,
            }
        }
    }
}

/// The findings. Nodes are kept as numbers plus one, 0 for "never".
pub(super) struct Facts {
    /// The first configuration of each place.
    pub(super) reached: [u16; PLACES],
    /// The first configuration in which a request is open in a place.
    pub(super) open: [[u16; REQUESTS]; PLACES],
    /// The lower bit of each request already found open in a place.
    pub(super) open_seen: [u128; PLACES],
    /// Inputs kept for a join in some configuration of a place, as bits over the slots.
    pub(super) kept: [u64; PLACES],
    /// The branch has run.
    pub(super) ran: [bool; BRANCHES],
    /// Whose senders waited in some configuration as the branch ran: bits over the askers.
    pub(super) asked: [u64; BRANCHES],
    /// What is open, and kept for a join, in some configuration that the branch leads to: bits at even positions over the
    /// requests, and bits over the slots.
    pub(super) open_after: [u128; BRANCHES],
    pub(super) kept_after: [u64; BRANCHES],
    /// Whose senders may be left waiting as the branch ends the saga, and the first way there.
    pub(super) left_waiting: [u64; BRANCHES],
    pub(super) left_waiting_at: [u16; BRANCHES],
    /// As above, where `compensated` is not written and everything has been undone.
    pub(super) undone_waiting: u64,
    pub(super) undone_waiting_at: u16,
    /// The first configuration the branch led to in which nothing can happen any more.
    pub(super) stuck: [u16; BRANCHES],
    /// The first entry into `compensate` with a reply's step done, or still to be done, that nothing undoes.
    pub(super) lasting: [u16; INPUTS],
}

impl Facts {
    pub(super) const fn new() -> Self {
        Self {
            reached: [0; PLACES],
            open: [[0; REQUESTS]; PLACES],
            open_seen: [0; PLACES],
            kept: [0; PLACES],
            ran: [false; BRANCHES],
            asked: [0; BRANCHES],
            open_after: [0; BRANCHES],
            kept_after: [0; BRANCHES],
            left_waiting: [0; BRANCHES],
            left_waiting_at: [0; BRANCHES],
            undone_waiting: 0,
            undone_waiting_at: 0,
            stuck: [0; BRANCHES],
            lasting: [0; INPUTS],
        }
    }

    /// Notes which requests are open in a place: bits at even positions.
    pub(super) const fn note_open(&mut self, place: usize, open: u128, node: usize) {
        let mut new = open & !self.open_seen[place];
        self.open_seen[place] |= new;
        while new != 0 {
            self.open[place][new.trailing_zeros() as usize / 2] = node as u16 + 1;
            new &= new - 1;
        }
    }

    pub(super) const fn note_reached(&mut self, place: usize, node: usize) {
        if self.reached[place] == 0 {
            self.reached[place] = node as u16 + 1;
        }
    }

    /// Who was already found left waiting by a branch.
    pub(super) const fn known_waiting(&self, branch: Option<usize>) -> u64 {
        match branch {
            Some(branch) => self.left_waiting[branch],
            None => self.undone_waiting,
        }
    }

    /// Notes who is left waiting as a branch (or, without one, the end of an unwritten `compensated`) ends the saga.
    pub(super) const fn note_waiting(&mut self, branch: Option<usize>, waiting: u64, node: usize) {
        match branch {
            Some(branch) => {
                if self.left_waiting_at[branch] == 0 {
                    self.left_waiting_at[branch] = node as u16 + 1;
                }
                self.left_waiting[branch] |= waiting;
            }
            None => {
                if self.undone_waiting_at == 0 {
                    self.undone_waiting_at = node as u16 + 1;
                }
                self.undone_waiting |= waiting;
            }
        }
    }
}

const _: () = assert!(ASKERS <= 64 && REQUESTS <= 64 && INPUTS < 255);
