//! Tests of the whole source, of recorded answers, and of what takes more than a page.

mod auto;
mod codecs;
mod conditions;
mod damaged;
mod decode;
mod fault;
pub(super) mod fixture;
mod json2;
mod layout;
mod manifests;
mod parts;
mod poison;
mod protocols;
mod recorded;
mod source;
mod told;
mod xml;
