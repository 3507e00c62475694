//! What the remote's exceptions become. The recorded ones: `recorded.rs`.

use serde_json::{Value, json};

use super::fixture::{CANARY, remote};
use crate::error::{Error, Kind};
use crate::source::odoo::fault::{Asked, Fault};
use crate::source::odoo::settings::Settings;

const ASKED: Asked<'static> = Asked { object: "res.partner", method: "search_read" };

fn fault(class: &str, message: &str) -> Fault {
    Fault { status: 200, class: class.into(), message: message.into() }
}

fn error(fault: Fault) -> Error {
    fault.into_error(&Settings::new(remote("https://erp.example.com")).unwrap(), ASKED)
}

#[test]
fn trouble_of_the_remotes_database_is_transient() {
    let started = "connection to server at \"db.internal\" (10.0.0.5), port 5433 failed: FATAL:  the database system is starting up";
    let cases = [
        ("psycopg2.OperationalError", started),
        ("psycopg2.OperationalError", "FATAL:  role \"prod\" does not exist"),
        ("psycopg2.OperationalError", "FATAL:  Datenbank »prod« existiert nicht"),
        ("psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update"),
        ("psycopg2.errors.DeadlockDetected", "deadlock detected"),
        ("psycopg2.pool.PoolError", "The Connection Pool Is Full"),
    ];
    for (class, message) in cases {
        let error = error(fault(class, message));
        assert_eq!(error.kind, Kind::Unavailable, "{class}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("10.0.0.5") && !shown.contains("db.internal"), "{shown}");
        assert!(shown.contains("alter server odoo_main options (set database '...')"), "{shown}");
    }
}

#[test]
fn a_missing_database_is_told_without_the_place_of_its_server() {
    let message = "connection to server at \"db.internal\" (10.0.0.5), port 5433 failed: FATAL:  database \"prod\" does not exist\n";
    let error = error(fault("psycopg2.OperationalError", message));
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::NoDatabase, "\"odoo_main\" has no database \"prod\"")
    );
    assert!(error.detail.is_none());
}

#[test]
fn an_unknown_model_is_told_from_other_user_errors() {
    let kind = |message: &str, asked| fault("odoo.exceptions.UserError", message).kind("prod", asked);
    assert_eq!(kind("Object res.partner doesn't exist", ASKED), Kind::NoObject);
    assert_eq!(kind("Object other.model doesn't exist", ASKED), Kind::Remote);
    let rights = Asked { object: "res.partner", method: "check_access_rights" };
    assert_eq!(kind("L'objet res.partner n'existe pas", rights), Kind::NoObject);
}

#[test]
fn an_unknown_exception_is_shown_by_its_last_line() {
    let error = error(fault("odoo.addons.custom.Boom", "first line\nsecond line"));
    assert_eq!(error.kind, Kind::Remote);
    assert_eq!(error.message, "\"odoo_main\" refused res.partner.search_read: Boom");
    assert_eq!(error.original.as_deref(), Some("first line"));
}

#[test]
fn a_refused_right_names_user_and_object() {
    let error = error(fault(
        "odoo.exceptions.AccessError",
        "You are not allowed to access 'X'.\n\nContact your administrator",
    ));
    assert_eq!(error.message, "user \"sync@example.com\" may not read \"res.partner\" on \"odoo_main\"");
    assert_eq!(error.original.as_deref(), Some("You are not allowed to access 'X'."));
}

#[test]
fn a_password_in_the_remotes_words_is_masked() {
    let repr = CANARY.replace('\\', "\\\\").replace('\'', "\\'");
    for said in [CANARY.to_string(), repr] {
        for class in ["ValueError", "odoo.exceptions.AccessError", "odoo.exceptions.UserError"] {
            let error = error(fault(class, &format!("call ('prod', 2, '{said}') failed")));
            let shown = error.in_full();
            assert!(shown.contains("***") && !shown.contains("canary"), "{shown}");
        }
    }
}

#[test]
fn a_class_that_is_long_or_holds_the_password_is_not_shown() {
    let long = error(fault(&"x".repeat(100_000), "no"));
    assert_eq!(long.message, "\"odoo_main\" refused res.partner.search_read: an error without a class");
    assert!(long.original.unwrap().len() < 1000);
    let mut settings = remote("https://erp.example.com");
    settings.password = Some("hunter2".to_string().into());
    let told = fault("addons.hunter2", "no").into_error(&Settings::new(settings).unwrap(), ASKED);
    assert_eq!(told.message, "\"odoo_main\" refused res.partner.search_read: ***");
}

fn xml(text: &str) -> Fault {
    Fault::from_xml(&json!({"faultCode": 1, "faultString": text}))
}

#[test]
fn the_class_stands_behind_the_last_frame_of_a_traceback() {
    let chained = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    return x[1]\nKeyError: 'prod'\n\n\
                   During handling of the above exception, another exception occurred:\n\n\
                   Traceback (most recent call last):\n  File \"b.py\", line 2, in g\n    run()\n    ^^^^^\n\
                   psycopg2.errors.InvalidDatetimeFormat: bad: \"x\"\nLINE 1: ...\n        ^\n\n";
    let expected = fault("psycopg2.errors.InvalidDatetimeFormat", "bad: \"x\"\nLINE 1: ...\n        ^");
    assert_eq!(xml(chained), expected);
    let silent = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    raise MemoryError\nMemoryError\n";
    assert_eq!(xml(silent), fault("MemoryError", ""));
    assert_eq!(xml("no traceback at all"), fault("no traceback at all", ""));
    assert_eq!(xml(""), fault("", ""));
}

#[test]
fn a_fault_without_form_is_an_error_all_the_same() {
    let odd = [
        json!(null),
        json!([]),
        json!({"faultCode": "AccessDenied"}),
        json!({"faultCode": 77, "faultString": 1}),
    ];
    for value in odd {
        assert_eq!(Fault::from_xml(&value).kind("prod", ASKED), Kind::Remote, "{value}");
    }
    for value in
        [Value::Null, json!("error"), json!({"data": {"name": 1}}), json!({"message": "Odoo Server Error"})]
    {
        assert_eq!(Fault::from_json(&value).kind("prod", ASKED), Kind::Remote, "{value}");
    }
}

#[test]
fn a_status_says_what_a_json2_fault_means() {
    let kind = |status, class: &str, message: &str, asked| {
        let body = json!({"name": class, "message": message, "debug": "Traceback ..."});
        Fault::from_status(status, &body).unwrap().kind("prod", asked)
    };
    let fields = Asked { object: "res.partner", method: "fields_get" };
    let absent = "the model 'res.partner' does not exist";
    assert_eq!(kind(409, "odoo.addons.custom.Busy", "busy", ASKED), Kind::Unavailable);
    assert_eq!(kind(422, "odoo.exceptions.LockError", "busy", ASKED), Kind::Unavailable);
    assert_eq!(kind(500, "psycopg2.errors.SerializationFailure", "busy", ASKED), Kind::Unavailable);
    assert_eq!(kind(403, "odoo.exceptions.AccessDenied", "Access Denied", ASKED), Kind::Login);
    assert_eq!(kind(404, "werkzeug.exceptions.NotFound", absent, ASKED), Kind::NoObject);
    assert_eq!(kind(404, "werkzeug.exceptions.NotFound", "le modèle n'existe pas", fields), Kind::NoObject);
    assert_eq!(kind(404, "odoo.exceptions.MissingError", "gone", fields), Kind::Remote);
    assert_eq!(kind(422, "odoo.exceptions.UserError", "Invalid language code: fr_FR", fields), Kind::Remote);
    assert!(Fault::from_status(403, &json!({"error": "forbidden"})).is_none());
    assert!(
        Fault::from_status(403, &json!({"name": 1})).is_none()
            && Fault::from_status(500, &json!([])).is_none()
    );
}
