//! What the trip says and hears.
#![allow(dead_code)] // messages have fields that nobody here reads

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Travel;
#[derive(Endpoint)]
pub struct Air;
#[derive(Endpoint)]
pub struct Stay;
#[derive(Endpoint)]
pub struct Cars;

pub type TripId = u64;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Travel, replies(TripBooked), refusals(TripRejected))]
pub struct BookTrip {
    pub trip: TripId,
    pub with_car: bool,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Travel, replies(TripCancelled), refusals(TooLate))]
pub struct CancelTrip {
    pub trip: TripId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Air, replies(FlightBooked), refusals(FlightFull))]
pub struct BookFlight {
    pub trip: TripId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Stay, replies(HotelBooked), refusals(HotelFull))]
pub struct BookHotel {
    pub trip: TripId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Cars, replies(CarBooked), refusals(NoCar))]
pub struct BookCar {
    pub trip: TripId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Air, replies(FlightCancelled))]
pub struct CancelFlight {
    pub pnr: String,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Stay, replies(HotelCancelled))]
pub struct CancelHotel {
    pub res: u64,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Cars)]
pub struct CancelCar {
    pub car: u64,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct TripBooked {}
#[derive(Reply, Serialize, Deserialize)]
pub struct TripRejected {}
#[derive(Reply, Serialize, Deserialize)]
pub struct TripCancelled {}
#[derive(Reply, Serialize, Deserialize)]
pub struct TooLate {}
#[derive(Reply, Serialize, Deserialize)]
pub struct FlightBooked {
    pub pnr: String,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct FlightFull {}
#[derive(Reply, Serialize, Deserialize)]
pub struct HotelBooked {
    pub res: u64,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct HotelFull {}
#[derive(Reply, Serialize, Deserialize)]
pub struct CarBooked {
    pub car: u64,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct NoCar {}
#[derive(Reply, Serialize, Deserialize)]
pub struct FlightCancelled {}
#[derive(Reply, Serialize, Deserialize)]
pub struct HotelCancelled {}
