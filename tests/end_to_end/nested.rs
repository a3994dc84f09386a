//! A saga whose step starts another saga and awaits its answer.

use std::time::Duration;

use saga_runtime::{clock::ManualClock, prelude::*, saga};

use crate::{backends::on_each_backend, job::letters, order::eventually};

#[derive(Endpoint)]
pub struct Shop;
#[derive(Endpoint)]
pub struct Haulier;
#[derive(Endpoint)]
pub struct Road;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Shop, replies(Delivered), refusals(NotDelivered))]
pub struct Buy {
    basket: u32,
}
#[derive(Reply, Serialize, Deserialize, Debug)]
pub struct Delivered {}
#[derive(Reply, Serialize, Deserialize, Debug)]
pub struct NotDelivered {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Haulier, replies(Arrived), refusals(TurnedBack))]
pub struct Haul {
    pub load: u32,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct Arrived {}
#[derive(Reply, Serialize, Deserialize)]
pub struct TurnedBack {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Road, replies(Driven))]
pub struct Drive {
    load: u32,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct Driven {}

#[saga(by = basket, at = Shop)]
#[derive(Serialize, Deserialize)]
pub struct Basket {
    basket: u32,
}

#[saga(states(OnTheWay), ignore(Arrived, TurnedBack in end))]
impl Basket {
    #[start(Buy -> send Haul => OnTheWay)]
    fn buy(buy: Buy) -> (Self, Haul) {
        let basket = buy.basket;
        (Self { basket }, Haul { load: basket })
    }

    #[on(Arrived in OnTheWay -> reply Delivered => end)]
    fn arrived(&mut self, _: Arrived) -> Delivered {
        Delivered {}
    }

    #[on(TurnedBack in OnTheWay -> reply NotDelivered => end)]
    fn turned_back(&mut self, _: TurnedBack) -> NotDelivered {
        NotDelivered {}
    }

    #[after(7 d in OnTheWay -> reply NotDelivered => end)]
    fn late(&mut self) -> NotDelivered {
        NotDelivered {}
    }
}

#[saga(by = load, at = Haulier)]
#[derive(Serialize, Deserialize)]
pub struct Haulage {
    load: u32,
}

#[saga(states(Driving, Resting), ignore(Driven in end))]
impl Haulage {
    #[start(Haul -> send Drive => Driving)]
    fn haul(haul: Haul) -> (Self, Drive) {
        let load = haul.load;
        (Self { load }, Drive { load })
    }

    #[on(Driven in Driving => Resting)]
    fn driven(&mut self, _: Driven) {}

    /// The answer comes from a timeout, long after the message that asked for it was handled.
    #[after(9 h in Resting -> reply Arrived => end)]
    fn rested(&mut self) -> Arrived {
        Arrived {}
    }

    #[after(1 d in Driving -> reply TurnedBack => end)]
    fn stuck(&mut self) -> TurnedBack {
        TurnedBack {}
    }
}

pub struct Lorry;

#[saga_runtime::service(at = Road)]
impl Lorry {
    #[on(Drive)]
    async fn drive(&self, drive: Drive) -> DriveReply {
        if drive.load % 2 == 1 {
            std::future::pending::<()>().await;
        }
        Driven {}.into()
    }
}

on_each_backend! {
    async fn an_answer_finds_its_way_through_two_sagas_from_a_timeout(backend) {
        let clock = ManualClock::default();
        let bus = backend.builder().await.clock(clock.clone())
            .saga::<Basket>().saga::<Haulage>().service(Lorry).start().await.unwrap();
        let ask = |basket| {
            let bus = bus.clone();
            tokio::spawn(async move { bus.request(Buy { basket }).deadline(Duration::from_secs(400_000)).await })
        };
        let (even, odd) = (ask(2), ask(3));
        let state = async |load: &str| {
            let haulage = bus.inspect().instance("Haulage", load).await.unwrap();
            haulage.map(|haulage| haulage.state)
        };
        eventually("one rests, one drives", async || {
            state("2").await.as_deref() == Some("Resting") && state("3").await.as_deref() == Some("Driving")
        }).await;
        clock.advance(Duration::from_secs(9 * 3_600));
        assert!(matches!(even.await.unwrap().unwrap(), BuyReply::Delivered(_)));
        clock.advance(Duration::from_secs(15 * 3_600));
        assert!(matches!(odd.await.unwrap().unwrap(), BuyReply::NotDelivered(_)));
        assert!(letters(&bus).await.is_empty());
        bus.shutdown_within(Duration::ZERO).await.unwrap();
    }
}
