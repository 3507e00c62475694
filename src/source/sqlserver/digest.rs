//! Rows without a key: one is made from what they hold, with a number for equal ones.

use super::column::{self, Family};
use super::layout::DIGEST;
use super::object::{self, quote};
use crate::entity::Stream;
use crate::error::Result;
use crate::source::Layout;

/// Rows without a key, with what makes one. The filter comes first: equal rows are counted behind it.
pub(super) fn of(stream: &Stream, layout: &Layout, filter: Option<&str>) -> Result<String> {
    let read = layout.columns.iter().filter(|field| field.path != DIGEST);
    let contents: Vec<String> = read.map(|field| content(&field.path, &field.remote_type)).collect();
    Ok(format!(
        "(select d.*, concat(d.[*digest], '-', row_number() over (partition by d.[*digest] order by \
         d.[*digest])) as [*]\n\
         from (select i.*, convert(char(64), hashbytes('SHA2_256', concat('', {})), 2) as [*digest]\n\
         from {} as i{}) as d)",
        contents.join(", nchar(31), "),
        object::from(stream)?,
        filter.map_or(String::new(), |filter| format!("\nwhere {filter}"))
    ))
}

/// A value as the digest sees it: no value is not the empty text, and no digit is lost.
fn content(path: &str, kind: &str) -> String {
    let c = format!("i.{}", quote(path));
    let style = match column::family(kind) {
        Family::Float => ", 3",
        Family::Money => ", 2",
        Family::Binary | Family::Rowversion => ", 1",
        family if family.is_moment() || matches!(family, Family::Date | Family::Time) => ", 121",
        Family::Other => return format!("isnull({c}.ToString(), nchar(30))"),
        _ => "",
    };
    format!("isnull(convert(nvarchar(max), {c}{style}), nchar(30))")
}
