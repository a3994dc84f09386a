//! Long sagas that live by the clock and by news: every state is left, no message is a surprise, and nothing is idle.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose

mod heating {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct House;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home)]
    pub struct Install {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = House)]
    pub struct Heat {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = House)]
    pub struct Vent {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = House, replies(Cold), refusals(Warm))]
    pub struct Measure {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Cold;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Warm;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Door {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Holiday {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Sold {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Heating {
        id: u64,
    }

    /// It never ends but when it is sold; answers come in any state, and `_` takes what is not named.
    #[saga(
        states(Day, Night, Away, Airing),
        ignore(Door, Holiday, Sold in end),
        ignore(Cold, Warm in end),
        defer(Holiday in Airing),
    )]
    impl Heating {
        #[start(Install -> send Measure => Day)]
        fn install(message: Install) -> (Self, Measure) {
            let id = message.id;
            (Self { id }, Measure { id })
        }

        #[on(Install in _)]
        fn again(&mut self, _: Install) {}

        #[on(Install in end)]
        fn installed(_: Install) {}

        #[after(12 h in Day => Night)]
        fn dusk(&mut self) {}

        #[after(12 h in Night -> send Measure => Day)]
        fn dawn(&mut self) -> Measure {
            let id = self.id;
            Measure { id }
        }

        #[every(1 h in Day -> send Measure)]
        fn measure(&mut self) -> Measure {
            let id = self.id;
            Measure { id }
        }

        #[on(Cold in Day | Night -> send Heat)]
        fn cold(&mut self, _: Cold) -> Heat {
            let id = self.id;
            Heat { id }
        }

        #[on(Warm in Day { Open -> send Vent => Airing | Fine })]
        fn warm(&mut self, _: Warm) -> AfterWarm {
            let id = self.id;
            AfterWarm::Open(Vent { id })
        }

        #[on(Cold in _)]
        fn answered(&mut self, _: Cold) {}

        #[on(Warm in _)]
        fn warmed(&mut self, _: Warm) {}

        #[on(Door in _)]
        fn door(&mut self, _: Door) {}

        #[on(Holiday in _ => Away)]
        fn holiday(&mut self, _: Holiday) {}

        #[after(14 d in Away -> send Heat => Day)]
        fn home(&mut self) -> Heat {
            let id = self.id;
            Heat { id }
        }

        #[after(10 min in Airing => Day)]
        fn aired(&mut self) {}

        #[on(Sold in _ => end)]
        fn sold(&mut self, _: Sold) {}
    }
}

mod tenancy {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Court;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Signed), refusals(Unsigned))]
    pub struct Rent {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Signed;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Unsigned;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Court, replies(Won), refusals(Dropped))]
    pub struct Sue {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Court)]
    pub struct Warn {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Won;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Dropped;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Paid {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Notice {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(outsiders)]
    pub struct Evicted {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Tenancy {
        id: u64,
    }

    /// Timers that stay, timers that decide, one that is a constant of the author; one outcome of several ends it.
    #[saga(
        states(Fresh, Paying, Owing, Suing),
        ignore(Paid, Notice in end),
        unexpected(Won in Paying | end),
        ignore(Dropped in Paying | end),
        no_timeout(Paying),
    )]
    impl Tenancy {
        #[start(Rent -> reply Signed?  => Fresh)]
        fn rent(message: Rent) -> (Self, Option<Signed>) {
            let id = message.id;
            (Self { id }, None)
        }

        #[after(1 d in Fresh -> reply Signed => Paying)]
        fn signed(&mut self) -> Signed {
            Signed
        }

        #[on(Notice in Fresh -> reply Unsigned => end)]
        fn notice_early(&mut self, _: Notice) -> Unsigned {
            Unsigned
        }

        #[on(Paid in Owing => Paying)]
        fn paid(&mut self, _: Paid) {}

        #[on(Paid in _)]
        fn paid_else(&mut self, _: Paid) {}

        #[after(30 d in Paying { Enough => Paying | Not => Owing })]
        fn monthly(&mut self) -> AfterMonthly {
            AfterMonthly::Enough
        }

        #[after(10 d in Owing -> send Warn)]
        fn warn(&mut self) -> Warn {
            let id = self.id;
            Warn { id }
        }

        #[after(60 d in Owing -> send Sue => Suing)]
        fn sue(&mut self) -> Sue {
            let id = self.id;
            Sue { id }
        }

        #[on(Paid in Suing { Enough => Paying | Part })]
        fn settle(&mut self, _: Paid) -> AfterSettle {
            AfterSettle::Enough
        }

        #[on(Won in Suing -> publish Evicted => end)]
        fn won(&mut self, _: Won) -> Evicted {
            let id = self.id;
            Evicted { id }
        }

        #[on(Dropped in Suing => Paying)]
        fn dropped(&mut self, _: Dropped) {}

        #[after(365 d in Suing => end)]
        fn long(&mut self) {}

        #[on(Won in Owing)]
        fn won_late(&mut self, _: Won) {}

        #[on(Dropped in Owing)]
        fn dropped_late(&mut self, _: Dropped) {}

        #[on(Notice in _ => end)]
        fn notice(&mut self, _: Notice) {}
    }
}

fn main() {}
