//! Results that are long, many, deep or endless, in JSON and in XML.

use crate::liar::Lie;

/// Longer than anybody waits for.
const ENDLESS: u64 = u64::MAX;

/// A result by its name.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) lie: Lie,
}

/// The same in the words of a protocol. A record holds what `NAMES` reads.
struct Words {
    list: &'static str,
    list_end: &'static str,
    between: &'static str,
    record: &'static str,
    empty: &'static str,
    null: &'static str,
    /// A record up to the inside of a text, of a list of ids, of further fields, and up to a value.
    text: &'static str,
    ids: &'static str,
    fields: &'static str,
    deep: &'static str,
    /// Their ends.
    text_end: &'static str,
    ids_end: &'static str,
    fields_end: &'static str,
    deep_end: &'static str,
    /// A further id, a further field, a character that is written long, and the two ends of a level.
    id: &'static str,
    field: &'static str,
    escape: &'static str,
    deeper: &'static str,
    higher: &'static str,
    /// How long a record may be.
    longest: u64,
}

const JSON: Words = Words {
    list: "[",
    list_end: "]",
    between: ",",
    record: r#"{"id":1,"write_date":"2026-11-20 08:52:33","name":"a","category_id":[]}"#,
    empty: r#"{"":0}"#,
    null: "null",
    text: r#"{"id":1,"write_date":"2026-11-20 08:52:33","category_id":[],"name":""#,
    text_end: r#""}"#,
    ids: r#"{"id":1,"write_date":"2026-11-20 08:52:33","name":"a","category_id":[1"#,
    ids_end: "]}",
    fields: r#"{"id":1,"write_date":"2026-11-20 08:52:33","name":"a","category_id":[]"#,
    fields_end: "}",
    deep: r#"{"id":1,"write_date":"2026-11-20 08:52:33","category_id":[],"name":"#,
    deep_end: "}",
    id: ",1",
    field: r#","":0"#,
    escape: r"\u0001",
    deeper: "[",
    higher: "]",
    longest: 10 << 20,
};

const XML: Words = Words {
    list: "<value><array><data>",
    list_end: "</data></array></value>",
    between: "",
    record: "<value><struct><member><name>id</name><value><int>1</int></value></member><member><name>write_date</name>\
             <value>2026-11-20 08:52:33</value></member><member><name>category_id</name><value><array><data/></array>\
             </value></member><member><name>name</name><value>a</value></member></struct></value>",
    empty: "<value><struct><member><name/><value/></member></struct></value>",
    null: "<value/>",
    text: "<value><struct><member><name>id</name><value><int>1</int></value></member><member><name>write_date</name>\
           <value>2026-11-20 08:52:33</value></member><member><name>category_id</name><value><array><data/></array>\
           </value></member><member><name>name</name><value>",
    text_end: "</value></member></struct></value>",
    ids: "<value><struct><member><name>id</name><value><int>1</int></value></member><member><name>write_date</name>\
          <value>2026-11-20 08:52:33</value></member><member><name>name</name><value>a</value></member><member>\
          <name>category_id</name><value><array><data>",
    ids_end: "</data></array></value></member></struct></value>",
    fields: "<value><struct>",
    fields_end: "</struct></value>",
    deep: "<value><struct><member><name>name</name>",
    deep_end: "</member></struct></value>",
    id: "<value><int>1</int></value>",
    field: "<member><name/><value/></member>",
    escape: "\u{1}",
    deeper: "<value><array><data>",
    higher: "</data></array></value>",
    longest: 5 << 20,
};

impl Words {
    /// The parts of a list, none of them whole but for `end`.
    fn list(&self, inside: &[(&str, u64)], end: &str) -> Vec<(Vec<u8>, u64)> {
        let inside = inside.iter().map(|(part, times)| text(part, *times));
        [text(self.list, 1)].into_iter().chain(inside).chain([text(end, 1)]).collect()
    }

    /// The same part so many times.
    fn many(&self, part: &str, times: u64) -> Vec<(Vec<u8>, u64)> {
        let next = format!("{}{part}", self.between);
        self.list(&[(part, 1), (&next, times - 1)], self.list_end)
    }

    /// As many of a part as fit into an answer.
    fn full(&self, part: &str) -> Vec<(Vec<u8>, u64)> {
        self.many(part, ((32 << 20) - 1024) / (self.between.len() + part.len()) as u64)
    }

    /// A record with a part so many times within.
    fn within(&self, before: &str, part: &str, times: u64, after: &str) -> Vec<(Vec<u8>, u64)> {
        self.list(&[(before, 1), (part, times), (after, 1)], self.list_end)
    }

    /// How often a part fits into a record.
    fn fitting(&self, part: &str) -> u64 {
        (self.longest - 1024) / part.len() as u64
    }

    /// Two records that are almost as long as a page may be.
    fn two_long(&self) -> Vec<(Vec<u8>, u64)> {
        let length = (JSON.longest - 1024) / 2;
        let (text, end, next) = (self.text, self.text_end, format!("{}{}", self.between, self.text));
        self.list(&[(text, 1), ("a", length), (end, 1), (&next, 1), ("b", length), (end, 1)], self.list_end)
    }
}

/// All of them, in the words of a protocol.
pub(crate) fn all(protocol: &str) -> Vec<Named> {
    let words = if protocol == "xmlrpc" { XML } else { JSON };
    let plain = |name, pieces| Named { name, lie: Lie { pieces, ..Lie::default() } };
    let packed = |name, pieces| Named { name, lie: Lie { pieces, is_packed: true, ..Lie::default() } };
    let Words { record, empty, null, id, ids, ids_end, field, fields, fields_end, .. } = words;
    let Words { text: long, text_end, escape, deep, deep_end, deeper, higher, .. } = words;
    vec![
        plain("sends for ever", vec![text("x", ENDLESS)]),
        plain("sends records for ever", words.many(record, ENDLESS)),
        plain("sends one record more than it was asked for", words.many(record, 201)),
        plain("sends a million short records", words.many(record, 1_000_000)),
        packed("sends as many tiny structures as fit, packed", words.full(empty)),
        plain("sends as many nulls as fit", words.full(null)),
        plain("sends nulls for ever", words.many(null, ENDLESS)),
        plain("sends one value of 2 GiB", words.within(long, "a", 2 << 30, text_end)),
        packed("sends one value of 2 GiB, packed", words.within(long, "a", 2 << 30, text_end)),
        plain(
            "sends a text of escapes, just short enough",
            words.within(long, escape, words.fitting(escape), text_end),
        ),
        plain("sends two long records, just short enough", words.two_long()),
        packed("sends blanks for ever, packed", words.list(&[(" ", ENDLESS)], "")),
        plain(
            "sends as many fields as fit into a record",
            words.within(fields, field, words.fitting(field), fields_end),
        ),
        plain("sends 200,000 ids in a record", words.within(ids, id, 200_000, ids_end)),
        plain("sends as many ids as fit into a record", words.within(ids, id, words.fitting(id), ids_end)),
        plain("sends fields for ever", words.within(fields, field, ENDLESS, fields_end)),
        plain("sends ids for ever", words.within(ids, id, ENDLESS, ids_end)),
        plain(
            "sends three million levels",
            words.list(&[(deep, 1), (deeper, 3_000_000), (higher, 3_000_000), (deep_end, 1)], words.list_end),
        ),
        packed("sends levels for ever, packed", vec![text(deeper, ENDLESS)]),
    ]
}

fn text(text: &str, times: u64) -> (Vec<u8>, u64) {
    (text.as_bytes().to_vec(), times)
}
