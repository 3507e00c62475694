//! `cargo demo`: the extension at work, as the owner of a shop meets it, on a cluster of
//! its own that is thrown away afterwards.

mod arguments;
mod change;
mod interrupt;
mod password;
mod stage;
mod steps;
mod tick;
mod till;
mod variables;

use std::process::ExitCode;
use std::sync::Mutex;

use erp_sync_tests::cluster::{Cluster, Options, Result, debian, prepare};
use erp_sync_tests::odoo::{DATABASE, Odoo};
use erp_sync_tests::tds::Tds;

use arguments::{Arguments, Remote};
use stage::Stage;
use steps::{
    ADMITTED, ARRIVED, BOOKS, BROKEN, CHECK, EVERY_MINUTE, FIRST_RUN, ROWS, SALES, SERVER, SETUP, STATUS,
    STOCK, TILL, VERIFIED,
};

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

/// What this program plays.
struct Played {
    odoo: Odoo,
    till: Tds,
}

/// The walk with an Odoo and a till that this program plays itself.
fn play(cluster: &Cluster, keep: bool) -> Result<()> {
    let played = Played { odoo: Odoo::start(), till: erp_sync_tests::till::start() };
    change::set_clock(&played.odoo);
    till::sell(&played.till);
    let remote = Remote::played(played.odoo.url(), DATABASE);
    walk(cluster, &remote, Some(&played))?;
    if keep {
        println!(
            "\nThis program goes on playing Odoo and the till until you press Enter. Meanwhile, in another terminal:"
        );
        println!("  psql {}", cluster.url("postgres", "shop"));
        std::io::stdin().read_line(&mut String::new())?;
        println!("Both have ended: from now on runs say that they cannot be reached.");
    }
    Ok(())
}

/// The whole walk. What needs a change in Odoo, or a till, is left out where Odoo is not ours.
fn walk(cluster: &Cluster, remote: &Remote, played: Option<&Played>) -> Result<()> {
    let mut variables = remote.variables();
    variables.extend(played.iter().flat_map(|played| till::variables(&played.till)));
    let mut stage = Stage::new(cluster, variables, played.is_none());
    let is_ours = played.is_some();
    println!("\n{}", if is_ours { steps::INTRODUCTION } else { steps::INTRODUCTION_WITH_A_REAL_ODOO });
    for step in [&SETUP, &SERVER, &CHECK, &FIRST_RUN, &STATUS, &ROWS, &EVERY_MINUTE] {
        stage.take(step)?;
    }
    if let Some(played) = played {
        stage.title("Meanwhile in Odoo");
        change::make(&played.odoo);
    }
    stage.title("pg_cron does its work");
    tick::wait(cluster)?;
    if is_ours {
        stage.take(&ARRIVED)?;
    }
    stage.take(&BOOKS)?;
    if let Some(played) = played {
        stage.title("In Odoo somebody deletes a contact");
        change::delete(&played.odoo);
        stage.take(&VERIFIED)?;
        stage.take(&BROKEN)?;
        sales(&mut stage, &played.odoo)?;
    }
    stage.take(&STOCK)?;
    stage.title("What next?");
    println!("{}", if is_ours { steps::NEXT } else { steps::NEXT_WITH_A_REAL_ODOO });
    Ok(())
}

/// The tills' part of it.
fn sales(stage: &mut Stage<'_>, odoo: &Odoo) -> Result<()> {
    stage.take(&TILL)?;
    stage.take(&SALES)?;
    stage.title("In Odoo somebody sees to the barcode");
    till::give_barcode(odoo);
    stage.take(&ADMITTED)
}
