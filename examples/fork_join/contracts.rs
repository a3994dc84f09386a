//! What the travel agency and its partners say to each other.

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Travel;
#[derive(Endpoint)]
pub struct Air;
#[derive(Endpoint)]
pub struct Stay;
#[derive(Endpoint)]
pub struct Cars;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripId(pub String);

/// What a partner calls its booking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reference(pub String);

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Travel, replies(TripBooked), refusals(TripRejected))]
pub struct BookTrip {
    pub trip: TripId,
    pub with_car: bool,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct TripBooked {
    pub flight: Reference,
    pub hotel: Reference,
    pub car: Option<Reference>,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct TripRejected;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Travel, replies(TripCancelled), refusals(TooLate))]
pub struct CancelTrip {
    pub trip: TripId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct TripCancelled;

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct TooLate;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Air, replies(FlightBooked), refusals(FlightFull))]
pub struct BookFlight {
    pub trip: TripId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct FlightBooked(pub Reference);

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct FlightFull;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Stay, replies(HotelBooked), refusals(HotelFull))]
pub struct BookHotel {
    pub trip: TripId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct HotelBooked(pub Reference);

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct HotelFull;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Cars, replies(CarBooked), refusals(NoCar))]
pub struct BookCar {
    pub trip: TripId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct CarBooked(pub Reference);

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct NoCar;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Air, replies(FlightCancelled))]
pub struct CancelFlight(pub Reference);

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct FlightCancelled;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Stay, replies(HotelCancelled))]
pub struct CancelHotel(pub Reference);

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct HotelCancelled;

/// The car dealer does not answer this one: it is sent and done.
#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Cars)]
pub struct CancelCar(pub Reference);
