//! The expansions as text, so that a change of the generated code is read before it is merged.
//!
//! After a deliberate change: `INSTA_UPDATE=always cargo test -p saga-macros golden`, and read the difference.

#![allow(clippy::expect_used)] // a test that cannot format should say so

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use proc_macro2::TokenStream;

use crate::{contract, saga, service, system};

/// What a macro writes for some words and an item.
fn expanded(words: &str, item: &str, expand: fn(TokenStream, TokenStream) -> TokenStream) -> String {
    let parsed = |text: &str| text.parse::<TokenStream>().expect("Rust");
    formatted(&expand(parsed(words), parsed(item)))
}

/// As rustfmt of the pinned toolchain writes it.
fn formatted(tokens: &TokenStream) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .args(["--config", "max_width=110"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt is a component of the toolchain");
    let mut input = rustfmt.stdin.take().expect("a pipe");
    input
        .write_all(tokens.to_string().as_bytes())
        .expect("rustfmt reads");
    drop(input);
    let output = rustfmt.wait_with_output().expect("rustfmt ends");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn of_a_saga() {
    let words = "states(AwaitingBill), ignore(BillingDeclined in end), unexpected(OrderBilled in end)";
    let item = "impl Fulfilment {
        #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
        fn place(order: PlaceOrder) -> (Self, BillOrder) { todo() }

        #[on(OrderBilled in AwaitingBill { Whole -> reply OrderConfirmed => end | Part -> publish Missing? })]
        fn billed(&mut self, billed: OrderBilled) -> Billing { todo() }

        #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
        fn late(&mut self) -> OrderRejected { todo() }
    }";
    insta::assert_snapshot!(expanded(words, item, saga::expand));
}

#[test]
fn of_a_sagas_struct() {
    let item = "struct Fulfilment { order_id: u64 }";
    insta::assert_snapshot!(expanded("by = order_id, at = Sales", item, saga::expand));
}

#[test]
fn of_a_service() {
    let item = "impl BillingDesk {
        #[on(BillOrder -> publish InvoiceIssued?)]
        async fn bill(&self, order: BillOrder, context: &Context) -> (BillOrderReply, Option<InvoiceIssued>) { todo() }
    }";
    insta::assert_snapshot!(expanded("at = Billing", item, service::expand));
}

#[test]
fn of_contracts() {
    let derived = [
        contract::endpoint("struct Billing;".parse().expect("Rust")),
        contract::command(
            "#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
             struct BillOrder { order_id: u64 }"
                .parse()
                .expect("Rust"),
        ),
        contract::reply("struct OrderBilled { invoice: u64 }".parse().expect("Rust")),
        contract::event("#[event(outsiders)] struct InvoiceIssued;".parse().expect("Rust")),
    ];
    insta::assert_snapshot!(formatted(&derived.into_iter().collect()));
}

#[test]
fn of_a_system() {
    let system = "pub Shop { Fulfilment, BillingDesk } accepts(PlaceOrder) remote(Carrier)";
    insta::assert_snapshot!(expanded("", system, |_, item| system::expand(item)));
}
