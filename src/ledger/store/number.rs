//! Sums of 128 bits in SQLite: an INTEGER, or its digits as TEXT where 64 bits are too few.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

/// A sum as SQLite keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) i128);

impl ToSql for Number {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = i64::try_from(self.0).map_or_else(|_| Value::Text(self.0.to_string()), Value::Integer);
        Ok(ToSqlOutput::Owned(value))
    }
}

impl FromSql for Number {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Integer(number) => Ok(Self(i128::from(number))),
            ValueRef::Text(_) => value.as_str()?.parse().map(Self).map_err(|_| FromSqlError::InvalidType),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
