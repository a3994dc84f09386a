//! Teaches: a saga whose step is another saga. The outer one sends a command and awaits its typed reply; it neither knows
//! nor cares that a saga answers, days and attempts later. The answer finds its way through both.
//!
//! Also here: a handler that decides between labelled outcomes.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod contracts;
#[cfg(test)]
mod tests;

use std::time::Duration;

use saga_runtime::{Bus, Error, prelude::*, store::Memory};

use crate::contracts::*;

#[saga(by = order, at = Shop)]
#[derive(Serialize, Deserialize)]
struct Sale {
    order: u32,
}

#[saga(states(AwaitingDelivery), ignore(ParcelHandedOver, Undeliverable in end))]
impl Sale {
    #[start(Order -> send Deliver => AwaitingDelivery)]
    fn sell(order: Order) -> (Self, Deliver) {
        let parcel = format!("parcel-{}", order.order);
        (Self { order: order.order }, Deliver { parcel, to: order.to })
    }

    #[on(ParcelHandedOver in AwaitingDelivery -> reply Delivered => end)]
    fn delivered(&mut self, parcel: ParcelHandedOver) -> Delivered {
        Delivered { by: parcel.courier }
    }

    #[on(Undeliverable in AwaitingDelivery -> reply NotDelivered => end)]
    fn undeliverable(&mut self, _: Undeliverable) -> NotDelivered {
        NotDelivered
    }

    #[after(30 d in AwaitingDelivery -> reply NotDelivered => end)]
    fn lost(&mut self) -> NotDelivered {
        NotDelivered
    }
}

/// Tomorrow, so to speak.
const NEXT_TRY: Duration = Duration::from_millis(50);

#[saga(by = parcel, at = Logistics)]
#[derive(Serialize, Deserialize)]
struct Delivery {
    parcel: String,
    to: String,
    attempt: u32,
}

#[saga(states(AtTheDoor, BackInTheVan), ignore(HandedOver, NobodyHome in end))]
impl Delivery {
    #[start(Deliver -> send TryDoor => AtTheDoor)]
    fn load(request: Deliver) -> (Self, TryDoor) {
        let Deliver { parcel, to } = request;
        let attempt = 1;
        let door = TryDoor {
            to: to.clone(),
            attempt,
        };
        (Self { parcel, to, attempt }, door)
    }

    #[on(HandedOver in AtTheDoor -> reply ParcelHandedOver => end)]
    fn handed_over(&mut self, door: HandedOver) -> ParcelHandedOver {
        let courier = format!("{}, at attempt {}", door.courier, self.attempt);
        ParcelHandedOver { courier }
    }

    #[on(NobodyHome in AtTheDoor { TryAgain => BackInTheVan | GiveUp -> reply Undeliverable => end })]
    fn nobody_home(&mut self, _: NobodyHome) -> AtNobody {
        if self.attempt < 3 {
            AtNobody::TryAgain
        } else {
            AtNobody::GiveUp(Undeliverable)
        }
    }

    #[after(NEXT_TRY in BackInTheVan -> send TryDoor => AtTheDoor)]
    fn try_again(&mut self) -> TryDoor {
        self.attempt += 1;
        let (to, attempt) = (self.to.clone(), self.attempt);
        TryDoor { to, attempt }
    }

    #[after(8 h in AtTheDoor -> reply Undeliverable => end)]
    fn no_word(&mut self) -> Undeliverable {
        Undeliverable
    }
}

struct Courier;

#[service(at = Couriers)]
impl Courier {
    /// Neighbours open at the second attempt, hermits never.
    #[on(TryDoor)]
    async fn ring(&self, door: TryDoor) -> Result<TryDoorReply, ServiceError> {
        Ok(match (door.to.as_str(), door.attempt) {
            ("the hermit", _) | (_, 1) => TryDoorReply::NobodyHome(NobodyHome),
            _ => TryDoorReply::HandedOver(HandedOver { courier: "Mo".into() }),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bus = Bus::new(Memory::new())
        .saga::<Sale>()
        .saga::<Delivery>()
        .service(Courier)
        .start()
        .await?;
    for (order, to) in [(1, "the neighbour"), (2, "the hermit")] {
        match bus.request(Order { order, to: to.into() }).await? {
            OrderReply::Delivered(parcel) => println!("{to}: delivered by {}", parcel.by),
            OrderReply::NotDelivered(_) => println!("{to}: not delivered"),
        }
    }
    bus.shutdown().await
}
