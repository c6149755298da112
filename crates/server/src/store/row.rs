//! Reading columns: text into ids, numbers into flags and times.

use std::str::FromStr;

use limpet_model::{Micros, Millis, Revision};
use sqlx::{Row, any::AnyRow};

use super::{Result, StoreError};

/// A yes or no as the portable dialect stores it.
#[derive(Debug, Clone, Copy)]
pub struct Flag;

impl Flag {
    /// 0 or 1.
    pub fn store(flag: bool) -> i64 {
        i64::from(flag)
    }
}

/// Ids as [`Columns::ids`] reads them.
pub(super) fn write_ids(ids: &[impl ToString]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Typed access to the columns of a row, by name.
pub(super) trait Columns {
    fn text(&self, column: &'static str) -> Result<String>;
    fn maybe_text(&self, column: &'static str) -> Result<Option<String>>;
    fn int(&self, column: &'static str) -> Result<i64>;
    fn maybe_int(&self, column: &'static str) -> Result<Option<i64>>;

    fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    fn id<T: FromStr>(&self, column: &'static str) -> Result<T> {
        self.text(column)?.parse().map_err(|_| StoreError::Unreadable(column))
    }

    fn maybe_id<T: FromStr>(&self, column: &'static str) -> Result<Option<T>> {
        let parse = |text: String| text.parse().map_err(|_| StoreError::Unreadable(column));
        self.maybe_text(column)?.map(parse).transpose()
    }

    /// Ids in order, separated by spaces.
    fn ids<T: FromStr>(&self, column: &'static str) -> Result<Vec<T>> {
        let text = self.text(column)?;
        let ids = text.split_whitespace().map(|id| id.parse().map_err(|_| StoreError::Unreadable(column)));
        ids.collect()
    }

    fn revision(&self) -> Result<Revision> {
        self.int("revision").map(Revision)
    }

    fn time(&self, column: &'static str) -> Result<Millis> {
        self.int(column).map(Millis)
    }

    fn maybe_time(&self, column: &'static str) -> Result<Option<Millis>> {
        Ok(self.maybe_int(column)?.map(Millis))
    }

    fn maybe_micros(&self, column: &'static str) -> Result<Option<Micros>> {
        Ok(self.maybe_int(column)?.map(Micros))
    }

    fn maybe_count(&self, column: &'static str) -> Result<Option<u32>> {
        let narrow = |wide: i64| u32::try_from(wide).map_err(|_| StoreError::Unreadable(column));
        self.maybe_int(column)?.map(narrow).transpose()
    }

    /// A word of a closed vocabulary.
    fn word<T>(&self, column: &'static str, read: fn(&str) -> Option<T>) -> Result<T> {
        read(&self.text(column)?).ok_or(StoreError::Unreadable(column))
    }
}

impl Columns for AnyRow {
    fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.try_get(column)?)
    }

    fn maybe_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn int(&self, column: &'static str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }

    fn maybe_int(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }
}
