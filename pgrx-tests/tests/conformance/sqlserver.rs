//! The TDS double as a remote of the conformance list: one table with a column of every type, read by its time of change.

use erp_sync_tests::tds::{DATABASE, Face, PASSWORD, Spoilt, Tds, USER, Value};
use serde_json::json;

use crate::bench::PAGE;
use crate::remote::{Pages, Place, Remote, Row, Rows, Trouble};

const TABLE: &str = "create table dbo.items (id bigint identity primary key, note nvarchar(max), whole bigint, \
                     amount decimal(38,9), day date, moment datetime2(0), flag bit, changed_at datetime2(7) not null)";

/// What only questions for whole rows hold.
const OF_A_PAGE: &str = "o.[note]";

/// A server of one kind and version.
pub struct SqlServerRemote {
    tds: Tds,
}

impl SqlServerRemote {
    pub fn current() -> SqlServerRemote {
        SqlServerRemote::of(Face::Current)
    }

    pub fn of_2012() -> SqlServerRemote {
        SqlServerRemote::of(Face::Of2012)
    }

    pub fn without_functions() -> SqlServerRemote {
        SqlServerRemote::of(Face::WithoutFunctions)
    }

    fn of(face: Face) -> SqlServerRemote {
        let tds = Tds::start_as(face);
        tds.execute(TABLE);
        SqlServerRemote { tds }
    }

    /// The moment that lies so many seconds before now, as the server writes it.
    fn ago(seconds: i64) -> String {
        format!("dateadd(second, {}, sysutcdatetime())", -seconds)
    }

    /// The clock as it stands.
    fn now(&self) -> String {
        let now = self.tds.query("select sysutcdatetime()").remove(0).remove(0);
        format!("'{}'", now.text())
    }

    fn insert(&self, row: &Row, changed_at: &str) -> i64 {
        let values = literals(row).join(", ");
        let columns = "note, whole, amount, day, moment, flag, changed_at";
        self.tds.execute(&format!("insert into items ({columns}) values ({values}, {changed_at})"));
        match self.tds.query("select max(id) from items").remove(0).remove(0) {
            Value::Int(key) => key,
            other => panic!("{other:?} is no key"),
        }
    }

    fn update(&self, key: i64, text: &str, changed_at: &str) {
        let text = text.replace('\'', "''");
        self.tds.execute(&format!(
            "update items set note = N'{text}', changed_at = {changed_at} where id = {key}"
        ));
    }
}

impl Remote for SqlServerRemote {
    /// Its pages are as the setting erp_sync.batch_rows wants them.
    fn setup(&self, _max_page: usize) -> String {
        let port = self.tds.port();
        let password = PASSWORD.replace('\'', "''");
        let column = |name: &str, kind: &str| json!({"name": name, "type": kind});
        let columns = [
            column("id", "bigint"),
            column("note", "text"),
            column("whole", "bigint"),
            column("amount", "numeric"),
            column("day", "date"),
            column("moment", "timestamptz"),
            column("flag", "boolean"),
        ];
        let stream = json!({"table": "items", "object": "dbo.items", "key": ["id"], "cursor": "changed_at",
                            "columns": columns});
        let manifest = json!({"name": "items", "source": "sqlserver", "streams": [stream]});
        format!(
            "create server remote foreign data wrapper sqlserver options
               (host '127.0.0.1', port '{port}', database '{DATABASE}', trust_certificate 'true');
             create user mapping for current_user server remote options (username '{USER}', password '{password}');
             select sync_define('{manifest}')"
        )
    }

    fn place(&self) -> Place {
        let columns = ["note", "whole", "amount", "day", "moment", "flag"];
        Place { entity: "items", table: "erp.items", columns }
    }

    fn scale(&self) -> usize {
        9
    }

    fn add(&self, rows: Vec<Row>) -> Vec<i64> {
        let now = self.now();
        rows.iter().map(|row| self.insert(row, &now)).collect()
    }

    fn add_late(&self, row: Row, seconds_ago: i64) -> i64 {
        self.insert(&row, &Self::ago(seconds_ago))
    }

    fn change(&self, key: i64, text: &str) {
        self.update(key, text, "sysutcdatetime()");
    }

    fn change_late(&self, key: i64, text: &str, seconds_ago: i64) {
        self.update(key, text, &Self::ago(seconds_ago));
    }

    fn delete(&self, key: i64) {
        self.tds.execute(&format!("delete from items where id = {key}"));
    }

    fn advance(&self, seconds: i64) {
        self.tds.clock().advance(seconds);
    }

    fn holds(&self) -> Rows {
        let rows = self.tds.query("select id, note, whole, amount, day, moment, flag from items");
        rows.iter().map(|row| (whole(&row[0]).expect("a key"), self::row(row))).collect()
    }

    fn spoil(&self, pages: Pages, trouble: Trouble) {
        let (page, times) = match pages {
            Pages::Only(page) => (page, 1),
            Pages::From(page) => (page, u64::MAX),
        };
        // What is too long is so whatever is asked for.
        let about = if matches!(trouble, Trouble::OverLong(_)) { "\norder by o." } else { OF_A_PAGE };
        self.tds.spoil(about, ((page - 1) * PAGE) as u64, times, spoilt(trouble));
    }

    fn recover(&self) {
        self.tds.end_spoiling();
    }

    /// A query goes on over many pages: of rows it is asked for as many as it has given, and for one more; of keys,
    /// or of the rows of some keys, for one.
    fn pages_asked(&self) -> usize {
        let served = self.tds.served();
        let pages = |(sql, rows): &(String, u64)| match sql.contains(OF_A_PAGE) {
            true => *rows as usize / PAGE + 1,
            false => 1,
        };
        served.iter().filter(|(sql, _)| is_page(sql)).map(pages).sum()
    }

    fn logins_refused(&self) -> usize {
        self.tds.logins_refused()
    }

    fn change_password(&self, back: bool) {
        self.tds.set_password(USER, if back { PASSWORD } else { "another" });
    }

    fn revoke(&self, back: bool) {
        if back { self.tds.allow("items") } else { self.tds.deny("items", None) }
    }

    fn drop_object(&self) {
        self.tds.execute("drop table items");
    }
}

/// Whether rows are asked for, and not for nothing but whether they may be.
fn is_page(sql: &str) -> bool {
    sql.contains("[items]") && sql.contains("\norder by o.") && !sql.contains("1 = 0")
}

fn spoilt(trouble: Trouble) -> Spoilt {
    match trouble {
        Trouble::Late(time) => Spoilt::Late(time),
        Trouble::Trickling => Spoilt::Drip,
        Trouble::Held => Spoilt::Held,
        // What comes first of a page is in the middle of the answer.
        Trouble::Closed | Trouble::CutAtTheTop => Spoilt::Closed,
        Trouble::CutInTheMiddle => Spoilt::Cut,
        Trouble::Garbage => Spoilt::Garbage,
        Trouble::OverLong(_) => Spoilt::OverLong,
        Trouble::Throttled(_) => Spoilt::Error(40_501),
    }
}

fn literals(row: &Row) -> [String; 6] {
    let text = |text: &Option<String>| match text {
        Some(text) => format!("N'{}'", text.replace('\'', "''")),
        None => "null".into(),
    };
    let bare = |number: Option<String>| number.unwrap_or_else(|| "null".into());
    let flag = row.flag.map(|flag| u8::from(flag).to_string());
    [
        text(&row.text),
        bare(row.whole.map(|whole| whole.to_string())),
        bare(row.decimal.clone()),
        text(&row.day),
        text(&row.moment.as_ref().map(|moment| moment.replace(' ', "T"))),
        bare(flag),
    ]
}

fn whole(value: &Value) -> Option<i64> {
    if let Value::Int(number) = value { Some(*number) } else { None }
}

fn row(values: &[Value]) -> Row {
    let text = |at: usize| Some(&values[at]).filter(|value| **value != Value::Null).map(Value::text);
    Row {
        text: text(1),
        whole: whole(&values[2]),
        decimal: text(3),
        day: text(4),
        // Seconds are all it has.
        moment: text(5).map(|moment| moment[..19].replace('T', " ")),
        flag: if let Value::Bit(flag) = values[6] { Some(flag) } else { None },
    }
}
