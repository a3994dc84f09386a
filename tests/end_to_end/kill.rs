//! The order process as its user sees it: killed at random instants, started again, counted at the end.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use saga_tests::chance::Chance;
use tempfile::TempDir;

const KILLS: usize = 50;
const ORDERS: usize = 400;

#[test]
fn killed_fifty_times_it_loses_no_order_and_does_nothing_twice() {
    let mut chance = Chance::new();
    let mut kills = 0;
    while kills < KILLS {
        let shop = Shop::new();
        let before = kills;
        while kills < KILLS && shop.killed(&mut chance) {
            kills += 1;
        }
        shop.runs_to_the_end();
        shop.has_done_everything_once();
        assert!(
            kills > before,
            "the shop was done before it could be killed: give it more orders"
        );
    }
}

#[test]
fn a_line_that_is_no_order_is_reported_by_number_and_stops_no_other() {
    let shop = Shop::new();
    let whole = fs::read_to_string(&shop.input).unwrap();
    let mut lines: Vec<&str> = whole.lines().take(5).collect();
    lines.insert(2, "{\"order_id\": 17, ");
    lines.insert(4, lines[0]);
    fs::write(&shop.input, lines.join("\n")).unwrap();

    let output = shop.command().output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("orders.jsonl:3: skipped: "), "{errors}");
    assert!(
        errors.contains("orders.jsonl:5: skipped: ORD-0001 was in an earlier line"),
        "{errors}"
    );
    assert_eq!(shop.answers().len(), 5);
}

#[test]
fn money_that_does_not_add_up_fails_the_process() {
    let shop = Shop::new();
    shop.keep_orders(5);
    shop.runs_to_the_end();
    let ledger = Connection::open(shop.ledger()).unwrap();
    let doubled =
        "INSERT INTO entry SELECT kind, 'again', order_id, cents FROM entry WHERE kind = 'Charge' LIMIT 1";
    assert_eq!(ledger.execute(doubled, ()).unwrap(), 1);

    let output = shop.command().output().unwrap();
    assert!(!output.status.success());
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("FAULT: "), "{report}");
}

/// A shop in a folder of its own.
struct Shop {
    folder: TempDir,
    input: PathBuf,
}

impl Shop {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let input = folder.path().join("orders.jsonl");
        let shop = Self { folder, input };
        shop.keep_orders(ORDERS);
        shop
    }

    /// Writes the first orders of the example's data as this shop's input.
    fn keep_orders(&self, most: usize) {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/orders.jsonl");
        let all = fs::read_to_string(data).unwrap();
        let some: Vec<&str> = all.lines().take(most).collect();
        fs::write(&self.input, some.join("\n")).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(example());
        command.arg("--input").arg(&self.input);
        command.arg("--database").arg(self.folder.path().join("shop.db"));
        command.args(["--in-flight", "8"]);
        command
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("shop.ledger.db")
    }

    /// Starts it and kills it at a random instant; false if it was done before.
    fn killed(&self, chance: &mut Chance) -> bool {
        let mut shop = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if chance.below(4) > 0 {
            has_opened(&mut shop); // else it dies while it starts
        }
        // The instant of death is the random input of this test; nothing is waited for.
        thread::sleep(Duration::from_micros(chance.below(120_000)));
        let done = shop.try_wait().unwrap().is_some();
        shop.kill().unwrap();
        shop.wait().unwrap();
        !done
    }

    fn runs_to_the_end(&self) {
        let output = self.command().output().unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{report}{errors}");
        assert_eq!(total(&report, "dead letters"), "0", "{report}");
    }

    /// Counts for itself, in the services' own database.
    fn has_done_everything_once(&self) {
        assert_eq!(self.answers().len(), ORDERS);
        let done = self.done();
        for ((order, kind), (times, _)) in &done {
            assert_eq!(*times, 1, "{order}: {kind}");
        }
        let cents = |kind: &str| -> i64 {
            let of_kind = done.iter().filter(|((_, found), _)| found == kind);
            of_kind.map(|(_, (_, cents))| cents).sum()
        };
        assert_eq!(cents("Charge"), cents("Label") + cents("Refund"));
        assert!(cents("Refund") > 0 && cents("Label") > cents("Refund"));
    }

    fn answers(&self) -> BTreeMap<String, String> {
        let ledger = self.opened();
        let mut select = ledger.prepare("SELECT order_id, outcome FROM answer").unwrap();
        let rows = select
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// How often what was done for which order, and the cents of it.
    fn done(&self) -> BTreeMap<(String, String), (i64, i64)> {
        let ledger = self.opened();
        let count = "SELECT order_id, kind, COUNT(*), SUM(cents) FROM entry GROUP BY order_id, kind";
        let mut select = ledger.prepare(count).unwrap();
        let rows = select
            .query_map((), |row| {
                Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
            })
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn opened(&self) -> Connection {
        Connection::open_with_flags(self.ledger(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }
}

/// The order process among the examples, built if it is not there yet.
fn example() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let test = env::current_exe().unwrap(); // target/<profile>/deps/end_to_end-..
        let target = test.ancestors().nth(2).unwrap();
        let profile = target
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .replace("debug", "dev");
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--workspace",
                "--example",
                "order_fulfilment",
                "--profile",
                &profile,
            ])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        target.join("examples/order_fulfilment")
    });
    &BUILT
}

/// Returns once it says that it is open, or has ended.
fn has_opened(shop: &mut Child) {
    let mut line = String::new();
    BufReader::new(shop.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
}

/// The cell beside a name in the closing table.
fn total<'a>(report: &'a str, name: &str) -> &'a str {
    let line = report.lines().find(|line| line.contains(name)).expect(name);
    line.rsplit(['│', '┆']).nth(1).expect("a cell").trim()
}
