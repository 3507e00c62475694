//! How a cluster is to be.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use super::instance::{Instance, Stop, free_port};
use super::process::{self, Context};
use super::slot::{self, LASTING, Slot, TESTS};
use super::{AtDrop, Cluster, Prepared, Result, fail, prepare};

/// Settings of every cluster. `max_worker_processes`: a run takes one, and tests run in parallel.
const ALL: [(&str, &str); 8] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("shared_preload_libraries", "pg_cron"),
    ("cron.use_background_workers", "on"),
    ("cron.database_name", "postgres"),
    ("max_worker_processes", "32"),
    ("log_line_prefix", "%m [%p] %q%u@%d %a: "),
    ("lc_messages", "C.UTF-8"),
];

/// Settings of test clusters. The time zone is one whose mix-up with UTC no test can miss.
const TESTS_ONLY: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("timezone", "Asia/Kolkata"),
    ("log_timezone", "Asia/Kolkata"),
    ("shared_buffers", "64MB"),
];

/// How a cluster is to be: made by [`Cluster::options`], used up by [`Options::start`].
#[derive(Clone, Debug, Default)]
pub struct Options {
    name: String,
    settings: Vec<(String, String)>,
    lasting: bool,
    anew: bool,
    own_identity: bool,
    /// Port of the cluster that this one follows.
    primary: Option<u16>,
    disk_mb: Option<u32>,
    memory_mb: Option<u32>,
    server: Option<&'static Prepared>,
}

impl Options {
    /// A cluster for a test: an odd time zone, nothing flushed to disk, gone when dropped.
    pub fn new(name: &str) -> Options {
        let settings =
            ALL.iter().chain(&TESTS_ONLY).map(|(name, value)| (name.to_string(), value.to_string()));
        let settings = settings.collect();
        Options { name: name.into(), settings, anew: true, ..Options::default() }
    }

    /// A cluster for a person: durable, and its data stays. At most one of a name runs; starting it
    /// a second time finds it.
    pub fn lasting(name: &str) -> Options {
        let settings = ALL.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Options { name: name.into(), settings, lasting: true, own_identity: true, ..Options::default() }
    }

    /// Removes what a lasting cluster of this name holds, and begins with an empty one.
    pub fn anew(mut self) -> Options {
        self.anew = true;
        self
    }

    /// A setting of `postgresql.conf`, such as `log_statement`, with its value as plain text.
    pub fn set(mut self, name: &str, value: &str) -> Options {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The database that pg_cron lives in; `postgres` when nothing is said.
    pub fn cron_database(self, name: &str) -> Options {
        self.set("cron.database_name", name)
    }

    /// A system identifier of its own. Test clusters are copies of one template and share one,
    /// which is what a test of moved or copied databases does not want. Costs a second.
    pub fn own_identity(mut self) -> Options {
        self.own_identity = true;
        self
    }

    /// Another server than the one that the tests are for, as [`prepare_for`](super::prepare_for) made it.
    pub fn on(mut self, server: &'static Prepared) -> Options {
        self.server = Some(server);
        self
    }

    /// A standby: a copy of a running cluster that follows it.
    pub fn standby_of(mut self, primary: &Cluster) -> Options {
        self.primary = Some(primary.port);
        self
    }

    /// With a small disk of its own ([`Cluster::disk`]), which is empty after every start.
    pub fn with_disk(mut self, megabytes: u32) -> Options {
        self.disk_mb = Some(megabytes);
        self
    }

    /// With a hard limit on the memory of each of its processes: what they map, shared memory included.
    pub fn with_memory_limit(mut self, megabytes: u32) -> Options {
        self.memory_mb = Some(megabytes);
        self
    }

    /// Starts it, or finds the lasting cluster that runs already.
    pub fn start(self) -> Result<Cluster> {
        let prepared = match self.server {
            Some(prepared) => prepared,
            None => prepare()?,
        };
        let (folder, name) = (self.folder(), self.data_name(prepared));
        let slot = match self.lasting {
            false => Slot::take_first(prepared, folder, &name)?,
            true => match Slot::take(prepared, folder, &name)? {
                Some(slot) => slot,
                None => {
                    return fail(format!("\"{}\" is being used by another program: wait for it", self.name));
                }
            },
        };
        let mut instance =
            slot::instance(&prepared.ground, folder, &slot.name, &prepared.tree, &prepared.user);
        instance.disk_mb = self.disk_mb;
        instance.memory_mb = self.memory_mb;
        let at_drop = AtDrop::Remove;
        let port = self.bring_up(prepared, &instance)?;
        Ok(Cluster { instance, port, at_drop, _slot: Some(slot) })
    }

    /// Finds the lasting cluster if it runs.
    pub(super) fn find(self) -> Result<Option<Cluster>> {
        let prepared = Prepared::as_it_is()?;
        let (folder, name) = (self.folder(), self.data_name(&prepared));
        let instance = slot::instance(&prepared.ground, folder, &name, &prepared.tree, &prepared.user);
        let Some(running) = instance.running() else { return Ok(None) };
        Ok(Some(Cluster { instance, port: running.port, at_drop: AtDrop::Leave, _slot: None }))
    }

    fn folder(&self) -> &'static str {
        if self.lasting { LASTING } else { TESTS }
    }

    /// Data that stays belongs to one major version.
    fn data_name(&self, prepared: &Prepared) -> String {
        match self.lasting {
            true => format!("{}-{}", self.name, prepared.tree.major),
            false => self.name.clone(),
        }
    }

    fn bring_up(&self, prepared: &Prepared, instance: &Instance) -> Result<u16> {
        if self.anew {
            instance.stop(Stop::Immediate)?;
            process::remove_dir(&instance.data)?;
            let _ = std::fs::remove_file(&instance.log);
        } else if let Some(running) = instance.running() {
            return Ok(running.port);
        }
        if !instance.data.join("PG_VERSION").exists() {
            process::remove_dir(&instance.data)?;
            self.make_data(prepared, instance)?;
        }
        instance.configure(&self.settings_for(prepared))?;
        start_on_free_port(instance)
    }

    /// A library that is not there would keep the server from starting.
    fn settings_for(&self, prepared: &Prepared) -> Vec<(String, String)> {
        let can_be_loaded = |(name, value): &(String, String)| {
            prepared.has_pg_cron || name != "shared_preload_libraries" || value != "pg_cron"
        };
        self.settings.iter().filter(|setting| can_be_loaded(setting)).cloned().collect()
    }

    /// A place with a new data folder of its own identity and these settings, on which no server was started.
    pub(super) fn make(&self, prepared: &Prepared) -> Result<(Instance, Slot)> {
        let slot = Slot::take_first(prepared, TESTS, &self.name)?;
        let instance = slot::instance(&prepared.ground, TESTS, &slot.name, &prepared.tree, &prepared.user);
        process::remove_dir(&instance.data)?;
        instance.initdb(false)?;
        instance.configure(&self.settings_for(prepared))?;
        Ok((instance, slot))
    }

    fn make_data(&self, prepared: &Prepared, instance: &Instance) -> Result<()> {
        if let Some(port) = self.primary {
            return instance.follow(port);
        }
        if self.own_identity {
            return instance.initdb(self.lasting);
        }
        let template = template(prepared, instance)?;
        let mut copy = prepared.user.command("/usr/bin/cp".as_ref());
        copy.args(["--archive", "--reflink=auto"]).arg(&template).arg(&instance.data);
        process::output(&mut copy, "copying the template cluster")?;
        Ok(())
    }
}

/// A data folder nothing has happened in yet, made once per version of the server.
fn template(prepared: &Prepared, instance: &Instance) -> Result<PathBuf> {
    let template = prepared.ground.join(format!("template-{}", prepared.tree.version));
    let _lock = prepare::lock(&prepared.ground)?;
    if template.exists() {
        return Ok(template);
    }
    let fresh = prepared.ground.join("template.new");
    process::remove_dir(&fresh)?;
    process::make_dir(&fresh)?;
    prepared.user.own(&fresh)?;
    Instance { data: fresh.clone(), ..instance.clone() }.initdb(false)?;
    std::fs::rename(&fresh, &template).context(template.display())?;
    Ok(template)
}

/// Starts on the port that belongs to the data folder, so that a lasting cluster keeps its URL,
/// or on one of the next when somebody has that.
pub(super) fn start_on_free_port(instance: &Instance) -> Result<u16> {
    let mut hasher = DefaultHasher::new();
    instance.data.hash(&mut hasher);
    let mut wish = hasher.finish() as u16;
    for _ in 0..5 {
        let port = free_port(wish)?;
        match instance.start(port) {
            // Somebody was faster.
            Err(error) if error.to_string().contains("could not bind IPv4 address") => {
                wish = wish.wrapping_add(1)
            }
            Err(error) => return Err(error),
            Ok(()) => return Ok(port),
        }
    }
    fail("found no port to listen on in five tries: try again")
}
