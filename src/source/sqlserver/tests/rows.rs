//! Rows as the driver hands them over, whatever they hold.

use std::borrow::Cow;

use chrono_tz::Tz;
use proptest::prelude::*;
use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime, Time};
use tiberius::{ColumnData, ColumnType, Row, Uuid};

use super::fixture::{settings, stream};
use crate::entity::Type;
use crate::source::cell::Cell;
use crate::source::sqlserver::ability::Dialect;
use crate::source::sqlserver::cell::{cell, record, text};
use crate::source::sqlserver::column::Column;
use crate::source::sqlserver::decode::Builder;
use crate::source::sqlserver::layout;
use crate::source::sqlserver::select::Plan;
use crate::source::{Ask, Page, Scope, Values};

fn any_data() -> impl Strategy<Value = ColumnData<'static>> {
    let opt = proptest::option::weighted::<BoxedStrategy<u64>>;
    let number = (any::<i128>(), 0u8..38)
        .prop_map(|(n, scale)| ColumnData::Numeric(Some(Numeric::new_with_scale(n, scale))));
    let moment = (0u32..16_777_216, any::<u64>(), any::<u8>(), any::<i16>());
    prop_oneof![
        opt(0.8, any::<u64>().boxed()).prop_map(|n| ColumnData::I64(n.map(|n| n as i64))),
        any::<u8>().prop_map(|n| ColumnData::U8(Some(n))),
        any::<bool>().prop_map(|flag| ColumnData::Bit(Some(flag))),
        any::<f64>().prop_map(|n| ColumnData::F64(Some(n))),
        any::<f32>().prop_map(|n| ColumnData::F32(Some(n))),
        number,
        any::<String>().prop_map(|text| ColumnData::String(Some(Cow::Owned(text)))),
        any::<Vec<u8>>().prop_map(|bytes| ColumnData::Binary(Some(Cow::Owned(bytes)))),
        any::<u128>().prop_map(|n| ColumnData::Guid(Some(Uuid::from_u128(n)))),
        (any::<i32>(), any::<u32>()).prop_map(|(d, f)| ColumnData::DateTime(Some(DateTime::new(d, f)))),
        (any::<u16>(), any::<u16>())
            .prop_map(|(d, m)| ColumnData::SmallDateTime(Some(SmallDateTime::new(d, m)))),
        moment.prop_map(|(days, increments, scale, offset)| {
            let at = DateTime2::new(Date::new(days), Time::new(increments, scale));
            match offset % 2 {
                0 => ColumnData::DateTime2(Some(at)),
                _ => ColumnData::DateTimeOffset(Some(DateTimeOffset::new(at, offset))),
            }
        }),
        Just(ColumnData::String(None)),
    ]
}

fn page(rows: Vec<(ColumnData<'static>, ColumnData<'static>)>, kind: &str) -> Page {
    let columns = [("id", "bigint"), ("v", "sql_variant")];
    let columns =
        columns.map(|(name, kind)| Column { name: name.into(), kind: kind.into(), is_nullable: false });
    let mut stream = stream("t", &["id"], &[("id", "bigint"), ("v", "text")]);
    let layout = layout::of(&settings(), &stream, &columns).unwrap();
    stream.columns[1].kind = Type::from_sql(kind).unwrap();
    let plan = Plan::new(&stream, &layout, &columns, Dialect::Current, false).unwrap();
    let ask = Ask { scope: Scope::All, after: None, limit: 10, raw: true };
    let mut builder = Builder::new(&stream, &layout, &plan, &ask, Tz::UTC);
    for (id, value) in rows {
        let row =
            Row::builder().column("id", ColumnType::Null, id).column("v", ColumnType::Null, value).build();
        builder.push(&row);
    }
    builder.finish(false)
}

fn number(id: i64) -> ColumnData<'static> {
    ColumnData::I64(Some(id))
}

#[test]
fn the_last_copy_of_a_key_counts_and_the_first_ones_are_duplicates() {
    let text = |text: &str| ColumnData::String(Some(Cow::Owned(text.to_string())));
    let rows = vec![(number(1), text("a")), (number(2), text("b")), (number(1), text("c"))];
    let page = page(rows, "text");
    assert_eq!(page.rows.keys, [1.into(), 2.into()]);
    assert_eq!(page.rows.columns[1], Values::Text(vec![Some("c".into()), Some("b".into())]));
    assert_eq!((page.duplicates, page.last), (1, Some(1.into())));
    assert_eq!(page.rows.raw.unwrap()[0], r#"{"id":1,"v":"c"}"#);
}

#[test]
fn decimals_are_written_with_all_their_digits() {
    let written = |value, scale| {
        let data = ColumnData::Numeric(Some(Numeric::new_with_scale(value, scale)));
        cell(Type::Numeric, &data, Tz::UTC).unwrap()
    };
    assert_eq!(written(-42, 0), Cell::Text("-42".into()));
    assert_eq!(written(-5, 2), Cell::Text("-0.05".into()));
    assert_eq!(written(10i128.pow(37), 37), Cell::Text(format!("1.{}", "0".repeat(37))));
}

proptest! {
    /// Stands in for a fuzz target: whatever a driver may hand over becomes a value, a flaw, and a record.
    #[test]
    fn no_value_is_a_panic(data in any_data()) {
        for kind in Type::ALL {
            let _ = cell(kind, &data, Tz::Asia__Dubai);
        }
        prop_assert!(text(&data).is_ok_and(|text| !text.contains('\0')) || text(&data).is_err());
        let _ = record(&data).to_string();
    }

    #[test]
    fn every_row_is_either_stored_or_rejected_and_all_columns_are_equally_long(
        rows in proptest::collection::vec((any_data(), any_data()), 0..12),
        kind in proptest::sample::select(Type::ALL.map(Type::sql).to_vec())
    ) {
        let sent = rows.len() as u64;
        let page = page(rows, kind);
        let stored = page.rows.len();
        prop_assert_eq!(stored as u64 + page.rejected.len() as u64 + page.duplicates, sent);
        prop_assert!(page.rows.columns.iter().all(|values| values.len() == stored));
        prop_assert_eq!(page.rows.raw.map(|raw| raw.len()), Some(stored));
        prop_assert_eq!(page.rows.updated_at.len(), stored);
        for rejected in page.rejected {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&rejected.record).is_ok());
            prop_assert!(!rejected.record.contains("\\u0000"));
        }
    }
}
