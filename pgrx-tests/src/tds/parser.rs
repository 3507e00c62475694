//! From tokens to statements. What is not understood is a syntax error, as for the real one.

use super::DATABASE;
use super::ast::{Column, Expr, Item, Name, Select, Source, Statement};
use super::error::{Result, SqlError, syntax};
use super::kind::Kind;
use super::lexer::{Token, tokens};

/// Words that end an alias or an expression.
pub(super) const RESERVED: [&str; 21] = [
    "from", "where", "order", "as", "and", "or", "not", "in", "is", "when", "then", "else", "end", "select",
    "group", "having", "union", "join", "on", "set", "values",
];

/// The statements of a batch.
pub fn parse(sql: &str) -> Result<Vec<Statement>> {
    let mut parser = Parser { tokens: tokens(sql)?, at: 0 };
    let mut statements = Vec::new();
    loop {
        while parser.eat(";") {}
        if parser.peek().is_none() {
            return Ok(statements);
        }
        statements.push(parser.statement()?);
    }
}

/// A name as `object_id` takes it.
pub fn name(text: &str) -> Result<Name> {
    Parser { tokens: tokens(text)?, at: 0 }.name()
}

/// Reads tokens one after the other; expressions are in `expression.rs`.
pub(super) struct Parser {
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn is(&self, ahead: usize, wanted: &str) -> bool {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(wanted),
            Some(Token::Sign(sign)) => sign == wanted,
            _ => false,
        }
    }

    /// Whether the next token is this word or sign; if so it is passed.
    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let found = self.is(0, wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, wanted: &str) -> Result<()> {
        if self.eat(wanted) { Ok(()) } else { Err(self.stumbled()) }
    }

    pub(super) fn stumbled(&self) -> SqlError {
        syntax(&self.peek().or(self.tokens.last()).map(Token::shown).unwrap_or_default())
    }

    pub(super) fn word(&mut self) -> Result<String> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word) | Token::Name(word)) => {
                self.at += 1;
                Ok(word.clone())
            }
            _ => Err(self.stumbled()),
        }
    }

    pub(super) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.eat(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    pub(super) fn in_parentheses<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.expect("(")?;
        let found = inner(self)?;
        self.expect(")")?;
        Ok(found)
    }

    fn statement(&mut self) -> Result<Statement> {
        if self.is(0, "select") {
            return Ok(Statement::Select(self.select()?));
        }
        let word = self.word()?.to_ascii_lowercase();
        match word.as_str() {
            "insert" => self.insert(),
            "update" => self.update(),
            "delete" => {
                self.eat("from");
                Ok(Statement::Delete { table: self.name()?, filter: self.filter()? })
            }
            "create" if self.eat("table") => self.create_table(),
            "create" if self.is(0, "unique") || self.is(0, "index") => self.create_index(),
            "create" if self.eat("view") => {
                let view = self.name()?;
                self.expect("as")?;
                Ok(Statement::CreateView { view, select: self.select()? })
            }
            "drop" if self.eat("table") || self.eat("view") => Ok(Statement::Drop { object: self.name()? }),
            "set" => Ok(Statement::Set(self.rest())),
            "use" => Ok(Statement::Set(std::iter::once("use".into()).chain(self.rest()).collect())),
            "begin" if self.eat("tran") || self.eat("transaction") => Ok(Statement::Begin),
            "commit" => self.end_of_transaction(Statement::Commit),
            "rollback" => self.end_of_transaction(Statement::Rollback),
            other => Err(SqlError::new(2812, 16, format!("Could not find stored procedure '{other}'."))),
        }
    }

    fn end_of_transaction(&mut self, statement: Statement) -> Result<Statement> {
        let _ = self.eat("tran") || self.eat("transaction");
        Ok(statement)
    }

    /// Words up to the end of the statement.
    fn rest(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(token) = self.peek().filter(|token| **token != Token::Sign(";".into())) {
            words.push(token.shown().to_ascii_lowercase());
            self.at += 1;
        }
        words
    }

    /// `[a].[b].[c]`: the schema of another database is written `a/b` here.
    fn name(&mut self) -> Result<Name> {
        let mut parts = vec![self.word()?];
        while self.eat(".") {
            parts.push(if self.is(0, ".") { String::new() } else { self.word()? });
        }
        let name = parts.pop().unwrap_or_default();
        let schema = parts.pop().filter(|schema| !schema.is_empty()).unwrap_or_else(|| "dbo".into());
        let schema = match parts.pop().filter(|database| !database.eq_ignore_ascii_case(DATABASE)) {
            Some(database) => format!("{database}/{schema}"),
            None => schema,
        };
        Ok(Name { schema: schema.to_lowercase(), name })
    }

    fn insert(&mut self) -> Result<Statement> {
        self.eat("into");
        let table = self.name()?;
        let columns = match self.is(0, "(") {
            true => self.in_parentheses(|p| p.list(Parser::word))?,
            false => Vec::new(),
        };
        self.expect("values")?;
        let rows = self.list(|p| p.in_parentheses(|p| p.list(Parser::expr)))?;
        Ok(Statement::Insert { table, columns, rows })
    }

    fn update(&mut self) -> Result<Statement> {
        let table = self.name()?;
        self.expect("set")?;
        let set = |p: &mut Parser| {
            let column = p.word()?;
            p.expect("=")?;
            Ok((column, p.expr()?))
        };
        Ok(Statement::Update { table, sets: self.list(set)?, filter: self.filter()? })
    }

    fn filter(&mut self) -> Result<Option<Expr>> {
        if self.eat("where") { self.expr().map(Some) } else { Ok(None) }
    }

    fn create_index(&mut self) -> Result<Statement> {
        let unique = self.eat("unique");
        self.expect("index")?;
        self.word()?;
        self.expect("on")?;
        let table = self.name()?;
        let columns = self.in_parentheses(|p| p.list(Parser::word))?;
        Ok(Statement::CreateIndex { table, unique, columns, partial: self.filter()?.is_some() })
    }

    fn create_table(&mut self) -> Result<Statement> {
        let table = self.name()?;
        let mut key = Vec::new();
        let columns = self.in_parentheses(|p| {
            let mut columns = Vec::new();
            loop {
                if p.is(0, "primary") {
                    p.at += 2;
                    key = p.in_parentheses(|p| p.list(Parser::word))?;
                } else {
                    let column = p.column(&mut key)?;
                    columns.push(column);
                }
                if !p.eat(",") {
                    return Ok(columns);
                }
            }
        })?;
        Ok(Statement::CreateTable { table, columns, key })
    }

    fn column(&mut self, key: &mut Vec<String>) -> Result<Column> {
        let name = self.word()?;
        let kind = self.kind()?;
        // A rowversion has a value where nothing else is said.
        let nullable = kind != Kind::RowVersion;
        let mut column = Column { kind, name, nullable, identity: false };
        loop {
            if self.eat("primary") {
                self.expect("key")?;
                key.push(column.name.clone());
                column.nullable = false;
            } else if self.eat("identity") {
                column.identity = true;
            } else if self.eat("collate") {
                let chosen = self.word()?;
                if let Kind::Char { collation, .. } = &mut column.kind {
                    *collation = chosen;
                }
            } else if self.eat("not") {
                self.expect("null")?;
                column.nullable = false;
            } else if !self.eat("null") {
                return Ok(column);
            }
        }
    }

    pub(super) fn kind(&mut self) -> Result<Kind> {
        let name = self.word()?;
        let argument = |p: &mut Parser| {
            let shown = p.peek().map(Token::shown).ok_or_else(|| p.stumbled())?;
            p.at += 1;
            Ok(shown)
        };
        let arguments = match self.is(0, "(") {
            true => self.in_parentheses(|p| p.list(argument))?,
            false => Vec::new(),
        };
        Kind::new(&name, &arguments)
    }

    fn select(&mut self) -> Result<Select> {
        self.expect("select")?;
        let top = if self.eat("top") { Some(self.top()?) } else { None };
        let items = self.list(Parser::item)?;
        let from = if self.eat("from") { Some(self.source()?) } else { None };
        let filter = self.filter()?;
        let mut order = Vec::new();
        if self.eat("order") {
            self.expect("by")?;
            order = self.list(|p| {
                let by = p.expr()?;
                let down = p.eat("desc");
                p.eat("asc");
                Ok((by, down))
            })?;
        }
        let select = Select { top, items, from, filter, order };
        twice(&select.order)?;
        Ok(select)
    }

    fn top(&mut self) -> Result<u64> {
        let wrapped = self.eat("(");
        let Some(Token::Number(number)) = self.peek().cloned() else { return Err(self.stumbled()) };
        self.at += 1;
        if wrapped {
            self.expect(")")?;
        }
        number.parse().map_err(|_| self.stumbled())
    }

    fn item(&mut self) -> Result<Item> {
        if self.eat("*") {
            return Ok(Item::All);
        }
        if self.is(1, ".") && self.is(2, "*") {
            self.at += 3;
            return Ok(Item::All);
        }
        let expr = self.expr()?;
        let alias = self.alias()?;
        Ok(Item::One(expr, alias))
    }

    fn alias(&mut self) -> Result<Option<String>> {
        if self.eat("as") {
            return self.word().map(Some);
        }
        match self.peek() {
            Some(Token::Word(word)) if RESERVED.iter().any(|r| word.eq_ignore_ascii_case(r)) => Ok(None),
            Some(Token::Word(_) | Token::Name(_)) => self.word().map(Some),
            _ => Ok(None),
        }
    }

    fn source(&mut self) -> Result<Source> {
        let source = match self.is(0, "(") {
            true => {
                let query = self.in_parentheses(Parser::select)?;
                if query.top.is_none() && !query.order.is_empty() {
                    return Err(SqlError::new(
                        1033,
                        15,
                        "The ORDER BY clause is invalid in views, inline functions, derived tables, \
                         subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also \
                         specified.",
                    ));
                }
                Source::Query(Box::new(query))
            }
            false => {
                let name = self.name()?;
                if name.schema == "sys" && name.name == "dm_exec_describe_first_result_set" {
                    let arguments = self.in_parentheses(|p| p.list(Parser::expr))?;
                    let query = arguments.into_iter().next().ok_or_else(|| self.stumbled())?;
                    Source::Describe(Box::new(query))
                } else {
                    Source::Table(name)
                }
            }
        };
        let alias = self.alias()?;
        match (&source, alias) {
            (Source::Query(_), None) => Err(self.stumbled()),
            _ => Ok(source),
        }
    }
}

fn twice(order: &[(Expr, bool)]) -> Result<()> {
    let again =
        |(at, (by, _)): (usize, &(Expr, bool))| order.iter().take(at).any(|(earlier, _)| earlier == by);
    match order.iter().enumerate().any(again) {
        true => Err(SqlError::new(
            169,
            15,
            "A column has been specified more than once in the order by list. Columns in the order by \
             list must be unique.",
        )),
        false => Ok(()),
    }
}
