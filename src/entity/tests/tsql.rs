//! Texts that break out of their parentheses, and those that only look so.

use proptest::prelude::*;

use crate::entity::tsql::{check, trimmed};
use crate::entity::validate::parse;

/// What a statement must not do, however it got there.
const DEEDS: [&str; 18] = [
    "delete from dbo.Sales",
    "drop table dbo.Sales",
    "exec xp_cmdshell 'dir'",
    "EXECUTE sp_who",
    "update dbo.Sales set id = 1",
    "insert dbo.Sales values (1)",
    "shutdown",
    "waitfor delay '9:9:9'",
    "truncate table t",
    "create login x with password = 'x'",
    "alter role db_owner add member x",
    "grant control to x",
    "merge t using u on 1 = 1 when matched then delete",
    "backup database x to disk = 'x'",
    "declare @x int",
    "set textsize 1",
    "use master",
    "dbcc freeproccache",
];

/// Ways out of parentheses.
const WAYS: [&str; 24] = [
    "1 = 1); {} --",
    "1 = 1) {} --",
    "1 = 1)) {} /*",
    ") as o {} select * from (select 1 as id",
    "'a') {} --'",
    "'a'') {} --",
    "\"a\") {} --\"",
    "[a]] {} --",
    "[a]) {} --]",
    "1 /* ) {}",
    "1 /* /* */ ) {}",
    "1 -- )\n) {} --",
    "1 = 1 {}",
    "{}",
    "1 ; {}",
    "(1 = 1)) {} ((",
    "1 = 1\u{0}) {}",
    "1 -- \r) {} \n",
    "1 -- \u{2028}) {} \n",
    "1 -- \u{85}) {} \n",
    "N'x') {} --",
    "1 */ ) {}",
    "1 = 1\n{}\n",
    "(select 1 {})",
];

#[test]
fn no_way_out_of_the_parentheses_is_left() {
    let mut tried = 0;
    for way in WAYS {
        for deed in DEEDS {
            let text = way.replace("{}", deed);
            assert!(check(&text).is_err(), "{text}");
            assert!(check(&format!("select a from t where {text}")).is_err(), "{text}");
            tried += 2;
        }
    }
    assert!(tried > 400, "{tried}");
}

#[test]
fn a_word_is_found_however_it_is_written() {
    for word in [
        "exec",
        "EXEC",
        "ExEc",
        "ｅｘｅｃ",
        "exec\u{a0}x",
        "exec/**/x",
        "exec(x)",
        "ınsert",
        "ſhutdown",
        "bac\u{212a}up",
    ] {
        assert!(check(&format!("1 = 1 {word}")).is_err(), "{word}");
    }
    for word in [
        "[exec]",
        "\"exec\"",
        "'exec'",
        "N'exec'",
        "executed",
        "into_x",
        "@exec",
        "#exec",
        "/* exec */ 1",
        "-- exec",
    ] {
        check(&format!("1 = {word}")).unwrap();
    }
}

#[test]
fn what_only_looks_like_a_way_out_is_taken() {
    for text in [
        "is_void = 0 and branch <> 'TEST'",
        "name = 'o''hara; drop table x)' and [odd]]name;)(] > 1",
        "a in (1, 2) /* ( ; */ and b = ') --' -- ( ; it's\nand c = 1",
        "a = N'“”’‘＇' and b = 2",
        "x = \"a\"\"b)\" /* /* ( */ ' */",
        "case when a = 1 then 2 else 3 end = 2",
        "a = 4 * (2 / 3) - -1",
        "select top (5) a, count(*) as n from t where exists (select 1 from u) group by a union all select 1, 2",
        "select a from t order by a offset 5 rows fetch next 5 rows only",
        "text = 'ends here' -- without a line end",
        "تاريخ > '2026' and 価格 = 1",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn a_semicolon_at_the_end_of_a_query_is_not_sent() {
    assert_eq!(trimmed(" select 1 as id ; ;\n"), "select 1 as id");
    check("select 1 as id;").unwrap_err();
}

/// The error of a manifest of these two texts.
fn manifest(object: &str, filter: &str) -> Result<(), String> {
    let json = serde_json::json!({"name": "x", "about": "x", "source": "sqlserver", "streams": [{
        "table": "x", "about": "x", "object": object, "filter": filter, "key": ["id"],
        "columns": [{"name": "id", "type": "bigint", "about": "x"}]}]});
    parse(&json.to_string()).map(drop).map_err(|error| error.detail.unwrap_or_default())
}

#[test]
fn a_manifest_is_refused_with_the_place_and_what_to_write() {
    manifest("select id from t;", "a = ')'").unwrap();
    let found = manifest("select 1 as id) as o; delete from t", "x = 1 into y").unwrap_err();
    assert!(found.contains("$.streams[0].object: a \")\" closes nothing"), "{found}");
    assert!(found.contains("$.streams[0].filter: the word \"into\""), "{found}");
    assert!(found.contains("is written [into]"), "{found}");
}

/// Whether parentheses alone say that a text is whole: a reader as simple as can be.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0i64;
    text.chars().all(|c| {
        depth += i64::from(c == '(') - i64::from(c == ')');
        depth >= 0
    }) && depth == 0
}

proptest! {
    #[test]
    fn no_text_is_a_panic_and_none_that_is_taken_has_a_bare_semicolon(text in ".*") {
        if check(&text).is_ok() && !text.contains(['\'', '"', '[', '-', '/']) {
            prop_assert!(!text.contains(';') && is_balanced(&text));
        }
    }

    #[test]
    fn what_is_quoted_is_not_read(text in "[^\\x00]*") {
        check(&format!("a = N'{}'", text.replace('\'', "''"))).unwrap();
        check(&format!("[{}] = 1", text.replace(']', "]]"))).unwrap();
        check(&format!("\"{}\" = 1", text.replace('"', "\"\""))).unwrap();
    }

    #[test]
    fn two_texts_that_are_taken_stay_so_side_by_side(a in "[a-z'\"\\[\\]()/*; -]{0,12}", b in "[a-z'\"\\[\\]()/*; -]{0,12}") {
        if check(&a).is_ok() && check(&b).is_ok() {
            let both = format!("(\n{a}\n) and (\n{b}\n)");
            prop_assert!(check(&both).is_ok());
        }
    }
}

#[test]
fn a_name_of_four_parts_is_refused_however_it_is_written() {
    for good in [
        "select a.b from c.d.e",
        "select [a].[b] from [c d].[e].[f], g.h.i",
        "select 1.5, .5, t.* from c..e as t where t.a.b = 1",
        "select a.b c.d",
        "select 'a.b.c.d'",
    ] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
    for bad in [
        "select 1 from a.b.c.d",
        "select 1 from [a].[b].[c].[d]",
        "select 1 from a...d",
        "select 1 from a.b..d",
        "select 1 from a . b /* x */ . c\n.-- x\n d",
        "select 1 from \"a\".b.[c].d",
    ] {
        assert!(check(bad).is_err_and(|why| why.contains("four parts")), "{bad}");
    }
}

#[test]
fn a_sign_that_may_belong_to_a_name_stands_in_quotes_or_brackets() {
    for bad in ["select 1 from a.b.c\u{301}.d", "select 1 from a\u{200b}.b", "select \u{20ac}5"] {
        assert!(check(bad).is_err(), "{bad}");
    }
    for good in [
        "select [\u{20ac} c\u{301}] from t where a = N'\u{200b}'",
        "select \u{446}\u{435}\u{43d}\u{430} from t",
    ] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
}
