//! What psql showed, against the file that a person has read.
//!
//! With `ERP_SYNC_ACCEPT=1` in the environment the files are written anew; read them before they are committed.

use erp_sync_tests::shop::Shop;

/// Titles, statements and what psql printed.
pub struct Golden {
    name: &'static str,
    text: String,
}

impl Golden {
    pub fn new(name: &'static str) -> Golden {
        Golden { name, text: String::new() }
    }

    /// Runs a statement as the shop.
    pub fn shows(&mut self, title: &str, shop: &Shop<'_>, sql: &str) -> String {
        self.shows_to("shop", title, shop, "", sql)
    }

    /// Runs a statement as any role, after others whose output nobody sees.
    pub fn shows_to(&mut self, role: &str, title: &str, shop: &Shop<'_>, before: &str, sql: &str) -> String {
        let input = format!(
            "\\set QUIET on\nset erp_sync.max_attempts = 1;\n{before}\n\\pset format unaligned\n\\pset tuples_only on\n{sql};\n"
        );
        let output = shop.cluster.psql(&shop.database, role, &input);
        let printed = [output.stdout, output.stderr].concat();
        let printed = without_ports(&without_progress(&String::from_utf8(printed).expect("UTF-8")));
        self.text += &format!("-- {title}\n{role}=> {};\n{printed}\n", without_ports(sql));
        printed
    }

    /// Compares everything that was shown.
    pub fn compare(self) {
        let path = format!("{}/tests/errors/expected/{}.txt", env!("CARGO_MANIFEST_DIR"), self.name);
        if std::env::var_os("ERP_SYNC_ACCEPT").is_some() {
            return std::fs::write(&path, &self.text).expect("the file is written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let unlike = self.text.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert!(
            self.text == expected,
            "{path}: the first line that differs: {unlike:#?}\nall of it:\n{}",
            self.text
        );
    }
}

/// How far a run has come is told every second: a quick machine has nothing to tell.
fn without_progress(text: &str) -> String {
    let is_progress = |line: &str| {
        let is_of = |server: &str| line.contains(&format!(" from {server}, "));
        line.starts_with("NOTICE:  ") && (is_of("odoo_main") || is_of("pos"))
    };
    text.split_inclusive('\n').filter(|line| !is_progress(line)).collect()
}

/// Ports differ from run to run.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean += "127.0.0.1:PORT";
        clean += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    clean
}
