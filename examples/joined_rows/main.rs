//! Teaches: your own tables in the library's transactions. A service's rows, its answer and the end of its message are
//! one commit; and a message from outside, a web handler's say, is sent with the rows it belongs to or not at all.

use saga_runtime::{
    Bus, Error, ServiceError,
    prelude::*,
    service,
    store::{JoinError, Sqlite, rusqlite::Connection},
};

#[derive(Endpoint)]
struct Sales;
#[derive(Endpoint)]
struct Accounts;

#[derive(Command, Serialize, Deserialize, Clone)]
#[command(to = Sales, replies(Paid))]
struct CheckOut {
    cart: u32,
    cents: i64,
}
#[derive(Reply, Serialize, Deserialize)]
struct Paid;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Accounts, replies(Booked))]
struct Book {
    cart: u32,
    cents: i64,
}
#[derive(Reply, Serialize, Deserialize)]
struct Booked;

#[saga(by = cart, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Purchase {
    cart: u32,
}

#[saga(states(Booking), no_timeout(Booking))]
impl Purchase {
    #[start(CheckOut -> send Book => Booking)]
    fn check_out(CheckOut { cart, cents }: CheckOut) -> (Self, Book) {
        (Self { cart }, Book { cart, cents })
    }

    #[on(Booked in Booking -> reply Paid => end)]
    fn booked(&mut self, _: Booked) -> Paid {
        Paid
    }
}

struct Bookkeeper;

#[service(at = Accounts)]
impl Bookkeeper {
    #[on(Book)]
    async fn book(&self, Book { cart, cents }: Book, context: &Context) -> Result<BookReply, ServiceError> {
        // I/O would come first, with `context.idempotency_key()`. The rows are written with the answer, once.
        context.join(Sqlite::join(move |transaction| {
            transaction.execute("INSERT INTO ledger VALUES (?, ?)", (cart, cents))
        }))?;
        Ok(Booked.into())
    }
}

/// What a web handler does: the cart is closed and its check-out is sent, both or neither.
async fn close_cart(bus: &Bus, cart: u32, cents: i64) -> Result<(), Error> {
    let close = Sqlite::join(move |transaction| {
        match transaction.execute("UPDATE cart SET open = 0 WHERE id = ? AND open", [cart])? {
            1 => Ok::<_, JoinError>(()),
            _ => Err(format!("cart {cart} is closed already").into()),
        }
    });
    bus.send(CheckOut { cart, cents }).join(close).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join(format!("saga-joined-rows-{}.db", std::process::id()));
    let store = Sqlite::open(&file).await?;
    store
        .execute_batch(
            "CREATE TABLE cart (id INTEGER PRIMARY KEY, open INTEGER); INSERT INTO cart VALUES (1, 1), (2, 1); \
             CREATE TABLE ledger (cart INTEGER PRIMARY KEY, cents INTEGER)",
        )
        .await?;
    let bus = Bus::new(store)
        .saga::<Purchase>()
        .service(Bookkeeper)
        .start()
        .await?;
    for (cart, cents) in [(1, 1_200), (2, 800), (1, 1_200)] {
        match close_cart(&bus, cart, cents).await {
            Ok(()) => println!("cart {cart} is checked out"),
            Err(error) => println!("{error}"),
        }
    }
    while !bus.inspect().queues().await?.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    bus.shutdown().await?;
    let sum: i64 =
        Connection::open(&file)?.query_row("SELECT sum(cents) FROM ledger", [], |row| row.get(0))?;
    println!("the ledger holds {sum} cents");
    std::fs::remove_file(file)?;
    match sum {
        2_000 => Ok(()),
        _ => Err("2,000 were due".into()),
    }
}
