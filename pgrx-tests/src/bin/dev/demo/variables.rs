//! psql's variables: what the statements of the demo name without saying it.

use std::process::Command;

/// A variable `name`; in SQL: `:'name'`.
pub struct Variable {
    name: &'static str,
    value: String,
    /// Never printed, and never an argument of a program.
    is_secret: bool,
}

impl Variable {
    /// One that everybody may see.
    pub fn open(name: &'static str, value: &str) -> Variable {
        Variable { name, value: value.into(), is_secret: false }
    }

    /// A password.
    pub fn secret(name: &'static str, value: &str) -> Variable {
        Variable { name, value: value.into(), is_secret: true }
    }

    /// Where psql finds a secret: what is an argument, everybody on this machine can see.
    fn environment(&self) -> String {
        format!("ERP_SYNC_{}", self.name.to_uppercase())
    }
}

/// SQL as a person would have typed it, but never a secret.
pub fn shown(sql: &str, variables: &[Variable]) -> String {
    variables.iter().fold(sql.to_string(), |sql, variable| {
        let value = if variable.is_secret { "...".into() } else { variable.value.replace('\'', "''") };
        sql.replace(&format!(":'{}'", variable.name), &format!("'{value}'"))
    })
}

/// Lets psql know them, the secret ones by its environment.
pub fn define(psql: &mut Command, variables: &[Variable]) {
    for variable in variables {
        match variable.is_secret {
            true => psql.env(variable.environment(), &variable.value),
            false => psql.arg(format!("--set={}={}", variable.name, variable.value)),
        };
    }
}

/// What psql must read first: the secrets, out of its environment.
pub fn preamble(variables: &[Variable]) -> String {
    let secrets = variables.iter().filter(|variable| variable.is_secret);
    secrets.map(|secret| format!("\\getenv {} {}\n", secret.name, secret.environment())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_neither_shown_nor_an_argument() {
        let variables = [Variable::open("host", "it's"), Variable::secret("word", "hush")];
        assert_eq!(shown(":'host' :'word'", &variables), "'it''s' '...'");
        let mut psql = Command::new("psql");
        define(&mut psql, &variables);
        assert_eq!(psql.get_args().collect::<Vec<_>>(), ["--set=host=it's"]);
        assert_eq!(preamble(&variables), "\\getenv word ERP_SYNC_WORD\n");
    }
}
