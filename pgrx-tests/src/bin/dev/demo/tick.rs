//! Waiting until pg_cron has run the job.

use std::io::{IsTerminal, Write, stdout};
use std::thread::sleep;
use std::time::{Duration, Instant};

use erp_sync_tests::cluster::{Cluster, Result};

/// The job begins at a full minute, which may be nearly a minute away; a minute more for its work.
const LIMIT: Duration = Duration::from_secs(130);

const ENDED: &str = "
select status, coalesce(return_message, '') from cron.job_run_details
where command like '%sync_auto()%' and status in ('succeeded', 'failed') order by runid limit 1";

/// Waits for the end of the job's first run, and says so meanwhile. An error when it fails, or does not come.
pub fn wait(cluster: &Cluster) -> Result<()> {
    let mut client = cluster.client("postgres", "postgres");
    let begun = Instant::now();
    println!("The job begins at the next full minute.");
    let mut progress = Progress { told: 0 };
    loop {
        if let Some(row) = client.query_opt(ENDED, &[])? {
            let (status, message): (String, String) = (row.get(0), row.get(1));
            progress.end();
            return match status.as_str() {
                "succeeded" => {
                    println!("It has run after {} s.", begun.elapsed().as_secs());
                    Ok(())
                }
                _ => Err(format!("the job of pg_cron has failed: {message}").into()),
            };
        }
        if begun.elapsed() > LIMIT {
            progress.end();
            return Err(format!("waited {} s in vain for the job of pg_cron", LIMIT.as_secs()).into());
        }
        progress.tell(begun.elapsed().as_secs());
        sleep(Duration::from_millis(250));
    }
}

/// How long it has been: every second on a terminal, every ten elsewhere.
struct Progress {
    told: u64,
}

impl Progress {
    fn tell(&mut self, seconds: u64) {
        let is_terminal = stdout().is_terminal();
        if seconds < self.told + if is_terminal { 1 } else { 10 } {
            return;
        }
        self.told = seconds;
        match is_terminal {
            true => print!("\rwaiting for the job of pg_cron: {seconds} s "),
            false => println!("waiting for the job of pg_cron: {seconds} s"),
        }
        let _ = stdout().flush();
    }

    /// Takes the line away that is written over and over.
    fn end(&self) {
        if stdout().is_terminal() {
            print!("\r\x1b[K");
        }
    }
}
