//! Where the tokens of an expansion come from: an editor leads from what the author wrote to where it is declared, and
//! to nothing else.

#![allow(clippy::expect_used)] // a test that cannot read its own saga should say so

use std::collections::BTreeMap;

use proc_macro2::{Group, LineColumn, Span, TokenStream, TokenTree};

use crate::{
    contract,
    diagnostics::Diagnostics,
    expand,
    model::Model,
    parse::{Data, Handlers},
    service, system,
};

const HANDLERS: &str = "#[saga(
    states(AwaitingBill, Cancelling, Settled),
    ignore(contracts::AlreadyBilled, Declined of Cancel in Cancelling | end),
    defer(Moved in AwaitingBill), no_timeout(Settled), settled(Settled), no_undo(Cancel), by(Moved = place.order),
    unexpected(contracts::Strange in _), renamed(Old = Cancelling, overdue = late),
    retired(Settled, send contracts::Check in Settled | AwaitingBill, late),
)]
impl Order {
    #[start(contracts::Place -> send Bill => AwaitingBill)]
    fn place(place: contracts::Place) -> (Self, Bill) { todo(place) }

    #[on(Billed in AwaitingBill | Cancelling {
        Ship -> send Label?, publish Shipped*, reply Done to Place => Settled | Wait })]
    fn billed(&mut self, billed: Billed) -> Billing { todo(billed) }

    #[all(Labelled, Packed?, Gift* in Settled -> publish Ready => end)]
    fn ready(&mut self, l: Labelled, p: Option<Packed>, g: Vec<Gift>) -> Ready { todo(l) }

    #[after(PATIENCE in AwaitingBill -> send Cancel => Cancelling)]
    fn late(&mut self) -> Cancel { todo() }

    #[at(self.due in Settled => compensate)]
    fn due(&mut self) {}

    #[every(1 h in Settled -> send contracts::Remind?)]
    fn hourly(&mut self) -> Option<contracts::Remind> { todo() }

    #[compensate(Billed -> send Refund)]
    fn refund(&self, billed: Billed) -> Refund { todo(billed) }

    #[compensated(-> publish Undone, reply Not to Place => AwaitingBill)]
    fn undone(&mut self) -> (Undone, Not) { todo() }
}";

const DATA: &str = "#[saga(by = order_id, at = shops::Sales, version = 2, upgrade(1 = older::OrderV1))]
struct Order { order_id: OrderId }";

const SERVICE: &str = "#[service(at = shops::Billing)]
impl BillingDesk {
    #[on(contracts::BillOrder -> publish InvoiceIssued?, send Remind*)]
    async fn bill(&self, order: BillOrder) -> (BillOrderReply, Option<InvoiceIssued>, Vec<Remind>) { todo(order) }

    #[on(OrderShipped)]
    async fn shipped(&self, shipped: OrderShipped) {}
}";

const COMMAND: &str = "#[command(to = shops::Billing, replies(OrderBilled), refusals(contracts::Declined),
    version = 2, upgrade(1 = BillOrderV1))]
struct BillOrder { order_id: OrderId }";

const SYSTEM: &str = "pub Shop { shops::Fulfilment, BillingDesk }
    accepts(contracts::PlaceOrder, CreateLabel) remote(Carrier) shared(BillOrder)";

/// Identifiers by where they stand.
type Places = BTreeMap<(usize, usize), String>;

/// What `#[saga(..)]` is given: the words in its parentheses, and the item below it.
fn given(source: &str) -> (TokenStream, TokenStream) {
    let mut tokens = source.parse::<TokenStream>().expect("Rust").into_iter();
    let attribute = tokens.nth(1).expect("an attribute");
    let attribute = group(&attribute).expect("brackets").stream();
    let words = attribute
        .into_iter()
        .find_map(|token| group(&token))
        .expect("words");
    (words.stream(), tokens.collect())
}

fn group(token: &TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) => Some(group.clone()),
        _ => None,
    }
}

fn expanded_handlers() -> (TokenStream, TokenStream, TokenStream) {
    let (words, item) = given(HANDLERS);
    let mut errors = Diagnostics::default();
    let written = Handlers::read(words.clone(), item.clone(), &mut errors).expect("an impl block");
    assert_eq!(errors.texts().collect::<Vec<_>>(), [""; 0]);
    (words, item, expand::handlers(&Model::of(&written)))
}

/// Every identifier with a place in the source, in what an editor sees of some tokens.
fn identifiers(tokens: TokenStream, found: &mut Vec<((usize, usize), String)>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) if group.stream().to_string() == "cfg (not (rust_analyzer))" => {
                tokens
                    .by_ref()
                    .take_while(|token| !is_semicolon(token))
                    .for_each(drop);
            }
            TokenTree::Group(group) => identifiers(group.stream(), found),
            TokenTree::Ident(ident) => {
                let LineColumn { line, column } = ident.span().start();
                let generated = ident.span().start() == Span::call_site().start();
                let name = ident.to_string();
                let shown = !generated && !WORDS.contains(&name.as_str());
                found.extend(shown.then_some(((line, column), name)));
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

/// Words of Rust lead nowhere, wherever they stand.
const WORDS: [&str; 1] = ["enum"];

fn found(tokens: TokenStream) -> Vec<((usize, usize), String)> {
    let mut found = Vec::new();
    identifiers(tokens, &mut found);
    found
}

/// The identifiers in the attributes of some tokens.
fn in_attributes(tokens: TokenStream) -> Places {
    let mut places = Places::new();
    let mut after_hash = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) if after_hash => places.extend(found(group.stream())),
            TokenTree::Group(group) => places.extend(in_attributes(group.stream())),
            _ => {}
        }
        after_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
    }
    places
}

/// What names a type, a state, a label, a module or a retired timer: everything but the words of the language, what stands
/// in expressions, and what older builds called a thing.
fn leads_somewhere(name: &str) -> bool {
    let declared = name.starts_with(char::is_uppercase) && name != "Old";
    ["contracts", "shops", "older", "late"].contains(&name) || declared
}

#[test]
fn messages_states_and_labels_keep_their_places() {
    let (words, item, expansion) = expanded_handlers();
    let expansion: Places = found(expansion).into_iter().collect();
    let mut written = in_attributes(item);
    written.extend(found(words));
    let lost = written.iter().filter(|(_, name)| leads_somewhere(name));
    let lost: Vec<_> = lost
        .filter(|(place, name)| expansion.get(place) != Some(name))
        .collect();
    assert_eq!(lost, []);
}

#[test]
fn only_what_was_written_has_a_place() {
    let (words, item, expansion) = expanded_handlers();
    let mut written: Places = found(item).into_iter().collect();
    written.extend(found(words));
    let strange = found(expansion)
        .into_iter()
        .filter(|(place, name)| written.get(place) != Some(name));
    // Whatever is said of a key's type is said at its path, which therefore lies wholly there.
    let strange: Vec<_> = strange.filter(|(_, name)| name != "message").collect();
    assert_eq!(strange, []);
}

#[test]
fn the_endpoint_and_the_older_versions_keep_their_places() {
    let (words, item) = given(DATA);
    let mut errors = Diagnostics::default();
    let data = Data::read(words.clone(), item, &mut errors).expect("a struct");
    let expansion: Places = found(expand::data(&data)).into_iter().collect();
    let named = found(words).into_iter();
    let lost: Vec<_> = named
        .filter(|(_, name)| leads_somewhere(name))
        .filter(|(place, name)| expansion.get(place) != Some(name))
        .collect();
    assert_eq!(lost, []);
}

/// Checks that every name that was written is found at its place, and nothing else at any.
fn keeps_places(written: TokenStream, expansion: TokenStream) {
    let (written, expansion) = (found(written), found(expansion));
    let names = written.iter().filter(|(_, name)| leads_somewhere(name));
    let lost: Vec<_> = names.filter(|name| !expansion.contains(name)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let strange: Vec<_> = expansion.iter().filter(|name| !written.contains(name)).collect();
    assert!(strange.is_empty(), "strange: {strange:?}");
}

#[test]
fn what_a_service_names_keeps_its_place() {
    let (words, item) = given(SERVICE);
    let written = words.clone().into_iter().chain(item.clone()).collect();
    keeps_places(written, service::expand(words, item));
}

#[test]
fn what_a_command_names_keeps_its_place() {
    let item: TokenStream = COMMAND.parse().expect("Rust");
    let derived = found(contract::command(item.clone()));
    let attribute = in_attributes(item.clone());
    let names = attribute.into_iter().filter(|(_, name)| leads_somewhere(name));
    let lost: Vec<_> = names.filter(|name| !derived.contains(name)).collect();
    assert_eq!(lost, []);
    let written = found(item);
    let strange = derived.into_iter().filter(|name| !written.contains(name));
    // Whoever looks for the declaration of the reply enum is led to the command.
    let strange: Vec<_> = strange.filter(|(_, name)| name != "BillOrderReply").collect();
    assert_eq!(strange, []);
}

#[test]
fn what_a_system_names_keeps_its_place() {
    let item: TokenStream = SYSTEM.parse().expect("Rust");
    keeps_places(item.clone(), system::expand(item));
}
