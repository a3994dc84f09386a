//! What the parts of a system say: who takes, sends and publishes what.

use super::table::{Place, Table};
use crate::{
    definition::{Definition, Effect, Item, ServiceDefinition, Trigger, Verb},
    message::{MessageInfo, MessageKind},
    soundness::{messages::same, model::items},
    system::Part,
};

impl Table {
    pub(super) const fn add_part(&mut self, number: usize) {
        match self.parts[number] {
            Part::Saga(saga) => self.add_saga(number, saga),
            Part::Service(service) => self.add_service(number, service),
        }
    }

    const fn add_saga(&mut self, part: usize, saga: &'static Definition) {
        // Every saga starts somehow: this one has a mistake of its own, and its stubs say nothing.
        self.incomplete |= saga.clauses.is_empty();
        let mut clause = 0;
        while clause < saga.clauses.len() {
            self.add_trigger(part, &saga.clauses[clause].trigger);
            let branches = saga.clauses[clause].branches;
            let mut branch = 0;
            while branch < branches.len() {
                self.add_effects(part, branches[branch].effects);
                branch += 1;
            }
            clause += 1;
        }
        let mut exception = 0;
        while exception < saga.exceptions.len() {
            self.add_item(part, &saga.exceptions[exception].item);
            exception += 1;
        }
    }

    const fn add_trigger(&mut self, part: usize, trigger: &'static Trigger) {
        if matches!(trigger, Trigger::Start(_) | Trigger::On(_) | Trigger::All(_)) {
            let items = items(trigger);
            let mut item = 0;
            while item < items.len() {
                self.add_item(part, &items[item]);
                item += 1;
            }
        }
    }

    const fn add_item(&mut self, part: usize, item: &'static Item) {
        let mut message = 0;
        while message < item.messages.len() {
            self.add_taken(part, item.messages[message]);
            message += 1;
        }
    }

    const fn add_service(&mut self, part: usize, service: &'static ServiceDefinition) {
        self.incomplete |= service.handlers.is_empty();
        let mut handler = 0;
        while handler < service.handlers.len() {
            self.add_taken(part, service.handlers[handler].message);
            self.add_effects(part, service.handlers[handler].effects);
            handler += 1;
        }
    }

    /// A command addressed elsewhere is not taken; that it is named at all is another rule's mistake.
    const fn add_taken(&mut self, part: usize, message: &'static MessageInfo) {
        let row = self.meet(message, Place::Part(part));
        let here = match message.endpoint {
            Some(endpoint) => same(endpoint, self.parts[part].endpoint()),
            None => true,
        };
        if here {
            self.rows[row].takers.add(part);
        }
    }

    const fn add_effects(&mut self, part: usize, effects: &'static [Effect]) {
        let mut effect = 0;
        while effect < effects.len() {
            let Effect { verb, message, .. } = effects[effect];
            let row = self.meet(message, Place::Part(part));
            let fits = matches!(
                (verb, message.kind),
                (Verb::Send, MessageKind::Command) | (Verb::Publish, MessageKind::Event)
            );
            if fits {
                self.rows[row].senders.add(part);
            }
            effect += 1;
        }
    }
}
