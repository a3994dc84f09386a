//! Tables and diagrams.

use saga_runtime::{saga::Saga, view};

use crate::{
    golden::assert_golden,
    order::{Fulfilment, Shop},
    resort::{Resort, Stay},
};

#[test]
fn a_saga_is_shown_as_a_state_table() {
    assert_golden(
        "fulfilment.table.txt",
        &Fulfilment::DEFINITION.table().to_string(),
    );
    assert_golden("stay.table.txt", &Stay::DEFINITION.table().to_string());
}

#[test]
fn a_saga_is_drawn_in_mermaid() {
    assert_golden("fulfilment.mmd", &Fulfilment::DEFINITION.mermaid());
    assert_golden("stay.mmd", &Stay::DEFINITION.mermaid());
}

#[test]
fn a_saga_is_drawn_in_dot() {
    assert_golden("fulfilment.dot", &Fulfilment::DEFINITION.dot());
    assert_golden("stay.dot", &Stay::DEFINITION.dot());
}

#[test]
fn a_system_is_shown_as_a_routing_table() {
    assert_golden("shop.routes.txt", &view::routes::<Shop>().to_string());
    assert_golden("resort.routes.txt", &view::routes::<Resort>().to_string());
}

#[test]
fn a_system_is_drawn_in_mermaid_and_dot() {
    assert_golden("shop.mmd", &view::mermaid::<Shop>());
    assert_golden("shop.dot", &view::dot::<Shop>());
    assert_golden("resort.mmd", &view::mermaid::<Resort>());
    assert_golden("resort.dot", &view::dot::<Resort>());
}
