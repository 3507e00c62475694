//! Every option there is, once.

use super::check::Check;

/// The longest pause between two requests, in milliseconds: a longer one would keep others waiting.
pub(crate) const LONGEST_DELAY_MS: u32 = 10_000;

/// One option.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) check: Check,
    /// For people: what it is for, and its default.
    pub(super) about: &'static str,
}

const fn row(name: &'static str, check: Check, about: &'static str) -> Row {
    Row { name, check, about }
}

/// Options of an `odoo` server, in the order they are shown.
pub(super) const ODOO: &[Row] = &[
    row("url", Check::Url, "address of the Odoo server, e.g. https://erp.example.com"),
    row("database", Check::Text, "name of the Odoo database"),
    row("tenant", Check::Text, "the business the rows belong to (default main)"),
    row(
        "protocol",
        Check::Word(&["auto", "json2", "jsonrpc", "xmlrpc"]),
        "auto (default: json2 from Odoo 19 with an API key, else jsonrpc), json2, jsonrpc or xmlrpc",
    ),
    row(
        "request_delay_ms",
        Check::Whole(0, LONGEST_DELAY_MS),
        "pause between two requests, in milliseconds (default 0, at most 10000)",
    ),
    row("min_page", Check::Whole(1, 100_000), "fewest rows asked for at once"),
    row("max_page", Check::Whole(1, 100_000), "most rows asked for at once"),
    row(
        "companies",
        Check::Ids,
        "ids of the companies whose rows are read, e.g. 1,2 (default: all of the user's)",
    ),
    row("language", Check::Language, "language of translated texts, e.g. fr_FR (default: English)"),
    row(
        "ca",
        Check::Certificates,
        "certificates of the authorities that are trusted instead of the system's, as PEM text",
    ),
    row(
        "ca_file",
        Check::Path,
        "file that holds such certificates (superusers and pg_read_server_files only)",
    ),
    row("proxy", Check::Url, "HTTP proxy to go through, e.g. http://proxy.example.com:3128"),
    row("verify_tls", Check::Flag, "whether the server's certificate is verified (default true)"),
];

/// Options of a `sqlserver` server, in the order they are shown.
pub(super) const SQLSERVER: &[Row] = &[
    row("host", Check::Host, "name or address of the machine, without port"),
    row("port", Check::Whole(1, 65_535), "TCP port (default 1433)"),
    row("database", Check::Text, "name of the database"),
    row("instance", Check::Text, "name of a named instance, found through the SQL Server Browser"),
    row("tenant", Check::Text, "the business the rows belong to (default main)"),
    row(
        "encrypt",
        Check::Word(&["require", "login-only", "plaintext"]),
        "require (default), login-only or plaintext",
    ),
    row("trust_certificate", Check::Flag, "whether any certificate is accepted (default false)"),
    row(
        "ca",
        Check::Certificates,
        "certificates of authorities that are trusted beside the system's, as PEM text",
    ),
    row(
        "ca_file",
        Check::Path,
        "file that holds such certificates (superusers and pg_read_server_files only)",
    ),
    row(
        "follow_routing",
        Check::Flag,
        "whether a gateway may send the login on to another host (default false)",
    ),
    row("application_name", Check::Text, "name shown in the remote's session list (default erp_sync)"),
    row("timezone", Check::Zone, "time zone of times without one, e.g. Asia/Dubai (default UTC)"),
];

/// Options of a user mapping of either wrapper.
pub(super) const USER_MAPPING: &[Row] = &[
    row("username", Check::Text, "login on the remote"),
    row("password", Check::Secret, "password or API key"),
    row(
        "password_file",
        Check::Path,
        "file that holds the password, on a server that a superuser owns (superusers only)",
    ),
];
