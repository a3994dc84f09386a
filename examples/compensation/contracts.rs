//! What the box office and its partners say to each other.

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct BoxOffice;

#[derive(Endpoint)]
pub struct Partners;

#[derive(Command, Serialize, Deserialize)]
#[command(to = BoxOffice, replies(TicketBought), refusals(NoTicket))]
pub struct BuyTicket {
    pub show: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct TicketBought;

#[derive(Reply, Serialize, Deserialize)]
pub struct NoTicket;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(SeatReserved), refusals(SoldOut))]
pub struct ReserveSeat(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct SeatReserved(pub u32);

#[derive(Reply, Serialize, Deserialize)]
pub struct SoldOut;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(CardCharged), refusals(CardRefused))]
pub struct ChargeCard(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct CardCharged;

#[derive(Reply, Serialize, Deserialize)]
pub struct CardRefused;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(TicketPrinted), refusals(PrinterBroken))]
pub struct PrintTicket(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct TicketPrinted;

#[derive(Reply, Serialize, Deserialize)]
pub struct PrinterBroken;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(SeatReleased))]
pub struct ReleaseSeat(pub u32);

#[derive(Reply, Serialize, Deserialize)]
pub struct SeatReleased;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(CardRefunded), refusals(RefundRefused))]
pub struct RefundCard(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct CardRefunded;

#[derive(Reply, Serialize, Deserialize)]
pub struct RefundRefused;
