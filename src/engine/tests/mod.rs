//! What the engine promises, proved against a remote and a store in memory.

mod applied;
mod double;
mod house;
mod store;
mod world;

mod breaker;
mod crash;
mod cursor;
mod gone;
mod lines;
mod naive;
mod programs;
mod reading;
mod state;
mod tasks;
mod trouble;
