//! What is stored with a position decides whether it still counts.

use std::sync::Arc;

use super::house::*;
use super::store::Crash;
use crate::engine::{Outcome, Task};
use crate::error::Kind;
use crate::source::Scope;

/// Whether the last run read everything.
fn was_full(house: &House) -> bool {
    house.store.batches.iter().any(|batch| batch.sweep.is_some())
}

#[test]
fn changed_columns_mean_a_full_pass_of_the_whole_entity() {
    let mut house = House::with_invoices(5);
    house.run(task(invoices()));
    house.run(task(invoices()));
    assert!(!was_full(&house));
    let mut wider = (*invoices()).clone();
    let column = crate::entity::Column { name: "note".into(), ..wider.streams[1].columns[2].clone() };
    wider.streams[1].columns.push(column);
    house.run(task(Arc::new(wider)));
    let swept: Vec<usize> =
        house.store.batches.iter().filter(|b| b.sweep.is_some()).map(|b| b.stream).collect();
    assert!(swept.contains(&0) && swept.contains(&1));
}

#[test]
fn a_column_that_is_not_readable_any_more_is_told_once_and_means_a_full_pass() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().left_out.push("active".into());
    house.run(task(contacts()));
    assert!(was_full(&house));
    assert_eq!(house.store.warnings, ["not read: \"contacts.active\" (no right)"]);
    house.run(task(contacts()));
    assert!(!was_full(&house));
}

#[test]
fn another_login_means_a_full_pass() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.run(Task { circumstances: "other@example.com".into(), ..task(contacts()) });
    assert!(was_full(&house));
}

#[test]
fn a_changed_definition_drops_the_open_pass() {
    let mut house = House::with_contacts(35);
    house.run_into(Crash::After(2), task(contacts()));
    let other = Task { circumstances: "other@example.com".into(), ..task(contacts()) };
    house.run(other);
    assert!(house.store.batches[0].rows.keys.contains(&1.into()));
    house.assert_exact(&contacts());
}

#[test]
fn an_emptied_table_is_filled_again() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.store.data.tables.clear();
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert_eq!(house.store.warnings, ["table \"contacts\" was emptied here: everything is read again"]);
}

#[test]
fn a_restored_remote_is_read_in_full() {
    let mut house = House::with_contacts(35);
    let backup = house.world().objects.clone();
    house.world().tick(OVERLAP * 10);
    house.world().put(PARTNER, 3, &[("name", "changed after the backup")]);
    house.world().put(PARTNER, 36, &[("name", "created after the backup")]);
    house.run(task(contacts()));
    house.world().objects = backup;
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert!(house.store.warnings[0].contains("restored from a backup"));
    house.run(task(contacts()));
    assert!(!was_full(&house) && house.store.warnings.is_empty());
}

#[test]
fn a_newest_row_that_is_deleted_within_the_overlap_is_no_restored_remote() {
    let mut house = House::with_contacts(35);
    house.world().tick(OVERLAP / 2);
    house.world().put(PARTNER, 36, &[("name", "newest")]);
    house.run(task(contacts()));
    house.world().delete(PARTNER, 36);
    house.run(task(contacts()));
    assert!(!was_full(&house));
}

#[test]
fn another_remote_is_a_conflict_that_names_both() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().identity = "test at erp.example.com".into();
    house.world().put(PARTNER, 6, &[("name", "of another house")]);
    house.run(task(contacts()));
    let error = house.error(0);
    assert_eq!(error.kind, Kind::Conflict);
    let detail = "remote before: \"prod at erp.example.com\", now: \"test at erp.example.com\"";
    assert_eq!(error.detail.as_deref(), Some(detail));
    assert!(error.hint_or_default().ends_with("select sync_reset('contacts', 'main')"));
    assert_eq!(house.store.table("contacts").len(), 5);
}

#[test]
fn another_tenant_is_a_conflict_too() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.run(Task { tenant: "other".into(), ..task(contacts()) });
    assert_eq!(house.error(0).detail.as_deref(), Some("tenant before: \"acme\", now: \"other\""));
}

#[test]
fn a_restored_remote_is_read_on_where_it_was_cut_off() {
    let mut house = House::with_contacts(35);
    let backup = house.world().objects.clone();
    house.world().tick(OVERLAP * 10);
    house.world().put(PARTNER, 36, &[("name", "created after the backup")]);
    house.run(task(contacts()));
    house.world().objects = backup;
    house.run_into(Crash::After(2), task(contacts()));
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert_eq!(house.store.batches[0].sweep.as_ref().map(|sweep| sweep.after.clone()), Some(Some(20.into())));
    assert!(house.store.warnings.is_empty());
}

#[test]
fn what_is_read_anew_forgets_earlier_candidates() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    (1..=30).for_each(|id| house.world().hide(PARTNER, id, true));
    house.run(full(task(contacts())));
    assert_eq!(house.error(0).kind, Kind::Breaker);
    house.world().hide_all(PARTNER, false);
    let before = house.world().calls.len();
    let other = Task { circumstances: "other@example.com".into(), ..task(contacts()) };
    assert_eq!(house.run(other), Outcome::Succeeded);
    let world = house.world();
    let by_key = |ask: &crate::source::Ask| matches!(ask.scope, Scope::Keys(_));
    assert!(!world.called("page", before).iter().any(|call| call.ask.as_ref().is_some_and(by_key)));
}
