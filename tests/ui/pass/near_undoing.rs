//! Long sagas that undo: each step that lasts has an undo or needs none, and what comes while undoing is taken.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose

mod moving {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Agency;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Moved), refusals(Stayed))]
    pub struct Move {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Moved;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Stayed;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Agency, replies(VanRented), refusals(NoVan))]
    pub struct RentVan {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Agency, replies(VanReturned))]
    pub struct ReturnVan {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Agency, replies(Hired), refusals(NobodyFree))]
    pub struct Hire {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Agency)]
    pub struct Dismiss {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Agency, replies(Insured))]
    pub struct Insure {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Agency, replies(Cancelled), refusals(TooLate))]
    pub struct Cancel {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct VanRented;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct NoVan;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct VanReturned;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Hired;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct NobodyFree;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Insured;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Cancelled;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct TooLate;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Flood {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Moving {
        id: u64,
    }

    /// A point of no return: what is done before it is not undone after it, and nobody misses its undo.
    #[saga(
        states(Renting, Hiring, Insuring, Driving, Unpacking),
        settled(Driving),
        no_undo(Insured),
        ignore(Flood in end | compensate),
        ignore(Insured in end),
        no_undo(Cancel),
        ignore(Cancelled, TooLate in Driving | Unpacking | end),
    )]
    impl Moving {
        #[start(Move -> send RentVan => Renting)]
        fn start(message: Move) -> (Self, RentVan) {
            let id = message.id;
            (Self { id }, RentVan { id })
        }

        #[on(VanRented in Renting -> send Hire => Hiring)]
        fn rented(&mut self, _: VanRented) -> Hire {
            let id = self.id;
            Hire { id }
        }

        #[on(NoVan in Renting -> reply Stayed => end)]
        fn no_van(&mut self, _: NoVan) -> Stayed {
            Stayed
        }

        #[on(Hired in Hiring -> send Insure => Insuring)]
        fn hired(&mut self, _: Hired) -> Insure {
            let id = self.id;
            Insure { id }
        }

        #[on(NobodyFree in Hiring => compensate)]
        fn nobody(&mut self, _: NobodyFree) {}

        #[on(Insured in Insuring => Driving)]
        fn insured(&mut self, _: Insured) {}

        #[after(1 d in Renting => compensate)]
        fn slow_van(&mut self) {}

        #[after(1 d in Hiring => compensate)]
        fn slow_hire(&mut self) {}

        #[after(2 d in Insuring -> send Cancel? => Driving)]
        fn slow_insurance(&mut self) -> Option<Cancel> {
            None
        }

        #[on(Insured in Driving | Unpacking)]
        fn insured_late(&mut self, _: Insured) {}

        #[on(Flood in Renting | Hiring | Insuring => compensate)]
        fn flood(&mut self, _: Flood) {}

        #[on(Flood in _)]
        fn flood_else(&mut self, _: Flood) {}

        #[after(6 h in Driving => Unpacking)]
        fn arrive(&mut self) {}

        #[after(1 d in Unpacking -> reply Moved => end)]
        fn unpacked(&mut self) -> Moved {
            Moved
        }

        #[compensate(VanRented -> send ReturnVan)]
        fn give_back(&self, _: VanRented) -> ReturnVan {
            let id = self.id;
            ReturnVan { id }
        }

        #[compensate(Hired -> send Dismiss)]
        fn dismiss(&self, _: Hired) -> Dismiss {
            let id = self.id;
            Dismiss { id }
        }

        #[compensated(-> reply Stayed => end)]
        fn undone(&mut self) -> Stayed {
            Stayed
        }
    }
}

mod wedding {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Town;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Married), refusals(Off))]
    pub struct Wed {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(CalledOff), refusals(Late))]
    pub struct Call {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Married;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Off;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct CalledOff;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Late;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Town, replies(HallHeld), refusals(HallTaken))]
    pub struct Hall {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Town, replies(HallFreed), refusals(Fee))]
    pub struct FreeHall {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Town, replies(BandHeld), refusals(NoBand))]
    pub struct Band {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Town, replies(BandFreed))]
    pub struct FreeBand {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct HallHeld;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct HallTaken;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct HallFreed;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Fee;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct BandHeld;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct NoBand;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct BandFreed;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Illness {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Wedding {
        id: u64,
    }

    /// It is called off from outside while things are open and while they are undone; each caller is answered once.
    #[saga(
        states(Planning, Ready),
        ignore(Illness in compensate | end),
    )]
    impl Wedding {
        #[start(Wed -> send Hall, send Band => Planning)]
        fn wed(message: Wed) -> (Self, Hall, Band) {
            let id = message.id;
            (Self { id }, Hall { id }, Band { id })
        }

        #[all(HallHeld, BandHeld in Planning => Ready)]
        fn both(&mut self, _: HallHeld, _: BandHeld) {}

        #[on(HallTaken in Planning => compensate)]
        fn taken(&mut self, _: HallTaken) {}

        #[on(NoBand in Planning -> send Band)]
        fn no_band(&mut self, _: NoBand) -> Band {
            let id = self.id;
            Band { id }
        }

        #[after(30 d in Planning => compensate)]
        fn slow(&mut self) {}

        #[on(Illness in _ { Bad => compensate | Mild })]
        fn ill(&mut self, _: Illness) -> AfterIll {
            AfterIll::Bad
        }

        #[on(Call in _ => compensate)]
        fn call(&mut self, _: Call) {}

        #[on(Call in compensate)]
        fn call_again(&mut self, _: Call) {}

        #[on(Call in end -> reply Late)]
        fn too_late(_: Call) -> Late {
            Late
        }

        #[after(90 d in Ready -> reply Married => end)]
        fn day(&mut self) -> Married {
            Married
        }

        #[compensate(HallHeld -> send FreeHall)]
        fn free_hall(&self, _: HallHeld) -> FreeHall {
            let id = self.id;
            FreeHall { id }
        }

        #[compensate(BandHeld -> send FreeBand)]
        fn free_band(&self, _: BandHeld) -> FreeBand {
            let id = self.id;
            FreeBand { id }
        }

        #[compensated(-> reply Off, reply CalledOff => end)]
        fn off(&mut self) -> (Off, CalledOff) {
            (Off, CalledOff)
        }
    }
}

fn main() {}
