//! Certificates of authorities to trust: from the option `ca`, which holds them, or `ca_file`,
//! which names a file.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject, SectionKind};

use super::{Remote, files, hint};
use crate::error::{Error, Kind, Result};

/// The longest text of the option `ca`, in bytes.
const LONGEST: usize = 64 << 10;

/// Which authorities a remote's certificate may come from, as PEM; `None`: the system's.
pub(super) fn of(remote: &Remote) -> Result<Option<String>> {
    match (remote.options.get("ca"), remote.options.get("ca_file")) {
        (Some(ca), _) => match check(ca) {
            Ok(()) => Ok(Some(ca.clone())),
            Err(_) => Err(remote.wrong("ca", "-----BEGIN CERTIFICATE----- ...")),
        },
        (None, Some(path)) => from_file(path).map(Some).ok_or_else(|| unusable(remote)),
        (None, None) => Ok(None),
    }
}

fn from_file(path: &str) -> Option<String> {
    let content = String::from_utf8(files::read(path)?).ok()?;
    certificates(&content).is_some().then_some(content)
}

/// Fails with what is wrong about the value of the option `ca`, to go behind the option's name.
pub(super) fn check(pem: &str) -> Result<(), String> {
    if pem.len() > LONGEST {
        return Err(format!("must not be longer than {} kB", LONGEST >> 10));
    }
    match certificates(pem) {
        Some(_) => Ok(()),
        None => {
            Err("must be certificates in PEM form, -----BEGIN CERTIFICATE----- and so on, and nothing else"
                .into())
        }
    }
}

/// How many certificates a text holds. `None` when there is none, one that is no authority's, or
/// anything else: the options of a server are no secret, so no private key belongs there.
fn certificates(pem: &str) -> Option<usize> {
    let mut store = RootCertStore::empty();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()) {
        match section.ok()? {
            (SectionKind::Certificate, der) => store.add(CertificateDer::from(der)).ok()?,
            _ => return None,
        }
    }
    Some(store.len()).filter(|certificates| *certificates > 0)
}

/// One message for a file that is absent, no regular one, too long, not to be read or no certificate.
fn unusable(remote: &Remote) -> Error {
    let server = &remote.server;
    Error::new(Kind::Config, format!("option \"ca_file\" of server \"{server}\" names no usable file"))
        .detail("it is a regular file of at most 1 MB that the operating system user of PostgreSQL may read, with certificates in PEM form and nothing else")
        .hint(format!(
            "name another one: {}; or give the certificates themselves with the option ca instead",
            hint::server(server, true, "ca_file", "/...")
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = include_str!("http/samples/ca.pem");

    #[test]
    fn certificates_and_nothing_else_are_taken() {
        check(CA).unwrap();
        check(&format!("# ours\n{CA}{CA}")).unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";
        let damaged = CA.replacen("MI", "MA", 1);
        let cut = &CA[..CA.len() / 2];
        let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        for wrong in ["", "x", key, &format!("{CA}{key}"), damaged.as_str(), cut, empty] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        let long = CA.repeat(LONGEST / CA.len() + 1);
        assert_eq!(check(&long).unwrap_err(), "must not be longer than 64 kB");
    }
}
