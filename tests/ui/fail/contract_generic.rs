use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Shard<const N: usize>;

#[derive(Event, Serialize, Deserialize)]
struct Changed<T> {
    to: T,
}

#[derive(Reply, Serialize)]
struct Borrowed<'a> {
    text: &'a str,
}

fn main() {}
