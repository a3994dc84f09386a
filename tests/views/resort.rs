//! A system of everything that a picture can hold and the order process does not: labels, joins, `_`, reply enums, `end`,
//! exceptions, every timer, a remote endpoint, events from and for outsiders, names that need escaping.

use std::collections::BTreeMap;

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct FrontDesk;
#[derive(Endpoint)]
#[endpoint(name = "city/taxi")]
pub struct Taxi;
#[derive(Endpoint)]
pub struct Kitchen;

#[derive(Command, Serialize, Deserialize)]
#[command(to = FrontDesk, replies(CheckedOut), refusals(NoRoom))]
pub struct CheckIn {
    pub guest: String,
    pub nights: u8,
    pub wishes: Option<Vec<Wish>>,
    pub deposits: BTreeMap<String, i64>,
}

#[derive(Serialize, Deserialize)]
pub struct Wish;

#[derive(Command, Serialize, Deserialize)]
#[command(to = FrontDesk, replies(BillShown))]
pub struct ShowBill {
    pub guest: String,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Kitchen, replies(MealServed), refusals(KitchenClosed))]
pub struct OrderMeal(pub String, pub u32);

#[derive(Command, Serialize, Deserialize)]
#[command(to = Kitchen)]
pub struct ServeCoffee {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Taxi, name = "taxi:Call", replies(TaxiComing), refusals(NoTaxi))]
pub struct CallTaxi {
    pub guest: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct CheckedOut {
    pub total_cents: Option<u64>,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct NoRoom;
#[derive(Reply, Serialize, Deserialize)]
pub struct BillShown(pub u64);
#[derive(Reply, Serialize, Deserialize)]
pub struct MealServed {}
#[derive(Reply, Serialize, Deserialize)]
pub struct KitchenClosed {}
#[derive(Reply, Serialize, Deserialize)]
pub struct TaxiComing {}
#[derive(Reply, Serialize, Deserialize)]
pub struct NoTaxi {}

#[derive(Event, Serialize, Deserialize)]
#[event(external, name = "weather.Storm")]
pub struct StormWarned {
    pub guest: String,
}
#[derive(Event, Serialize, Deserialize)]
#[event(outsiders)]
pub struct GuestLeft {
    pub guest: String,
}

#[saga(by = guest, at = FrontDesk)]
#[derive(Serialize, Deserialize)]
pub struct Stay {
    guest: String,
    wakes_at: Option<Timestamp>,
}

#[saga(
    states(State, Dining, Leaving),
    defer(StormWarned in Dining),
    ignore(
        StormWarned in Leaving | compensate | end,
        MealServed, KitchenClosed, TaxiComing, NoTaxi in end,
    ),
    no_undo(OrderMeal, CallTaxi),
)]
impl Stay {
    #[start(CheckIn { Welcome => State | Full -> reply NoRoom => end })]
    fn arrive(request: CheckIn) -> (Self, Arrival) {
        let guest = request.guest;
        (
            Self {
                guest,
                wakes_at: None,
            },
            Arrival::Welcome,
        )
    }

    #[at(self.wakes_at in State -> send ServeCoffee)]
    fn wake(&mut self) -> ServeCoffee {
        ServeCoffee {}
    }

    #[after(24 h in State -> send OrderMeal, send CallTaxi? => Dining)]
    fn hungry(&mut self) -> (OrderMeal, Option<CallTaxi>) {
        (OrderMeal("soup".into(), 2), None)
    }

    #[every(1 h in Dining -> send CallTaxi?)]
    fn impatient(&mut self) -> Option<CallTaxi> {
        None
    }

    #[all(MealServed, TaxiComing? in Dining => Leaving)]
    fn served(&mut self, _: MealServed, _: Option<TaxiComing>) {}

    #[on(KitchenClosed in Dining => Leaving)]
    fn closed(&mut self, _: KitchenClosed) {}

    #[on(NoTaxi in Dining => Leaving)]
    fn on_foot(&mut self, _: NoTaxi) {}

    #[after(3 h in Dining => Leaving)]
    fn still_hungry(&mut self) {}

    #[on(OrderMealReply in Leaving)]
    fn too_late(&mut self, _: OrderMealReply) {}

    #[on(CallTaxiReply)]
    fn taxi(&mut self, _: CallTaxiReply) {}

    #[on(StormWarned in State => compensate)]
    fn storm(&mut self, _: StormWarned) {}

    #[on(ShowBill in _ | compensate -> reply BillShown)]
    fn bill(&mut self, _: ShowBill) -> BillShown {
        BillShown(1)
    }

    #[on(ShowBill in end -> reply BillShown)]
    fn old_bill(_: ShowBill) -> BillShown {
        BillShown(0)
    }

    #[compensated(-> reply NoRoom => end)]
    fn sent_away(&mut self) -> NoRoom {
        NoRoom
    }

    #[after(90 s in Leaving -> publish GuestLeft, reply CheckedOut to CheckIn => end)]
    fn leave(&mut self) -> (GuestLeft, CheckedOut) {
        let guest = self.guest.clone();
        (GuestLeft { guest }, CheckedOut { total_cents: None })
    }
}

pub struct Cook;

#[service(at = Kitchen)]
impl Cook {
    #[on(OrderMeal)]
    async fn cook(&self, _: OrderMeal) -> OrderMealReply {
        MealServed {}.into()
    }

    #[on(ServeCoffee)]
    async fn brew(&self, _: ServeCoffee) {}
}

saga_runtime::system! { pub Resort { Stay, Cook } accepts(CheckIn, ShowBill) remote(Taxi) }
