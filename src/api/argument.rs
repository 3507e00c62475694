//! Arguments whose length the caller chose: looked at before anything is made of them.

use std::ffi::CStr;
use std::ops::Deref;

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::prelude::*;
use pgrx::{FromDatum, direct_function_call, pg_sys};
use serde_json::Value;

use crate::error::{Error, Kind, Result};

/// Most bytes of a text: names, and lists of names.
const TEXT_BYTES: usize = 10_000;

/// Most bytes of a document. As JSON text a manifest has at most 256 kB.
const JSON_BYTES: usize = 1 << 20;

/// A text that is not too long.
pub(super) struct Text(String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A list of texts that is not too long, without its nulls.
pub(super) struct Texts(pub(super) Vec<String>);

/// A `jsonb` that is not too long.
pub(super) struct Json(pub(super) Value);

/// How long a value is before it is unpacked, or taken from where long ones are kept.
fn short_enough(datum: pg_sys::Datum, most: usize, hint: &'static str) -> Result<()> {
    // SAFETY: a value of variable length.
    let bytes = unsafe { pg_sys::toast_raw_datum_size(datum) };
    match bytes > most {
        true => Err(Error::new(Kind::Usage, format!("an argument has {bytes} bytes"))
            .detail(format!("this one may have {most}"))
            .hint(hint)),
        false => Ok(()),
    }
}

fn json(datum: pg_sys::Datum) -> Result<Json> {
    short_enough(datum, JSON_BYTES, "leave out columns that nobody reads")?;
    // SAFETY: a jsonb, which this function takes.
    let text = unsafe { direct_function_call::<&CStr>(pg_sys::jsonb_out, &[Some(datum)]) };
    let text = text.map(CStr::to_bytes).unwrap_or_default();
    serde_json::from_slice(text).map(Json).map_err(|error| {
        Error::new(Kind::Usage, format!("the document cannot be read: {error}"))
            .hint("a manifest or settings need a few levels only; start from: select sync_entity('contacts')")
    })
}

/// Raises the error, as PostgreSQL does of an argument that it cannot take.
fn raised<T>(outcome: Result<T>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) => {
            ErrorReport::from(error).report(PgLogLevel::ERROR);
            None
        }
    }
}

impl FromDatum for Text {
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, kind: pg_sys::Oid) -> Option<Self> {
        if is_null {
            return None;
        }
        raised(short_enough(
            datum,
            TEXT_BYTES,
            "a name has at most 63 bytes, and a list names what is meant",
        ))?;
        // SAFETY: as the caller says.
        unsafe { String::from_polymorphic_datum(datum, is_null, kind) }.map(Text)
    }
}

impl FromDatum for Texts {
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, kind: pg_sys::Oid) -> Option<Self> {
        if is_null {
            return None;
        }
        raised(short_enough(datum, TEXT_BYTES, "a name has at most 63 bytes, and a key few of them"))?;
        // SAFETY: as the caller says.
        let texts = unsafe { Vec::<Option<String>>::from_polymorphic_datum(datum, is_null, kind) };
        texts.map(|texts| Texts(texts.into_iter().flatten().collect()))
    }
}

impl FromDatum for Json {
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, _: pg_sys::Oid) -> Option<Self> {
        if is_null { None } else { raised(json(datum)) }
    }
}

/// What pgrx wants to know of a type of an argument.
macro_rules! argument {
    ($type:ident, $sql:literal) => {
        // SAFETY: a value of that type of PostgreSQL, read as such.
        unsafe impl<'fcx> ArgAbi<'fcx> for $type {
            unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
                // SAFETY: as the caller says.
                let value = unsafe { arg.unbox_arg_using_from_datum() };
                value.unwrap_or_else(|| unreachable!("an argument that is not null has a value"))
            }
        }

        // SAFETY: that type of PostgreSQL.
        unsafe impl SqlTranslatable for $type {
            const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!($type);
            const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
            const ARGUMENT_SQL: std::result::Result<SqlMappingRef, ArgumentError> =
                Ok(SqlMappingRef::literal($sql));
            const RETURN_SQL: std::result::Result<ReturnsRef, ReturnsError> =
                Ok(ReturnsRef::One(SqlMappingRef::literal($sql)));
        }
    };
}

argument!(Text, "text");
argument!(Texts, "text[]");
argument!(Json, "jsonb");
