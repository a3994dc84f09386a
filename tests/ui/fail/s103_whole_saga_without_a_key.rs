//! A whole saga whose struct lacks `#[saga(by = .., at = ..)]`, in a system that names it: one mistake, told once.

use std::time::Duration;

#[path = "../contracts/subscription.rs"]
mod contracts;

pub use contracts::*;
use saga_runtime::prelude::*;

#[derive(Serialize, Deserialize)]
pub struct Subscription {
    id: SubId,
    period: u32,
    remind_on: Option<Timestamp>,
    trial_ends: Timestamp,
    renews_at: Option<Timestamp>,
}

#[saga(
    states(Trial, Charging, Unclear, Active, Grace, Leaving),
    no_timeout(Unclear),
    defer(AccountClosed in Charging | Unclear),
    ignore(AccountClosed in Leaving | end),
    unexpected(CardCharged, CardDeclined in end),
    ignore(CardRefunded in end),
    by(AccountClosed = subscription),
)]
impl Subscription {
    #[start(Subscribe -> reply SubscriptionStarted => Trial)]
    fn subscribe(s: Subscribe) -> (Self, SubscriptionStarted) {
        let remind_on = Some(s.trial_ends - Duration::from_secs(3 * 24 * 3_600));
        let data = Self {
            id: s.id,
            period: 0,
            remind_on,
            trial_ends: s.trial_ends,
            renews_at: None,
        };
        (data, SubscriptionStarted {})
    }

    #[at(self.remind_on in Trial -> send SendTrialReminder)]
    fn remind(&mut self) -> SendTrialReminder {
        self.remind_on = None;
        SendTrialReminder { id: self.id }
    }

    #[at(self.trial_ends in Trial -> send ChargeCard => Charging)]
    fn trial_over(&mut self) -> ChargeCard {
        self.charge()
    }

    #[on(CardCharged in Charging | Unclear => Active)]
    fn charged(&mut self, c: CardCharged) {
        self.renews_at = Some(c.renews_at);
    }

    #[on(CardDeclined in Charging | Unclear {
        Retry -> send SendDunning => Grace
      | GiveUp -> publish SubscriptionEnded => end })]
    fn declined(&mut self, d: CardDeclined) -> Declined {
        match d.for_good {
            true => Declined::GiveUp(self.ended()),
            false => Declined::Retry(SendDunning { id: self.id }),
        }
    }

    #[after(1 h in Charging => Unclear)]
    fn charge_is_late(&mut self) {}

    #[after(3 d in Grace -> send ChargeCard => Charging)]
    fn retry(&mut self) -> ChargeCard {
        self.charge()
    }

    #[at(self.renews_at in Active -> send ChargeCard => Charging)]
    fn renew(&mut self) -> ChargeCard {
        self.charge()
    }

    #[on(CancelSubscription in Trial | Active | Grace -> reply SubscriptionCancelled, publish SubscriptionEnded => end)]
    fn cancel(&mut self, _: CancelSubscription) -> (SubscriptionCancelled, SubscriptionEnded) {
        (SubscriptionCancelled {}, self.ended())
    }

    #[on(CancelSubscription in Charging | Unclear => Leaving)]
    fn cancel_while_charging(&mut self, _: CancelSubscription) {}

    #[on(CancelSubscription in Leaving)]
    fn cancel_again(&mut self, _: CancelSubscription) {}

    #[on(CancelSubscription in end -> reply NoSuchSubscription)]
    fn no_sub(_: CancelSubscription) -> NoSuchSubscription {
        NoSuchSubscription {}
    }

    #[on(CardCharged in Leaving -> send RefundCard?, publish SubscriptionEnded, reply SubscriptionCancelled => end)]
    fn charged_leaving(
        &mut self,
        c: CardCharged,
    ) -> (Option<RefundCard>, SubscriptionEnded, SubscriptionCancelled) {
        (
            Some(RefundCard { payment: c.payment }),
            self.ended(),
            SubscriptionCancelled {},
        )
    }

    #[on(CardDeclined in Leaving -> publish SubscriptionEnded, reply SubscriptionCancelled => end)]
    fn declined_leaving(&mut self, _: CardDeclined) -> (SubscriptionEnded, SubscriptionCancelled) {
        (self.ended(), SubscriptionCancelled {})
    }

    #[after(1 d in Leaving -> publish SubscriptionEnded, reply SubscriptionCancelled => end)]
    fn leave(&mut self) -> (SubscriptionEnded, SubscriptionCancelled) {
        (self.ended(), SubscriptionCancelled {})
    }

    #[on(AccountClosed in Trial | Active | Grace -> publish SubscriptionEnded => end)]
    fn closed(&mut self, _: AccountClosed) -> SubscriptionEnded {
        self.ended()
    }

    #[on(UpdateCard in _ -> reply CardUpdated)]
    fn update(&mut self, _: UpdateCard) -> CardUpdated {
        CardUpdated {}
    }

    #[on(UpdateCard in end -> reply NoSuchSubscription)]
    fn update_gone(_: UpdateCard) -> NoSuchSubscription {
        NoSuchSubscription {}
    }

    fn charge(&mut self) -> ChargeCard {
        self.period += 1;
        ChargeCard {
            id: self.id,
            period: self.period,
        }
    }

    fn ended(&self) -> SubscriptionEnded {
        SubscriptionEnded { id: self.id }
    }
}

saga_runtime::system! { pub Shop { Subscription } accepts(Subscribe) }

fn main() {
    let _ = saga_runtime::Bus::new(saga_runtime::store::Memory::new()).saga::<Subscription>();
}
