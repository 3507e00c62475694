//! A program from its first step to its last, and what is wrong in the end.

use super::circumstances;
use super::compare::Loss;
use super::excuse::{self, Excuse};
use super::program::{Program, Step};
use super::reader::Reader;
use super::world::World;

/// Something wrong: where it showed, and of a row how it differs.
#[derive(Debug)]
pub struct Wrong {
    pub at: String,
    pub loss: Option<Loss>,
    pub text: String,
}

/// The last runs: an incremental one brings what changed, a verification what is gone, a full one the rest.
const LAST: [(&str, Excuse); 3] =
    [("incremental", Excuse::Gone), ("verify", Excuse::Unmarked), ("full", Excuse::Nothing)];

/// Plays the program; returns what is wrong.
pub fn play(program: &Program, reader: &mut dyn Reader, world: &mut World) -> Vec<Wrong> {
    for (nth, step) in program.steps.iter().enumerate() {
        match step {
            Step::Change(change) => {
                reader.tally().count("changes: between runs");
                world.apply(change);
            }
            Step::Sync(sync) => {
                reader.sync(sync, world);
                let complaints = reader.complaints();
                if !complaints.is_empty() {
                    return wrongs(&format!("after step {nth}"), complaints);
                }
            }
        }
    }
    circumstances::recover(world);
    world.till.iter_mut().for_each(|till| till.settle());
    reader.calm_down();
    for (mode, excuse) in LAST {
        let wrong = last(reader, world, mode, excuse);
        if !wrong.is_empty() {
            return wrong;
        }
    }
    wrongs("in the end", reader.leavings(world))
}

/// The last run of a mode, and what is wrong behind it.
fn last(reader: &mut dyn Reader, world: &mut World, mode: &'static str, excuse: Excuse) -> Vec<Wrong> {
    let at = format!("after the last {mode} run");
    let mut wrong = wrongs(&at, reader.settle(mode, world));
    let differences = reader.differences(world);
    if excuse == Excuse::Unmarked {
        excuse::referred_to_the_unknown(reader, world);
    }
    wrong.extend(differences.iter().filter(|difference| !excuse.excuses(difference, world)).map(
        |difference| Wrong { at: at.clone(), loss: Some(difference.loss), text: difference.to_string() },
    ));
    if wrong.is_empty() && excuse != Excuse::Gone {
        wrong = wrongs(&at, reader.misworked(world));
    }
    wrong.extend(wrongs(&at, reader.complaints()));
    wrong
}

fn wrongs(at: &str, texts: Vec<String>) -> Vec<Wrong> {
    texts.into_iter().map(|text| Wrong { at: at.to_owned(), loss: None, text }).collect()
}
