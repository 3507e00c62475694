//! Rows without a key: one is made from what they hold, with a number for equal ones.

use super::ability::Dialect;
use super::column::{self, Family};
use super::layout::DIGEST;
use super::object::{self, quote};
use crate::entity::Stream;
use crate::error::Result;
use crate::source::{Field, Layout};

/// `concat` takes so many arguments, and no more (error 189).
const ARGUMENTS: usize = 254;

/// Before SQL Server 2016 `hashbytes` takes 8,000 bytes: so many characters.
const CHARACTERS: usize = 4000;

/// So many pieces of a text without a known end count there, and how long the whole is.
const PIECES: usize = 16;

/// Rows without a key, with what makes one. The filter comes first: equal rows are counted behind it.
pub(super) fn of(stream: &Stream, layout: &Layout, filter: Option<&str>, dialect: Dialect) -> Result<String> {
    // A rowversion says nothing of the row, and changes with every write.
    let says =
        |field: &&Field| field.path != DIGEST && column::family(&field.remote_type) != Family::Rowversion;
    let read: Vec<&Field> = layout.columns.iter().filter(says).collect();
    Ok(format!(
        "(select d.*, concat(d.[*digest], '-', row_number() over (partition by d.[*digest] order by \
         d.[*digest])) as [*]\n\
         from (select i.*, convert(char(64), {}, 2) as [*digest]\n\
         from {} as i{}) as d)",
        hash(&read, dialect),
        object::from(stream)?,
        filter.map_or(String::new(), |filter| format!("\nwhere {filter}"))
    ))
}

/// One hash of all that is read of a row.
fn hash(read: &[&Field], dialect: Dialect) -> String {
    let content = |field: &&Field| content(&field.path, &field.remote_type, dialect);
    match dialect {
        Dialect::Old if !is_short(read) => of_hashes(read.iter().map(|field| hash_of(field)).collect()),
        _ => format!("hashbytes('SHA2_256', {})", text(&read.iter().map(content).collect::<Vec<_>>())),
    }
}

/// The contents one behind the other, each parted from the next.
fn text(contents: &[String]) -> String {
    let parted = contents.iter().flat_map(|content| ["nchar(31)".to_string(), content.clone()]).skip(1);
    concat(std::iter::once("''".to_string()).chain(parted).collect())
}

/// One text of many, however many they are.
fn concat(texts: Vec<String>) -> String {
    if texts.len() <= ARGUMENTS {
        return format!("concat({})", texts.join(", "));
    }
    let group = |texts: &[String]| match texts {
        // It takes two at least.
        [text] => text.clone(),
        texts => concat(texts.to_vec()),
    };
    concat(texts.chunks(ARGUMENTS).map(group).collect())
}

/// Whether the text of a row can always be hashed at once.
fn is_short(read: &[&Field]) -> bool {
    let each = read.iter().map(|field| column::text_length(&field.remote_type));
    let all = each.map(|length| length.map(|length| length + 1)).sum::<Option<usize>>();
    all.is_some_and(|all| all <= CHARACTERS)
}

/// The hash of one content that may be too long for one.
fn hash_of(field: &Field) -> String {
    let content = content(&field.path, &field.remote_type, Dialect::Old);
    let piece = |at: usize| {
        format!("hashbytes('SHA2_256', substring({content}, {}, {CHARACTERS}))", at * CHARACTERS + 1)
    };
    match column::text_length(&field.remote_type) {
        Some(_) => piece(0),
        None => {
            let length = format!("convert(varbinary(8), datalength({content}))");
            let pieces = (0..PIECES).map(piece).chain([length]).collect::<Vec<_>>().join(" + ");
            format!(
                "case when datalength({content}) <= {} then {} else hashbytes('SHA2_256', {pieces}) end",
                2 * CHARACTERS,
                piece(0)
            )
        }
    }
}

/// The hash of hashes, which have 32 bytes each.
fn of_hashes(mut hashes: Vec<String>) -> String {
    const AT_ONCE: usize = 200;
    while hashes.len() > AT_ONCE {
        hashes = hashes.chunks(AT_ONCE).map(|some| of_hashes(some.to_vec())).collect();
    }
    match hashes.is_empty() {
        true => "hashbytes('SHA2_256', '')".into(),
        false => format!("hashbytes('SHA2_256', {})", hashes.join(" + ")),
    }
}

/// A value as the digest sees it: no value is not the empty text, and no digit is lost. Types that
/// SQL Server does not convert to a text of any length go by one that it does.
fn content(path: &str, kind: &str, dialect: Dialect) -> String {
    let c = format!("i.{}", quote(path));
    let text = match column::family(kind) {
        Family::Other => format!("convert(nvarchar(max), {c}.ToString())"),
        Family::Variant => format!("convert(nvarchar(max), convert(nvarchar(4000), {c}, 121))"),
        Family::Binary => format!("convert(nvarchar(max), convert(varbinary(max), {c}), 1)"),
        Family::Float if dialect == Dialect::Old => {
            format!("convert(nvarchar(max), convert(varbinary(8), {c}), 1)")
        }
        Family::Float => format!("convert(nvarchar(max), {c}, 3)"),
        Family::Money => format!("convert(nvarchar(max), {c}, 2)"),
        family if family.is_moment() || matches!(family, Family::Date | Family::Time) => {
            format!("convert(nvarchar(max), {c}, 121)")
        }
        _ => format!("convert(nvarchar(max), {c})"),
    };
    format!("isnull({text}, nchar(30))")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(count: usize, kind: &str) -> Vec<Field> {
        let field = |at| Field { column: at, path: format!("c{at}"), remote_type: kind.into() };
        (0..count).map(field).collect()
    }

    fn hashed(fields: &[Field], dialect: Dialect) -> String {
        hash(&fields.iter().collect::<Vec<_>>(), dialect)
    }

    /// The most arguments of a `concat` in a statement that has no other commas at its level.
    fn most_arguments(sql: &str) -> usize {
        let (mut open, mut most) = (Vec::new(), 0);
        for (at, c) in sql.char_indices() {
            match c {
                '(' => open.push((sql[..at].ends_with("concat"), 1)),
                ',' => open.last_mut().into_iter().for_each(|(_, arguments)| *arguments += 1),
                ')' => {
                    most = open.pop().filter(|(is_concat, _)| *is_concat).map_or(most, |(_, n)| most.max(n))
                }
                _ => (),
            }
        }
        most
    }

    #[test]
    fn more_columns_than_concat_takes_are_nested() {
        for count in [1, 127, 128, 1024, 30_000] {
            let sql = hashed(&fields(count, "int"), Dialect::Current);
            assert!((2..=ARGUMENTS).contains(&most_arguments(&sql)), "{count}");
            assert_eq!(sql.matches("isnull(").count(), count);
            assert_eq!(sql.matches("nchar(31)").count(), count - 1);
        }
        assert_eq!(most_arguments(&hashed(&fields(127, "int"), Dialect::Current)), ARGUMENTS);
    }

    #[test]
    fn an_old_server_is_asked_for_no_more_than_it_takes() {
        let short = hashed(&fields(3, "float"), Dialect::Old);
        assert!(short.starts_with("hashbytes('SHA2_256', concat('', ") && !short.contains(", 3)"), "{short}");
        let long = hashed(&fields(300, "nvarchar(200)"), Dialect::Old);
        assert!(!long.contains("concat(") && long.matches("substring(").count() == 300);
        assert!(long.contains("substring(isnull(convert(nvarchar(max), i.[c7]), nchar(30)), 1, 4000)"));
        let endless = hashed(&fields(1, "nvarchar(max)"), Dialect::Old);
        assert!(endless.contains("case when datalength(") && endless.contains(", 60001, 4000)"), "{endless}");
    }
}
