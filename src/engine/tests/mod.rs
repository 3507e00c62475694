//! What the engine promises, proved against a remote and a store in memory.

mod house;
mod store;
mod world;

mod reading;
