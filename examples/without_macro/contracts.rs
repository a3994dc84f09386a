//! The messages and the postman of `hello`: their macros are worth having even where a saga is written by hand.

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Accounts;

#[derive(Endpoint)]
pub struct Mail;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Accounts, replies(SignedUp), refusals(MailUnreachable))]
pub struct SignUp(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct SignedUp(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct MailUnreachable;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Mail, replies(WelcomeSent))]
pub struct SendWelcome(pub String);

#[derive(Reply, Serialize, Deserialize)]
pub struct WelcomeSent;

pub struct Postman;

#[service(at = Mail)]
impl Postman {
    #[on(SendWelcome)]
    async fn send(&self, mail: SendWelcome) -> SendWelcomeReply {
        println!("to {}: welcome!", mail.0);
        SendWelcomeReply::WelcomeSent(WelcomeSent)
    }
}
