//! The scripts that run as a superuser when the extension is created or updated: pgspot finds nothing in them that
//! another role's functions, operators or tables could get into.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use erp_sync_tests::cluster::{Result, Tools};

/// Why a view may be replaced: dropping it first would take away the views that people made over it.
const OWN_VIEW: &str = "an extension's script replaces no view that is not a member of the extension";

/// Findings that stand: the script, what pgspot says without the line, and why it is harmless. There are few, because a
/// script sets `search_path` to `pg_catalog, pg_temp` for its own statements.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    ("erp_sync--0.1.0--0.2.0.sql", "PS015: Unsafe view creation: erp_sync.history", OWN_VIEW),
    ("erp_sync--0.1.0--0.2.0.sql", "PS015: Unsafe view creation: erp_sync.errors", OWN_VIEW),
    ("erp_sync--0.1.0--0.2.0.sql", "PS015: Unsafe view creation: erp_sync.differences", OWN_VIEW),
];

/// Every script by itself; an error lists the findings of all, and exceptions that nothing needs.
pub fn are_clean(tools: &Tools, scripts: &[PathBuf]) -> Result<()> {
    let mut problems = Vec::new();
    for script in scripts {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = findings(tools.pgspot(), script)?;
        let exceptions = EXCEPTIONS.iter().filter(|(script, ..)| *script == name);
        let (needed, idle): (Vec<_>, Vec<_>) =
            exceptions.partition(|(_, finding, _)| found.contains(*finding));
        let stands = |found: &String| needed.iter().any(|(_, finding, _)| finding == found);
        problems.extend(found.iter().filter(|found| !stands(found)).map(|found| format!("{name}: {found}")));
        for (_, finding, reason) in idle {
            problems.push(format!("{name}: nothing needs the exception for {finding} ({reason})"));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}

/// Its findings, in words that stay the same when lines are added above.
fn findings(mut pgspot: Command, script: &Path) -> Result<BTreeSet<String>> {
    let output = pgspot.arg(script).output().map_err(|error| format!("starting pgspot: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: BTreeSet<String> = text.lines().filter_map(finding).collect();
    match output.status.success() == found.is_empty() {
        true => Ok(found),
        // It could not read the script, or says something that this program does not understand.
        false => {
            Err(format!("{}\n{text}{}", script.display(), String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}

/// `PS016: Unqualified function call: now` of `PS016: Unqualified function call: now at line 7`.
fn finding(line: &str) -> Option<String> {
    let (code, _) = line.split_once(": ")?;
    let number = code.strip_prefix("PS").filter(|number| number.parse::<u32>().is_ok());
    number.map(|_| line.rsplit_once(" at line ").map_or(line, |(finding, _)| finding).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_the_same_on_every_line() {
        assert_eq!(finding("PS016: Call: now at line 7"), finding("PS016: Call: now at line 70"));
        let twice = "PS001: Operator: '=' in a = ' at line 1'";
        assert_eq!(finding(&format!("{twice} at line 2")).as_deref(), Some(twice));
        assert_eq!(finding(" Errors: 1 Warnings: 0 Unknown: 0 "), None);
    }
}
