//! Cursor values: what a stream's cursor is, by its type, and its values as text.
//!
//! A `rowversion` is its eight bytes, `0x00000000000007D1`; a moment is
//! `2026-11-21 09:05:00.1234567`; a growing key is a number of fixed length in front of its point. The order of
//! each as text is its order there, and each tells by its form what it is.

use std::time::Duration;

use super::column::Family;
use super::moment::Moment;
use crate::error::{Error, Kind, Result};
use crate::source::Mark;

/// How many of the newest keys are read again: identity values are handed out before the
/// commit, so a lower one may come after a higher.
const KEYS_AGAIN: i128 = 10_000;

/// Digits of the largest decimal.
const DIGITS: usize = 38;
const LARGEST: i128 = 10i128.pow(38) - 1;

/// What grows with every change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// With every write, whatever commits first: exact.
    Rowversion,
    /// With the time of the change: coarse, and set before the commit.
    Moment(Family),
    /// With every new row: changes of older ones are not seen.
    Growing,
}

impl Cursor {
    /// The cursor that a column of this family is.
    pub(super) fn of(family: Family) -> Option<Self> {
        match family {
            Family::Rowversion => Some(Cursor::Rowversion),
            Family::Integer | Family::Decimal => Some(Cursor::Growing),
            Family::Date => Some(Cursor::Moment(family)),
            family if family.is_moment() => Some(Cursor::Moment(family)),
            _ => None,
        }
    }

    /// The value as Transact-SQL writes it, in the column's own type: compared with another,
    /// SQL Server would convert the column, and round.
    pub(super) fn literal(self, mark: &Mark) -> Result<String> {
        let literal = match self {
            Cursor::Rowversion => version(mark).map(|version| format!("0x{version:016X}")),
            Cursor::Growing => number(mark).map(|(number, scale)| point(number, scale)),
            Cursor::Moment(family) => Moment::parse(&mark.0).and_then(|moment| at(family, moment)),
        };
        literal.ok_or_else(|| not_ours(mark))
    }
}

/// Written with a `T`: only so it means the same in every language of the login.
fn at(family: Family, moment: Moment) -> Option<String> {
    let text = |moment: Moment| Some(moment.exact()?.replace(' ', "T"));
    match family {
        // The earliest datetime; three digits are all it takes.
        Family::DateTime | Family::SmallDateTime => {
            let earliest = Moment::parse("1753-01-01 00:00:00.0000000")?;
            let text = text(moment.max(earliest))?;
            Some(format!("cast('{}' as datetime)", text.get(..23)?))
        }
        Family::DateTimeOffset => Some(format!("cast('{}+00:00' as datetimeoffset(7))", text(moment)?)),
        _ => Some(format!("cast('{}' as datetime2(7))", text(moment)?)),
    }
}

/// The mark of eight bytes.
pub(super) fn of_version(bytes: &[u8]) -> Option<Mark> {
    let bytes: [u8; 8] = bytes.try_into().ok()?;
    Some(Mark(format!("0x{:016X}", u64::from_be_bytes(bytes))))
}

/// The mark of a moment.
pub(super) fn of_moment(moment: Moment) -> Option<Mark> {
    moment.exact().map(Mark)
}

/// The mark of a number with so many digits behind its point. Below zero the whole ones are counted from the lowest,
/// and what is behind the point upwards from there, so that the text grows too.
pub(super) fn of_number(number: i128, scale: u8) -> Option<Mark> {
    let unit = 10i128.checked_pow(scale.into())?;
    let (whole, rest) = (number.div_euclid(unit), number.rem_euclid(unit));
    let fraction = format!(".{rest:0width$}", width = usize::from(scale));
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    match whole {
        0..=LARGEST => Some(Mark(format!("{whole:0DIGITS$}{fraction}"))),
        _ if whole >= -LARGEST => Some(Mark(format!("-{:0DIGITS$}{fraction}", whole + LARGEST))),
        _ => None,
    }
}

fn version(mark: &Mark) -> Option<u64> {
    let digits = mark.0.strip_prefix("0x").filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}

/// The number of a mark, and how many of its digits are behind the point.
fn number(mark: &Mark) -> Option<(i128, u8)> {
    let (digits, from) = match mark.0.strip_prefix('-') {
        Some(digits) => (digits, LARGEST),
        None => (mark.0.as_str(), 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let is_mark =
        whole.len() == DIGITS && is_number(whole) && is_number(fraction) && fraction.len() <= DIGITS;
    let whole = whole.parse::<i128>().ok().filter(|_| is_mark)? - from;
    let scale = u8::try_from(fraction.len()).ok()?;
    let rest = if fraction.is_empty() { 0 } else { fraction.parse::<i128>().ok()? };
    Some((whole.checked_mul(10i128.checked_pow(scale.into())?)?.checked_add(rest)?, scale))
}

/// A number with its point, as Transact-SQL writes it.
fn point(number: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let (sign, point) = (if number < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
    format!("{sign}{whole}{point}{fraction}")
}

/// Where to begin so that nothing committed late is missed: a rowversion needs no overlap.
pub(super) fn earlier(mark: &Mark, by: Duration) -> Result<Mark> {
    if version(mark).is_some() {
        return Ok(mark.clone());
    }
    let earlier = match number(mark) {
        Some((number, scale)) => {
            let unit = 10i128.pow(scale.into());
            of_number((number.div_euclid(unit) - KEYS_AGAIN).max(-LARGEST), 0)
        }
        None => Moment::parse(&mark.0).and_then(|Moment(ticks)| {
            let by = i64::try_from(by.as_nanos().div_ceil(100)).unwrap_or(i64::MAX);
            of_moment(Moment(ticks.saturating_sub(by).max(0)))
        }),
    };
    earlier.ok_or_else(|| not_ours(mark))
}

fn not_ours(mark: &Mark) -> Error {
    Error::new(Kind::Internal, "a position is no cursor value of SQL Server").detail(mark.0.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn before(mark: &str, by: Duration) -> String {
        earlier(&Mark(mark.into()), by).unwrap().0
    }

    #[test]
    fn a_rowversion_is_read_from_exactly_where_it_stopped() {
        let mark = of_version(&[0, 0, 0, 0, 0, 0, 7, 0xd1]).unwrap();
        assert_eq!(mark.0, "0x00000000000007D1");
        assert_eq!(earlier(&mark, Duration::from_secs(600)).unwrap(), mark);
        assert_eq!(Cursor::Rowversion.literal(&mark).unwrap(), "0x00000000000007D1");
        assert_eq!(of_version(&[1, 2]), None);
    }

    #[test]
    fn a_moment_is_read_from_the_overlap_before_it() {
        assert_eq!(
            before("2026-03-01 00:05:00.0000001", Duration::from_secs(600)),
            "2026-02-28 23:55:00.0000001"
        );
        assert_eq!(
            before("2026-03-01 00:05:00.0000001", Duration::from_nanos(1)),
            "2026-03-01 00:05:00.0000000"
        );
        assert_eq!(before("2026-03-01 00:05:00.0000001", Duration::MAX), "0001-01-01 00:00:00.0000000");
    }

    #[test]
    fn a_growing_key_is_read_from_ten_thousand_before_it() {
        let mark = of_number(25_000, 0).unwrap();
        let from = earlier(&mark, Duration::ZERO).unwrap();
        assert_eq!(Cursor::Growing.literal(&from).unwrap(), "15000");
        let below = earlier(&of_number(-2_147_483_648, 0).unwrap(), Duration::ZERO).unwrap();
        assert_eq!(Cursor::Growing.literal(&below).unwrap(), "-2147493648");
    }

    #[test]
    fn a_moment_is_written_in_its_own_type_and_for_every_language() {
        let mark = Mark("2026-11-21 09:05:00.1230000".into());
        let literal = |family| Cursor::Moment(family).literal(&mark).unwrap();
        assert_eq!(literal(Family::DateTime), "cast('2026-11-21T09:05:00.123' as datetime)");
        assert_eq!(literal(Family::DateTime2), "cast('2026-11-21T09:05:00.1230000' as datetime2(7))");
        assert_eq!(literal(Family::Date), "cast('2026-11-21T09:05:00.1230000' as datetime2(7))");
        assert_eq!(
            literal(Family::DateTimeOffset),
            "cast('2026-11-21T09:05:00.1230000+00:00' as datetimeoffset(7))"
        );
        let ancient = Cursor::Moment(Family::DateTime).literal(&Mark("0001-01-01 00:00:00.0000000".into()));
        assert_eq!(ancient.unwrap(), "cast('1753-01-01T00:00:00.000' as datetime)");
    }

    #[test]
    fn what_is_no_mark_of_ours_is_refused_and_never_written_into_a_statement() {
        for text in [
            "",
            "0x12",
            "1; drop table x",
            &format!("{}.1'", "0".repeat(38)),
            &"9".repeat(77),
            "2026-11-21 09:05:00",
            "12",
            "2026-11-21' or 1=1",
        ] {
            let mark = Mark(text.into());
            assert_eq!(earlier(&mark, Duration::ZERO).unwrap_err().kind, Kind::Internal);
            for cursor in [Cursor::Rowversion, Cursor::Growing, Cursor::Moment(Family::DateTime2)] {
                assert_eq!(cursor.literal(&mark).unwrap_err().kind, Kind::Internal);
            }
        }
    }

    #[test]
    fn a_number_with_digits_behind_its_point_keeps_them() {
        for (value, scale, literal) in [
            (1_234_500, 4, "123.45"),
            (1, 4, "0.0001"),
            (-1, 4, "-0.0001"),
            (-20_000, 4, "-2"),
            (-25_000, 4, "-2.5"),
            (10i128.pow(38) - 1, 10, "9999999999999999999999999999.9999999999"),
        ] {
            let mark = of_number(value, scale).unwrap();
            assert_eq!(Cursor::Growing.literal(&mark).unwrap(), literal);
        }
        let from = earlier(&of_number(250_005_000, 4).unwrap(), Duration::ZERO).unwrap();
        assert_eq!(Cursor::Growing.literal(&from).unwrap(), "15000");
        let from = earlier(&of_number(-5000, 4).unwrap(), Duration::ZERO).unwrap();
        assert_eq!(Cursor::Growing.literal(&from).unwrap(), "-10001");
    }

    proptest! {
        #[test]
        fn digits_behind_the_point_keep_the_order(a: i64, b: i64, scale in 0u8..19) {
            let (x, y) = (of_number(a.into(), scale).unwrap(), of_number(b.into(), scale).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            let (value, has) = number(&x).unwrap();
            prop_assert_eq!(value * 10i128.pow(u32::from(scale - has)), i128::from(a));
        }

        #[test]
        fn the_order_of_marks_is_that_of_what_they_stand_for(a: i64, b: i64) {
            let (x, y) = (of_number(a.into(), 0).unwrap(), of_number(b.into(), 0).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(number(&x), Some((a.into(), 0)));
            let (x, y) = (of_version(&a.to_be_bytes()).unwrap(), of_version(&b.to_be_bytes()).unwrap());
            prop_assert_eq!(x.cmp(&y), (a as u64).cmp(&(b as u64)));
        }
    }
}
