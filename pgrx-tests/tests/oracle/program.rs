//! A program: what happens to the remotes and to the runs, drawn from a seed.

use super::change::Change;
use super::dice::Dice;
use super::setup::Setup;
use super::strike::{Stop, Strike};

/// What a seed stands for.
#[derive(Debug)]
pub struct Program {
    pub seed: u64,
    pub setup: Setup,
    pub steps: Vec<Step>,
}

/// One thing after the other.
#[derive(Debug)]
pub enum Step {
    /// Somebody changes something on a remote, or its circumstances.
    Change(Change),
    /// A run, with what befalls it.
    Sync(Sync),
}

/// A run.
#[derive(Clone, Debug)]
pub struct Sync {
    pub entities: String,
    pub mode: &'static str,
    pub confirm: bool,
    pub wait: bool,
    /// Another run at the same time.
    pub beside: Option<(String, &'static str)>,
    pub strikes: Vec<Strike>,
    /// At the nth request of one of the remotes: what happens there meanwhile, and who is stopped.
    pub moments: Vec<Moment>,
}

/// A request that is held while something happens.
#[derive(Clone, Debug)]
pub struct Moment {
    pub at_till: bool,
    pub request: usize,
    pub changes: Vec<Change>,
    /// A table that somebody locks, so that the batch that comes next gets no further.
    pub lock: Option<&'static str>,
    pub stop: Option<Stop>,
}

const MODES: &[&str] = &["incremental", "incremental", "incremental", "full", "verify", "auto"];

/// What a batch writes to, from its first statement to its last.
const LOCKED: &[&str] = &[
    "erp.contacts",
    "erp.products",
    "erp.invoice_lines",
    "erp_sync.batch",
    "erp_sync.batch",
    "erp_sync.position",
];

impl Program {
    pub fn of(seed: u64) -> Program {
        Program::about(seed, Setup::draw)
    }

    /// A program with remotes of one's own choice.
    pub fn about(seed: u64, setup: impl FnOnce(&mut Dice) -> Setup) -> Program {
        let mut dice = Dice::new(seed);
        let setup = setup(&mut dice);
        let mut steps = vec![Step::Sync(Sync::draw(&mut dice, &setup, true))];
        for _ in 0..dice.between(3, 6) {
            for _ in 0..dice.between(1, 6) {
                steps.push(Step::Change(Change::draw(&mut dice, &setup)));
            }
            steps.push(Step::Sync(Sync::draw(&mut dice, &setup, false)));
        }
        Program { seed, setup, steps }
    }

    /// One line a step, for a person to read.
    pub fn listing(&self) -> String {
        let lines = self.steps.iter().map(|step| match step {
            Step::Change(change) => format!("  {change:?}"),
            Step::Sync(sync) => sync.line(),
        });
        format!("{:?}\n{}", self.setup, lines.collect::<Vec<_>>().join("\n"))
    }
}

impl Sync {
    fn draw(dice: &mut Dice, setup: &Setup, first: bool) -> Sync {
        let calm = dice.chance(if first { 40 } else { 25 });
        let some = |dice: &mut Dice| match first || dice.chance(35) {
            true => setup.entities.join(","),
            false => dice.one(setup.entities).to_owned(),
        };
        let mode = |dice: &mut Dice| dice.one(MODES);
        let (entities, own_mode) = (some(dice), mode(dice));
        let beside = dice.chance(12).then(|| (some(dice), mode(dice)));
        let (strikes, moments) = match calm {
            true => (Vec::new(), Vec::new()),
            false => (Strike::draw_some(dice, setup), Moment::draw_some(dice, setup)),
        };
        let (confirm, wait) = (dice.chance(20), dice.chance(85));
        Sync { entities, mode: own_mode, confirm, wait, beside, strikes, moments }
    }

    /// A run that nothing befalls.
    pub fn calm(setup: &Setup, mode: &'static str, confirm: bool) -> Sync {
        let entities = setup.entities.join(",");
        Sync { entities, mode, confirm, wait: true, beside: None, strikes: vec![], moments: vec![] }
    }

    fn line(&self) -> String {
        let Sync { entities, mode, confirm, wait, beside, strikes, moments } = self;
        let mut line = format!("sync {entities} mode {mode} confirm {confirm} wait {wait}");
        if let Some((entities, mode)) = beside {
            line += &format!("\n    beside: {entities} mode {mode}");
        }
        strikes.iter().for_each(|strike| line += &format!("\n    {strike:?}"));
        moments.iter().for_each(|moment| line += &format!("\n    {moment:?}"));
        line
    }
}

impl Moment {
    fn draw_some(dice: &mut Dice, setup: &Setup) -> Vec<Moment> {
        let mut moments: Vec<Moment> = (0..dice.roll(3)).map(|_| Moment::draw(dice, setup)).collect();
        moments.sort_by_key(|moment| moment.request);
        moments.dedup_by_key(|moment| moment.request);
        if let Some(last) = moments.last_mut() {
            last.stop = dice.chance(60).then(|| Stop::draw(dice));
            last.lock = dice.chance(25).then(|| dice.one(LOCKED));
        }
        moments
    }

    fn draw(dice: &mut Dice, setup: &Setup) -> Moment {
        let at_till = setup.has_till() && dice.chance(25);
        let request = 1 + dice.roll(if at_till { 12 } else { 25 });
        let changes = (0..dice.roll(4)).map(|_| Change::draw(dice, setup)).collect();
        Moment { at_till, request, changes, lock: None, stop: None }
    }
}
