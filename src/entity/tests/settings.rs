use serde_json::json;

use crate::entity::Settings;
use crate::entity::settings::changed;
use crate::error::Kind;

#[test]
fn changes_are_worked_in_and_a_null_takes_a_setting_back() {
    let stored = json!({"keep_raw": true, "overlap": "1 hour"});
    let now = changed(&stored, &json!({"overlap": null, "full_every": "7 days"})).unwrap();
    assert_eq!(now, json!({"keep_raw": true, "full_every": "7 days"}));
    assert_eq!(changed(&now, &json!({})).unwrap(), now);
}

#[test]
fn every_mistake_is_named_with_the_settings_there_are() {
    let changes = json!({
        "keep_raw": "yes", "overlap": "soon", "max_attempts": 0, "initial_range": "90 days", "refresh": 1, "fullevery": null
    });
    let error = changed(&json!({}), &changes).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    insta::assert_snapshot!(format!("{}\n{}", error.detail.clone().unwrap(), error.hint_or_default()), @r#"
    $.overlap: "soon" is no length of time such as "30 days" or "12 hours"
    $.keep_raw: must be true or false, not a text
    $.max_attempts: 0 is no whole number from 1 to 20
    $.refresh: is unknown; known are auto, interval, full_every, verify_every, overlap, initial_range, keep_raw, max_attempts
    $.fullevery: is unknown, did you mean "full_every"?
    settings are: auto, interval, full_every, verify_every, overlap, initial_range, keep_raw, max_attempts; null takes one back
    "#);
    assert_eq!(changed(&json!({}), &json!([])).unwrap_err().kind, Kind::Usage);
}

#[test]
fn what_was_accepted_can_be_read_and_the_nearer_setting_counts() {
    let near = changed(&json!({}), &json!({"auto": false, "max_attempts": 9})).unwrap();
    let far =
        changed(&json!({}), &json!({"auto": true, "keep_raw": true, "initial_range": "1 year"})).unwrap();
    let (near, far): (Settings, Settings) =
        (serde_json::from_value(near).unwrap(), serde_json::from_value(far).unwrap());
    let both = far.under(near);
    assert_eq!((both.auto, both.keep_raw, both.max_attempts), (Some(false), Some(true), Some(9)));
    assert_eq!(both.initial_range.as_deref(), Some("1 year"));
}
