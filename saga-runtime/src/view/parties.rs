//! Who sends and who takes: the parts of a system, and what lies beyond it.

use super::routing_table::RoutingTable;
use crate::system::Part;

/// One end of a [`Route`](super::Route).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// A saga of the system.
    Saga {
        /// Its stored name.
        name: &'static str,
        /// Where it lives.
        endpoint: &'static str,
    },
    /// A service of the system.
    Service {
        /// Its name.
        name: &'static str,
        /// The endpoint it serves.
        endpoint: &'static str,
    },
    /// Whatever serves an endpoint elsewhere: `remote(..)`.
    Remote {
        /// The endpoint.
        endpoint: &'static str,
    },
    /// Callers of the bus, publishers of external events, subscribers that are outsiders.
    Outside,
    /// No one. What `system!` declares never has such a route; a system written by hand may.
    Nobody,
}

impl Party {
    pub(super) const fn of(part: &Part) -> Self {
        let (name, endpoint) = (part.name(), part.endpoint());
        match part {
            Part::Saga(_) => Self::Saga { name, endpoint },
            Part::Service(_) => Self::Service { name, endpoint },
        }
    }

    /// The part's name, the remote endpoint's, `outside` or `nobody`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Saga { name, .. } | Self::Service { name, .. } => name,
            Self::Remote { endpoint } => endpoint,
            Self::Outside => "outside",
            Self::Nobody => "nobody",
        }
    }

    /// Where it lives, if it lives at an endpoint.
    pub const fn endpoint(&self) -> Option<&'static str> {
        match self {
            Self::Saga { endpoint, .. } | Self::Service { endpoint, .. } | Self::Remote { endpoint } => {
                Some(endpoint)
            }
            Self::Outside | Self::Nobody => None,
        }
    }
}

/// The parties of one endpoint, or a party that has none.
pub(super) struct Group {
    pub(super) endpoint: Option<&'static str>,
    pub(super) parties: Vec<Party>,
}

impl Group {
    /// All parties of a system, in the order in which the table and then the parts name them.
    pub(super) fn of(table: &RoutingTable) -> Vec<Self> {
        let ends = table.routes.iter().flat_map(|route| [route.from, route.to]);
        let mut groups: Vec<Self> = Vec::new();
        for party in ends.chain(table.parts.iter().copied()) {
            match groups.iter_mut().find(|group| group.is_home_of(party)) {
                Some(group) => group.add(party),
                None => groups.push(Self {
                    endpoint: party.endpoint(),
                    parties: vec![party],
                }),
            }
        }
        groups
    }

    fn is_home_of(&self, party: Party) -> bool {
        match self.endpoint {
            None => self.parties.contains(&party),
            here => here == party.endpoint(),
        }
    }

    fn add(&mut self, party: Party) {
        if !self.parties.contains(&party) {
            self.parties.push(party);
        }
    }
}
