//! Expressions, from the weakest operator to the strongest.

use super::ast::Expr;
use super::error::{Result, SqlError, syntax};
use super::lexer::Token;
use super::parser::{Parser, RESERVED};
use super::value::Value;

impl Parser {
    pub(super) fn expr(&mut self) -> Result<Expr> {
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
