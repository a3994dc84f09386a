//! A saga of some 3,840 configurations, near the cap of 4,096, as source text.
//!
//! Eleven questions are asked at once. Their answers come in any order; four of them also lead to the next state, where
//! one question less is open: 2,048 + 1,024 + 512 + 256 configurations.

use std::fmt::Write as _;

const QUESTIONS: usize = 11;
const STATES: usize = 4;

/// Messages and saga.
pub(crate) fn saga() -> String {
    messages() + &process()
}

fn messages() -> String {
    let mut text = String::from(
        "#[derive(Endpoint)] pub struct Home;
#[derive(Endpoint)] pub struct Oracle;
#[derive(Reply, Serialize, Deserialize)] pub struct Done { pub result: u64 }
#[derive(Command, Serialize, Deserialize)]
#[command(to = Home, replies(Done))]
pub struct Begin { pub job: u64 }
",
    );
    for n in 0..QUESTIONS {
        let _ = write!(
            text,
            "#[derive(Command, Serialize, Deserialize)] #[command(to = Oracle, replies(Answer{n}))]
pub struct Ask{n} {{ pub job: u64 }}
#[derive(Reply, Serialize, Deserialize)] pub struct Answer{n} {{ pub result: u64 }}
"
        );
    }
    text
}

fn process() -> String {
    let states = list(STATES, |n| format!("Asking{n}"));
    let late = list(QUESTIONS, |n| format!("Answer{n} in end"));
    let effects = list(QUESTIONS, |n| format!("send Ask{n}"));
    let types = list(QUESTIONS, |n| format!("Ask{n}"));
    let values = list(QUESTIONS, |n| format!("Ask{n} {{ job }}"));
    let answers: String = (0..QUESTIONS).map(answer).collect();
    let patience: String = (0..STATES).map(patience).collect();
    format!(
        "#[saga(by = job, at = Home)]
#[derive(Serialize, Deserialize)]
pub struct Survey {{ job: u64, result: u64 }}

#[saga(states({states}), ignore({late}))]
impl Survey {{
    #[start(Begin -> {effects} => Asking0)]
    fn begin(begin: Begin) -> (Self, {types}) {{
        let job = begin.job;
        (Self {{ job, result: 0 }}, {values})
    }}
{answers}{patience}}}
"
    )
}

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

/// What becomes of the n-th answer: it is taken everywhere, and the first few lead on where they are awaited.
fn answer(n: usize) -> String {
    let taken = |name: &str, clause: &str| {
        format!(
            "    #[on({clause})]\n    fn {name}{n}(&mut self, answer: Answer{n}) {{ self.result += answer.result; }}\n"
        )
    };
    if n + 1 >= STATES {
        return taken("taken", &format!("Answer{n} in _"));
    }
    let leads_on = taken("awaited", &format!("Answer{n} in Asking{n} => Asking{}", n + 1));
    let before = (0..n)
        .map(|state| format!("Asking{state}"))
        .collect::<Vec<_>>()
        .join(" | ");
    match n {
        0 => leads_on,
        _ => leads_on + &taken("taken", &format!("Answer{n} in {before}")),
    }
}

fn patience(n: usize) -> String {
    format!(
        "    #[after(1 h in Asking{n} -> reply Done => end)]
    fn enough{n}(&mut self) -> Done {{ Done {{ result: self.result }} }}
"
    )
}
