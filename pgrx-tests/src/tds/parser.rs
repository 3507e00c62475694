//! From tokens to statements. What is not understood is a syntax error, as for the real one.

use super::ast::{Column, Expr, Item, Name, Select, Source, Statement};
use super::error::{Result, SqlError, syntax};
use super::kind::Kind;
use super::lexer::{Token, tokens};
use super::value::Value;

/// Words that end an alias or an expression.
const RESERVED: [&str; 21] = [
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

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, ahead: usize, wanted: &str) -> bool {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(wanted),
            Some(Token::Sign(sign)) => sign == wanted,
            _ => false,
        }
    }

    /// Whether the next token is this word or sign; if so it is passed.
    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.is(0, wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<()> {
        if self.eat(wanted) { Ok(()) } else { Err(self.stumbled()) }
    }

    fn stumbled(&self) -> SqlError {
        syntax(&self.peek().or(self.tokens.last()).map(Token::shown).unwrap_or_default())
    }

    fn word(&mut self) -> Result<String> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word) | Token::Name(word)) => {
                self.at += 1;
                Ok(word.clone())
            }
            _ => Err(self.stumbled()),
        }
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.eat(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn in_parentheses<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
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

    /// `[a].[b].[c]`: the last two parts count, the database before them is this one.
    fn name(&mut self) -> Result<Name> {
        let mut parts = vec![self.word()?];
        while self.eat(".") {
            parts.push(if self.is(0, ".") { String::new() } else { self.word()? });
        }
        let name = parts.pop().unwrap_or_default();
        let schema = parts.pop().filter(|schema| !schema.is_empty()).unwrap_or_else(|| "dbo".into());
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
        let mut column = Column { kind: self.kind()?, name, nullable: true, identity: false };
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

    fn kind(&mut self) -> Result<Kind> {
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
                        "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
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

    fn expr(&mut self) -> Result<Expr> {
        self.binary(0)
    }

    /// From the weakest to the strongest: or, and, not, comparisons, plus, times.
    fn binary(&mut self, level: usize) -> Result<Expr> {
        const LEVELS: [&[&str]; 5] =
            [&["or"], &["and"], &["=", "<>", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"]];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        if level == 2 && self.eat("not") {
            return Ok(Expr::Unary("not".into(), Box::new(self.binary(level)?)));
        }
        let mut left = self.binary(level + 1)?;
        loop {
            if let Some(operator) = operators.iter().find(|operator| self.is(0, operator)) {
                self.at += 1;
                let right = self.binary(level + 1)?;
                left = Expr::Binary(operator.to_string(), Box::new(left), Box::new(right));
            } else if level == 2 && self.eat("is") {
                let not = self.eat("not");
                self.expect("null")?;
                left = Expr::IsNull(Box::new(left), not);
            } else if level == 2 && self.eat("in") {
                left = Expr::In(Box::new(left), self.in_parentheses(|p| p.list(Parser::expr))?);
            } else {
                return Ok(left);
            }
        }
    }

    fn unary(&mut self) -> Result<Expr> {
        if self.eat("-") {
            return Ok(Expr::Unary("-".into(), Box::new(self.unary()?)));
        }
        let mut expr = self.primary()?;
        while self.eat("collate") {
            expr = Expr::Collate(Box::new(expr), self.word()?);
        }
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr> {
        let token = self.peek().cloned().ok_or_else(|| self.stumbled())?;
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Expr::Value(Value::Text(text))),
            Token::Bytes(bytes) => Ok(Expr::Value(Value::Bytes(bytes))),
            Token::Number(number) => Ok(Expr::Value(numeral(&number)?)),
            Token::Sign(sign) if sign == "(" => {
                let inner = self.expr()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign(sign) if sign == "*" => Ok(Expr::Star),
            Token::Name(name) => self.column_behind(name),
            Token::Word(word) => self.by_word(word),
            other => {
                self.at -= 1;
                Err(syntax(&other.shown()))
            }
        }
    }

    /// `o.[x]`: there is one source only, so its alias says nothing.
    fn column_behind(&mut self, mut name: String) -> Result<Expr> {
        while self.eat(".") {
            name = self.word()?;
        }
        Ok(Expr::Column(name))
    }

    fn by_word(&mut self, word: String) -> Result<Expr> {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "null" => Ok(Expr::Value(Value::Null)),
            "case" => self.case(),
            "cast" => self.in_parentheses(|p| {
                let inner = p.expr()?;
                p.expect("as")?;
                Ok(Expr::Cast(Box::new(inner), p.kind()?))
            }),
            "convert" => self.in_parentheses(|p| {
                let kind = p.kind()?;
                p.expect(",")?;
                let inner = Box::new(p.expr()?);
                let style = if p.eat(",") { p.style()? } else { 0 };
                Ok(Expr::Convert(kind, inner, style))
            }),
            "row_number" => self.row_number(),
            "dateadd" => self.in_parentheses(|p| {
                let unit = Expr::Value(Value::Text(p.word()?));
                p.expect(",")?;
                let mut arguments = vec![unit];
                arguments.extend(p.list(Parser::expr)?);
                Ok(Expr::Call("dateadd".into(), arguments))
            }),
            _ if word.starts_with("@@") => Ok(Expr::Call(lower, Vec::new())),
            _ if RESERVED.contains(&lower.as_str()) => {
                Err(SqlError::new(156, 15, format!("Incorrect syntax near the keyword '{word}'.")))
            }
            _ if self.is(0, "(") => {
                self.at += 1;
                let arguments = if self.is(0, ")") { Vec::new() } else { self.list(Parser::expr)? };
                self.expect(")")?;
                Ok(Expr::Call(lower, arguments))
            }
            _ => self.column_behind(word),
        }
    }

    fn style(&mut self) -> Result<i64> {
        match self.primary()? {
            Expr::Value(Value::Int(style)) => Ok(style),
            _ => Err(self.stumbled()),
        }
    }

    fn case(&mut self) -> Result<Expr> {
        let mut branches = Vec::new();
        while self.eat("when") {
            let condition = self.expr()?;
            self.expect("then")?;
            branches.push((condition, self.expr()?));
        }
        let otherwise = if self.eat("else") { Some(Box::new(self.expr()?)) } else { None };
        self.expect("end")?;
        Ok(Expr::Case(branches, otherwise))
    }

    fn row_number(&mut self) -> Result<Expr> {
        self.expect("(")?;
        self.expect(")")?;
        self.expect("over")?;
        self.in_parentheses(|p| {
            p.expect("partition")?;
            p.expect("by")?;
            let partition = p.list(Parser::expr)?;
            p.expect("order")?;
            p.expect("by")?;
            p.list(Parser::expr)?;
            Ok(Expr::RowNumber(partition))
        })
    }
}

fn numeral(text: &str) -> Result<Value> {
    match text.split_once('.') {
        None => text
            .parse()
            .map(Value::Int)
            .or_else(|_| text.parse().map(|n| Value::Decimal(n, 0)))
            .map_err(|_| syntax(text)),
        Some((whole, fraction)) => {
            let scale = u8::try_from(fraction.len()).map_err(|_| syntax(text))?;
            format!("{whole}{fraction}").parse().map(|n| Value::Decimal(n, scale)).map_err(|_| syntax(text))
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
            "A column has been specified more than once in the order by list. Columns in the order by list must be unique.",
        )),
        false => Ok(()),
    }
}
