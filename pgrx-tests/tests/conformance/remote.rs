//! What a case may ask of a remote's double, in words that fit every remote.

use std::collections::BTreeMap;
use std::time::Duration;

/// A row. A remote that has no NULL for one of these holds what stands for it there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Any text.
    pub text: Option<String>,
    /// A whole number.
    pub whole: Option<i64>,
    /// A decimal number, without an exponent.
    pub decimal: Option<String>,
    /// `YYYY-MM-DD`.
    pub day: Option<String>,
    /// `YYYY-MM-DD HH:MM:SS`, UTC.
    pub moment: Option<String>,
    /// Yes or no.
    pub flag: Option<bool>,
}

/// Rows by their key.
pub type Rows = BTreeMap<i64, Row>;

/// Where the rows lie in PostgreSQL.
pub struct Place {
    /// What is synced.
    pub entity: &'static str,
    /// Its table, with the schema.
    pub table: &'static str,
    /// The columns of a [`Row`], in its order.
    pub columns: [&'static str; 6],
}

/// Which pages, counted from 1 and from now, in a run without another trouble.
#[derive(Clone, Copy, Debug)]
pub enum Pages {
    /// One.
    Only(usize),
    /// One and all that follow.
    From(usize),
}

/// What happens to the answer with a page.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It comes, so much later.
    Late(Duration),
    /// It comes in pieces, a few bytes at a time.
    Trickling,
    /// It comes when [`Remote::recover`] is called, and shows what is there then.
    Held,
    /// The connection closes instead.
    Closed,
    /// The connection closes before what stands in front of the rows has come.
    CutAtTheTop,
    /// The connection closes in the middle of the rows.
    CutInTheMiddle,
    /// It is nothing that the protocol knows.
    Garbage,
    /// It is longer than so many bytes, however few rows were asked for.
    OverLong(usize),
    /// The remote wants to be left alone for so many seconds.
    Throttled(u32),
}

/// A double of a remote with one object, empty at first, which its user may read.
pub trait Remote: Send {
    /// Statements that make the foreign server `remote` and its user mapping, with pages of at most so many rows.
    fn setup(&self, max_page: usize) -> String;

    /// Where its rows go.
    fn place(&self) -> Place;

    /// How many digits behind the point its decimal numbers have at most.
    fn scale(&self) -> usize {
        usize::MAX
    }

    /// Adds rows in one transaction, so with one single moment of change, and returns their keys, which grow.
    fn add(&self, rows: Vec<Row>) -> Vec<i64>;

    /// Adds a row in a transaction that began so many seconds ago and commits now.
    fn add_late(&self, row: Row, seconds_ago: i64) -> i64;

    /// Writes another text to a row.
    fn change(&self, key: i64, text: &str);

    /// Does so in a transaction that began so many seconds ago and commits now.
    fn change_late(&self, key: i64, text: &str, seconds_ago: i64);

    /// Deletes a row without a trace.
    fn delete(&self, key: i64);

    /// Lets time pass there.
    fn advance(&self, seconds: i64);

    /// What it holds now.
    fn holds(&self) -> Rows;

    /// Spoils the answers with pages.
    fn spoil(&self, pages: Pages, trouble: Trouble);

    /// Ends all trouble.
    fn recover(&self);

    /// How many times it was asked for a page.
    fn pages_asked(&self) -> usize;

    /// How many times it has refused a password or key since that was changed.
    fn logins_refused(&self) -> usize;

    /// Changes the user's password there, or puts the old one back.
    fn change_password(&self, back: bool);

    /// Takes the right to read the object, or gives it back.
    fn revoke(&self, back: bool);

    /// Drops the object.
    fn drop_object(&self);
}
