//! Where steps are shown: each statement as a person would type it, and what psql says to it.

use std::io::{IsTerminal, Write, stdout};
use std::process::{Command, Stdio};

use erp_sync_tests::cluster::{Cluster, Result};

use super::steps::{Expected, Step};
use super::variables::{self, Variable};

/// How wide the output may be.
const COLUMNS: usize = 116;

/// Shows steps on a cluster.
pub struct Stage<'a> {
    cluster: &'a Cluster,
    variables: Vec<Variable>,
    /// Not every real Odoo has all modules, and a query about what it lacks fails.
    is_lenient: bool,
    titles: usize,
}

impl<'a> Stage<'a> {
    /// A stage on which nothing has been shown.
    pub fn new(cluster: &'a Cluster, variables: Vec<Variable>, is_lenient: bool) -> Stage<'a> {
        Stage { cluster, variables, is_lenient, titles: 0 }
    }

    /// Shows the title of what comes next.
    pub fn title(&mut self, title: &str) {
        self.titles += 1;
        let (bold, plain) = if stdout().is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        println!("\n{bold}{}. {title}{plain}\n", self.titles);
    }

    /// Shows a step. An error where none is expected ends the demo, and so does the absence of one that is.
    pub fn take(&mut self, step: &Step) -> Result<()> {
        self.title(step.title);
        for statement in step.statements() {
            let succeeded = self.run(step.role, statement.sql)?;
            let is_fine = match statement.expected {
                Expected::Success => succeeded,
                Expected::Rows => succeeded || self.is_lenient,
                Expected::Error => !succeeded,
            };
            if !is_fine {
                return Err(format!("the demo has failed at step \"{}\"", step.title).into());
            }
        }
        Ok(())
    }

    /// Shows a statement and has psql run it. Tells whether it succeeded.
    fn run(&self, role: &str, sql: &str) -> Result<bool> {
        let prompt = if role == "postgres" { "postgres=# " } else { "shop=> " };
        let continued = format!("\n{:width$}", "", width = prompt.len());
        println!("{prompt}{}", variables::shown(sql, &self.variables).replace('\n', &continued));
        let mut child = self.psql(role).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A psql that ends early has said why.
            let _ = writeln!(stdin, "{}{sql}", variables::preamble(&self.variables));
        }
        let succeeded = child.wait()?.success();
        if !succeeded {
            // Below rows psql leaves a line empty by itself.
            println!();
        }
        Ok(succeeded)
    }

    fn psql(&self, role: &str) -> Command {
        let mut psql = self.cluster.psql_command("postgres", role);
        psql.args(["--no-psqlrc", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--pset=pager=off", "--pset=footer=off", "--pset=format=wrapped"]);
        psql.arg(format!("--pset=columns={COLUMNS}"));
        variables::define(&mut psql, &self.variables);
        psql.stdin(Stdio::piped()).stderr(Stdio::from(stdout()));
        psql
    }
}
