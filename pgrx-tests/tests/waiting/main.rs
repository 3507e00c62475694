//! Callers that wait for their run, callers that do not, and runs that wait for each other.

mod lanes;
mod queued;
mod settings;
mod waited;
