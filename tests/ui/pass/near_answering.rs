//! Long sagas with several who wait: each is answered once on each way, and those who come late are too.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose

mod lending {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Office;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Lent), refusals(Denied))]
    pub struct Borrow {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Extended), refusals(Denied))]
    pub struct Extend {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Thanks))]
    pub struct GiveBack {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Lent;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Denied;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Extended;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Thanks;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Office, replies(Good), refusals(Bad))]
    pub struct Score {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Office)]
    pub struct Remind {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Good;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Bad;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Lost {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(outsiders)]
    pub struct Fined {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Lending {
        id: u64,
    }

    /// Two commands share a reply: `to` tells which is meant; every clause that ends answers all who may wait.
    #[saga(
        states(Scoring, Out, Overdue),
        ignore(Lost in end),
        ignore(Good, Bad in end),
    )]
    impl Lending {
        #[start(Borrow -> send Score => Scoring)]
        fn borrow(message: Borrow) -> (Self, Score) {
            let id = message.id;
            (Self { id }, Score { id })
        }

        #[on(Good in Scoring -> reply Lent => Out)]
        fn good(&mut self, _: Good) -> Lent {
            Lent
        }

        #[on(Bad in Scoring -> reply Denied to Borrow => end)]
        fn bad(&mut self, _: Bad) -> Denied {
            Denied
        }

        #[after(1 d in Scoring -> reply Denied to Borrow => end)]
        fn slow(&mut self) -> Denied {
            Denied
        }

        #[on(Extend in Scoring -> reply Denied to Extend)]
        fn extend_early(&mut self, _: Extend) -> Denied {
            Denied
        }

        #[on(Extend in Out -> reply Extended => Out)]
        fn extend(&mut self, _: Extend) -> Extended {
            Extended
        }

        #[on(Extend in Overdue -> reply Denied to Extend)]
        fn extend_late(&mut self, _: Extend) -> Denied {
            Denied
        }

        #[on(Extend in end -> reply Denied to Extend)]
        fn extend_gone(_: Extend) -> Denied {
            Denied
        }

        #[on(GiveBack in _ -> reply Denied to Borrow, reply Thanks => end)]
        fn back(&mut self, _: GiveBack) -> (Denied, Thanks) {
            (Denied, Thanks)
        }

        #[on(GiveBack in end -> reply Thanks)]
        fn back_gone(_: GiveBack) -> Thanks {
            Thanks
        }

        #[after(28 d in Out -> send Remind => Overdue)]
        fn due(&mut self) -> Remind {
            let id = self.id;
            Remind { id }
        }

        #[on(Lost in _ -> publish Fined?, reply Denied to Borrow => end)]
        fn lost(&mut self, _: Lost) -> (Option<Fined>, Denied) {
            (None, Denied)
        }

        #[every(7 d in Overdue -> send Remind)]
        fn nag(&mut self) -> Remind {
            let id = self.id;
            Remind { id }
        }

        #[after(90 d in Overdue -> publish Fined => end)]
        fn fine(&mut self) -> Fined {
            let id = self.id;
            Fined { id }
        }
    }
}

mod queueing {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Stage;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Seated), refusals(Sent))]
    pub struct Enter {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Left))]
    pub struct Leave {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Seated;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Sent;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Left;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Stage, replies(Free), refusals(Taken))]
    pub struct Ask {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Free;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Taken;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Opened {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Closed {
        pub id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Stage)]
    pub struct Announce {
        pub id: u64,
    }

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Queueing {
        id: u64,
    }

    /// Started by a command or by an event; whoever waits is answered whichever came first.
    #[saga(
        states(Waiting, Asking, Sitting),
        ignore(Opened, Closed in end),
        ignore(Free, Taken in end),
        ignore(Free, Taken in Waiting | Sitting),
    )]
    impl Queueing {
        #[start(Enter => Waiting)]
        fn enter(message: Enter) -> Self {
            let id = message.id;
            Self { id }
        }

        #[start(Opened => Waiting)]
        fn opened_first(message: Opened) -> Self {
            let id = message.id;
            Self { id }
        }

        #[on(Opened in Waiting -> send Ask => Asking)]
        fn open(&mut self, _: Opened) -> Ask {
            let id = self.id;
            Ask { id }
        }

        #[on(Opened in _)]
        fn open_else(&mut self, _: Opened) {}

        #[on(Enter in Sitting -> reply Seated)]
        fn enter_again(&mut self, _: Enter) -> Seated {
            Seated
        }

        #[on(Enter in _)]
        fn enter_late(&mut self, _: Enter) {}

        #[on(Enter in end -> reply Sent)]
        fn enter_gone(_: Enter) -> Sent {
            Sent
        }

        #[on(Free in Asking -> reply Seated => Sitting)]
        fn free(&mut self, _: Free) -> Seated {
            Seated
        }

        #[on(Taken in Asking { Wait => Waiting | Go -> reply Sent => end })]
        fn taken(&mut self, _: Taken) -> AfterTaken {
            AfterTaken::Wait
        }

        #[after(10 min in Asking -> send Announce => Waiting)]
        fn slow(&mut self) -> Announce {
            let id = self.id;
            Announce { id }
        }

        #[after(2 h in Waiting -> reply Sent => end)]
        fn patience(&mut self) -> Sent {
            Sent
        }

        #[after(3 h in Sitting => end)]
        fn over(&mut self) {}

        #[on(Closed in _ -> reply Sent => end)]
        fn closed(&mut self, _: Closed) -> Sent {
            Sent
        }

        #[on(Leave in _ -> reply Left, reply Sent => end)]
        fn leave(&mut self, _: Leave) -> (Left, Sent) {
            (Left, Sent)
        }

        #[on(Leave in end -> reply Left)]
        fn leave_gone(_: Leave) -> Left {
            Left
        }
    }
}

fn main() {}
