//! Answers that no honest server gives: without end, without measure, to another question.

use std::io;
use std::thread;
use std::time::Duration;

use super::answer;
use super::error::SqlError;
use super::kind::Kind;
use super::session::{Done, Session};
use super::transport::Transport;
use super::value::Value;
use super::wire;

/// An answer in the place of the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Nothing at all.
    Silence,
    /// Notes for ever.
    Notes,
    /// Errors for ever, and no end of the statement.
    Errors,
    /// Changes of the session for ever.
    Changes,
    /// Columns of sums for ever, each under a number of its own.
    Sums,
    /// The same, behind the columns that were asked for.
    LateSums,
    /// Describes this many columns, each with a long name, twice.
    Columns(u16),
    /// One more column than was asked for, in rows without end.
    AnotherColumn,
    /// The columns that were asked for, and one and the same row for ever.
    SameRow,
    /// The same, where the first column grows when it is a number.
    GrowingRows,
    /// The same, where it shrinks.
    ShrinkingRows,
    /// Rows of which a bit a column is all that is sent.
    Nothings,
    /// A text that never ends, in pieces.
    Text,
    /// A text of 2 GiB, in one piece.
    Announced,
    /// A text of which a byte comes every tenth of a second.
    Trickle,
}

impl Lie {
    /// All of them, with what they are.
    pub const ALL: [(&'static str, Lie); 14] = [
        ("sends notes for ever", Lie::Notes),
        ("sends errors for ever", Lie::Errors),
        ("changes the session for ever", Lie::Changes),
        ("sends columns of sums for ever", Lie::Sums),
        ("sends columns of sums for ever, behind its own", Lie::LateSums),
        ("sends 65534 columns for ever", Lie::Columns(65_534)),
        ("sends a column that nobody asked for", Lie::AnotherColumn),
        ("sends one row for ever", Lie::SameRow),
        ("sends rows backwards", Lie::ShrinkingRows),
        ("sends rows of nothing for ever", Lie::Nothings),
        ("sends a text without end", Lie::Text),
        ("announces a text of 2 GiB", Lie::Announced),
        ("sends a text byte by byte", Lie::Trickle),
        ("says nothing", Lie::Silence),
    ];
}

/// Tells it, until nobody listens any more.
pub fn tell(transport: &mut Transport, session: &mut Session, sql: &str, lie: Lie) -> io::Result<()> {
    let (mut columns, mut row) = truth(session, sql);
    match lie {
        Lie::Silence => loop {
            thread::sleep(Duration::from_millis(100));
            transport.flush()?;
        },
        Lie::Notes => repeat(transport, |transport, _| note(transport, answer::INFO)),
        Lie::Errors => repeat(transport, |transport, _| note(transport, answer::ERROR)),
        Lie::Changes => repeat(transport, |transport, _| answer::changed(transport, 1, "elsewhere", "here")),
        Lie::Sums => repeat(transport, |transport, at| sums(&mut transport.out, at as u16)),
        Lie::LateSums => {
            wire::columns(&mut transport.out, &columns);
            repeat(transport, |transport, at| sums(&mut transport.out, at as u16))
        }
        Lie::Columns(count) => loop {
            many(transport, count)?;
        },
        Lie::AnotherColumn => {
            columns.push(("another".into(), Kind::Int(4)));
            row.push(Value::Int(1));
            rows(transport, &columns, row, 0)
        }
        Lie::SameRow => rows(transport, &columns, row, 0),
        Lie::GrowingRows => rows(transport, &columns, row, 1),
        Lie::ShrinkingRows => rows(transport, &columns, row, -1),
        Lie::Nothings => {
            wire::columns(&mut transport.out, &columns);
            let nothing = vec![0xff; columns.len().div_ceil(8)];
            repeat(transport, |transport, _| {
                transport.out.push(0xD2);
                transport.out.extend_from_slice(&nothing);
            })
        }
        Lie::Text | Lie::Announced | Lie::Trickle => {
            let texts: Vec<_> =
                columns.iter().map(|(name, _)| (name.clone(), Kind::nvarchar(None))).collect();
            wire::columns(&mut transport.out, &texts);
            transport.out.push(0xD1);
            text(transport, lie)
        }
    }
}

/// The columns of the true answer, and its first row, or one of nulls.
fn truth(session: &mut Session, sql: &str) -> (Vec<(String, Kind)>, Vec<Value>) {
    let done = session.run(sql).unwrap_or_default();
    let answer =
        done.into_iter().find_map(|done| if let Done::Rows(answer) = done { Some(answer) } else { None });
    let Some(answer) = answer else { return (vec![("a".into(), Kind::Int(4))], vec![Value::Int(1)]) };
    let columns = answer.columns;
    let row = answer.rows.flatten().next();
    let row = row.map_or_else(|| vec![Value::Null; columns.len()], |row| row.to_vec());
    (columns, row)
}

fn repeat(transport: &mut Transport, mut part: impl FnMut(&mut Transport, u64)) -> io::Result<()> {
    for at in 0.. {
        part(transport, at);
        transport.pump()?;
    }
    Ok(())
}

fn rows(
    transport: &mut Transport,
    columns: &[(String, Kind)],
    mut row: Vec<Value>,
    step: i64,
) -> io::Result<()> {
    wire::columns(&mut transport.out, columns);
    let first = match row.first() {
        Some(Value::Int(number)) => *number,
        _ => 0,
    };
    repeat(transport, |transport, at| {
        if let Some(Value::Int(number)) = row.first_mut() {
            *number = first + step * at as i64;
        }
        transport.out.push(0xD1);
        for ((_, kind), value) in columns.iter().zip(&row) {
            wire::value(&mut transport.out, kind, value, usize::MAX);
        }
    })
}

fn note(transport: &mut Transport, kind: u8) {
    let class = if kind == answer::ERROR { 16 } else { 0 };
    answer::message(transport, kind, &SqlError::new(50_000, class, "x".repeat(2000)));
}

/// Metadata of a `compute` clause, which no server has had since 2012, with 200 sums.
fn sums(out: &mut Vec<u8>, number: u16) {
    out.push(0x88);
    out.extend_from_slice(&200u16.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.push(0);
    for _ in 0..200 {
        // Operator, operand, user type, flags, an int, no name.
        out.extend_from_slice(&[0x4D, 1, 0, 0, 0, 0, 0, 0, 0, 0x38, 0]);
    }
}

/// Piece by piece: what is queued is moved with each packet.
fn many(transport: &mut Transport, count: u16) -> io::Result<()> {
    transport.out.push(0x81);
    transport.out.extend_from_slice(&count.to_le_bytes());
    for at in 0..count {
        // User type, flags, an int, a name.
        transport.out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0x38]);
        wire::short_text(&mut transport.out, &format!("{at:0>100}"));
        transport.pump()?;
    }
    Ok(())
}

/// The beginning of a value, and then what never ends it.
fn text(transport: &mut Transport, lie: Lie) -> io::Result<()> {
    let (whole, piece) = match lie {
        Lie::Announced => (0x7fff_fffeu64, 0x7fff_fffeu32),
        Lie::Trickle => (1000, 1000),
        _ => (u64::MAX - 1, 0),
    };
    transport.out.extend_from_slice(&whole.to_le_bytes());
    if piece > 0 {
        transport.out.extend_from_slice(&piece.to_le_bytes());
    }
    match lie {
        Lie::Trickle => loop {
            transport.out.push(0x41);
            transport.flush()?;
            thread::sleep(Duration::from_millis(100));
        },
        Lie::Announced => repeat(transport, |transport, _| transport.out.extend_from_slice(&[0x41; 8192])),
        _ => repeat(transport, |transport, _| {
            transport.out.extend_from_slice(&8192u32.to_le_bytes());
            transport.out.extend_from_slice(&[0x41; 8192]);
        }),
    }
}
