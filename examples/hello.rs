//! Teaches: the smallest whole process. One command comes in, one service is asked, the asker gets a typed answer.
//!
//! Take out the `ignore` line and build: the compiler names the hole, and how it comes to it.

use saga_runtime::{Bus, prelude::*, store::Memory};

/// Where people sign up; the saga lives here.
#[derive(Endpoint)]
struct Accounts;

/// Sends mail.
#[derive(Endpoint)]
struct Mail;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Accounts, replies(SignedUp), refusals(MailUnreachable))]
struct SignUp {
    email: String,
    name: String,
}

#[derive(Reply, Serialize, Deserialize)]
struct SignedUp {
    greeting: String,
}

#[derive(Reply, Serialize, Deserialize)]
struct MailUnreachable;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Mail, replies(WelcomeSent))]
struct SendWelcome {
    email: String,
}

#[derive(Reply, Serialize, Deserialize)]
struct WelcomeSent;

/// One instance per e-mail address, kept in the store between its steps.
#[saga(by = email, at = Accounts)]
#[derive(Serialize, Deserialize)]
struct Welcome {
    email: String,
    name: String,
}

#[saga(
    states(AwaitingMail),
    ignore(WelcomeSent in end) // it came after the hour was over; we have said what we had to say
)]
impl Welcome {
    #[start(SignUp -> send SendWelcome => AwaitingMail)]
    fn sign_up(request: SignUp) -> (Self, SendWelcome) {
        let SignUp { email, name } = request;
        let mail = SendWelcome { email: email.clone() };
        (Self { email, name }, mail)
    }

    #[on(WelcomeSent in AwaitingMail -> reply SignedUp => end)]
    fn welcomed(&mut self, _: WelcomeSent) -> SignedUp {
        let greeting = format!("Hello, {}!", self.name);
        SignedUp { greeting }
    }

    #[after(1 h in AwaitingMail -> reply MailUnreachable => end)]
    fn mail_is_late(&mut self) -> MailUnreachable {
        MailUnreachable
    }
}

/// Services do the I/O; sagas only decide.
struct Postman;

#[service(at = Mail)]
impl Postman {
    #[on(SendWelcome)]
    async fn send(&self, mail: SendWelcome) -> Result<SendWelcomeReply, ServiceError> {
        println!("to {}: welcome!", mail.email);
        Ok(SendWelcomeReply::WelcomeSent(WelcomeSent))
    }
}

saga_runtime::system! {
    Site { Welcome, Postman }
    accepts(SignUp)
}

#[tokio::main]
async fn main() -> Result<(), saga_runtime::Error> {
    let bus = Bus::new(Memory::new()) // `Sqlite::open("site.db").await?` makes it durable
        .saga::<Welcome>()
        .service(Postman)
        .system::<Site>()
        .start()
        .await?;

    let (email, name) = ("ada@example.org".into(), "Ada".into());
    match bus.request(SignUp { email, name }).await? {
        SignUpReply::SignedUp(reply) => println!("{}", reply.greeting),
        SignUpReply::MailUnreachable(_) => println!("no mail gets through"),
    }
    bus.shutdown().await
}
