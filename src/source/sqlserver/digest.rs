//! Rows without a key: one is made from what they hold, with a number for equal ones.

use super::column::{self, Family};
use super::layout::DIGEST;
use super::object::{self, quote};
use crate::entity::Stream;
use crate::error::Result;
use crate::source::{Field, Layout};

/// Rows without a key, with what makes one. The filter comes first: equal rows are counted behind it.
pub(super) fn of(stream: &Stream, layout: &Layout, filter: Option<&str>) -> Result<String> {
    // A rowversion says nothing of the row, and changes with every write.
    let says =
        |field: &&Field| field.path != DIGEST && column::family(&field.remote_type) != Family::Rowversion;
    let read = layout.columns.iter().filter(says);
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

/// A value as the digest sees it: no value is not the empty text, and no digit is lost. Types that
/// SQL Server does not convert to a text of any length go by one that it does.
fn content(path: &str, kind: &str) -> String {
    let c = format!("i.{}", quote(path));
    let text = match column::family(kind) {
        Family::Other => format!("{c}.ToString()"),
        Family::Variant => format!("convert(nvarchar(4000), {c}, 121)"),
        Family::Binary => format!("convert(nvarchar(max), convert(varbinary(max), {c}), 1)"),
        Family::Float => format!("convert(nvarchar(max), {c}, 3)"),
        Family::Money => format!("convert(nvarchar(max), {c}, 2)"),
        family if family.is_moment() || matches!(family, Family::Date | Family::Time) => {
            format!("convert(nvarchar(max), {c}, 121)")
        }
        _ => format!("convert(nvarchar(max), {c})"),
    };
    format!("isnull({text}, nchar(30))")
}
