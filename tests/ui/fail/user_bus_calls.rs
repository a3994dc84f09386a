//! An event is sent, and a reply is published.
use saga_runtime::Bus;
use saga_test_contracts::order::*;

fn asks(bus: &Bus) {
    let order_id = 1;
    let _ = bus.send(AddressChanged { order_id });
    let _ = bus.publish(OrderConfirmed);
}

fn main() {}
