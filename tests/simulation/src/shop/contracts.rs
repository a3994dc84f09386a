//! What the parts of the system say to each other.

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Sales;
#[derive(Endpoint)]
pub struct Billing;
#[derive(Endpoint)]
pub struct Warehouse;
#[derive(Endpoint)]
pub struct Haulier;
#[derive(Endpoint)]
pub struct Road;
#[derive(Endpoint)]
pub struct Travel;
#[derive(Endpoint)]
pub struct Air;
#[derive(Endpoint)]
pub struct Stay;
#[derive(Endpoint)]
pub struct Cars;
#[derive(Endpoint)]
pub struct Counting;
#[derive(Endpoint)]
pub struct Audit;
#[derive(Endpoint)]
pub struct Market;

macro_rules! messages {
    ($($(#[$attribute:meta])* $derive:ident $name:ident $({ $($field:ident: $type:ty),* $(,)? })?;)*) => {
        $(
            #[derive($derive, Clone, Debug, Serialize, Deserialize)]
            $(#[$attribute])*
            pub struct $name { $($(pub $field: $type),*)? }
        )*
    };
}

messages! {
    #[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
    Command PlaceOrder { order: u32 };
    Reply OrderConfirmed { order: u32 };
    Reply OrderRejected { order: u32 };

    #[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
    Command BillOrder { order: u32 };
    Reply OrderBilled { order: u32 };
    Reply BillingDeclined {};

    #[command(to = Billing, replies(BillingCancelled), refusals(AlreadyBilled))]
    Command CancelBilling { order: u32 };
    Reply BillingCancelled {};
    Reply AlreadyBilled {};

    #[command(to = Billing, replies(OrderRefunded))]
    Command RefundOrder { order: u32 };
    Reply OrderRefunded {};

    #[command(to = Warehouse, replies(LabelCreated), refusals(OutOfStock))]
    Command CreateLabel { order: u32 };
    Reply LabelCreated { order: u32 };
    Reply OutOfStock {};

    #[command(to = Warehouse)]
    Command VoidLabel { order: u32 };

    Event OrderClosed { order: u32, confirmed: bool, log: Vec<String> };

    #[command(to = Haulier, replies(Arrived), refusals(TurnedBack))]
    Command Haul { load: u32 };
    Reply Arrived {};
    Reply TurnedBack {};

    #[command(to = Road, replies(Driven))]
    Command Drive { load: u32 };
    Reply Driven {};

    #[command(to = Travel, replies(TripBooked), refusals(TripRejected))]
    Command BookTrip { trip: u32, with_car: bool };
    Reply TripBooked { with_car: bool };
    Reply TripRejected {};

    #[command(to = Travel, replies(TripCancelled), refusals(TooLate))]
    Command CancelTrip { trip: u32 };
    Reply TripCancelled {};
    Reply TooLate {};

    #[command(to = Air, replies(FlightBooked), refusals(FlightFull))]
    Command BookFlight { trip: u32 };
    Reply FlightBooked {};
    Reply FlightFull {};
    #[command(to = Air, replies(FlightCancelled))]
    Command CancelFlight { trip: u32 };
    Reply FlightCancelled {};

    #[command(to = Stay, replies(HotelBooked), refusals(HotelFull))]
    Command BookHotel { trip: u32 };
    Reply HotelBooked {};
    Reply HotelFull {};
    #[command(to = Stay, replies(HotelCancelled))]
    Command CancelHotel { trip: u32 };
    Reply HotelCancelled {};

    #[command(to = Cars, replies(CarBooked), refusals(NoCar))]
    Command BookCar { trip: u32 };
    Reply CarBooked {};
    Reply NoCar {};
    #[command(to = Cars)]
    Command CancelCar { trip: u32 };

    #[command(to = Counting)]
    Command OpenCount { count: u32 };
    #[command(to = Counting, replies(Unlocked))]
    Command Unlock { count: u32 };
    Reply Unlocked {};
    #[event(external)]
    Event Counted { count: u32, number: u32 };
    Event CountPaused { count: u32 };
    Event CountSettled { count: u32 };
    #[command(to = Counting, replies(Stamped))]
    Command Stamp { count: u32, ticket: u64 };
    Reply Stamped {};
    #[command(to = Audit, replies(Rung))]
    Command Ring { ticket: u64 };
    Reply Rung {};
    Event Rang { ticket: u64 };

    #[command(to = Market, replies(SaleOpened))]
    Command OpenSale { sale: u32 };
    Reply SaleOpened { closes_at: Timestamp };
    #[command(to = Market)]
    Command Bid { sale: u32, bid: u32 };
}
