//! A subscription from trial to its end, months in moments: what timers in the saga's data, deferral, waiting senders and
//! `unexpected` come to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use saga_runtime::{
    Bus,
    clock::{Clock as _, ManualClock},
    dead_letter::{DeadLetterFilter, Reason},
    limits::Limits,
    prelude::*,
    store::Memory,
};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use crate::order::eventually;

#[path = "../ui/pass/subscription.rs"]
mod saga;

use saga::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const ID: SubId = 7;

/// Says of each charge what the test tells it to, and not before.
struct Bank {
    says: Mutex<mpsc::UnboundedReceiver<ChargeCardReply>>,
    clock: ManualClock,
    refunds: Arc<AtomicU32>,
}

#[service(at = Payments)]
impl Bank {
    #[on(ChargeCard)]
    async fn charge(&self, _: ChargeCard) -> Result<ChargeCardReply, ServiceError> {
        let said = self.says.lock().await.recv().await;
        let said = said.ok_or_else(|| ServiceError::permanent("the test is over"))?;
        Ok(match said {
            ChargeCardReply::CardCharged(charged) => ChargeCardReply::CardCharged(CardCharged {
                renews_at: self.clock.now() + 30 * DAY,
                ..charged
            }),
            declined => declined,
        })
    }

    #[on(RefundCard)]
    async fn refund(&self, _: RefundCard) -> RefundCardReply {
        self.refunds.fetch_add(1, SeqCst);
        RefundCardReply::CardRefunded(CardRefunded {})
    }
}

#[derive(Default)]
struct Letters {
    reminders: Arc<AtomicU32>,
    dunnings: Arc<AtomicU32>,
    ended: Arc<AtomicU32>,
}

#[service(at = Mail)]
impl Letters {
    #[on(SendTrialReminder)]
    async fn remind(&self, _: SendTrialReminder) {
        self.reminders.fetch_add(1, SeqCst);
    }

    #[on(SendDunning)]
    async fn dun(&self, _: SendDunning) {
        self.dunnings.fetch_add(1, SeqCst);
    }

    #[on(SubscriptionEnded)]
    async fn ended(&self, _: SubscriptionEnded) {
        self.ended.fetch_add(1, SeqCst);
    }
}

/// The subscription service with one subscriber, on a clock of its own.
struct World {
    bus: Bus,
    clock: ManualClock,
    bank: mpsc::UnboundedSender<ChargeCardReply>,
    refunds: Arc<AtomicU32>,
    reminders: Arc<AtomicU32>,
    dunnings: Arc<AtomicU32>,
    ended: Arc<AtomicU32>,
}

impl World {
    /// Subscribed, with fourteen days of trial before it.
    async fn in_trial() -> Self {
        let clock = ManualClock::default();
        let (bank, says) = mpsc::unbounded_channel();
        let letters = Letters::default();
        let (reminders, dunnings, ended) = (
            Arc::clone(&letters.reminders),
            Arc::clone(&letters.dunnings),
            Arc::clone(&letters.ended),
        );
        let refunds = Arc::new(AtomicU32::new(0));
        let service = Bank {
            says: Mutex::new(says),
            clock: clock.clone(),
            refunds: Arc::clone(&refunds),
        };
        let bus = Bus::new(Memory::new())
            .clock(clock.clone())
            .limits(Limits {
                retention: 1_000 * DAY,
                ..Limits::default()
            })
            .saga::<Subscription>()
            .service(service)
            .service(letters)
            .start()
            .await
            .unwrap();
        let trial_ends = clock.now() + 14 * DAY;
        let SubscribeReply::SubscriptionStarted(_) =
            bus.request(Subscribe { id: ID, trial_ends }).await.unwrap();
        Self {
            bus,
            clock,
            bank,
            refunds,
            reminders,
            dunnings,
            ended,
        }
    }

    /// The trial is over, and the bank has not answered yet.
    async fn charging() -> Self {
        let world = Self::in_trial().await;
        world.after(14 * DAY, "Charging").await;
        world
    }

    /// Lets time pass, and waits for the state it leads to.
    async fn after(&self, time: Duration, state: &str) {
        self.clock.advance(time);
        self.comes_to(state).await;
    }

    async fn comes_to(&self, state: &str) {
        let inspect = self.bus.inspect();
        let is_in = async || {
            let found = inspect.instance("Subscription", &ID.to_string()).await.unwrap();
            found.is_some_and(|found| found.state == state)
        };
        eventually(state, is_in).await;
    }

    fn bank_charges(&self) {
        let renews_at = Timestamp::UNIX_EPOCH;
        self.bank
            .send(ChargeCardReply::CardCharged(CardCharged {
                payment: 1,
                renews_at,
            }))
            .unwrap();
    }

    fn bank_declines(&self, for_good: bool) {
        self.bank
            .send(ChargeCardReply::CardDeclined(CardDeclined { for_good }))
            .unwrap();
    }

    /// Asks to leave; the answer comes when it comes.
    fn cancel(&self) -> JoinHandle<CancelSubscriptionReply> {
        let bus = self.bus.clone();
        let asked = async move {
            bus.request(CancelSubscription { id: ID })
                .deadline(100 * DAY)
                .await
                .unwrap()
        };
        tokio::spawn(asked)
    }

    async fn dead_letters(&self) -> Vec<Reason> {
        let letters = self
            .bus
            .inspect()
            .dead_letters(DeadLetterFilter::default())
            .await
            .unwrap();
        letters.into_iter().map(|stored| stored.letter.reason).collect()
    }
}

#[tokio::test]
async fn the_trial_ends_on_its_date_and_then_every_charge_sets_the_next() {
    let world = World::in_trial().await;
    world.clock.advance(11 * DAY);
    eventually("the reminder", async || world.reminders.load(SeqCst) == 1).await;
    for days in [3, 30, 30] {
        world.after(days * DAY, "Charging").await;
        world.bank_charges();
        world.comes_to("Active").await;
    }
    assert_eq!(world.reminders.load(SeqCst), 1);
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test]
async fn a_declined_card_is_tried_again_after_three_days_until_it_is_hopeless() {
    let world = World::charging().await;
    world.bank_declines(false);
    world.comes_to("Grace").await;
    world.after(3 * DAY, "Charging").await;
    world.bank_declines(true);
    world.comes_to("end").await;
    eventually("the end is told", async || world.ended.load(SeqCst) == 1).await;
    assert_eq!(world.dunnings.load(SeqCst), 1);
    let answer = world.cancel().await.unwrap();
    assert!(matches!(answer, CancelSubscriptionReply::NoSuchSubscription(_)));
}

#[tokio::test]
async fn an_answer_that_comes_after_the_hour_still_counts() {
    let world = World::charging().await;
    world.after(Duration::from_secs(3_600), "Unclear").await;
    world.bank_charges();
    world.comes_to("Active").await;
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test]
async fn an_account_closed_while_charging_waits_for_the_charge_to_be_known() {
    let world = World::charging().await;
    world
        .bus
        .publish(AccountClosed {
            account: 1,
            subscription: ID,
        })
        .await
        .unwrap();
    let inspect = world.bus.inspect();
    let deferred = async || {
        let found = inspect.instance("Subscription", &ID.to_string()).await.unwrap();
        found.is_some_and(|found| found.deferred == ["AccountClosed"])
    };
    eventually("it is deferred", deferred).await;
    world.bank_charges();
    world.comes_to("end").await;
    eventually("the end is told", async || world.ended.load(SeqCst) == 1).await;
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test]
async fn whoever_leaves_while_charging_gets_the_charge_back_and_then_the_answer() {
    let world = World::charging().await;
    let first = world.cancel();
    world.comes_to("Leaving").await;
    let second = world.cancel();
    let inspect = world.bus.inspect();
    let both_wait = async || {
        let found = inspect.instance("Subscription", &ID.to_string()).await.unwrap();
        found.is_some_and(|found| found.waiting.len() == 2)
    };
    eventually("both wait", both_wait).await;
    world.bank_charges();
    for answer in [first, second] {
        assert!(matches!(
            answer.await.unwrap(),
            CancelSubscriptionReply::SubscriptionCancelled(_)
        ));
    }
    eventually("the refund", async || world.refunds.load(SeqCst) == 1).await;
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test]
async fn a_charge_that_comes_after_leaving_is_set_aside_for_a_person() {
    let world = World::charging().await;
    let answer = world.cancel();
    world.comes_to("Leaving").await;
    world.after(DAY, "end").await;
    assert!(matches!(
        answer.await.unwrap(),
        CancelSubscriptionReply::SubscriptionCancelled(_)
    ));
    world.bank_charges();
    eventually("it is set aside", async || {
        world.dead_letters().await == [Reason::Unexpected]
    })
    .await;
}
