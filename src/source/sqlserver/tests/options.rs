//! What the options of a server mean.

use chrono_tz::Tz;

use super::fixture::remote;
use crate::error::{Error, Kind};
use crate::source::Channel;
use crate::source::sqlserver::settings::Settings;

fn with(options: &[(&str, &str)]) -> Result<Settings, Error> {
    let mut remote = remote();
    remote.options.extend(options.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    Settings::new(remote)
}

#[test]
fn what_is_not_said_is_the_safe_thing() {
    let settings = with(&[]).unwrap();
    assert_eq!((settings.port, settings.zone), (Some(1433), Tz::UTC));
    assert_eq!((settings.channel(), settings.safer()), (Channel::Verified, None));
    assert_eq!(settings.application_name, "erp_sync");
    assert_eq!(settings.identity(), "pos.example.com:1433/pos");
}

#[test]
fn an_instance_is_found_by_its_name_unless_there_is_a_port() {
    let settings = with(&[("instance", "TILL")]).unwrap();
    assert_eq!((settings.port, settings.address()), (None, "\"pos.example.com\\TILL\"".into()));
    assert_eq!(settings.identity(), "pos.example.com\\till/pos");
    assert_eq!(with(&[("instance", "TILL"), ("port", "51433")]).unwrap().port, Some(51433));
}

#[test]
fn who_can_read_along_and_what_would_help() {
    for (options, channel, safer) in [
        (
            &[("trust_certificate", "on")][..],
            Channel::Unverified,
            Some("(add ca '-----BEGIN CERTIFICATE----- ...')"),
        ),
        (&[("encrypt", "login-only")], Channel::LoginOnly, Some("(set encrypt 'require')")),
        (&[("encrypt", "plaintext")], Channel::Plain, Some("(set encrypt 'require')")),
        (&[("encrypt", "plaintext"), ("host", "::1")], Channel::Loopback, None),
    ] {
        let settings = with(options).unwrap();
        assert_eq!(settings.channel(), channel);
        assert_eq!(settings.safer().is_some(), safer.is_some());
        assert!(safer.is_none_or(|line| settings.safer().unwrap().contains(line)), "{options:?}");
    }
}

#[test]
fn a_certificate_that_is_not_looked_at_needs_no_authority() {
    let settings = with(&[("trust_certificate", "true"), ("ca_file", "/a.pem")]).unwrap();
    assert_eq!(settings.ca, None);
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    for (option, value) in
        [("port", "sql"), ("encrypt", "yes"), ("trust_certificate", "maybe"), ("timezone", "Dubai")]
    {
        let error = with(&[(option, value)]).unwrap_err();
        assert_eq!(error.kind, Kind::Config);
        assert!(error.message.contains(&format!("option \"{option}\" of server \"pos\"")), "{error}");
        assert!(error.hint.unwrap().contains(&format!("(set {option} ")));
    }
    let mut remote = remote();
    remote.options.remove("host");
    let error = Settings::new(remote).unwrap_err();
    assert_eq!(error.message, "server \"pos\" has no option \"host\"");
}
