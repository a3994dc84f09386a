//! A saga of 30 states, 60 handlers and 20 commands as source text.
//!
//! ```text
//! Begin ─▶ Waiting0 ─Stepped0─▶ Waiting1 ─ … ─▶ Waiting18 ─▶ end         19 states, 1 + 19 handlers
//!             │ 1 h
//!             ▼                                                         11 states, 11 timers
//!           Late0 ─Stepped0─▶ Waiting1 …    Refused ─▶ end anywhere     19 handlers; 10 events taken everywhere
//! ```

use std::fmt::Write as _;

const STEPS: usize = 19;
const LATE: usize = 11;
const NEWS: usize = 10;

/// Messages and saga, their names beginning with `name`, so that several make a system.
pub(crate) fn saga(name: &str) -> String {
    (messages() + &process()).replace('%', name)
}

fn messages() -> String {
    let mut text = String::from(
        "#[derive(Endpoint)] pub struct %Home;
#[derive(Endpoint)] pub struct %Workshop;
#[derive(Reply, Serialize, Deserialize)] pub struct %Done { pub result: u64 }
#[derive(Reply, Serialize, Deserialize)] pub struct %Failed { pub reason: String }
#[derive(Command, Serialize, Deserialize)]
#[command(to = %Home, replies(%Done), refusals(%Failed))]
pub struct %Begin { pub job: u64, pub goal: u64 }
",
    );
    for n in 0..STEPS {
        let _ = write!(
            text,
            "#[derive(Command, Serialize, Deserialize)]
#[command(to = %Workshop, replies(%Stepped{n}), refusals(%Refused{n}))]
pub struct %Step{n} {{ pub job: u64, pub goal: u64 }}
#[derive(Reply, Serialize, Deserialize)] pub struct %Stepped{n} {{ pub result: u64 }}
#[derive(Reply, Serialize, Deserialize)] pub struct %Refused{n} {{ pub reason: String }}
"
        );
    }
    for n in 0..NEWS {
        let _ = writeln!(
            text,
            "#[derive(Event, Serialize, Deserialize)] #[event(external)] pub struct %News{n} {{ pub job: u64, pub goal: u64 }}"
        );
    }
    text
}

fn process() -> String {
    let waiting = (0..STEPS).map(|n| format!("Waiting{n}"));
    let late = (0..LATE).map(|n| format!("Late{n}"));
    let patient = (LATE..STEPS).map(|n| format!("Waiting{n}"));
    let news = (0..NEWS).map(|n| format!("%News{n}"));
    let handlers: String = (0..STEPS)
        .map(step)
        .chain((0..LATE).map(lateness))
        .chain((0..NEWS).map(newsreel))
        .collect();
    format!(
        "
#[saga(by = job, at = %Home)]
#[derive(Serialize, Deserialize)]
pub struct %Job {{ job: u64, goal: u64, result: u64 }}

#[saga(states({states}), no_timeout({patient}), ignore({news} in end))]
impl %Job {{
    #[start(%Begin -> send %Step0 => Waiting0)]
    pub fn begin(begin: %Begin) -> (Self, %Step0) {{
        let %Begin {{ job, goal }} = begin;
        (Self {{ job, goal, result: 0 }}, %Step0 {{ job, goal }})
    }}
{handlers}}}
",
        states = list(waiting.chain(late.clone())),
        patient = list(patient.chain(late)),
        news = list(news),
    )
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What becomes of the n-th step: done or refused, in time or late.
fn step(n: usize) -> String {
    let places = if n < LATE {
        format!("Waiting{n} | Late{n}")
    } else {
        format!("Waiting{n}")
    };
    let next = n + 1;
    let done = if next < STEPS {
        format!(
            "    #[on(%Stepped{n} in {places} -> send %Step{next} => Waiting{next})]
    pub fn stepped{n}(&mut self, stepped: %Stepped{n}) -> %Step{next} {{
        self.result += stepped.result;
        %Step{next} {{ job: self.job, goal: self.goal - self.result }}
    }}
"
        )
    } else {
        format!(
            "    #[on(%Stepped{n} in {places} -> reply %Done => end)]
    pub fn stepped{n}(&mut self, stepped: %Stepped{n}) -> %Done {{
        %Done {{ result: self.result + stepped.result }}
    }}
"
        )
    };
    done + &format!(
        "    #[on(%Refused{n} in {places} -> reply %Failed => end)]
    pub fn refused{n}(&mut self, refused: %Refused{n}) -> %Failed {{
        %Failed {{ reason: refused.reason }}
    }}
"
    )
}

fn lateness(n: usize) -> String {
    format!(
        "    #[after(1 h in Waiting{n} => Late{n})]\n    pub fn late{n}(&mut self) {{ self.goal += 1; }}\n"
    )
}

fn newsreel(n: usize) -> String {
    format!(
        "    #[on(%News{n} in _)]\n    pub fn news{n}(&mut self, news: %News{n}) {{ self.goal = news.goal; }}\n"
    )
}
