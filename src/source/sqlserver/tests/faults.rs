//! Which number means what, and what a person reads.

use super::fixture::{CANARY, settings, stream};
use crate::error::{Error, Kind};
use crate::source::sqlserver::fault::{Asked, Fault};

fn kind(number: u32, class: u8) -> Kind {
    Fault { number, class, message: String::new() }.kind()
}

fn error(number: u32, message: &str) -> Error {
    let stream = stream("dbo.Sales", &["id"], &[("id", "bigint")]);
    Fault { number, class: 16, message: message.into() }.into_error(&settings(), Asked::Rows(&stream))
}

#[test]
fn a_number_tells_the_kind_in_every_language() {
    for (number, expected) in [
        (18456, Kind::Login),
        (18488, Kind::Login),
        (4060, Kind::NoDatabase),
        (911, Kind::NoDatabase),
        (208, Kind::NoObject),
        (207, Kind::NoField),
        (229, Kind::Forbidden),
        (230, Kind::Forbidden),
        (916, Kind::Forbidden),
        (1205, Kind::Unavailable),
        (1222, Kind::Unavailable),
        (3960, Kind::Unavailable),
        (9002, Kind::Unavailable),
        (40613, Kind::Unavailable),
        (40501, Kind::Throttled),
        (102, Kind::Manifest),
        (1033, Kind::Manifest),
        (11529, Kind::Manifest),
        (8134, Kind::Remote),
        (245, Kind::Remote),
        (50000, Kind::Remote),
    ] {
        assert_eq!(kind(number, 16), expected, "{number}");
    }
}

#[test]
fn a_number_that_is_not_known_is_judged_by_its_class() {
    assert_eq!(kind(99_999, 16), Kind::Remote);
    assert_eq!(kind(99_999, 17), Kind::Unavailable);
    assert_eq!(kind(99_999, 20), Kind::Unavailable);
    // The database is damaged: trying again does not help.
    assert_eq!(kind(824, 24), Kind::Remote);
}

#[test]
fn a_person_reads_what_happened_and_what_to_type() {
    let shown = |error: Error| {
        let hint = error.hint_or_default().to_string();
        (error.message, error.detail.unwrap_or_default(), error.original.unwrap_or_default(), hint)
    };
    assert_eq!(
        shown(error(229, "The SELECT permission was denied on the object 'Sales'.")),
        (
            "user \"reader\" may not read \"dbo.Sales\" on \"pos\"".into(),
            "error 229".into(),
            "The SELECT permission was denied on the object 'Sales'.".into(),
            "there: grant select on [dbo].[Sales] to [reader]".into()
        )
    );
    assert_eq!(
        shown(error(1205, "Transaction was deadlocked.")),
        (
            "\"pos\" chose our query as a deadlock's victim".into(),
            "error 1205".into(),
            "Transaction was deadlocked.".into(),
            "when it happens often, let readers pass there: \
             alter database ... set read_committed_snapshot on"
                .into()
        )
    );
}

#[test]
fn a_digest_that_the_remote_cannot_make_is_answered_with_a_key() {
    let mut stream = stream("dbo.Heap", &["row_key"], &[("row_key", "text"), ("line", "bigint")]);
    stream.columns[0].path = vec!["*".into()];
    for number in [189, 8152, 281] {
        let error = Fault { number, class: 16, message: String::new() };
        let hint = error.into_error(&settings(), Asked::Rows(&stream)).hint.unwrap();
        assert!(hint.starts_with("name the columns that tell its rows apart as \"key\""), "{number}: {hint}");
    }
}

#[test]
fn what_the_remote_says_is_shortened_and_holds_no_secret() {
    let error = error(50_000, &format!("login with {CANARY}\nfailed {}", "x".repeat(1000)));
    let said = error.original.unwrap();
    assert!(!said.contains(CANARY) && said.contains("login with *** failed"), "{said}");
    assert!(said.len() < 350 && !said.contains('\n'));
}

#[test]
fn a_query_that_puts_guesses_together_there_is_answered_alike() {
    for (object, filter) in [("select 1 as id", None), ("dbo.Sales", Some("1 = cast('cana' + 'ry' as int)"))]
    {
        let mut stream = stream(object, &["id"], &[("id", "bigint")]);
        stream.filter = filter.map(Into::into);
        let said = |word: &str| {
            let message = format!("Conversion failed when converting '{word}'");
            let fault = Fault { number: 245, class: 16, message };
            fault.into_error(&settings(), Asked::Rows(&stream)).original.unwrap_or_default()
        };
        assert_eq!(said(CANARY).replace(CANARY, "x"), said("x"));
    }
}
