//! `cargo demo`: the extension at work, as the owner of a shop meets it, on a cluster of
//! its own that is thrown away afterwards.

mod arguments;
mod change;
mod interrupt;
mod password;
mod stage;
mod steps;
mod tick;

use std::process::ExitCode;
use std::sync::Mutex;

use erp_sync_tests::cluster::{Cluster, Options, Result, debian, prepare};
use erp_sync_tests::odoo::{DATABASE, Odoo};

use arguments::{Arguments, Remote};
use stage::Stage;
use steps::{ARRIVED, BOOKS, BROKEN, CHECK, EVERY_MINUTE, FIRST_RUN, ROWS, SERVER, SETUP, STATUS};

pub use arguments::USAGE;

/// The end of the walk and an interrupt may come together.
static CLEANING_UP: Mutex<()> = Mutex::new(());

/// Runs `cargo demo ...`.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    let arguments = Arguments::parse(arguments)?;
    if arguments.stop {
        return throw_away(&arguments.name);
    }
    let real = arguments.remote()?;
    debian::install_missing()?;
    let name = arguments.name.clone();
    interrupt::clean_up_with(move || {
        let _alone = CLEANING_UP.lock();
        throw_away(&name).map(drop)
    });
    eprintln!("building the extension ...");
    prepare()?;
    eprintln!("starting a private PostgreSQL ...");
    let mut cluster = Options::lasting(&arguments.name).anew().start()?;
    let walked = match &real {
        Some(remote) => walk(&cluster, remote, None),
        None => play(&cluster, arguments.keep),
    };
    let _alone = CLEANING_UP.lock();
    if arguments.keep {
        cluster.leave();
        println!("The cluster runs on: psql {}", cluster.url("postgres", "shop"));
        println!("To stop and remove it: cargo demo {}--stop", arguments.named());
    }
    drop(cluster);
    walked.map(|()| ExitCode::SUCCESS)
}

/// Stops a cluster that was kept and removes its data.
fn throw_away(name: &str) -> Result<ExitCode> {
    if let Some(mut cluster) = Cluster::find(name)? {
        cluster.remove();
    }
    Ok(ExitCode::SUCCESS)
}

/// The walk with an Odoo that this program plays itself.
fn play(cluster: &Cluster, keep: bool) -> Result<()> {
    let odoo = Odoo::start();
    change::set_clock(&odoo);
    let remote = Remote::played(odoo.url(), DATABASE);
    walk(cluster, &remote, Some(&odoo))?;
    if keep {
        println!(
            "\nThis program goes on playing Odoo until you press Enter. Meanwhile, in another terminal:"
        );
        println!("  psql {}", cluster.url("postgres", "shop"));
        std::io::stdin().read_line(&mut String::new())?;
        println!("Odoo has ended: from now on runs say that it cannot be reached.");
    }
    Ok(())
}

/// The whole walk. What needs a change in Odoo is left out where `odoo` is not ours.
fn walk(cluster: &Cluster, remote: &Remote, odoo: Option<&Odoo>) -> Result<()> {
    let mut stage = Stage::new(cluster, remote, odoo.is_none());
    println!("\n{}", steps::INTRODUCTION);
    stage.take(&SETUP)?;
    stage.take(&SERVER)?;
    stage.take(&CHECK)?;
    stage.take(&FIRST_RUN)?;
    stage.take(&STATUS)?;
    stage.take(&ROWS)?;
    stage.take(&EVERY_MINUTE)?;
    if let Some(odoo) = odoo {
        stage.title("Meanwhile in Odoo");
        change::make(odoo);
    }
    stage.title("pg_cron does its work");
    tick::wait(cluster)?;
    if odoo.is_some() {
        stage.take(&ARRIVED)?;
    }
    stage.take(&BOOKS)?;
    if odoo.is_some() {
        stage.take(&BROKEN)?;
    }
    stage.title("What next?");
    println!("{}", if odoo.is_some() { steps::NEXT } else { steps::NEXT_WITH_A_REAL_ODOO });
    Ok(())
}
