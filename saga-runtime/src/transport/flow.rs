//! The account of what is unsettled, kept within its bound.

use super::Flow;

/// What one receiver holds unsettled.
#[derive(Debug)]
pub(super) struct Unsettled {
    flow: Flow,
    messages: usize,
    bytes: usize,
}

impl Unsettled {
    pub(super) fn within(flow: Flow) -> Self {
        Self {
            flow,
            messages: 0,
            bytes: 0,
        }
    }

    /// How much more there may be; `None` if the bound is reached.
    pub(super) fn room(&self) -> Option<Flow> {
        let left = Flow {
            messages: self.flow.messages.saturating_sub(self.messages),
            bytes: self.flow.bytes.saturating_sub(self.bytes),
        };
        if self.messages == 0 {
            return Some(Flow {
                messages: left.messages.max(1),
                ..left
            });
        }
        (left.messages > 0 && left.bytes > 0).then_some(left)
    }

    /// Adds a message, unless it is one too many; one always fits.
    pub(super) fn admit(&mut self, bytes: usize) -> bool {
        let fits = self.messages == 0
            || self
                .room()
                .is_some_and(|room| room.messages > 0 && bytes <= room.bytes);
        if fits {
            self.messages += 1;
            self.bytes += bytes;
        }
        fits
    }

    /// Takes a settled message off.
    pub(super) fn settle(&mut self, bytes: usize) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
