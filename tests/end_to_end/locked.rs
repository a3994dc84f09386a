//! What the tests' own shop stores stays readable: `saga.lock` stands beside this package's manifest.

use saga_runtime::testing::assert_unchanged_or_migrated;

use crate::order::{BillingDesk, Fulfilment, Shop, WarehouseDesk};

#[test]
fn what_the_shop_stores_is_unchanged_or_migrated() {
    assert_unchanged_or_migrated!(Shop);
}

#[test]
fn a_list_of_parts_is_pinned_as_the_system_is() {
    assert_unchanged_or_migrated!([Fulfilment, BillingDesk, WarehouseDesk]);
}
