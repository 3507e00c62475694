//! Runs over many servers: several workers, each with one server at a time.

mod ends;
mod exhausted;
mod fair;
mod faster;
mod fleet;
mod lanes;
mod many;
mod trouble;
mod turns;
mod ways;
