//! Configurations that differ in nothing a saga could notice, recognised.

use super::{
    canonical::hash_of,
    flights::{FlightId, To},
    local::Standing,
    world::{Config, World},
};
use crate::envelope::MessageId;

/// Stirred into the hash for each message that comes again: which it is makes no difference, since none has an effect.
const AGAIN_PRINT: u64 = 0x6a09_e667_f3bc_c909;

impl World<'_> {
    /// A hash that is the same for configurations that differ in nothing a saga could notice.
    pub(super) fn fingerprint(&mut self, config: &Config) -> u64 {
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.clear();
        let mut hash = hash_of(self.layout.inputs(config));
        let mut earliest: Option<i64> = None;
        for &local in self.layout.locals(config) {
            let known = self.locals.get(local);
            if known.standing == Standing::Absent {
                continue;
            }
            hash = hash.rotate_left(7) ^ known.shape;
            for id in &known.ids {
                // An id that came up before is told by that, and so is one of a sender outside.
                let number = self.number(&numbers, *id);
                if number == 0 {
                    numbers.push((*id, numbers.len() as u64 + 1));
                } else {
                    hash = mix(hash, number);
                }
            }
            if self.talks && known.standing != Standing::Finished {
                let clock = known.local.clock.as_microsecond();
                let since = *earliest.get_or_insert(clock);
                hash = mix(hash, clock.wrapping_sub(since).cast_unsigned());
            }
        }
        let mut flying = 0_u64;
        for &flight in self.layout.flights(config) {
            flying = flying.wrapping_add(self.flight_print(config, &numbers, flight));
        }
        for _ in self.layout.again(config) {
            flying = flying.wrapping_add(AGAIN_PRINT);
        }
        self.numbers = numbers;
        mix(hash, flying)
    }

    /// Messages have no order among each other.
    fn flight_print(&self, config: &Config, numbers: &[(MessageId, u64)], flight: FlightId) -> u64 {
        let flight = self.flights.get(flight);
        let mut print = flight.content;
        for id in flight.ids.into_iter().flatten() {
            print = mix(print, self.number(numbers, id));
        }
        if let To::Instance(instance) = flight.to {
            let local = self.local(config, instance);
            let clock = self.locals.get(local).local.clock.as_microsecond();
            let off_us = flight.envelope.created_at.as_microsecond().wrapping_sub(clock);
            print = mix(print, mix(u64::from(instance), off_us.cast_unsigned()));
        }
        mix(print, 0x9e37_79b9_7f4a_7c15)
    }

    /// What an id is called in this configuration; 0: nobody knows it.
    fn number(&self, numbers: &[(MessageId, u64)], id: MessageId) -> u64 {
        match self.inputs.copy_of(id) {
            Some(copy) => 1 << 32 | u64::from(copy),
            None => numbers
                .iter()
                .find(|(known, _)| *known == id)
                .map_or(0, |&(_, number)| number),
        }
    }
}

/// Stirs a number into a hash.
fn mix(hash: u64, number: u64) -> u64 {
    let product = u128::from(hash ^ 0xa076_1d64_78bd_642f) * u128::from(number ^ 0xe703_7ed1_a0b4_28db);
    let [low, high] = [product as u64, (product >> 64) as u64];
    low ^ high
}
