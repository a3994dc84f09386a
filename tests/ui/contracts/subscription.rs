//! What the subscription says and hears.
#![allow(dead_code)] // messages have fields that nobody here reads

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Subs;
#[derive(Endpoint)]
pub struct Payments;
#[derive(Endpoint)]
pub struct Mail;

pub type SubId = u64;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Subs, replies(SubscriptionStarted))]
pub struct Subscribe {
    pub id: SubId,
    pub trial_ends: Timestamp,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Subs, replies(SubscriptionCancelled), refusals(NoSuchSubscription))]
pub struct CancelSubscription {
    pub id: SubId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Subs, replies(CardUpdated), refusals(NoSuchSubscription))]
pub struct UpdateCard {
    pub id: SubId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Payments, replies(CardCharged), refusals(CardDeclined))]
pub struct ChargeCard {
    pub id: SubId,
    pub period: u32,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Payments, replies(CardRefunded))]
pub struct RefundCard {
    pub payment: u64,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Mail)]
pub struct SendTrialReminder {
    pub id: SubId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Mail)]
pub struct SendDunning {
    pub id: SubId,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct SubscriptionStarted {}
#[derive(Reply, Serialize, Deserialize)]
pub struct SubscriptionCancelled {}
#[derive(Reply, Serialize, Deserialize)]
pub struct NoSuchSubscription {}
#[derive(Reply, Serialize, Deserialize)]
pub struct CardUpdated {}
#[derive(Reply, Serialize, Deserialize)]
pub struct CardCharged {
    pub payment: u64,
    pub renews_at: Timestamp,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct CardDeclined {
    pub for_good: bool,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct CardRefunded {}
#[derive(Event, Serialize, Deserialize)]
pub struct SubscriptionEnded {
    pub id: SubId,
}
#[derive(Event, Serialize, Deserialize)]
pub struct AccountClosed {
    pub account: u64,
    pub subscription: SubId,
}
