//! What a draft proposes as key and cursor, and how that was found: so that a person can judge it.

use super::catalog::Index;
use super::column::{Column, Family};
use super::layout::find;
use crate::entity::{Type, private};

/// Columns of the key or the cursor, with what is to be said of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) columns: Vec<String>,
    pub(super) note: Option<String>,
}

/// What follows from a digest as the key.
const ANEW: &str =
    "a changed row comes as a new one, and the old one goes with the next run of mode verify or full";

/// What tells the rows of an object apart: its primary key, else an index in which no two rows are alike. None where
/// the rows of neither could be asked for again.
pub(super) fn key(columns: &[Column], indexes: &[Index]) -> Proposal {
    let primary = indexes.iter().find(|index| index.is_primary);
    let unfit = primary.and_then(|primary| unfit(columns, primary));
    let unique = indexes.iter().filter(|index| index.is_unique && has_values(columns, index));
    let mut unique: Vec<&Index> = unique.filter(|index| self::unfit(columns, index).is_none()).collect();
    unique.sort_by_key(|index| (!index.is_primary, index.columns.len()));
    let name = |name: &String| find(columns, name).map_or(name.clone(), |column| column.name.clone());
    let found: Vec<String> =
        unique.first().map(|index| index.columns.iter().map(name).collect()).unwrap_or_default();
    let note = match (unique.first().map(|index| index.is_primary), unfit) {
        (Some(true), _) => "primary key".to_string(),
        (Some(false), None) => "a unique index: there is no primary key".into(),
        (Some(false), Some(why)) => format!("a unique index: of the primary key, {why}"),
        (None, Some(why)) => format!("a digest of the row: of the primary key, {why}; {ANEW}"),
        (None, None) => format!("a digest of the row: nothing is known that tells rows apart; {ANEW}"),
    };
    Proposal { columns: found, note: Some(note) }
}

fn has_values(columns: &[Column], index: &Index) -> bool {
    index.columns.iter().all(|name| find(columns, name).is_some_and(|column| !column.is_nullable))
}

/// Why rows cannot be asked for by an index, for a person.
fn unfit(columns: &[Column], index: &Index) -> Option<String> {
    index.columns.iter().find_map(|name| match find(columns, name) {
        Some(column) if column.family().can_be_key(Type::Text) => None,
        Some(column) => Some(format!("\"{name}\" is of type {}, whose text finds no row again", column.kind)),
        None => Some(format!("\"{name}\" cannot be read")),
    })
}

/// The column that grows with every change: a rowversion does, a time that is called so may. `has_bound`: whether the
/// server tells up to where its rowversions are whole.
pub(super) fn cursor(table: &str, columns: &[Column], has_bound: bool) -> Proposal {
    let version = columns.iter().find(|column| column.family() == Family::Rowversion && has_bound);
    let may_lack = "may be null: rows without it are read in every run";
    if let Some(version) = version {
        let note = version.is_nullable.then(|| may_lack.to_string());
        return Proposal { columns: vec![version.name.clone()], note };
    }
    let mut called_so: Vec<&Column> = columns
        .iter()
        .filter(|column| column.family().is_moment() && is_time_of_change(table, &column.name))
        .collect();
    called_so.sort_by_key(|column| column.is_nullable);
    let Some(column) = called_so.first() else { return Proposal::default() };
    let guess = "guessed by its name: look whether every change sets it";
    let note = if column.is_nullable { format!("{guess}; {may_lack}") } else { guess.into() };
    Proposal { columns: vec![column.name.clone()], note: Some(note) }
}

/// Words that say that something was changed.
const CHANGED: [&str; 12] = [
    "change",
    "changed",
    "changes",
    "edit",
    "edited",
    "mod",
    "modification",
    "modified",
    "modify",
    "update",
    "updated",
    "upd",
];

/// Words that may stand beside them, and say nothing of what was changed but the row.
const BESIDE: [&str; 24] = [
    "at",
    "data",
    "date",
    "datetime",
    "dt",
    "dtm",
    "entry",
    "gmt",
    "last",
    "latest",
    "line",
    "local",
    "of",
    "on",
    "record",
    "row",
    "stamp",
    "sys",
    "system",
    "time",
    "timestamp",
    "ts",
    "utc",
    "when",
];

/// Whether a name says when its row was changed: in whole words, of which none is about anything else.
fn is_time_of_change(table: &str, name: &str) -> bool {
    let words = private::words(name);
    // Tables name themselves in their columns: `SaleModifiedOn` of `Sales`.
    let own = private::words(table);
    let is_own = |word: &str| own.iter().any(|own| own.trim_end_matches('s') == word.trim_end_matches('s'));
    let is_beside = |word: &str| BESIDE.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit());
    let says = |word: &String| CHANGED.contains(&word.as_str()) || compound(word);
    words.iter().any(says) && words.iter().all(|word| says(word) || is_beside(word) || is_own(word))
}

/// Whether a word is several written as one: `lastmodified`, `updatedat`, `datemodified`.
fn compound(word: &str) -> bool {
    let is_beside = |text: &str| text.is_empty() || BESIDE.contains(&text);
    CHANGED.iter().filter(|changed| changed.len() > 3).any(|changed| {
        word.match_indices(changed).any(|(at, _)| {
            let (before, behind) = (word.get(..at), word.get(at + changed.len()..));
            before.is_some_and(is_beside) && behind.is_some_and(is_beside)
        })
    })
}

/// What weakens the key and the cursor of a stream over an object with these indexes, for a person.
pub(super) fn weaknesses(
    key: &[&str],
    cursor: Option<&str>,
    columns: &[Column],
    indexes: &[Index],
    is_table: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    let is_one = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let is_key = |index: &&Index| {
        index.is_unique && index.columns.iter().all(|name| key.iter().any(|key| is_one(key, name)))
    };
    for name in key.iter().filter(|name| find(columns, name).is_some_and(|column| column.is_nullable)) {
        if is_table {
            found.push(format!("the key \"{name}\" may be null: such rows are rejected"));
        }
    }
    if is_table && !key.is_empty() && !indexes.iter().any(|index| is_key(&index)) {
        found.push(format!("no unique index on {}: of rows with one key the last counts", list(key)));
    }
    let Some((cursor, column)) = cursor.and_then(|name| Some((name, find(columns, name)?))) else {
        return found;
    };
    if column.is_nullable {
        found.push(format!("the cursor \"{cursor}\" may be null: rows without it are read in every run"));
    }
    let begins = |index: &Index| index.columns.first().is_some_and(|name| is_one(name, cursor));
    if is_table && !indexes.iter().any(begins) {
        found.push(format!(
            "no index begins with the cursor \"{cursor}\": every run reads the whole table there"
        ));
    }
    found
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str, is_nullable: bool) -> Column {
        Column { name: name.into(), kind: kind.into(), is_nullable }
    }

    fn index(is_primary: bool, is_unique: bool, columns: &[&str]) -> Index {
        Index { is_primary, is_unique, columns: columns.iter().map(|name| name.to_string()).collect() }
    }

    #[test]
    fn a_time_of_change_is_known_by_whole_words() {
        let yes = "ModifiedDate UpdatedAt last_update LAST_MODIFIED lastmodified updatedat DateModified \
                   ChangedOn ChangeDate row_changed_at SaleModifiedOn LastEditedWhen ModifiedDateUTC sys_updated_2 \
                   UPD_TS";
        for name in yes.split_whitespace() {
            assert!(is_time_of_change("Sales", name), "{name}");
        }
        let no = "ExchangeDate ExchangedOn InterchangeAt PriceChangeDate PasswordChangedAt NextUpdate \
                  UpdateDue CreatedAt Date LastOrderOn StatusModified ModelDate Outdated Credited CustomerModifiedOn";
        for name in no.split_whitespace() {
            assert!(!is_time_of_change("Sales", name), "{name}");
        }
    }

    #[test]
    fn a_cursor_that_may_be_null_is_proposed_last_and_told() {
        let all = [
            column("ExchangeDate", "datetime", false),
            column("ModifiedDate", "datetime", true),
            column("UpdatedAt", "datetime", false),
        ];
        let of = |columns: &[Column]| cursor("Sales", columns, true);
        assert_eq!(of(&all).columns, ["UpdatedAt"]);
        assert!(of(&all).note.unwrap().starts_with("guessed by its name"));
        assert_eq!(of(&all[..2]).columns, ["ModifiedDate"]);
        assert!(of(&all[..2]).note.unwrap().ends_with("may be null: rows without it are read in every run"));
        assert_eq!(of(&all[..1]), Proposal::default());
    }

    #[test]
    fn a_rowversion_goes_first_where_the_server_tells_its_bound() {
        let all = [column("UpdatedAt", "datetime", false), column("rv", "timestamp", false)];
        assert_eq!(cursor("t", &all, true), Proposal { columns: vec!["rv".into()], note: None });
        assert_eq!(cursor("t", &all, false).columns, ["UpdatedAt"]);
    }

    #[test]
    fn a_key_is_the_primary_one_or_another_by_which_rows_are_found() {
        let columns = [
            column("rate", "float", false),
            column("Code", "varchar(9)", false),
            column("day", "date", true),
            column("done", "bit", false),
        ];
        let by = |indexes: &[Index]| {
            let key = key(&columns, indexes);
            (key.columns.join(","), key.note.unwrap_or_default())
        };
        let (primary, code) = (index(true, true, &["rate"]), index(false, true, &["code"]));
        assert_eq!(by(&[index(true, true, &["done"]), code.clone()]), ("done".into(), "primary key".into()));
        let (found, note) = by(&[primary.clone(), code.clone()]);
        assert_eq!((found.as_str(), note.contains("\"rate\" is of type float")), ("Code", true), "{note}");
        assert_eq!(by(&[code]).1, "a unique index: there is no primary key");
        let (found, note) = by(&[primary, index(false, true, &["day"]), index(false, false, &["Code"])]);
        assert!(
            found.is_empty() && note.starts_with("a digest of the row: of the primary key, \"rate\""),
            "{note}"
        );
    }

    #[test]
    fn what_weakens_a_stream_is_told() {
        let columns = [column("id", "int", false), column("at", "datetime", true)];
        let told = |indexes: &[Index]| weaknesses(&["ID"], Some("at"), &columns, indexes, true).join("; ");
        let null = "the cursor \"at\" may be null: rows without it are read in every run";
        let slow = "no index begins with the cursor \"at\": every run reads the whole table there";
        assert_eq!(told(&[index(true, true, &["id"])]), format!("{null}; {slow}"));
        assert_eq!(told(&[index(true, true, &["id"]), index(false, false, &["at", "id"])]), null);
        assert!(told(&[index(false, true, &["id", "at"])]).starts_with("no unique index on \"ID\": "));
        assert_eq!(weaknesses(&["id"], None, &columns, &[], false), [""; 0]);
    }
}
