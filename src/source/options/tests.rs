use super::*;

fn check(wrapper: &str, catalog: Catalog, options: &[(&str, &str)]) -> Result<()> {
    let options: Vec<_> = options.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    validate(wrapper, catalog, &options)
}

fn refused(wrapper: &str, catalog: Catalog, name: &str, value: &str) -> Error {
    let error = check(wrapper, catalog, &[(name, value)]).expect_err(&format!("{name} = {value}"));
    assert_eq!(error.kind, Kind::Config);
    let shown = format!("{error:?}");
    assert!(value.len() < 4 || !shown.contains(value), "{shown} shows the value");
    error
}

#[test]
fn every_option_of_the_design_is_known() {
    let odoo = "url, database, tenant, protocol, request_delay_ms, min_page, max_page, companies, language, ca, \
                ca_file, proxy, verify_tls";
    let sqlserver = "host, port, database, instance, tenant, encrypt, trust_certificate, ca, ca_file, \
                     follow_routing, application_name, timezone";
    let names = |w, c| known(w, c).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    assert_eq!(names("odoo", Catalog::Server), odoo);
    assert_eq!(names("sqlserver", Catalog::Server), sqlserver);
    assert_eq!(names("odoo", Catalog::UserMapping), "username, password, password_file");
    assert_eq!(names("sqlserver", Catalog::UserMapping), "username, password, password_file");
}

#[test]
fn no_option_is_required() {
    for wrapper in ["odoo", "sqlserver"] {
        for catalog in [Catalog::Wrapper, Catalog::Server, Catalog::UserMapping] {
            check(wrapper, catalog, &[]).unwrap();
        }
    }
}

#[test]
fn good_values_pass() {
    let odoo = [
        ("url", "https://erp.example.com:8069/odoo"),
        ("database", "prod"),
        ("tenant", "Süd GmbH"),
        ("protocol", "xmlrpc"),
        ("request_delay_ms", "0"),
        ("min_page", "50"),
        ("max_page", "50"),
        ("companies", "1, 2"),
        ("language", "sr@latin"),
        ("ca_file", "/etc/ssl/own.pem"),
        ("proxy", "http://[::1]:3128"),
        ("verify_tls", "off"),
    ];
    check("odoo", Catalog::Server, &odoo).unwrap();
    let sqlserver = [
        ("host", "fe80::1"),
        ("port", "65535"),
        ("encrypt", "login-only"),
        ("trust_certificate", "1"),
        ("timezone", "Asia/Dubai"),
    ];
    check("sqlserver", Catalog::Server, &sqlserver).unwrap();
    check("odoo", Catalog::UserMapping, &[("username", "a@b.c"), ("password", "p w'\"")]).unwrap();
}

#[test]
fn bad_values_are_refused() {
    let odoo = [
        ("url", "erp.shop.test"),
        ("url", "ftp://erp.shop.test"),
        ("url", "https://user@erp.example.com"),
        ("url", "https://:secret@erp.example.com"),
        ("url", "https://erp.example.com/?db=prod"),
        ("url", "https://erp.example.com/#home"),
        ("proxy", "http://u:secret@proxy.example.com"),
        ("database", " "),
        ("tenant", "a\nb"),
        ("protocol", "json3"),
        ("request_delay_ms", "-1"),
        ("request_delay_ms", "10001"),
        ("ca", "own.pem"),
        ("ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        ("min_page", "0"),
        ("max_page", "1e3"),
        ("companies", "1,,2"),
        ("companies", "0"),
        ("language", "French, please"),
        ("ca_file", "own.pem"),
        ("verify_tls", "maybe"),
    ];
    for (name, value) in odoo {
        refused("odoo", Catalog::Server, name, value);
    }
    for (name, value) in [
        ("port", "0"),
        ("port", "65536"),
        ("port", "sql"),
        ("host", "pos:1433"),
        ("encrypt", "yes"),
        ("timezone", "+04:00"),
    ] {
        refused("sqlserver", Catalog::Server, name, value);
    }
    refused("odoo", Catalog::UserMapping, "password", "line\nend");
}

#[test]
fn a_host_as_other_programs_write_it_is_answered_with_its_parts() {
    for (host, parts) in [
        ("POS\\TILL", "(host 'POS', instance 'TILL')"),
        ("pos.example.com,51433", "(host 'pos.example.com', port '51433')"),
        ("pos:1433", "(host 'pos', port '1433')"),
        ("tcp:10.0.0.7\\TILL,51433", "(host '10.0.0.7', instance 'TILL', port '51433')"),
    ] {
        let hint = refused("sqlserver", Catalog::Server, "host", host).hint.unwrap();
        assert_eq!(hint, format!("write it in parts: options {parts}"));
    }
    for host in ["pos'; drop\\x", "a b\\c", "\\TILL"] {
        let hint = refused("sqlserver", Catalog::Server, "host", host).hint.unwrap();
        assert!(hint.starts_with("host: name or address"), "{hint}");
    }
}

#[test]
fn an_unknown_option_is_named_and_the_known_ones_listed() {
    let error = refused("odoo", Catalog::UserMapping, "pasword", "hunter2!");
    assert_eq!(error.message, "a user mapping of wrapper \"odoo\" has no option \"pasword\"");
    assert_eq!(
        error.hint.as_deref(),
        Some("did you mean \"password\"? options: username, password, password_file")
    );
    let far = refused("odoo", Catalog::UserMapping, "frequency", "daily");
    assert_eq!(far.hint.as_deref(), Some("options: username, password, password_file"));
}

#[test]
fn an_option_in_the_wrong_place_is_sent_to_the_right_one() {
    let error = refused("odoo", Catalog::Server, "password", "hunter2!");
    assert_eq!(error.hint.as_deref(), Some("\"password\" is an option of the user mapping"));
    let error = refused("sqlserver", Catalog::UserMapping, "host", "pos.example.com");
    assert_eq!(error.hint.as_deref(), Some("\"host\" is an option of the server"));
    let error = refused("odoo", Catalog::Wrapper, "url", "https://erp.example.com");
    assert_eq!(error.hint.as_deref(), Some("\"url\" is an option of the server"));
    let error = refused("odoo", Catalog::Wrapper, "debug", "true");
    assert_eq!(
        error.hint.as_deref(),
        Some("a foreign data wrapper takes no options: give them to the server")
    );
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let error = check("odoo", Catalog::Server, &[("min_page", "10"), ("max_page", "9")]).unwrap_err();
    assert_eq!(error.message, "option \"min_page\" is greater than option \"max_page\"");
    let both = [("password", "a"), ("password_file", "/b")];
    check("odoo", Catalog::UserMapping, &both).unwrap_err();
}

#[test]
fn certificates_are_taken_with_their_lines_and_not_together_with_a_file() {
    let ca = ("ca", include_str!("../http/samples/ca.pem"));
    check("odoo", Catalog::Server, &[ca]).unwrap();
    check("sqlserver", Catalog::Server, &[ca]).unwrap();
    check("odoo", Catalog::Server, &[ca, ("ca_file", "/a.pem")]).unwrap_err();
}

#[test]
fn a_login_is_sent_on_only_where_the_connection_is_verified() {
    let routed = ("follow_routing", "on");
    check("sqlserver", Catalog::Server, &[routed]).unwrap();
    check("sqlserver", Catalog::Server, &[routed, ("encrypt", "require")]).unwrap();
    for weaker in [("encrypt", "login-only"), ("encrypt", "plaintext"), ("trust_certificate", "on")] {
        check("sqlserver", Catalog::Server, &[routed, weaker]).unwrap_err();
        check("sqlserver", Catalog::Server, &[("follow_routing", "off"), weaker]).unwrap();
    }
}

#[test]
fn only_options_that_name_a_file_are_not_for_everybody() {
    let named: Vec<_> =
        [("odoo", Catalog::Server), ("sqlserver", Catalog::Server), ("odoo", Catalog::UserMapping)]
            .into_iter()
            .flat_map(|(wrapper, catalog)| known(wrapper, catalog))
            .filter_map(|(name, _)| Some((name, readers(name)?)))
            .collect();
    let (ca, password) = (("ca_file", Readers::FileReaders), ("password_file", Readers::Superusers));
    assert_eq!(named, [ca, ca, password]);
}

#[test]
fn every_host_that_a_server_connects_to_is_found() {
    let of = |options: &'static [(&str, &str)]| {
        hosts(move |name| options.iter().find(|(option, _)| *option == name).map(|(_, value)| *value))
    };
    let odoo = of(&[("url", "https://ERP.example.com/odoo"), ("proxy", "http://127.1:3128")]);
    assert_eq!(odoo, [("url", "erp.example.com".into(), 443), ("proxy", "127.0.0.1".into(), 3128)]);
    assert_eq!(of(&[("host", "pos")]), [("host", "pos".into(), 1433)]);
    assert_eq!(of(&[("host", "pos"), ("port", "7")]), [("host", "pos".into(), 7)]);
    assert_eq!(of(&[("host", "pos"), ("instance", "TILL")]), [("host", "pos".into(), 1434)]);
    assert_eq!(of(&[("url", "nonsense")]), []);
}
