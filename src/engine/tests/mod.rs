//! What the engine promises, proved against a remote and a store in memory.

mod applied;
mod double;
mod house;
mod store;
mod world;

mod breaker;
mod complete;
mod crash;
mod cursor;
mod discover;
mod forecast;
mod gone;
mod lines;
mod naive;
mod programs;
mod range;
mod reading;
mod repair;
mod snapshot;
mod state;
mod tasks;
mod trouble;
mod verify;
