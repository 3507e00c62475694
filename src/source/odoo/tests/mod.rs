//! Tests of the whole source, of recorded answers, and of what takes more than a page.

mod decode;
mod fault;
pub(super) mod fixture;
mod layout;
mod manifests;
mod recorded;
mod source;
mod xml;
