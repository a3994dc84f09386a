//! Long sagas that ask again, ask several, and get answers late: no answer is unforeseen.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose

mod charging {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Bank;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Subscribed), refusals(Refused))]
    pub struct Subscribe {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Subscribed;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Refused;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Bank, replies(Charged), refusals(Declined))]
    pub struct Charge {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Bank, replies(Known), refusals(Unknown))]
    pub struct Query {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Charged;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Declined;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Known;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Unknown;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct CardChanged {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct PlanChanged {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Retrying {
        id: u64,
    }

    /// The same question may be open several times; whatever comes of the earlier ones is foreseen in every state.
    #[saga(
        states(Charging, Waiting, Asking, Active),
        ignore(Declined in Waiting | Active | end),
        ignore(Known, Unknown in Charging | Waiting | Active | end),
        unexpected(Charged in Active | end),
        ignore(CardChanged, PlanChanged in end),
        no_timeout(Active),
    )]
    impl Retrying {
        #[start(Subscribe -> send Charge => Charging)]
        fn begin(message: Subscribe) -> (Self, Charge) {
            let id = message.id;
            (Self { id }, Charge { id })
        }

        #[on(Charged in Charging | Waiting | Asking -> reply Subscribed => Active)]
        fn charged(&mut self, _: Charged) -> Subscribed {
            Subscribed
        }

        #[on(Declined in Charging { Again => Waiting | Enough -> reply Refused => end })]
        fn declined(&mut self, _: Declined) -> AfterDeclined {
            AfterDeclined::Again
        }

        #[after(1 h in Charging -> send Query => Asking)]
        fn late(&mut self) -> Query {
            let id = self.id;
            Query { id }
        }

        #[after(1 d in Waiting -> send Charge => Charging)]
        fn again(&mut self) -> Charge {
            let id = self.id;
            Charge { id }
        }

        #[on(Known in Asking => Waiting)]
        fn known(&mut self, _: Known) {}

        #[on(Unknown in Asking -> send Charge => Charging)]
        fn unknown(&mut self, _: Unknown) -> Charge {
            let id = self.id;
            Charge { id }
        }

        #[on(Declined in Asking => Waiting)]
        fn declined_meanwhile(&mut self, _: Declined) {}

        #[after(2 d in Asking -> reply Refused => end)]
        fn lost(&mut self) -> Refused {
            Refused
        }

        #[on(CardChanged in Waiting -> send Charge => Charging)]
        fn changed(&mut self, _: CardChanged) -> Charge {
            let id = self.id;
            Charge { id }
        }

        #[on(CardChanged in _)]
        fn changed_else(&mut self, _: CardChanged) {}

        #[on(PlanChanged in Active { Up -> send Charge => Charging | Down => end | Same })]
        fn plan(&mut self, _: PlanChanged) -> AfterPlan {
            let id = self.id;
            AfterPlan::Up(Charge { id })
        }

        #[on(PlanChanged in _)]
        fn plan_else(&mut self, _: PlanChanged) {}

        #[every(30 d in Active -> send Query?)]
        fn over(&mut self) -> Option<Query> {
            None
        }
    }
}

mod bidding {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Carrier;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Shipped), refusals(Stranded))]
    pub struct Ship {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Shipped;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Stranded;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Carrier, replies(Priced), refusals(Full))]
    pub struct Offer {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Priced;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Full;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Carrier, replies(Booked), refusals(Gone))]
    pub struct Book {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Booked;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Gone;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Carrier)]
    pub struct Withdraw {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Strike {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Fuel {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Bidding {
        id: u64,
    }

    /// Any number of offers are asked for; they are collected until enough came or time is up, the others come in vain.
    #[saga(
        states(Collecting, Booking, Deciding),
        ignore(Priced, Full in Booking | Deciding | end),
        ignore(Gone in end),
        unexpected(Booked in end),
        ignore(Strike, Fuel in end),
        defer(Fuel in Booking),
    )]
    impl Bidding {
        #[start(Ship -> send Offer* => Collecting)]
        fn ship(message: Ship) -> (Self, Vec<Offer>) {
            let id = message.id;
            (Self { id }, Vec::new())
        }

        #[on(Priced in Collecting { Enough -> send Book => Booking | More })]
        fn priced(&mut self, _: Priced) -> AfterPriced {
            let id = self.id;
            AfterPriced::Enough(Book { id })
        }

        #[on(Full in Collecting)]
        fn full(&mut self, _: Full) {}

        #[after(1 h in Collecting => Deciding)]
        fn closed(&mut self) {}

        #[after(1 min in Deciding { Take -> send Book => Booking | Again -> send Offer* => Collecting | None -> reply Stranded => end })]
        fn decide(&mut self) -> AfterDecide {
            let id = self.id;
            AfterDecide::Take(Book { id })
        }

        #[on(Booked in Booking -> reply Shipped => end)]
        fn booked(&mut self, _: Booked) -> Shipped {
            Shipped
        }

        #[on(Gone in Booking -> send Offer*, send Withdraw => Collecting)]
        fn gone(&mut self, _: Gone) -> (Vec<Offer>, Withdraw) {
            let id = self.id;
            (Vec::new(), Withdraw { id })
        }

        #[after(1 d in Booking -> reply Stranded, send Withdraw? => end)]
        fn late(&mut self) -> (Stranded, Option<Withdraw>) {
            (Stranded, None)
        }

        #[on(Strike in Collecting -> reply Stranded => end)]
        fn strike(&mut self, _: Strike) -> Stranded {
            Stranded
        }

        #[on(Strike in _)]
        fn strike_else(&mut self, _: Strike) {}

        #[on(Fuel in Collecting | Deciding)]
        fn fuel(&mut self, _: Fuel) {}
    }
}

fn main() {}
