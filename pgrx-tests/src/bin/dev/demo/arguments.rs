//! The arguments of `cargo demo`.

use erp_sync_tests::cluster::Result;

use super::password;
use super::variables::Variable;

/// How it is called.
pub const USAGE: &str = "\
cargo demo                   shows the extension at work on an Odoo and a till that this program plays itself
cargo demo --odoo URL --database D --username U
                             the same with a real Odoo, which is only read, and without the till; the
                             password comes from the variable ERP_SYNC_PASSWORD, or it is asked for
cargo demo --keep            leaves the cluster running for a closer look
cargo demo --stop            stops and removes a cluster that was kept
cargo demo --name NAME ...   gives the cluster another name, so that several can be there at once
";

/// What was asked for.
#[derive(Debug, PartialEq)]
pub struct Arguments {
    /// The cluster's.
    pub name: String,
    /// Leave the cluster running.
    pub keep: bool,
    /// Only remove a cluster that was kept.
    pub stop: bool,
    url: Option<String>,
    database: Option<String>,
    username: Option<String>,
}

const NAME: &str = "demo";

/// An Odoo, as the statements of the demo name it.
pub struct Remote {
    /// Without a path.
    pub url: String,
    /// Name of its database.
    pub database: String,
    /// Login.
    pub username: String,
    /// Never printed, and never an argument of a program.
    pub password: String,
}

impl Arguments {
    /// Reads the command line.
    pub fn parse(words: &[&str]) -> Result<Arguments> {
        let mut arguments = Arguments {
            name: NAME.into(),
            keep: false,
            stop: false,
            url: None,
            database: None,
            username: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = match *word {
                "--name" => {
                    arguments.name = value_of(word, &mut words)?;
                    continue;
                }
                "--keep" => {
                    arguments.keep = true;
                    continue;
                }
                "--stop" => {
                    arguments.stop = true;
                    continue;
                }
                "--odoo" => &mut arguments.url,
                "--database" => &mut arguments.database,
                "--username" => &mut arguments.username,
                other => return Err(format!("unknown argument \"{other}\"; there is:\n\n{USAGE}").into()),
            };
            *value = Some(value_of(word, &mut words)?);
        }
        arguments.check()
    }

    fn check(self) -> Result<Arguments> {
        match (&self.url, &self.database, &self.username) {
            (None, None, None) | (Some(_), Some(_), Some(_)) => Ok(self),
            _ => Err("a real Odoo needs all of --odoo URL --database NAME --username NAME".into()),
        }
    }

    /// The words that name the cluster in a further call.
    pub fn named(&self) -> String {
        if self.name == NAME { String::new() } else { format!("--name {} ", self.name) }
    }

    /// The real Odoo, with its password.
    pub fn remote(&self) -> Result<Option<Remote>> {
        let (Some(url), Some(database), Some(username)) = (&self.url, &self.database, &self.username) else {
            return Ok(None);
        };
        let (url, database, username) = (url.clone(), database.clone(), username.clone());
        let password = password::get(&format!("Password of {username} at {url}: "))?;
        Ok(Some(Remote { url, database, username, password }))
    }
}

fn value_of<'a>(option: &str, words: &mut impl Iterator<Item = &'a &'a str>) -> Result<String> {
    let word = words.next().ok_or_else(|| format!("{option} needs a value"))?;
    Ok(word.to_string())
}

impl Remote {
    /// The Odoo that this program plays.
    pub fn played(url: String, database: &str) -> Remote {
        Remote { url, database: database.into(), username: "admin".into(), password: "admin".into() }
    }

    /// What psql must know about it.
    pub fn variables(&self) -> Vec<Variable> {
        vec![
            Variable::open("odoo_url", &self.url),
            Variable::open("odoo_database", &self.database),
            Variable::open("odoo_username", &self.username),
            Variable::secret("odoo_password", &self.password),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_odoo_needs_all_three() {
        assert!(Arguments::parse(&["--odoo", "http://127.0.0.1:1"]).is_err());
        let words = ["--keep", "--odoo", "http://127.0.0.1:1", "--database", "d", "--username", "u"];
        assert!(Arguments::parse(&words).unwrap().keep);
    }

    #[test]
    fn an_option_without_its_value_and_an_unknown_one_are_errors() {
        assert!(Arguments::parse(&["--odoo"]).is_err());
        assert!(Arguments::parse(&["--kepe"]).unwrap_err().to_string().contains("--keep"));
    }
}
