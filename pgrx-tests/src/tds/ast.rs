//! Statements as they are understood.

use super::kind::Kind;
use super::value::Value;

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    Select(Select),
    Insert {
        table: Name,
        columns: Vec<String>,
        rows: Vec<Vec<Expr>>,
    },
    Update {
        table: Name,
        sets: Vec<(String, Expr)>,
        filter: Option<Expr>,
    },
    Delete {
        table: Name,
        filter: Option<Expr>,
    },
    CreateTable {
        table: Name,
        columns: Vec<Column>,
        key: Vec<String>,
    },
    CreateView {
        view: Name,
        select: Select,
    },
    CreateIndex {
        table: Name,
        unique: bool,
        partial: bool,
        columns: Vec<String>,
    },
    Drop {
        object: Name,
    },
    /// `set option value`: the words.
    Set(Vec<String>),
    Begin,
    Commit,
    Rollback,
}

/// A name with its schema, which is `dbo` when left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub schema: String,
    pub name: String,
}

impl Name {
    /// As messages write it.
    pub fn shown(&self) -> String {
        if self.schema == "dbo" { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub nullable: bool,
    pub identity: bool,
}

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    pub top: Option<u64>,
    pub items: Vec<Item>,
    pub from: Option<Source>,
    pub filter: Option<Expr>,
    /// Expressions, and whether they go down.
    pub order: Vec<(Expr, bool)>,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `*` or `o.*`.
    All,
    One(Expr, Option<String>),
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Table(Name),
    Query(Box<Select>),
    /// `sys.dm_exec_describe_first_result_set(query, null, 0)`.
    Describe(Box<Expr>),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Value(Value),
    Column(String),
    /// A column by its place: see `bind`.
    At(usize),
    Unary(String, Box<Expr>),
    Binary(String, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    IsNull(Box<Expr>, bool),
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
    Cast(Box<Expr>, Kind),
    Convert(Kind, Box<Expr>, i64),
    Collate(Box<Expr>, String),
    Call(String, Vec<Expr>),
    /// `row_number() over (partition by ... order by ...)`: the partition.
    RowNumber(Vec<Expr>),
    Star,
}
