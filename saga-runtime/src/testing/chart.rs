//! What happened, in order, as people read it: text for a terminal, Mermaid for a page.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use crate::{codec::Codec, envelope::Envelope};

/// The longest body shown in a line, in characters.
const MAX_BODY: usize = 72;

/// Who said what to whom, and what came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    entries: Vec<(Duration, Entry)>,
}

#[derive(Clone, Debug)]
enum Entry {
    Message {
        from: Arc<str>,
        to: Arc<str>,
        name: Arc<str>,
        body: String,
    },
    Note {
        over: Arc<str>,
        text: String,
    },
}

impl Chart {
    /// A message, so long after the beginning.
    pub(crate) fn message(&mut self, at: Duration, from: &Arc<str>, to: &Arc<str>, envelope: &Envelope) {
        let message = Entry::Message {
            from: Arc::clone(from),
            to: Arc::clone(to),
            name: Arc::clone(&envelope.name),
            body: shortened(&body(envelope)),
        };
        self.entries.push((at, message));
    }

    /// Something that happened to one of them.
    pub(crate) fn note(&mut self, at: Duration, over: &Arc<str>, text: impl Into<String>) {
        let (over, text) = (Arc::clone(over), text.into());
        self.entries.push((at, Entry::Note { over, text }));
    }

    /// One line per message and note, the time where it has moved.
    pub(crate) fn text(&self) -> String {
        let (mut text, mut shown) = (String::new(), None);
        for (at, entry) in &self.entries {
            let time = if shown == Some(at) {
                String::new()
            } else {
                spoken(*at)
            };
            shown = Some(at);
            let _ = match entry {
                Entry::Message { from, to, name, body } => {
                    let gap = if body.is_empty() { "" } else { " " };
                    writeln!(text, "{time:>12}  {from} ── {name}{gap}{body} ─▶ {to}")
                }
                Entry::Note { over, text: note } => writeln!(text, "{time:>12}  {over}: {note}"),
            };
        }
        text
    }

    /// A Mermaid `sequenceDiagram`.
    pub(crate) fn mermaid(&self) -> String {
        let parties = self.parties();
        let number = |party: &Arc<str>| parties.iter().position(|known| *known == party).unwrap_or(0);
        let mut text = "sequenceDiagram\n".to_owned();
        for (index, party) in parties.iter().enumerate() {
            let _ = writeln!(text, "    participant p{index} as {}", plain(party));
        }
        for (_, entry) in &self.entries {
            let _ = match entry {
                Entry::Message { from, to, name, .. } => {
                    writeln!(text, "    p{}->>p{}: {}", number(from), number(to), plain(name))
                }
                Entry::Note { over, text: note } => {
                    writeln!(text, "    Note over p{}: {}", number(over), plain(note))
                }
            };
        }
        text
    }

    fn parties(&self) -> Vec<&Arc<str>> {
        let mut parties: Vec<&Arc<str>> = Vec::new();
        for (_, entry) in &self.entries {
            let named = match entry {
                Entry::Message { from, to, .. } => vec![from, to],
                Entry::Note { over, .. } => vec![over],
            };
            for party in named {
                if !parties.contains(&party) {
                    parties.push(party);
                }
            }
        }
        parties
    }
}

/// A message's body as JSON; empty where it says nothing.
pub(crate) fn body(envelope: &Envelope) -> String {
    match envelope.content_type {
        Codec::Json => match String::from_utf8_lossy(&envelope.body) {
            text if matches!(&*text, "null" | "{}") => String::new(),
            text => text.into_owned(),
        },
        Codec::Postcard => format!("({} bytes)", envelope.body.len()),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_BODY {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_BODY - 1).collect();
    kept + "…"
}

/// Without what Mermaid takes for its own.
fn plain(text: &str) -> String {
    text.replace([';', '#', ':', '\n', '%'], " ")
}

/// `1 d 2 h`, `30 min`, `0 s`.
pub(crate) fn spoken(time: Duration) -> String {
    let ms = time.subsec_millis();
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
        (u64::from(ms), "ms"),
    ];
    let spoken: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    match spoken.is_empty() {
        true => "0 s".to_owned(),
        false => spoken.join(" "),
    }
}

/// Two texts beside each other, with a mark between lines that differ.
pub(crate) fn side_by_side(expected: &str, actual: &str) -> String {
    let (left, right): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let width = left
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0)
        .max(24);
    let mut text = format!("  {:width$}   actual\n", "expected");
    for row in 0..left.len().max(right.len()) {
        let (left, right) = (left.get(row).copied(), right.get(row).copied());
        let mark = if left == right { ' ' } else { '≠' };
        let line = format!(
            "  {:width$} {mark} {}",
            left.unwrap_or_default(),
            right.unwrap_or_default()
        );
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spoken() {
        assert_eq!(spoken(Duration::ZERO), "0 s");
        assert_eq!(spoken(Duration::from_secs(90_061)), "1 d 1 h 1 min 1 s");
        assert_eq!(spoken(Duration::from_millis(1_800_250)), "30 min 250 ms");
    }

    #[test]
    fn lines_that_differ_are_marked() {
        let text = side_by_side("a\nb", "a\nc\nd");
        let lines: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
        assert_eq!(lines.len(), 3);
        assert!(!lines[0].contains('≠') && lines[1].contains('≠') && lines[2].contains('≠'));
    }
}
