//! What is explored, and how far.

/// The switches of an exploration.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// How often each input may come again.
    pub(super) repeats: usize,
    /// How many messages may be on their way again at once, their acknowledgements lost to crashes.
    pub(super) crashes: usize,
    /// Commands may stay unanswered for ever.
    pub(super) silence: bool,
    /// How often a person has the parked compensation of an instance go on.
    pub(super) retries_parked: u8,
    /// `unexpected(..)` is meant: what it sets aside is no fault.
    pub(super) unexpected_is_fine: bool,
    /// A parked compensation is no fault.
    pub(super) parked_is_fine: bool,
    /// A step that stands where all should be undone is no fault.
    pub(super) standing_is_fine: bool,
    /// Independent instances are explored together all the same.
    pub(super) together: bool,
    /// States are told apart by ids and times too, to see that nothing is lost by not doing so.
    #[cfg(test)]
    pub(super) exact: bool,
    /// The most states that are kept.
    pub(super) most_states: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            repeats: 0,
            crashes: 1,
            silence: false,
            retries_parked: 0,
            unexpected_is_fine: false,
            parked_is_fine: false,
            standing_is_fine: false,
            together: false,
            #[cfg(test)]
            exact: false,
            most_states: 2_000_000,
        }
    }
}
