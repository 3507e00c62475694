//! The developer's commands: `cargo demo`, `cargo verify`, `cargo cluster`.
fn main() {}
