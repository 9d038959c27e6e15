//! Any bytes as a hub file: no panic, problems inside the text, a file that
//! can be used only without errors.
#![no_main]

use std::path::Path;

use frazil::config::{Severity, check_bytes};
use frazil::view::draw_problems;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let checked = check_bytes(bytes.to_vec(), Path::new("hub.yaml"), jiff::civil::date(2026, 11, 2));
    for problem in &checked.problems {
        if let Some(span) = &problem.span {
            assert!(checked.text.get(span.clone()).is_some(), "{problem:?}");
        }
    }
    let errors = checked.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert!(errors || checked.document.is_some(), "refused without a word");
    assert!(!(errors && checked.document.is_some()), "used in spite of an error");
    drop(draw_problems(&checked, false));
});
