//! Rows that are larger than a row may be: each is rejected by its key, and the rest of its table is read.

use super::SqlServer;
use super::connection::Shape;
use super::decode::Builder;
use super::fault::Asked;
use super::select::Plan;
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Ask, Layout, Page};

/// So many of them one behind the other are no matter of single rows.
const MOST: usize = 20;

impl SqlServer {
    /// The page that begins with a row which is too large, as `error` says: this row alone, set aside. Of it nothing
    /// but its key and its cursor is asked for.
    pub(super) async fn without_large(
        &mut self,
        stream: &Stream,
        plan: &Plan,
        layout: &Layout,
        ask: &Ask,
        error: Error,
    ) -> Result<Page> {
        self.large += 1;
        if self.large > MOST {
            return Err(error.detail(format!("so are the {MOST} rows before it")));
        }
        let layout = of_key(stream, layout);
        let plan = plan.only(&layout);
        let sql = plan.first_row(&ask.scope, ask.after.as_ref())?;
        let rows = match self.rows(&sql, Asked::Rows(stream), Shape::short(plan.items.len(), 1)).await {
            Ok(rows) => rows,
            Err(later) if later.kind.is_transient() && later.kind != Kind::TooLarge => return Err(later),
            Err(_) => return Err(error),
        };
        let ask = Ask { raw: false, ..ask.clone() };
        let mut builder = Builder::new(stream, &layout, &plan, &ask, self.settings.zone);
        let Some(row) = rows.first() else { return Ok(builder.finish(false)) };
        let longest = self.settings.limits.longest_row();
        builder.set_aside(row, "too_large", format!("the row takes more than {longest} bytes"));
        let page = builder.finish(true);
        if page.last.is_some() { Ok(page) } else { Err(error) }
    }
}

/// The columns of the key.
fn of_key(stream: &Stream, layout: &Layout) -> Layout {
    let is_key =
        |column: usize| stream.columns.get(column).is_some_and(|column| stream.key.contains(&column.name));
    let columns = layout.columns.iter().filter(|field| is_key(field.column)).cloned();
    Layout { columns: columns.collect(), left_out: Vec::new() }
}
