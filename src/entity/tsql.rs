//! Splits the Transact-SQL of a user into tokens, before it is put between parentheses in a statement.
//!
//! The login that a statement runs as may be able to do more than the user whose text is in it. So a
//! text must end where its parentheses end: those are balanced, quotes and comments are closed, and no
//! word stands in it that begins another statement or leaves the server. Where SQL Server might read a
//! character in two ways, the text is refused. Quoted names and texts may hold anything.

use std::iter::Peekable;
use std::str::Chars;

/// Words that begin a statement, write, or reach beyond the server. All are reserved there: a column
/// of such a name must be written in brackets anyway.
const REFUSED: [&str; 54] = [
    "alter",
    "backup",
    "begin",
    "break",
    "bulk",
    "checkpoint",
    "close",
    "commit",
    "create",
    "dbcc",
    "deallocate",
    "declare",
    "delete",
    "deny",
    "drop",
    "dump",
    "exec",
    "execute",
    "exit",
    "goto",
    "grant",
    "if",
    "insert",
    "into",
    "kill",
    "load",
    "merge",
    "open",
    "opendatasource",
    "openquery",
    "openrowset",
    "print",
    "proc",
    "procedure",
    "raiserror",
    "readtext",
    "reconfigure",
    "restore",
    "return",
    "revert",
    "revoke",
    "rollback",
    "save",
    "set",
    "setuser",
    "shutdown",
    "truncate",
    "update",
    "updatetext",
    "use",
    "waitfor",
    "while",
    "writetext",
    "throw",
];

/// The text of a query as it is sent: without space and semicolons at its end.
pub fn trimmed(text: &str) -> &str {
    text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

/// Whether the object of a stream is a user's own query, and no name.
pub fn is_query(object: &str) -> bool {
    let mut words = object.split(|c: char| c.is_whitespace() || c == '(');
    words.find(|word| !word.is_empty()).is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

/// Why a text cannot stand between parentheses, for a person, with what would be right.
pub fn check(text: &str) -> Result<(), String> {
    let mut reader = Reader { rest: text.chars().peekable(), depth: 0, name: Name::default() };
    while let Some(next) = reader.rest.next() {
        reader.token(next)?;
    }
    match reader.depth {
        0 => Ok(()),
        _ => Err("a \"(\" is not closed".into()),
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    /// Parentheses that are open.
    depth: usize,
    name: Name,
}

/// A name as far as it was read: its parts may have space and comments between them, and be empty.
#[derive(Default)]
struct Name {
    points: usize,
    /// Whether a part stands last, behind which a further one would begin another name.
    has_part: bool,
}

impl Name {
    fn part(&mut self) {
        if self.has_part {
            self.points = 0;
        }
        self.has_part = true;
    }

    /// A name of four parts is that of a table of a linked server.
    fn point(&mut self) -> Result<(), String> {
        (self.points, self.has_part) = (self.points + 1, false);
        match self.points {
            0..=2 => Ok(()),
            _ => Err("a name of four parts reaches beyond the server: name tables with three parts at most, and columns by an alias".into()),
        }
    }
}

impl Reader<'_> {
    fn token(&mut self, first: char) -> Result<(), String> {
        match first {
            '"' | '[' => {
                self.name.part();
                match first {
                    '[' => self.quoted(']', "a bracket [ is not closed"),
                    _ => self.quoted('"', "a quote \" is not closed"),
                }
            }
            '.' => self.name.point(),
            c if is_of_word(c) => {
                self.name.part();
                self.word(c)
            }
            c if c.is_whitespace() => plain(c),
            '-' if self.follows('-') => self.line_comment(),
            '/' if self.follows('*') => self.comment(),
            // A mark that a server may take for a part of a name.
            c if !c.is_ascii() => Err(format!(
                "the sign {} stands outside of quotes and brackets, where only letters, digits and ASCII are read alike",
                c.escape_unicode()
            )),
            c => {
                self.name = Name::default();
                self.other(c)
            }
        }
    }

    /// What belongs to no name.
    fn other(&mut self, first: char) -> Result<(), String> {
        match first {
            '\'' => self.quoted('\'', "a quote ' is not closed"),
            '*' if self.follows('/') => Err("a \"*/\" ends no comment".into()),
            '(' => {
                self.depth += 1;
                Ok(())
            }
            ')' => {
                self.depth = self.depth.checked_sub(1).ok_or("a \")\" closes nothing")?;
                Ok(())
            }
            ';' => Err("a \";\" ends the statement: write one query, or one condition, alone".into()),
            c => plain(c),
        }
    }

    /// Takes the character when it is next.
    fn follows(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    /// Behind an opening quote. The closing one is doubled where it is meant.
    fn quoted(&mut self, close: char, otherwise: &str) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            if c == '\0' {
                return plain(c);
            }
            if c == close && !self.follows(close) {
                return Ok(());
            }
        }
        Err(otherwise.into())
    }

    /// Behind `--`. What else than a line feed may end a line is not tried out on every version.
    fn line_comment(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\n' => return Ok(()),
                '\r' if self.rest.peek() == Some(&'\n') => {}
                '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    return Err("a comment -- holds a sign that may end the line".into());
                }
                c => plain(c)?,
            }
        }
        Ok(())
    }

    /// Behind `/*`. Comments lie in one another here.
    fn comment(&mut self) -> Result<(), String> {
        let mut open = 1;
        while let Some(c) = self.rest.next() {
            match c {
                '/' if self.follows('*') => open += 1,
                '*' if self.follows('/') => open -= 1,
                c => plain(c)?,
            }
            if open == 0 {
                return Ok(());
            }
        }
        Err("a comment /* is not closed".into())
    }

    fn word(&mut self, first: char) -> Result<(), String> {
        let mut word = String::from(folded(first));
        while let Some(c) = self.rest.next_if(|c| is_of_word(*c)) {
            word.push(folded(c));
        }
        match REFUSED.contains(&word.as_str()) {
            true => Err(format!(
                "the word \"{word}\" begins another statement or reaches beyond reading: a column of this \
                 name is written [{word}]"
            )),
            false => Ok(()),
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')
}

/// A letter as a keyword may be compared by: without case, in whichever width or language it is written.
fn folded(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + 0x21).map_or(c, |c| c.to_ascii_lowercase())
        }
        'İ' | 'ı' => 'i',
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    }
}

fn plain(c: char) -> Result<(), String> {
    match c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
        true => Err("it holds a control character".into()),
        false => Ok(()),
    }
}
