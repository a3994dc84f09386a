//! The system that is simulated: sagas of every kind the language knows, and services whose deeds are counted.

#![allow(
    missing_docs,
    reason = "names of messages, sagas and services speak for themselves"
)]

use std::sync::Arc;

use saga_runtime::bus::Builder;

pub mod contracts;
pub mod counting;
pub mod desks;
pub mod fulfilment;
pub mod haulage;
pub mod sale;
pub mod trip;

pub use counting::Count;
pub use sale::Sale;

use crate::world::World;

saga_runtime::system! {
    pub Shop {
        fulfilment::Fulfilment,
        haulage::Haulage,
        trip::Trip,
        counting::Count,
        sale::Sale,
        desks::BillingDesk,
        desks::WarehouseDesk,
        desks::RoadDesk,
        desks::AirDesk,
        desks::StayDesk,
        desks::CarDesk,
        desks::Auditor,
    }
    accepts(contracts::PlaceOrder, contracts::BookTrip, contracts::CancelTrip, contracts::OpenCount, contracts::Unlock, contracts::Stamp, contracts::Ring, contracts::OpenSale, contracts::Bid)
}

/// Puts the whole system on a bus.
pub fn serve(builder: Builder, world: &Arc<World>) -> Builder<Shop> {
    builder
        .saga::<fulfilment::Fulfilment>()
        .saga::<haulage::Haulage>()
        .saga::<trip::Trip>()
        .saga::<counting::Count>()
        .saga::<sale::Sale>()
        .service(desks::BillingDesk(Arc::clone(world)))
        .service(desks::WarehouseDesk(Arc::clone(world)))
        .service(desks::RoadDesk(Arc::clone(world)))
        .service(desks::AirDesk(Arc::clone(world)))
        .service(desks::StayDesk(Arc::clone(world)))
        .service(desks::CarDesk(Arc::clone(world)))
        .service(desks::Auditor(Arc::clone(world)))
        .system::<Shop>()
}
