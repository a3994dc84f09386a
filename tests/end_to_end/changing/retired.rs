//! A command and a timer that only the older build has sent and armed.

use super::*;

mod old {
    use saga_runtime::prelude::*;

    use super::super::{Billing, Sales};

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Sales, name = "Place")]
    pub struct Place {
        pub order_id: String,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Billing, replies(CreditChecked), refusals(CreditRefused))]
    pub struct CheckCredit {
        pub order_id: String,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct CreditChecked {}

    #[derive(Reply, Serialize, Deserialize)]
    pub struct CreditRefused {}

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Billing)]
    pub struct Remind {
        pub order_id: String,
    }

    #[saga(by = order_id, at = Sales)]
    #[derive(Serialize, Deserialize)]
    pub struct Fulfilment {
        order_id: String,
    }

    #[saga(states(Placed), unexpected(CreditChecked, CreditRefused in end))]
    impl Fulfilment {
        #[start(Place -> send CheckCredit => Placed)]
        fn place(Place { order_id }: Place) -> (Self, CheckCredit) {
            let check = CheckCredit {
                order_id: order_id.clone(),
            };
            (Self { order_id }, check)
        }

        #[on(CreditChecked in Placed => end)]
        fn checked(&mut self, _: CreditChecked) {}

        #[on(CreditRefused in Placed => end)]
        fn refused(&mut self, _: CreditRefused) {}

        #[after(1 h in Placed -> send Remind)]
        fn remind(&mut self) -> Remind {
            Remind {
                order_id: self.order_id.clone(),
            }
        }

        #[after(1 d in Placed => end)]
        fn late(&mut self) {}
    }
}

mod new {
    use saga_runtime::prelude::*;

    use super::super::{Billing, Ledger, Sales};
    pub use super::old::{CheckCredit, CheckCreditReply, CreditChecked, CreditRefused, Place, Remind};

    #[saga(by = order_id, at = Sales)]
    #[derive(Serialize, Deserialize)]
    pub struct Fulfilment {
        order_id: String,
    }

    #[saga(
        states(Placed),
        retired(send CheckCredit in Placed, remind),
        ignore(CreditChecked in Placed),
        unexpected(CreditChecked, CreditRefused in end)
    )]
    impl Fulfilment {
        #[start(Place => Placed)]
        fn place(Place { order_id }: Place) -> Self {
            Self { order_id }
        }

        #[on(CreditRefused in Placed => end)]
        fn refused(&mut self, _: CreditRefused) {}

        #[after(1 h in Placed -> send Remind)]
        fn remind(&mut self) -> Remind {
            Remind {
                order_id: self.order_id.clone(),
            }
        }

        #[after(1 d in Placed => end)]
        fn late(&mut self) {}
    }

    pub struct Reminders(pub Ledger);

    #[saga_runtime::service(at = Billing)]
    impl Reminders {
        #[on(Remind)]
        async fn remind(&self, Remind { order_id }: Remind) {
            self.0.lock().unwrap().push(format!("remind {order_id}"));
        }
    }

    pub struct CreditDesk;

    #[saga_runtime::service(at = Billing)]
    impl CreditDesk {
        #[on(CheckCredit)]
        async fn check(&self, _: CheckCredit) -> CheckCreditReply {
            CreditRefused {}.into()
        }
    }
}

fn place(order_id: &str) -> old::Place {
    let order_id = order_id.to_owned();
    old::Place { order_id }
}

/// An order that waits for an answer to what the newer build asks no more, and has armed what that one does not arm.
async fn leave_one(backend: &Backend, clock: &ManualClock) {
    let bus = backend.builder().await.clock(clock.clone());
    let bus = bus.saga::<old::Fulfilment>().start().await.unwrap();
    bus.send(place("old")).await.unwrap();
    comes_to(&bus, "old", "Placed").await;
    bus.shutdown().await.unwrap();
}

on_each_backend! {
    async fn the_answer_to_a_retired_command_ends_what_an_older_build_began(backend) {
        let clock = ManualClock::default();
        leave_one(backend, &clock).await;

        let bus = backend
            .builder()
            .await
            .clock(clock)
            .saga::<new::Fulfilment>()
            .service(new::CreditDesk)
            .start()
            .await
            .unwrap();
        bus.send(place("new")).await.unwrap();
        comes_to(&bus, "old", "end").await;
        comes_to(&bus, "new", "Placed").await;
        assert!(bus.inspect().dead_letter_counts().await.unwrap().is_empty());
        bus.shutdown().await.unwrap();
    }

    async fn a_retired_timer_fires_where_an_older_build_armed_it_and_nowhere_else(backend) {
        let clock = ManualClock::default();
        leave_one(backend, &clock).await;

        let ledger = Ledger::default();
        let bus = backend
            .builder()
            .await
            .clock(clock.clone())
            .saga::<new::Fulfilment>()
            .service(new::Reminders(ledger.clone()))
            .start()
            .await
            .unwrap();
        bus.send(place("new")).await.unwrap();
        comes_to(&bus, "new", "Placed").await;
        clock.advance(Duration::from_secs(2 * 3_600));
        eventually("the old order is reminded of", async || {
            !ledger.lock().unwrap().is_empty()
        })
        .await;
        clock.advance(Duration::from_secs(24 * 3_600));
        comes_to(&bus, "new", "end").await;
        assert_eq!(*ledger.lock().unwrap(), ["remind old"]);
        bus.shutdown().await.unwrap();
    }
}
