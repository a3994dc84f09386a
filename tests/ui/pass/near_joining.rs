//! Long sagas that wait for several things at once: each join can complete, and what comes beside it is foreseen.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose

mod building {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Yard;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Built), refusals(Failed))]
    pub struct Build {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Built;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Failed;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Yard, replies(Poured), refusals(Frost))]
    pub struct Pour {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Yard, replies(Welded))]
    pub struct Weld {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Yard, replies(Painted), refusals(NoPaint))]
    pub struct Paint {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Poured;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Frost;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Welded;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Painted;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct NoPaint;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Inspected {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Rain {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Building {
        id: u64,
    }

    /// Two joins one after the other, with items that may never be asked for; a refusal of one leads on while others are open.
    #[saga(
        states(Shell, Finish, Stopped),
        ignore(Poured, Welded, Frost in Stopped),
        ignore(Poured, Frost in Finish),
        unexpected(Painted in end),
        ignore(NoPaint in end),
        ignore(Poured, Welded, Frost in end),
        ignore(Inspected, Rain in end),
    )]
    impl Building {
        #[start(Build -> send Pour, send Weld* => Shell)]
        fn build(message: Build) -> (Self, Pour, Vec<Weld>) {
            let id = message.id;
            (Self { id }, Pour { id }, Vec::new())
        }

        #[all(Poured, Welded*, Inspected in Shell -> send Paint? => Finish)]
        fn shell(&mut self, _: Poured, _: Vec<Welded>, _: Inspected) -> Option<Paint> {
            None
        }

        #[on(Frost in Shell -> send Pour)]
        fn frost(&mut self, _: Frost) -> Pour {
            let id = self.id;
            Pour { id }
        }

        #[on(Rain in Shell { Bad => Stopped | Mild })]
        fn rain(&mut self, _: Rain) -> AfterRain {
            AfterRain::Bad
        }

        #[after(30 d in Shell => Stopped)]
        fn slow(&mut self) {}

        #[all(Painted?, Inspected in Finish -> reply Built => end)]
        fn painted(&mut self, _: Option<Painted>, _: Inspected) -> Built {
            Built
        }

        #[on(NoPaint in Finish -> send Paint => Finish)]
        fn no_paint(&mut self, _: NoPaint) -> Paint {
            let id = self.id;
            Paint { id }
        }

        #[after(10 d in Finish -> reply Failed => end)]
        fn damp(&mut self) -> Failed {
            Failed
        }

        #[after(1 d in Stopped -> reply Failed => end)]
        fn drop_it(&mut self) -> Failed {
            Failed
        }

        #[on(Inspected in Stopped { Again -> send Pour, send Weld* => Shell | No })]
        fn resume(&mut self, _: Inspected) -> AfterResume {
            let id = self.id;
            AfterResume::Again(Pour { id }, Vec::new())
        }

        #[on(Rain in _)]
        fn wet(&mut self, _: Rain) {}
    }
}

mod holding {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Desk;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Admitted), refusals(Rejected))]
    pub struct Visit {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Admitted;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Rejected;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Desk, replies(Taken))]
    pub struct Photo {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Desk, replies(Clear), refusals(Listed))]
    pub struct Check {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Desk, replies(Made))]
    pub struct Badge {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Taken;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Clear;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Listed;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Made;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Arrived {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Desk)]
    pub struct Remind {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Visiting {
        id: u64,
    }

    /// A join in two states keeps what has come across the change; what is left of an item is foreseen outside.
    #[saga(
        states(Before, Waiting, Inside),
        ignore(Taken, Clear, Listed, Made in end),
        ignore(Arrived in end),
        ignore(Taken, Clear in Inside),
    )]
    impl Visiting {
        #[start(Visit -> send Photo, send Check, send Badge? => Before)]
        fn visit(message: Visit) -> (Self, Photo, Check, Option<Badge>) {
            let id = message.id;
            (Self { id }, Photo { id }, Check { id }, None)
        }

        #[all(Taken, Clear, Made?, Arrived in Waiting -> reply Admitted => Inside)]
        fn ready(&mut self, _: Taken, _: Clear, _: Option<Made>, _: Arrived) -> Admitted {
            Admitted
        }

        #[on(Listed in _ -> reply Rejected => end)]
        fn listed(&mut self, _: Listed) -> Rejected {
            Rejected
        }

        #[after(1 h in Before => Waiting)]
        fn come(&mut self) {}

        #[on(Taken in Before)]
        fn taken(&mut self, _: Taken) {}

        #[on(Clear in Before)]
        fn clear(&mut self, _: Clear) {}

        #[on(Made in Before)]
        fn made(&mut self, _: Made) {}

        #[on(Arrived in Before -> send Photo, send Check => Waiting)]
        fn come_early(&mut self, _: Arrived) -> (Photo, Check) {
            let id = self.id;
            (Photo { id }, Check { id })
        }

        #[on(Arrived in Inside)]
        fn come_again(&mut self, _: Arrived) {}

        #[every(1 h in Waiting -> send Remind)]
        fn hourly(&mut self) -> Remind {
            let id = self.id;
            Remind { id }
        }

        #[after(8 h in Waiting -> reply Rejected => end)]
        fn nobody(&mut self) -> Rejected {
            Rejected
        }

        #[after(10 h in Inside => end)]
        fn leave(&mut self) {}
    }
}

fn main() {}
