//! Entities: what a user names. One manifest each, with one or more streams.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod admit;
pub mod catalog;
pub mod ddl;
pub mod define;
pub mod derive;
mod kind;
mod label;
mod lookup;
pub mod named;
pub mod naming;
pub mod nearest;
pub mod offer;
pub mod open;
pub mod private;
pub mod quote;
pub mod settings;
mod shape;
pub mod statement;
#[cfg(test)]
mod tests;
pub mod tsql;
pub mod validate;
pub mod view;
mod words;

pub use settings::Settings;
pub use validate::parse;

/// An entity: what a user names, as its manifest says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// `invoices`.
    pub name: String,
    /// One sentence for a person; its name where nothing is said.
    #[serde(default)]
    pub about: String,
    /// `odoo` or `sqlserver`.
    pub source: String,
    /// The streams, headers before their lines.
    pub streams: Vec<Stream>,
    /// Entities that come first when both run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Further names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// How often a full pass is due, as a PostgreSQL interval.
    #[serde(default = "full_every", skip_serializing_if = "is_full_every")]
    pub full_every: String,
    /// The role that stored it, or what it adds to a built-in one; `None`: built in.
    #[serde(skip)]
    pub definer: Option<String>,
}

impl Entity {
    /// Says of what its definer said nothing of where it comes from.
    fn explained(mut self) -> Self {
        let say = |about: &mut String, what: &str| {
            if about.is_empty() {
                about.push_str(what);
            }
        };
        say(&mut self.about, &self.name);
        for stream in &mut self.streams {
            say(&mut stream.about, &stream.object);
            for column in &mut stream.columns {
                let path = column.path.first().unwrap_or(&column.name).clone();
                say(&mut column.about, &path);
            }
        }
        self
    }

    /// Whether several servers of a tenant fill the same tables: tills, each with a database of its own.
    pub fn is_of_servers(&self) -> bool {
        self.source == "sqlserver"
    }

    /// Whether `initial_range` can limit what is fetched of it.
    pub fn is_dated(&self) -> bool {
        self.streams.iter().any(|stream| stream.date.is_some())
    }
}

fn full_every() -> String {
    "30 days".into()
}

fn is_full_every(text: &str) -> bool {
    text == "30 days"
}

/// One remote object read into one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Local table in the target schema.
    pub table: String,
    /// One sentence for a person: the table's comment; the object where nothing is said.
    #[serde(default)]
    pub about: String,
    /// The remote object: an Odoo model.
    pub object: String,
    /// What must be installed on the remote for the object to exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Whether some remotes have no such object, or do not show it to every user: the
    /// stream is left out there, and the entity's others are read all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether the rows are read as a whole in every run and replace what is here in one
    /// transaction: for objects whose rows come and go, and mean something only together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshot: bool,
    /// Condition in the source's own form: an Odoo domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Value>,
    /// Columns that identify a row.
    pub key: Vec<String>,
    /// Remote field that grows with every change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Cursors of records that hold some of this one's values, as paths from it: they grow
    /// where its own does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<String>,
    /// Remote field that says of when a document is: what `initial_range` goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Values of a local column outside which a row is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// The header this stream's rows are lines of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Columns that hold keys of other streams: column -> table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refers: BTreeMap<String, String>,
    /// Further columns that hold keys of other tables, one or a list of them, for their names
    /// only: column -> table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// What a row is called where others refer to it: kind of name -> column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub label: BTreeMap<String, String>,
    /// A list column of `names` that tells rows of one name apart: in brackets behind the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Column that says how many digits amounts have in the currency that a row is or has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<String>,
    /// Further indexes, each a list of columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Vec<String>>,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Stream {
    /// The stream as several servers fill its table: the server's name is the first part of the key.
    pub fn of_server(&self) -> Stream {
        let server = Column {
            name: "server".into(),
            kind: Type::Text,
            about: "The foreign server the row was read from".into(),
            path: Vec::new(),
            scale: None,
            currency: None,
            optional: false,
            required: false,
            unless: Vec::new(),
            min: None,
            max: None,
        };
        let mut stream = self.clone();
        stream.key.insert(0, server.name.clone());
        // Last, so that indexes into the columns stay what they are.
        stream.columns.push(server);
        stream
    }

    /// The key column that both sides order alike: one whole number, perhaps behind the server.
    pub fn ordered_key(&self) -> Option<&str> {
        let name = match self.key.as_slice() {
            [name] => name,
            [server, name] if server == "server" => name,
            _ => return None,
        };
        let column = self.columns.get(self.column(name)?)?;
        (column.kind == Type::Bigint).then_some(name)
    }

    /// Index of a column by its name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Whether a field of the object is read: as a column, or to see what changed. Some remotes do not
    /// tell upper from lower case.
    pub fn reads(&self, field: &str) -> bool {
        let mut paths = self.columns.iter().flat_map(Column::paths).chain(self.cursor.as_deref());
        paths.any(|path| path.eq_ignore_ascii_case(field))
    }

    /// Whether the stream cannot be read without this column.
    pub fn is_needed(&self, column: &Column) -> bool {
        column.required
            || self.key.contains(&column.name)
            || self.keep.as_ref().is_some_and(|keep| keep.column == column.name)
            || self.parent.as_ref().is_some_and(|parent| parent.column == column.name)
    }
}

/// `keep`: rows stay only while `column` has one of `values`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// A text column of the stream.
    pub column: String,
    /// The values that stay.
    pub values: Vec<String>,
}

/// `parent`: the rows are lines of a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Table of the header's stream, in the same entity.
    pub table: String,
    /// Column of this stream that holds the header's key.
    pub column: String,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Local name.
    pub name: String,
    /// Local type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// One sentence for a person: the column's comment; the remote field where nothing is said.
    #[serde(default)]
    pub about: String,
    /// Where the value lies in the remote record; the first that exists is read.
    /// Empty: the column's own name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// Digits behind the point that are kept, by rounding; without it none is
    /// dropped. Built-in columns have it only where the remote itself rounds so,
    /// whatever its settings: Odoo's precisions of prices and quantities can be
    /// raised, and its rates, factors and, from 19 on, prices are not rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// Of money: the column that says in which currency, or of which company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Whether some remotes have no such field (it came with a later version, or with a
    /// module): then the column is left out there without a word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether a row without a value is rejected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Columns of which any excuses a row from `required`, by being true or there at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// The smallest value that is stored: a number, or the text of a day. A row with a
    /// smaller one is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// The largest value that is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
}

impl Column {
    /// The remote paths to try, in order.
    pub fn paths(&self) -> Vec<&str> {
        match self.path.as_slice() {
            [] => vec![self.name.as_str()],
            several => several.iter().map(String::as_str).collect(),
        }
    }
}

/// Column types: the widest of their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Whole numbers and keys.
    Bigint,
    /// Exact decimal numbers.
    Numeric,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    Timestamptz,
    /// A document.
    Jsonb,
    /// A list of whole numbers.
    #[serde(rename = "bigint[]")]
    BigintArray,
    /// A list of texts.
    #[serde(rename = "text[]")]
    TextArray,
}
