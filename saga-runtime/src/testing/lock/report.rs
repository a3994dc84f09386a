//! What the test says when it fails: every refusal with its remedy, then what is only new, then how to go on.

use std::{fmt, io, path::Path};

use super::compare::{Change, Found};

pub(super) fn missing(path: &Path) -> String {
    format!(
        "there is no {}\nremedy: run this test with `SAGA_LOCK=accept` once, and put the file under version control",
        path.display()
    )
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> String {
    format!(
        "{} cannot be read: {error}\nremedy: it is a text file; take it from version control, and see that this user may read it",
        path.display()
    )
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> String {
    format!(
        "{} cannot be written: {error}\nremedy: make the file and its folder writable, and run this test again",
        path.display()
    )
}

pub(super) fn not_understood(path: &Path, line: &str) -> String {
    format!(
        "{}, {line}\nremedy: take the file from version control; where two changes met, keep the lines of both, of two that \
         contradict each other that of the older build, and run this test with `SAGA_LOCK=accept`",
        path.display()
    )
}

pub(super) fn misspelt(word: &str) -> String {
    format!(
        "`SAGA_LOCK={word}` says nothing\nremedy: write `SAGA_LOCK=accept` for what is compatible or migrated, \
         `SAGA_LOCK=overwrite` for whatever there is, or leave it unset to check"
    )
}

pub(super) fn of(path: &Path, found: &Found) -> String {
    let mut text = match found.refusals.len() {
        0 => format!(
            "{} is behind the code; what changed is compatible\n",
            path.display()
        ),
        1 => format!(
            "{}: a change breaks what older builds stored or sent\n",
            path.display()
        ),
        many => format!(
            "{}: {many} changes break what older builds stored or sent\n",
            path.display()
        ),
    };
    for refusal in &found.refusals {
        text += &format!("\n{}\nremedy: {}\n", refusal.what, refusal.remedy);
    }
    let changes: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
    text += &format!("\nnot in the file yet:\n{}\n", changes.join("\n"));
    for remark in &found.remarks {
        text += &format!("\nnote: {remark}\n");
    }
    text + how_to_go_on(found)
}

fn how_to_go_on(found: &Found) -> &'static str {
    match found.refusals.is_empty() {
        true => {
            "\nremedy: run this test with `SAGA_LOCK=accept`: a state the file does not know could be removed unseen later"
        }
        false => {
            "\nWhen each is remedied, run this test with `SAGA_LOCK=accept`. `SAGA_LOCK=overwrite` writes the file as it is, \
             for when nothing older is stored or under way anywhere."
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_new { '+' } else { '-' };
        match &self.fact {
            Some(fact) => write!(f, "  {sign} {}: {fact}", self.title),
            None => write!(f, "  {sign} {}", self.title),
        }
    }
}
