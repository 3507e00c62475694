//! Expressions: bound to the columns they name, typed, and worked out for a row.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Expr;
use super::calendar::SECOND;
use super::database::Id;
use super::error::{Result, SqlError, no_column};
use super::face::Face;
use super::functions;
use super::kind::Kind;
use super::value::Value;

/// The columns that can be named.
pub type Scope = Vec<(String, Kind)>;

/// What functions know of their surroundings.
#[derive(Clone, Debug)]
pub struct Context {
    /// `MIN_ACTIVE_ROWVERSION()`.
    pub min_active: u64,
    /// `@@DBTS`.
    pub version: u64,
    /// UTC.
    pub now: i64,
    /// What local time is ahead of it, in minutes.
    pub zone: i64,
    pub login: String,
    pub database: String,
    pub face: Face,
    /// Numbers of tables and views, by schema and name.
    pub objects: Arc<BTreeMap<Id, i64>>,
}

impl Context {
    /// Local time.
    pub fn local(&self) -> i64 {
        self.now + self.zone * 60 * SECOND
    }
}

/// Replaces every part of an expression.
fn map(expr: Expr, change: &mut dyn FnMut(Expr) -> Result<Expr>) -> Result<Expr> {
    let mut one = |e: Box<Expr>| map(*e, change).map(Box::new);
    let expr = match expr {
        Expr::Unary(op, a) => Expr::Unary(op, one(a)?),
        Expr::Binary(op, a, b) => Expr::Binary(op, one(a)?, one(b)?),
        Expr::IsNull(a, not) => Expr::IsNull(one(a)?, not),
        Expr::Cast(a, kind) => Expr::Cast(one(a)?, kind),
        Expr::Convert(kind, a, style) => Expr::Convert(kind, one(a)?, style),
        Expr::Collate(a, name) => Expr::Collate(one(a)?, name),
        Expr::In(a, list) => Expr::In(one(a)?, all(list, change)?),
        Expr::Call(name, list) => Expr::Call(name, all(list, change)?),
        Expr::RowNumber(list) => Expr::RowNumber(all(list, change)?),
        Expr::Case(branches, otherwise) => {
            let otherwise = otherwise.map(&mut one).transpose()?;
            let mut mapped = Vec::new();
            for (condition, then) in branches {
                mapped.push((map(condition, change)?, map(then, change)?));
            }
            Expr::Case(mapped, otherwise)
        }
        leaf => leaf,
    };
    change(expr)
}

fn all(list: Vec<Expr>, change: &mut dyn FnMut(Expr) -> Result<Expr>) -> Result<Vec<Expr>> {
    list.into_iter().map(|expr| map(expr, change)).collect()
}

/// Names become places. `windows` collects the partitions of row numbers, which come behind
/// the columns of the scope; `named` hears of each column.
pub fn bind(
    expr: Expr,
    scope: &Scope,
    windows: &mut Vec<Vec<Expr>>,
    named: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<Expr> {
    map(expr, &mut |expr| match expr {
        Expr::Column(name) => {
            let at = scope.iter().position(|(column, _)| column.eq_ignore_ascii_case(&name));
            let at = at.ok_or_else(|| no_column(&name))?;
            named(&scope[at].0)?;
            Ok(Expr::At(at))
        }
        // As it is compiled: also where no row is worked out.
        Expr::Call(name, arguments) if name == "concat" && !(2..=254).contains(&arguments.len()) => {
            Err(SqlError::new(189, 15, "The concat function requires 2 to 254 arguments."))
        }
        Expr::RowNumber(partition) => {
            windows.push(partition);
            Ok(Expr::At(scope.len() + windows.len() - 1))
        }
        other => Ok(other),
    })
}

/// The type of a bound expression.
pub fn kind_of(expr: &Expr, scope: &Scope) -> Kind {
    match expr {
        Expr::At(at) => scope.get(*at).map_or(Kind::Int(8), |(_, kind)| kind.clone()),
        Expr::Cast(_, kind) | Expr::Convert(kind, ..) => kind.clone(),
        Expr::Collate(inner, _) | Expr::Unary(_, inner) => kind_of(inner, scope),
        Expr::Binary(_, left, _) => kind_of(left, scope),
        Expr::Case(branches, _) => branches.first().map_or(Kind::Int(4), |(_, then)| kind_of(then, scope)),
        Expr::Value(value) => kind_of_value(value),
        Expr::Call(name, arguments) => {
            functions::kind_of(name, || arguments.first().map_or(Kind::Int(4), |first| kind_of(first, scope)))
        }
        _ => Kind::Int(4),
    }
}

fn kind_of_value(value: &Value) -> Kind {
    match value {
        Value::Decimal(_, scale) => Kind::Decimal(38, *scale),
        Value::Float(_) => Kind::Float,
        Value::Text(_) => Kind::nvarchar(Some(4000)),
        Value::Bytes(_) => Kind::Binary { fixed: false, length: Some(8000) },
        Value::Moment(_) => Kind::DateTime2(7),
        Value::Offset(..) => Kind::Offset(7),
        Value::Date(_) => Kind::Date,
        Value::Guid(_) => Kind::Guid,
        Value::Bit(_) => Kind::Bit,
        _ => Kind::Int(4),
    }
}

/// Works a bound expression out.
pub fn eval(expr: &Expr, row: &[Value], context: &Context) -> Result<Value> {
    let one = |expr: &Expr| eval(expr, row, context);
    match expr {
        Expr::Value(value) => Ok(value.clone()),
        Expr::At(at) => Ok(row.get(*at).cloned().unwrap_or(Value::Null)),
        Expr::Collate(inner, _) => one(inner),
        Expr::Cast(inner, kind) => one(inner)?.to(kind),
        Expr::Convert(kind, inner, style) => functions::convert(one(inner)?, kind, *style, context.face),
        Expr::IsNull(inner, not) => Ok(Value::Bit((one(inner)? == Value::Null) != *not)),
        Expr::In(inner, list) => {
            let equal = |e: &Expr| Ok(compare("=", inner, e, row, context)? == Value::Bit(true));
            Ok(Value::Bit(list.iter().map(equal).collect::<Result<Vec<_>>>()?.contains(&true)))
        }
        Expr::Case(branches, otherwise) => {
            for (condition, then) in branches {
                if one(condition)? == Value::Bit(true) {
                    return one(then);
                }
            }
            otherwise.as_ref().map_or(Ok(Value::Null), |otherwise| one(otherwise))
        }
        Expr::Unary(op, inner) => match (op.as_str(), one(inner)?) {
            ("not", Value::Bit(flag)) => Ok(Value::Bit(!flag)),
            ("-", Value::Int(number)) => Ok(Value::Int(-number)),
            ("-", Value::Decimal(number, scale)) => Ok(Value::Decimal(-number, scale)),
            ("-", Value::Float(number)) => Ok(Value::Float(-number)),
            (_, other) => Ok(other),
        },
        Expr::Binary(op, left, right) => binary(op, left, right, row, context),
        Expr::Call(name, arguments) => {
            let arguments = arguments.iter().map(one).collect::<Result<Vec<_>>>()?;
            functions::call(name, arguments, context)
        }
        Expr::Column(name) => Err(no_column(name)),
        Expr::Star | Expr::RowNumber(_) => Err(SqlError::new(102, 15, "Incorrect syntax near '*'.")),
    }
}

fn binary(op: &str, left: &Expr, right: &Expr, row: &[Value], context: &Context) -> Result<Value> {
    let one = |expr: &Expr| eval(expr, row, context);
    match op {
        "and" => match (one(left)?, right) {
            (Value::Bit(false), _) => Ok(Value::Bit(false)),
            (known, right) => Ok(if one(right)? == Value::Bit(true) { known } else { Value::Bit(false) }),
        },
        "or" => match one(left)? {
            Value::Bit(true) => Ok(Value::Bit(true)),
            _ => one(right),
        },
        "+" | "-" | "*" | "/" | "%" => functions::arithmetic(op, one(left)?, one(right)?),
        _ => compare(op, left, right, row, context),
    }
}

/// A text beside a value of another type is read as that type; unknown is NULL, which is not true.
fn compare(op: &str, left: &Expr, right: &Expr, row: &[Value], context: &Context) -> Result<Value> {
    let (a, b) = (eval(left, row, context)?, eval(right, row, context)?);
    let (a, b) = match (&a, &b) {
        (Value::Text(_), other) if !matches!(other, Value::Text(_) | Value::Null) => {
            (a.to(&kind_of_value(&b))?, b)
        }
        (other, Value::Text(_)) if !matches!(other, Value::Text(_) | Value::Null) => {
            let b = b.to(&kind_of_value(&a))?;
            (a, b)
        }
        _ => (a, b),
    };
    let Some(order) = a.compare(&b, is_binary(left) || is_binary(right)) else { return Ok(Value::Null) };
    Ok(Value::Bit(match op {
        "=" => order == Ordering::Equal,
        "<>" | "!=" => order != Ordering::Equal,
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

/// Whether an expression is compared by the codes of its characters.
pub fn is_binary(expr: &Expr) -> bool {
    matches!(expr, Expr::Collate(_, name) if name.to_uppercase().contains("_BIN"))
}
