//! Fields that Odoo keeps for its own screens.

/// What `mail.thread` and `mail.activity.mixin` put on nearly every model and can be kept, with the field that tells
/// that a model has it from them.
const OF_SCREENS: [(&str, &[&str]); 2] = [
    ("message_ids", &["message_bounce", "message_main_attachment_id"]),
    (
        "activity_ids",
        &[
            "activity_calendar_event_id",
            "activity_summary",
            "activity_type_icon",
            "activity_type_id",
            "activity_user_id",
        ],
    ),
];

/// Whether a field of an Odoo model says nothing to a report. `has` tells whether the model has a field.
pub(super) fn is_of_screens(field: &str, has: impl Fn(&str) -> bool) -> bool {
    OF_SCREENS.iter().any(|(sign, fields)| fields.contains(&field) && has(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_screens_is_so_only_beside_what_brings_it() {
        let has = |field: &str| field == "message_ids";
        assert!(is_of_screens("message_main_attachment_id", has));
        assert!(!is_of_screens("message_on_invoice", has) && !is_of_screens("message_ids", has));
        assert!(!is_of_screens("activity_type_id", has), "mail.activity has a type of its own");
        assert!(is_of_screens("activity_type_id", |field| field == "activity_ids"));
    }
}
