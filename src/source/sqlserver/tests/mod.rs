//! The pure parts against what is known of real servers; the rest is tested over sockets.

pub(in crate::source::sqlserver) mod fixture;
