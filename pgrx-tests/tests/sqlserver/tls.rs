//! How much is encrypted, by whose certificate.

use erp_sync::error::Kind;
use erp_sync::source::Channel;
use erp_sync_tests::tds::{Encryption, Tds, authority};

use super::server::{Server, remote_with, shown};

fn connect(encryption: Encryption, options: &[(&str, &str)]) -> Result<Channel, (Kind, String)> {
    let tds = Tds::encrypting(encryption);
    let remote = remote_with(tds.port(), options);
    let mut server = Server::of(tds, remote);
    server.check().map(|about| about.channel).map_err(|error| (error.kind, shown(&error)))
}

fn ca_file() -> String {
    static FILE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let write = || {
        let path = std::env::temp_dir().join(format!("erp-sync-authority-{}.pem", std::process::id()));
        std::fs::write(&path, authority()).unwrap();
        path.to_str().unwrap().to_string()
    };
    FILE.get_or_init(write).clone()
}

#[test]
fn everything_is_encrypted_and_verified_unless_it_is_said_otherwise() {
    for server in [Encryption::Offered, Encryption::Forced] {
        assert_eq!(connect(server, &[("ca_file", &ca_file())]), Ok(Channel::Verified));
        assert_eq!(connect(server, &[("ca", authority())]), Ok(Channel::Verified));
        assert_eq!(connect(server, &[("trust_certificate", "true")]), Ok(Channel::Unverified));
    }
}

#[test]
fn an_unknown_authority_is_refused_with_the_lines_that_would_help() {
    let (kind, shown) = connect(Encryption::Offered, &[]).unwrap_err();
    assert_eq!(kind, Kind::Tls);
    assert!(shown.starts_with("no secure connection to \"127.0.0.1:"), "{shown}");
    assert!(shown.contains("alter server pos options (add ca '-----BEGIN CERTIFICATE----- ...')"), "{shown}");
    assert!(shown.contains("alter server pos options (add trust_certificate 'true')"), "{shown}");
    assert!(!shown.contains("Config::"), "{shown}");
}

#[test]
fn a_server_without_tls_is_refused_with_the_mode_to_try() {
    let (kind, shown) = connect(Encryption::None, &[("trust_certificate", "true")]).unwrap_err();
    assert_eq!(kind, Kind::Tls);
    assert!(shown.contains("alter server pos options (add encrypt 'plaintext')"), "{shown}");
    let (kind, shown) = connect(Encryption::Broken, &[("trust_certificate", "true")]).unwrap_err();
    assert_eq!(kind, Kind::Tls);
    assert!(shown.contains("alter server pos options (add encrypt 'plaintext')"), "{shown}");
}

#[test]
fn a_tls_that_is_too_old_is_told_as_what_it_is() {
    for (options, line) in [
        (&[("encrypt", "plaintext")][..], "\"Force Encryption\" to No"),
        (&[("trust_certificate", "true")], "alter server pos options (add encrypt 'plaintext')"),
    ] {
        let (kind, shown) = connect(Encryption::TooOld, options).unwrap_err();
        assert_eq!(kind, Kind::Tls);
        assert!(shown.contains("it offers no TLS 1.2 or later") && shown.contains(line), "{shown}");
        assert!(!shown.contains("certificate"), "{shown}");
    }
}

#[test]
fn less_is_encrypted_where_that_is_asked_for() {
    let trusted = ("trust_certificate", "true");
    // It does not leave this machine.
    assert_eq!(connect(Encryption::Offered, &[("encrypt", "login-only"), trusted]), Ok(Channel::Loopback));
    assert_eq!(connect(Encryption::Offered, &[("encrypt", "plaintext")]), Ok(Channel::Loopback));
    assert_eq!(connect(Encryption::None, &[("encrypt", "plaintext")]), Ok(Channel::Loopback));
    assert_eq!(connect(Encryption::Forced, &[("encrypt", "plaintext"), trusted]), Ok(Channel::Loopback));
}

#[test]
fn a_file_that_holds_no_certificate_is_said() {
    let error = erp_sync::source::open(remote_with(1, &[("ca_file", "/nowhere/ca.pem")])).err().unwrap();
    assert_eq!(error.kind, Kind::Config);
    assert_eq!(error.message, "option \"ca_file\" of server \"pos\" names no usable file");
}
