//! What the macros refuse, with the words they refuse it in, and what they must let pass.

#[test]
fn mistakes_are_refused_in_these_words() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

#[test]
fn what_is_sound_compiles_and_runs() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}
