//! Transact-SQL as tokens.

use super::error::{Result, SqlError, syntax};

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A word; keywords are words too.
    Word(String),
    /// A name in brackets or double quotes.
    Name(String),
    Text(String),
    Number(String),
    Bytes(Vec<u8>),
    /// `(`, `<=`, ...
    Sign(String),
}

impl Token {
    /// As it was written, about.
    pub fn shown(&self) -> String {
        match self {
            Token::Word(text)
            | Token::Name(text)
            | Token::Text(text)
            | Token::Number(text)
            | Token::Sign(text) => text.clone(),
            Token::Bytes(_) => "0x".into(),
        }
    }
}

/// Signs of two characters.
const DOUBLE: [&str; 4] = ["<=", ">=", "<>", "!="];
const SINGLE: &str = "(),.=<>+-*/;%";

/// All tokens of a batch.
pub fn tokens(sql: &str) -> Result<Vec<Token>> {
    let chars: Vec<char> = sql.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0 };
    let mut all = Vec::new();
    while let Some(token) = lexer.next()? {
        all.push(token);
    }
    Ok(all)
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Result<Option<Token>> {
        self.skip()?;
        let Some(c) = self.peek(0) else { return Ok(None) };
        let token = match c {
            '[' => Token::Name(self.quoted(']')?),
            '"' => Token::Name(self.quoted('"')?),
            '\'' => Token::Text(self.quoted('\'')?),
            'N' | 'n' if self.peek(1) == Some('\'') => {
                self.at += 1;
                Token::Text(self.quoted('\'')?)
            }
            '0' if matches!(self.peek(1), Some('x' | 'X')) => {
                self.at += 2;
                Token::Bytes(hex(&self.while_(|c| c.is_ascii_hexdigit()))?)
            }
            '0'..='9' => Token::Number(self.while_(|c| c.is_ascii_digit() || c == '.')),
            c if c.is_alphabetic() || matches!(c, '_' | '@' | '#') => {
                Token::Word(self.while_(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')))
            }
            _ => Token::Sign(self.sign()?),
        };
        Ok(Some(token))
    }

    fn while_(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = &self.chars[self.at..];
        let text: String = rest.iter().take_while(|c| belongs(**c)).collect();
        self.at += text.chars().count();
        text
    }

    fn sign(&mut self) -> Result<String> {
        let two: String = self.chars[self.at..].iter().take(2).collect();
        if DOUBLE.contains(&two.as_str()) {
            self.at += 2;
            return Ok(two);
        }
        let one: String = two.chars().take(1).collect();
        self.at += 1;
        if SINGLE.contains(&one) { Ok(one) } else { Err(syntax(&one)) }
    }

    /// Blanks and comments.
    fn skip(&mut self) -> Result<()> {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(c), _) if c.is_whitespace() => self.at += 1,
                (Some('-'), Some('-')) => drop(self.while_(|c| c != '\n')),
                (Some('/'), Some('*')) => {
                    let rest: String = self.chars[self.at..].iter().collect();
                    let end = rest
                        .find("*/")
                        .ok_or_else(|| SqlError::new(113, 15, "Missing end comment mark '*/'."))?;
                    self.at += rest[..end + 2].chars().count();
                }
                _ => return Ok(()),
            }
        }
    }

    fn quoted(&mut self, close: char) -> Result<String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(c), Some(next)) if c == close && next == close => {
                    text.push(c);
                    self.at += 2;
                }
                (Some(c), _) if c == close => {
                    self.at += 1;
                    return Ok(text);
                }
                (Some(c), _) => {
                    text.push(c);
                    self.at += 1;
                }
                (None, _) => {
                    return Err(SqlError::new(
                        105,
                        15,
                        format!("Unclosed quotation mark after the character string '{text}'."),
                    ));
                }
            }
        }
    }
}

fn hex(digits: &str) -> Result<Vec<u8>> {
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_string() };
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| syntax(&digits));
    (0..digits.len()).step_by(2).map(byte).collect()
}
