//! What the runtime sees through while steps are undone: who is answered by what comes then, in which order steps are undone,
//! and where nothing can come at all.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose

mod contracts {
    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Home;

    #[derive(Endpoint)]
    pub struct Bank;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Home, replies(Bought), refusals(NotBought))]
    pub struct Buy {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Bought;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct NotBought;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Bank, replies(Paid), refusals(Declined))]
    pub struct Pay {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Paid;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Declined;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Bank, replies(PaidBack))]
    pub struct PayBack {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct PaidBack;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Bank, replies(Insured))]
    pub struct Insure {
        pub id: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Insured;

    /// Nobody answers it.
    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Bank)]
    pub struct Forget {
        pub id: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct PriceChanged {
        pub id: u64,
    }
}

/// What is open as compensation begins is awaited, and each answer to it tells the buyer: nothing is left to say then.
mod answered_by_what_comes {
    use super::contracts::*;
    use saga_runtime::prelude::*;

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Purchase {
        id: u64,
    }

    #[saga(states(Paying))]
    impl Purchase {
        #[start(Buy -> send Pay => Paying)]
        fn start(message: Buy) -> (Self, Pay) {
            let id = message.id;
            (Self { id }, Pay { id })
        }

        #[on(Paid in Paying -> reply Bought => end)]
        fn paid(&mut self, _: Paid) -> Bought {
            Bought
        }

        #[on(Declined in Paying -> reply NotBought => end)]
        fn declined(&mut self, _: Declined) -> NotBought {
            NotBought
        }

        #[after(30 min in Paying => compensate)]
        fn late(&mut self) {}

        #[on(Paid in compensate -> reply NotBought)]
        fn paid_late(&mut self, _: Paid) -> NotBought {
            NotBought
        }

        #[on(Declined in compensate -> reply NotBought)]
        fn declined_late(&mut self, _: Declined) -> NotBought {
            NotBought
        }

        #[compensate(Paid -> send PayBack)]
        fn pay_back(&self, _: Paid) -> PayBack {
            PayBack { id: self.id }
        }
    }
}

/// Whichever way compensation begins, it was paid: the undo runs, and tells the buyer. It is the last to run, so that the
/// buyer hears of nothing before the insurance is undone.
mod answered_by_an_undo {
    use super::contracts::*;
    use saga_runtime::prelude::*;

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Purchase {
        id: u64,
    }

    #[saga(
        states(Paying, Insuring),
        no_undo(Insured),
        unexpected(Paid in end),
        ignore(Declined in end),
    )]
    impl Purchase {
        #[start(Buy -> send Pay => Paying)]
        fn start(message: Buy) -> (Self, Pay) {
            let id = message.id;
            (Self { id }, Pay { id })
        }

        #[on(Paid in Paying -> send Insure => Insuring)]
        fn paid(&mut self, _: Paid) -> Insure {
            Insure { id: self.id }
        }

        #[on(Declined in Paying -> reply NotBought => end)]
        fn declined(&mut self, _: Declined) -> NotBought {
            NotBought
        }

        #[after(30 min in Paying -> reply NotBought => end)]
        fn unpaid(&mut self) -> NotBought {
            NotBought
        }

        #[on(Insured in Insuring -> reply Bought => end)]
        fn insured(&mut self, _: Insured) -> Bought {
            Bought
        }

        #[after(3 d in Insuring => compensate)]
        fn uninsured(&mut self) {}

        #[compensate(Paid -> send PayBack, reply NotBought)]
        fn pay_back(&self, _: Paid) -> (PayBack, NotBought) {
            (PayBack { id: self.id }, NotBought)
        }
    }
}

/// What is undone needs no answer, and nothing is open: `compensate` is over before a price can change there.
mod nothing_awaited {
    use super::contracts::*;
    use saga_runtime::prelude::*;

    #[saga(by = id, at = Home)]
    #[derive(Serialize, Deserialize)]
    pub struct Purchase {
        id: u64,
    }

    #[saga(
        states(Paying, Holding),
        ignore(PriceChanged in Paying | end),
        unexpected(Paid in end),
        ignore(Declined in end),
    )]
    impl Purchase {
        #[start(Buy -> send Pay => Paying)]
        fn start(message: Buy) -> (Self, Pay) {
            let id = message.id;
            (Self { id }, Pay { id })
        }

        #[on(Paid in Paying => Holding)]
        fn paid(&mut self, _: Paid) {}

        #[on(Declined in Paying -> reply NotBought => end)]
        fn declined(&mut self, _: Declined) -> NotBought {
            NotBought
        }

        #[after(30 min in Paying -> reply NotBought => end)]
        fn unpaid(&mut self) -> NotBought {
            NotBought
        }

        #[on(PriceChanged in Holding => compensate)]
        fn too_dear(&mut self, _: PriceChanged) {}

        #[after(3 d in Holding -> reply Bought => end)]
        fn kept(&mut self) -> Bought {
            Bought
        }

        #[compensate(Paid -> send Forget)]
        fn forget(&self, _: Paid) -> Forget {
            Forget { id: self.id }
        }

        #[compensated(-> reply NotBought => end)]
        fn undone(&mut self) -> NotBought {
            NotBought
        }
    }
}

fn main() {}
