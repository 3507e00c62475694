//! Columns of rows: put together, and split by `keep`.

use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Layout, Page, Rows, Values};

/// Adds a page behind another of the same layout.
pub(super) fn append(whole: &mut Page, page: Page) -> Result<()> {
    whole.rejected.extend(page.rejected);
    whole.odd.extend(page.odd);
    whole.duplicates += page.duplicates;
    whole.bytes += page.bytes;
    if whole.rows.is_empty() {
        whole.rows = page.rows;
    } else if !page.rows.is_empty() {
        append_rows(&mut whole.rows, page.rows)?;
    }
    Ok(())
}

fn append_rows(whole: &mut Rows, rows: Rows) -> Result<()> {
    whole.keys.extend(rows.keys);
    whole.updated_at.extend(rows.updated_at);
    if let (Some(all), Some(raw)) = (&mut whole.raw, rows.raw) {
        all.extend(raw);
    }
    for (all, values) in whole.columns.iter_mut().zip(rows.columns) {
        append_values(all, values)?;
    }
    Ok(())
}

fn append_values(all: &mut Values, values: Values) -> Result<()> {
    match (all, values) {
        (Values::Int(all), Values::Int(values)) => all.extend(values),
        (Values::Bool(all), Values::Bool(values)) => all.extend(values),
        (Values::Text(all), Values::Text(values)) => all.extend(values),
        _ => return Err(Error::new(Kind::Internal, "two pages of a stream differ in the type of a column")),
    }
    Ok(())
}

/// Splits off the keys of rows that are outside the stream's `keep`.
pub(super) fn split(stream: &Stream, layout: &Layout, rows: Rows) -> Result<(Rows, Vec<Key>)> {
    let Some(keep) = &stream.keep else { return Ok((rows, Vec::new())) };
    if rows.is_empty() {
        return Ok((rows, Vec::new()));
    }
    let column = stream.column(&keep.column);
    let place = layout.columns.iter().position(|field| Some(field.column) == column);
    let Some(Values::Text(values)) = place.and_then(|place| rows.columns.get(place)) else {
        let message = format!("column \"{}\" of \"{}\" is not read as text", keep.column, stream.table);
        return Err(Error::new(Kind::NoField, message).detail("keep decides by it which rows stay"));
    };
    let stays: Vec<bool> =
        values.iter().map(|value| value.as_ref().is_some_and(|v| keep.values.contains(v))).collect();
    let leaving = rows.keys.iter().zip(&stays).filter(|(_, stays)| !**stays).map(|(key, _)| key.clone());
    let leaving = leaving.collect();
    Ok((rows.only(&stays), leaving))
}
