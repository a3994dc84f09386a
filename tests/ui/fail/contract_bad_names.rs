use saga_runtime::prelude::*;

#[derive(Endpoint)]
#[endpoint(name = "sales.replies")]
struct Sales;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "two words")]
struct TwoWords;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "")]
struct Nothing;

#[derive(Event, Serialize, Deserialize)]
#[event(name = Shipped, version = 4294967296)]
struct Unquoted;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "ShippedByTheFastestOfAllCarriersShippedByTheFastestOfAllCarriersShippedByTheFastestOfAllCarriersShippedByTheFastestOfAllC")]
struct TooLong;

fn main() {}
