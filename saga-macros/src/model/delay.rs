//! Delays: `30 min` as milliseconds.

use syn::{Ident, Lit, Path};

use crate::parse::Delay;

/// How long a timer waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wait<'a> {
    Millis(u64),
    Constant(&'a Path),
}

/// The units, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// The longest delay, in milliseconds: a century. What is longer is a slip of the finger.
const LONGEST_MS: u64 = 100 * 366 * 86_400_000;

/// The delay, or what is wrong with it in words.
pub(crate) fn wait(delay: &Delay) -> Result<Wait<'_>, String> {
    match delay {
        Delay::Constant(path) => Ok(Wait::Constant(path)),
        Delay::Literal { number, unit } => literal(number, unit.as_ref()).map(Wait::Millis),
    }
}

fn literal(number: &Lit, unit: Option<&Ident>) -> Result<u64, String> {
    let Lit::Int(number) = number else {
        return Err("a delay is a whole number of its unit".into());
    };
    if !number.suffix().is_empty() {
        return Err("the unit of a delay stands apart from the number".into());
    }
    let unit = unit.ok_or("a delay needs a unit")?.to_string();
    let unit = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(|| unknown(&unit))?;
    let millis = number
        .base10_parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(unit.1));
    match millis {
        Some(0) => Err("a delay of nothing is no delay".into()),
        Some(millis @ ..=LONGEST_MS) => Ok(millis),
        Some(_) | None => Err("a delay of more than a century".into()),
    }
}

fn unknown(unit: &str) -> String {
    let meant = match unit {
        "msec" | "millis" | "milliseconds" => "ms",
        "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        _ => return format!("`{unit}` is no unit of time"),
    };
    format!("`{unit}` is no unit of time; did you mean `{meant}`?")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)] // what a test writes itself can be read
mod tests {
    use super::*;

    fn millis(text: &str) -> Result<u64, String> {
        let delay = syn::parse_str::<Delay>(text).unwrap();
        match wait(&delay)? {
            Wait::Millis(millis) => Ok(millis),
            Wait::Constant(_) => panic!("a literal"),
        }
    }

    #[test]
    fn every_unit_has_its_length() {
        for (text, expected) in [
            ("500 ms", 500),
            ("10 s", 10_000),
            ("30 min", 1_800_000),
            ("24 h", 86_400_000),
            ("3 d", 259_200_000),
        ] {
            assert_eq!(millis(text), Ok(expected));
        }
    }

    #[test]
    fn slips_are_refused_in_words() {
        assert_eq!(
            millis("30 minutes"),
            Err("`minutes` is no unit of time; did you mean `min`?".into())
        );
        assert_eq!(millis("30"), Err("a delay needs a unit".into()));
        assert_eq!(
            millis("30min"),
            Err("the unit of a delay stands apart from the number".into())
        );
        assert_eq!(
            millis("1.5 h"),
            Err("a delay is a whole number of its unit".into())
        );
        assert_eq!(millis("0 s"), Err("a delay of nothing is no delay".into()));
        assert_eq!(
            millis("18446744073709551615 d"),
            Err("a delay of more than a century".into())
        );
    }
}
