//! Code pages of texts that are not Unicode.

use encoding_rs::{Encoding, WINDOWS_1252, WINDOWS_1256};

/// Locale, flags and sort order of a collation, as they travel; and the code page of its texts.
pub fn of(collation: &str) -> ([u8; 5], &'static Encoding) {
    match collation.starts_with("Arabic") {
        true => ([0x01, 0x04, 0xD0, 0, 0], WINDOWS_1256),
        false => ([0x09, 0x04, 0xD0, 0, 0x34], WINDOWS_1252),
    }
}

/// The text as the code page holds it: what it lacks becomes a question mark.
pub fn fitted(text: &str, collation: &str) -> String {
    let page = of(collation).1;
    let fits = |c: char| !page.encode(c.encode_utf8(&mut [0; 4])).2;
    text.chars().map(|c| if fits(c) { c } else { '?' }).collect()
}
