//! Processes that compile and are wrong all the same: each mistake is found, and told by the shortest way to it.

/// The test that is printed for a mistake is the one in `printed/`, which is compiled here; going its way fails.
/// `UPDATE_GOLDEN=1` writes it.
macro_rules! assert_printed_and_pasted {
    ($explored:expr, $file:literal, $function:ident, $told:literal) => {{
        mod pasted {
            use saga_runtime::testing::{Scenario, json};

            use super::*;

            include!(concat!(env!("CARGO_MANIFEST_DIR"), "/exploring/printed/", $file));
        }
        crate::seeded::assert_printed($explored, $file);
        let told = crate::seeded::panic_of(pasted::$function);
        assert!(told.contains($told), "{told}");
    }};
}

mod answers;
mod by_hand;
mod keeping;
mod loops;
mod storage;
mod undoing;

use std::{fs, panic::catch_unwind, path::Path};

use saga_runtime::testing::explore::{Explored, FaultKind};

pub(crate) mod contracts {
    //! What a travel desk and its partner say to each other.

    use saga_runtime::prelude::*;

    #[derive(Endpoint)]
    pub struct Desk;
    #[derive(Endpoint)]
    pub struct Partner;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Desk, replies(Booked), refusals(NotBooked))]
    pub struct Book {
        pub trip: u32,
    }
    #[derive(Reply, Serialize, Deserialize)]
    pub struct Booked;
    #[derive(Reply, Serialize, Deserialize)]
    pub struct NotBooked;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Partner, replies(Reserved), refusals(Full))]
    pub struct Reserve {
        pub trip: u32,
    }
    #[derive(Reply, Serialize, Deserialize)]
    pub struct Reserved {
        pub seats: Vec<u32>,
    }
    #[derive(Reply, Serialize, Deserialize)]
    pub struct Full;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Partner, replies(Released), refusals(ReleaseRefused))]
    pub struct Release;
    #[derive(Reply, Serialize, Deserialize)]
    pub struct Released;
    #[derive(Reply, Serialize, Deserialize)]
    pub struct ReleaseRefused;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Partner, replies(Charged), refusals(Declined))]
    pub struct Charge {
        pub trip: u32,
    }
    #[derive(Reply, Serialize, Deserialize)]
    pub struct Charged;
    #[derive(Reply, Serialize, Deserialize)]
    pub struct Declined;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Partner)]
    pub struct Refund {
        pub trip: u32,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct Cancel {
        pub trip: u32,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(outsiders)]
    pub struct TripSold {
        pub trip: u32,
    }
}

/// The kind of what was found.
fn found(explored: &Explored) -> FaultKind {
    println!("{explored}");
    explored.violation().expect("the mistake is found").kind()
}

/// Holds the printed test against the one that is kept, without the attribute that would make it one here.
fn assert_printed(explored: &Explored, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("exploring/printed")
        .join(file);
    let printed = explored.violation().and_then(|violation| violation.scenario());
    let printed = printed
        .expect("one instance is to blame")
        .replacen("#[test]\nfn ", "pub(super) fn ", 1);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), printed, "{}", path.display());
}

fn panic_of(run: fn()) -> String {
    let panic = catch_unwind(run).expect_err("what is pasted fails");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}
