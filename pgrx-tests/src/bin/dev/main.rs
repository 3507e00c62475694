//! The developer's commands: `cargo demo`, `cargo verify`, `cargo cluster`.

mod cluster;
mod demo;
mod verify;

use std::process::ExitCode;

const USAGE: &str = "\
cargo verify [TEST]          checks everything, or runs the tests whose name contains TEST
cargo verify --soak          checks everything, and plays 10,000 programs of the oracle in the end
cargo cluster start          builds and installs the extension and starts a private PostgreSQL with it
cargo cluster psql [ARG...]  opens psql there; further arguments go to psql
cargo cluster url            prints the connection URL of its superuser
cargo cluster stop           stops it; its data stays
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["cluster", rest @ ..] => cluster::run(rest),
        ["demo", rest @ ..] => demo::run(rest),
        ["verify", rest @ ..] => verify::run(rest),
        _ => Err(format!("this is what there is:\n\n{USAGE}{}", demo::USAGE).into()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
