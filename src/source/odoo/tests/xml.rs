//! The reader of XML-RPC: no bytes may make it panic, and no value may change on the way.

use proptest::prelude::*;
use serde_json::{Number, Value, json};

use crate::source::odoo::rpc::{Call, Trouble};
use crate::source::odoo::xmlread::{call, response};
use crate::source::odoo::xmlrpc::{self, encode};

fn read(value: &str) -> Result<Value, Trouble> {
    let whole = format!(
        "<?xml version='1.0'?><methodResponse><params><param>{value}</param></params></methodResponse>"
    );
    response(whole.as_bytes())
}

#[test]
fn every_type_is_read() {
    let cases = [
        ("<value>bare &amp; <![CDATA[<b>]]>text</value>", json!("bare & <b>text")),
        ("<value/>", json!("")),
        ("<value> \n </value>", json!(" \n ")),
        ("<value>\n <string> a </string>\n</value>", json!(" a ")),
        ("<value><string/></value>", json!("")),
        ("<value><string>&#233;&#x1F600;&quot;&apos;&lt;&gt;</string></value>", json!("é😀\"'<>")),
        // No XML parser need take these; Odoo sends them all the same.
        ("<value><string>a\u{ffff}\u{fffe}\u{1}b</string></value>", json!("a\u{ffff}\u{fffe}\u{1}b")),
        ("<value><boolean>1</boolean></value>", json!(true)),
        ("<value><int> -0012 </int></value>", json!(-12)),
        ("<value><i4>+7</i4></value>", json!(7)),
        ("<value><nil/></value>", Value::Null),
        ("<value><ex:nil></ex:nil></value>", Value::Null),
        ("<value><base64>\nYWJj\nZA==\n</base64></value>", json!("YWJjZA==")),
        ("<value><dateTime.iso8601>20261120T08:52:33</dateTime.iso8601></value>", json!("20261120T08:52:33")),
        ("<value><array><data></data></array></value>", json!([])),
        ("<value><array><data/></array></value>", json!([])),
        ("<value><struct/></value>", json!({})),
        ("<value><double>nan</double></value>", json!("NaN")),
        ("<value><double>-inf</double></value>", json!("-Infinity")),
        ("<!-- a --><value><!-- b --><string>a<!-- c -->b</string></value>", json!("ab")),
    ];
    for (xml, value) in cases {
        assert_eq!(read(xml), Ok(value), "{xml}");
    }
}

#[test]
fn numbers_keep_their_text() {
    for number in ["1e-05", "7.7700000000000005", "-0.0", "12345678901234567890123.45", "1e+300"] {
        assert_eq!(read(&format!("<value><double>{number}</double></value>")).unwrap().to_string(), number);
    }
    let large = "123456789012345678901234567890";
    assert_eq!(read(&format!("<value><int>{large}</int></value>")).unwrap().to_string(), large);
}

#[test]
fn what_is_no_answer_is_garbage() {
    let bad = [
        "<value><int>1.5</int></value>",
        "<value><int></int></value>",
        "<value><double>1,5</double></value>",
        "<value><boolean>yes</boolean></value>",
        "<value><string>&eacute;</string></value>",
        "<value><string>&#0;</string></value>",
        "<value><string>a<b>c</b></string></value>",
        "<value>text<string>a</string></value>",
        "<value><string>a</string>text</value>",
        "<value><thing>a</thing></value>",
        "<value><array>1</array></value>",
        "<value><array><data><int>1</int></data></array></value>",
        "<value><struct><name>a</name></struct></value>",
        "<value><string>a</int></value>",
        "<string>a</string>",
        "",
    ];
    for xml in bad {
        assert!(matches!(read(xml), Err(Trouble::Garbage(_))), "{xml}: {:?}", read(xml));
    }
    for body in [&b"<!doctype html><html><body>Login</body></html>"[..], b"plain text", &[0xff, 0xfe, b'<']] {
        assert!(matches!(response(body), Err(Trouble::Garbage(_))));
    }
}

#[test]
fn values_that_lie_too_deep_are_refused_without_a_crash() {
    let nested = |depth: usize| {
        format!(
            "{}<value><int>1</int></value>{}",
            "<value><array><data>".repeat(depth),
            "</data></array></value>".repeat(depth)
        )
    };
    read(&nested(100)).unwrap();
    assert!(matches!(read(&nested(100_000)), Err(Trouble::Garbage(_))));
}

#[test]
fn a_cut_answer_is_told_from_garbage() {
    let whole = "<?xml version='1.0'?>\n<methodResponse><params><param><value><struct><member><name>é</name>\
                 <value><string>a &lt; b</string></value></member></struct></value></param></params></methodResponse>";
    for end in 1..whole.len() {
        assert_eq!(response(&whole.as_bytes()[..end]), Err(Trouble::Cut), "cut at {end}");
    }
}

#[test]
fn a_request_with_a_character_that_xml_lacks_is_not_sent() {
    let wanted = |text: &str| encode(&Call { service: "common", method: "m", args: vec![json!(text)] });
    assert!(wanted("tab\t cr\r lf\n 😀").is_some());
    for text in ["\0", "\u{1f}", "\u{ffff}"] {
        assert!(wanted(text).is_none(), "{text:?}");
    }
}

/// Any value that both protocols can carry.
fn value() -> impl Strategy<Value = Value> {
    let text = "[ -~\u{a0}-\u{d7ff}\u{10000}-\u{10ffff}\t\r\n]{0,12}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "-?(0|[1-9][0-9]{0,30})\\.[0-9]{1,20}(e[+-]?[0-9]{1,3})?"
            .prop_map(|n| Value::Number(n.parse::<Number>().unwrap())),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(text, inner, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_survives_the_way_there_and_back(value in value()) {
        let mut xml = String::new();
        xmlrpc::value(&mut xml, &value).unwrap();
        prop_assert_eq!(read(&xml), Ok(value.clone()));
        let sent = encode(&Call { service: "object", method: "a<b", args: vec![value.clone()] }).unwrap();
        prop_assert_eq!(call(&sent), Ok(("a<b".to_string(), vec![value])));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = response(&bytes);
    }

    #[test]
    fn no_damaged_answer_makes_the_reader_panic(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut xml = String::new();
        xmlrpc::value(&mut xml, &value).unwrap();
        let mut whole = format!("<methodResponse><params><param>{xml}</param></params></methodResponse>").into_bytes();
        let at = at.index(whole.len());
        whole[at] = byte;
        let _ = response(&whole);
    }
}
