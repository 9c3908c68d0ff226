//! Converts rows of Arrow record batches to JSON.

use std::io::Write;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, ArrowTemporalType, Date32Type, Date64Type, Decimal32Type,
    Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, RunEndIndexType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, Schema, TimeUnit};

use crate::source::unpack::{MAX_ROW, Rows, SAMPLE_ROWS, is_text_column, literal, string};

/// Maximum nesting depth of a column.
const DEPTH: usize = 64;

/// Produces record batches, one at a time.
pub(super) trait Batches: Send {
    /// The next one; None at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>, String>;
}

/// The rows of batches.
pub(super) struct BatchRows<B> {
    batches: B,
    columns: Vec<Column>,
    batch: RecordBatch,
    row: usize,
}

struct Column {
    at: usize,
    /// Its name as a JSON string.
    key: Vec<u8>,
    /// Whether its strings are lists or objects.
    inline: bool,
}

impl<B: Batches> BatchRows<B> {
    /// Reads the first rows, which determine the content of the columns. None if there are no rows.
    pub(super) fn new(mut batches: B) -> Result<Option<Self>, String> {
        let batch = loop {
            match batches.next()? {
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => break batch,
                None => return Ok(None),
            }
        };
        let columns = columns(&batch)?;
        Ok(Some(Self { batches, columns, batch, row: 0 }))
    }
}

impl<B: Batches> Rows for BatchRows<B> {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        while self.row == self.batch.num_rows() {
            // Only one batch at a time is in memory.
            self.batch = RecordBatch::new_empty(self.batch.schema());
            self.row = 0;
            match self.batches.next()? {
                Some(batch) => self.batch = batch,
                None => return Ok(false),
            }
        }
        let start = out.len();
        out.push(b'{');
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(&column.key);
            out.extend_from_slice(b": ");
            let array = self.batch.column(column.at).as_ref();
            let inlined = column.inline && text_at(array, self.row).is_some_and(|text| literal::inline(text, out));
            if !inlined {
                Writer { out, start }.values(array, self.row..self.row + 1)?;
            }
        }
        out.extend_from_slice(b"}\n");
        self.row += 1;
        Ok(true)
    }
}

/// The columns of a table, and which of them hold lists or objects as text. The index of pandas is left out.
fn columns(batch: &RecordBatch) -> Result<Vec<Column>, String> {
    let schema: &Schema = batch.schema_ref();
    let mut columns = Vec::new();
    for (at, field) in schema.fields().iter().enumerate() {
        let name = field.name();
        if name.starts_with("__index_level_") && field.data_type().is_integer() {
            continue;
        }
        if depth(field.data_type()) > DEPTH {
            return Err(format!("the column `{name}` is nested deeper than {DEPTH} levels"));
        }
        let mut key = Vec::new();
        string(name, &mut key);
        let array = batch.column(at).as_ref();
        columns.push(Column { at, key, inline: !is_text_column(name) && is_inlined(array) });
    }
    Ok(columns)
}

fn depth(kind: &DataType) -> usize {
    let deepest = match kind {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::Map(field, _) => depth(field.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| depth(field.data_type())).max().unwrap_or(0),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| depth(field.data_type())).max().unwrap_or(0),
        DataType::Dictionary(_, kind) => depth(kind),
        DataType::RunEndEncoded(_, field) => depth(field.data_type()),
        _ => 0,
    };
    deepest + 1
}

/// Whether all non-empty strings among the first ones of a column are lists or objects.
fn is_inlined(array: &dyn Array) -> bool {
    let mut some = false;
    let mut scratch = Vec::new();
    for row in (0..array.len()).take(SAMPLE_ROWS) {
        match text_at(array, row) {
            Some("") => {}
            Some(text) => {
                scratch.clear();
                if !literal::inline(text, &mut scratch) {
                    return false;
                }
                some = true;
            }
            None if array.is_null(row) => {}
            None => return false,
        }
    }
    some
}

/// The text of a row in a column of strings.
fn text_at(array: &dyn Array, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        DataType::Dictionary(key, _) => {
            let at = dictionary_key(array, key, row)?;
            text_at(array.as_any_dictionary_opt()?.values().as_ref(), at)
        }
        _ => None,
    }
}

fn dictionary_key(array: &dyn Array, key: &DataType, row: usize) -> Option<usize> {
    fn of<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> Option<usize> {
        array.as_dictionary::<K>().key(row)
    }
    match key {
        DataType::Int8 => of::<Int8Type>(array, row),
        DataType::Int16 => of::<Int16Type>(array, row),
        DataType::Int32 => of::<Int32Type>(array, row),
        DataType::Int64 => of::<Int64Type>(array, row),
        DataType::UInt8 => of::<UInt8Type>(array, row),
        DataType::UInt16 => of::<UInt16Type>(array, row),
        DataType::UInt32 => of::<UInt32Type>(array, row),
        DataType::UInt64 => of::<UInt64Type>(array, row),
        _ => None,
    }
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Start of the current row.
    start: usize,
}

impl Writer<'_> {
    /// Values separated by commas; the type of the array is matched once.
    fn values(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        match array.data_type() {
            DataType::Null => self.flat(array, rows, |out, _| out.extend_from_slice(b"null")),
            DataType::Boolean => {
                let values = array.as_boolean();
                self.flat(array, rows, |out, row| {
                    out.extend_from_slice(if values.value(row) { b"true" } else { b"false" });
                })
            }
            DataType::Int8 => self.numbers::<Int8Type>(array, rows, plain),
            DataType::Int16 => self.numbers::<Int16Type>(array, rows, plain),
            DataType::Int32 => self.numbers::<Int32Type>(array, rows, plain),
            DataType::Int64 => self.numbers::<Int64Type>(array, rows, plain),
            DataType::UInt8 => self.numbers::<UInt8Type>(array, rows, plain),
            DataType::UInt16 => self.numbers::<UInt16Type>(array, rows, plain),
            DataType::UInt32 => self.numbers::<UInt32Type>(array, rows, plain),
            DataType::UInt64 => self.numbers::<UInt64Type>(array, rows, plain),
            DataType::Float16 => self.numbers::<Float16Type>(array, rows, half),
            DataType::Float32 => self.numbers::<Float32Type>(array, rows, |out, value| {
                float(out, f64::from(value), |out| write!(out, "{value:?}"));
            }),
            DataType::Float64 => self.numbers::<Float64Type>(array, rows, double),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => self.flat(array, rows, |out, row| {
                string(text_at(array, row).unwrap_or_default(), out);
            }),
            DataType::Binary => {
                let values = array.as_binary::<i32>();
                self.flat(array, rows, |out, row| binary(out, values.value(row)))
            }
            DataType::LargeBinary => {
                let values = array.as_binary::<i64>();
                self.flat(array, rows, |out, row| binary(out, values.value(row)))
            }
            DataType::BinaryView => {
                let values = array.as_binary_view();
                self.flat(array, rows, |out, row| binary(out, values.value(row)))
            }
            DataType::FixedSizeBinary(_) => {
                let values = array.as_fixed_size_binary();
                self.flat(array, rows, |out, row| binary(out, values.value(row)))
            }
            _ => self.nested(array, rows),
        }
    }

    /// Values that contain other values.
    fn nested(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        match array.data_type() {
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                let offsets = lists.value_offsets();
                let at = |row: usize| place(offsets.get(row).copied())..place(offsets.get(row + 1).copied());
                self.each(array, rows, |writer, row| writer.list(lists.values().as_ref(), at(row)))
            }
            DataType::LargeList(_) => {
                let lists = array.as_list::<i64>();
                let offsets = lists.value_offsets();
                let at = |row: usize| place(offsets.get(row).copied())..place(offsets.get(row + 1).copied());
                self.each(array, rows, |writer, row| writer.list(lists.values().as_ref(), at(row)))
            }
            DataType::FixedSizeList(_, _) => {
                let lists = array.as_fixed_size_list();
                self.each(array, rows, |writer, row| {
                    let values = lists.value(row);
                    writer.list(values.as_ref(), 0..values.len())
                })
            }
            DataType::ListView(_) => {
                let lists = array.as_list_view::<i32>();
                self.each(array, rows, |writer, row| {
                    let values = lists.value(row);
                    writer.list(values.as_ref(), 0..values.len())
                })
            }
            DataType::LargeListView(_) => {
                let lists = array.as_list_view::<i64>();
                self.each(array, rows, |writer, row| {
                    let values = lists.value(row);
                    writer.list(values.as_ref(), 0..values.len())
                })
            }
            DataType::Struct(fields) => {
                let values = array.as_struct();
                self.each(array, rows, |writer, row| {
                    writer.out.push(b'{');
                    for (index, (field, column)) in fields.iter().zip(values.columns()).enumerate() {
                        writer.separate(index);
                        string(field.name(), writer.out);
                        writer.bytes(b": ");
                        writer.values(column.as_ref(), row..row + 1)?;
                    }
                    writer.bytes(b"}");
                    Ok(())
                })
            }
            DataType::Map(_, _) => self.maps(array, rows),
            DataType::Dictionary(key, _) => {
                let values = array.as_any_dictionary().values();
                self.each(array, rows, |writer, row| match dictionary_key(array, key, row) {
                    Some(at) if at < values.len() => writer.values(values.as_ref(), at..at + 1),
                    _ => {
                        writer.bytes(b"null");
                        Ok(())
                    }
                })
            }
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => self.runs::<Int16Type>(array, rows),
                DataType::Int32 => self.runs::<Int32Type>(array, rows),
                _ => self.runs::<Int64Type>(array, rows),
            },
            DataType::Union(_, _) => {
                let union = array.as_union();
                self.each(array, rows, |writer, row| {
                    let at = union.value_offset(row);
                    writer.values(union.child(union.type_id(row)).as_ref(), at..at + 1)
                })
            }
            _ => self.calendar(array, rows),
        }
    }

    /// Decimals, dates and times.
    fn calendar(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        match array.data_type() {
            DataType::Decimal32(_, _) => self.decimals::<Decimal32Type>(array, rows),
            DataType::Decimal64(_, _) => self.decimals::<Decimal64Type>(array, rows),
            DataType::Decimal128(_, _) => self.decimals::<Decimal128Type>(array, rows),
            DataType::Decimal256(_, _) => self.decimals::<Decimal256Type>(array, rows),
            DataType::Date32 => self.times::<Date32Type>(array, rows, date),
            DataType::Date64 => self.times::<Date64Type>(array, rows, date),
            DataType::Time32(TimeUnit::Second) => self.times::<Time32SecondType>(array, rows, time),
            DataType::Time32(_) => self.times::<Time32MillisecondType>(array, rows, time),
            DataType::Time64(TimeUnit::Microsecond) => self.times::<Time64MicrosecondType>(array, rows, time),
            DataType::Time64(_) => self.times::<Time64NanosecondType>(array, rows, time),
            DataType::Timestamp(unit, _) => match unit {
                TimeUnit::Second => self.times::<TimestampSecondType>(array, rows, instant),
                TimeUnit::Millisecond => self.times::<TimestampMillisecondType>(array, rows, instant),
                TimeUnit::Microsecond => self.times::<TimestampMicrosecondType>(array, rows, instant),
                TimeUnit::Nanosecond => self.times::<TimestampNanosecondType>(array, rows, instant),
            },
            DataType::Duration(unit) => match unit {
                TimeUnit::Second => self.numbers::<DurationSecondType>(array, rows, plain),
                TimeUnit::Millisecond => self.numbers::<DurationMillisecondType>(array, rows, plain),
                TimeUnit::Microsecond => self.numbers::<DurationMicrosecondType>(array, rows, plain),
                TimeUnit::Nanosecond => self.numbers::<DurationNanosecondType>(array, rows, plain),
            },
            // Calendar intervals have no numeric form, and logs do not contain them.
            _ => self.flat(array, rows, |out, _| out.extend_from_slice(b"null")),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// [`Writer::each`] for values that contain no other values.
    fn flat(
        &mut self,
        array: &dyn Array,
        rows: Range<usize>,
        mut write: impl FnMut(&mut Vec<u8>, usize),
    ) -> Result<(), String> {
        self.each(array, rows, |writer, row| {
            write(writer.out, row);
            Ok(())
        })
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.extend_from_slice(b", ");
        }
    }

    /// Writes the valid values with a function, and null for the others.
    fn each(
        &mut self,
        array: &dyn Array,
        rows: Range<usize>,
        mut write: impl FnMut(&mut Self, usize) -> Result<(), String>,
    ) -> Result<(), String> {
        for (index, row) in rows.enumerate() {
            self.separate(index);
            // Views can refer to the same values many times.
            if self.out.len() - self.start > MAX_ROW {
                return Err("a row is longer than 1 GiB (a record must fit into memory)".to_owned());
            }
            if array.is_null(row) {
                self.out.extend_from_slice(b"null");
            } else {
                write(self, row)?;
            }
        }
        Ok(())
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        rows: Range<usize>,
        write: impl Fn(&mut Vec<u8>, T::Native),
    ) -> Result<(), String> {
        let values = array.as_primitive::<T>();
        self.flat(array, rows, |out, row| write(out, values.value(row)))
    }

    fn list(&mut self, values: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        self.out.push(b'[');
        self.values(values, rows)?;
        self.bytes(b"]");
        Ok(())
    }

    /// Maps as objects. Keys that are not strings are converted to strings.
    fn maps(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        let maps = array.as_map();
        let (keys, values) = (maps.keys(), maps.values());
        let offsets = maps.value_offsets();
        self.each(array, rows, |writer, row| {
            writer.out.push(b'{');
            let entries = place(offsets.get(row).copied())..place(offsets.get(row + 1).copied());
            for (index, entry) in entries.enumerate() {
                writer.separate(index);
                let start = writer.out.len();
                writer.values(keys.as_ref(), entry..entry + 1)?;
                if writer.out.get(start) != Some(&b'"') {
                    let key = writer.out.split_off(start);
                    string(&String::from_utf8_lossy(&key), writer.out);
                }
                writer.bytes(b": ");
                writer.values(values.as_ref(), entry..entry + 1)?;
            }
            writer.bytes(b"}");
            Ok(())
        })
    }

    fn runs<R: RunEndIndexType>(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        let runs = array.as_run::<R>();
        let values = runs.values();
        self.each(array, rows, |writer, row| {
            let at = runs.get_physical_index(row);
            writer.values(values.as_ref(), at..at + 1)
        })
    }

    /// Decimals as numbers, including trailing zeros.
    fn decimals<T: DecimalType>(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), String> {
        let values = array.as_primitive::<T>();
        self.flat(array, rows, |out, row| out.extend_from_slice(values.value_as_string(row).as_bytes()))
    }

    /// Dates and times as text; as numbers beyond the range of the calendar.
    fn times<T: ArrowTemporalType>(
        &mut self,
        array: &dyn Array,
        rows: Range<usize>,
        show: impl Fn(&PrimitiveArray<T>, usize) -> Option<String>,
    ) -> Result<(), String>
    where
        i64: From<T::Native>,
    {
        let values = array.as_primitive::<T>();
        self.flat(array, rows, |out, row| match show(values, row) {
            Some(text) => string(&text, out),
            None => plain(out, i64::from(values.value(row))),
        })
    }
}

fn date<T: ArrowTemporalType>(values: &PrimitiveArray<T>, row: usize) -> Option<String>
where
    i64: From<T::Native>,
{
    Some(values.value_as_date(row)?.to_string())
}

fn time<T: ArrowTemporalType>(values: &PrimitiveArray<T>, row: usize) -> Option<String>
where
    i64: From<T::Native>,
{
    Some(values.value_as_time(row)?.to_string())
}

/// An instant in UTC.
fn instant<T: ArrowTemporalType>(values: &PrimitiveArray<T>, row: usize) -> Option<String>
where
    i64: From<T::Native>,
{
    Some(format!("{:?}", values.value_as_datetime(row)?))
}

/// An offset; Arrow has checked that it is not negative.
fn place<O: TryInto<usize>>(offset: Option<O>) -> usize {
    offset.and_then(|offset| offset.try_into().ok()).unwrap_or(0)
}

/// Text, or the values of its bytes.
fn binary(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return string(text, out);
    }
    out.push(b'[');
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        plain(out, *byte);
    }
    out.push(b']');
}

fn plain(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Writing into memory does not fail.
    let _ = write!(out, "{value}");
}

/// A number, or one of the words that Python's `json` writes for non-finite ones.
fn float(out: &mut Vec<u8>, value: f64, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value < 0.0 { b"-Infinity" } else { b"Infinity" });
    } else {
        // Writing into memory does not fail.
        let _ = write(out);
    }
}

fn double(out: &mut Vec<u8>, value: f64) {
    float(out, value, |out| write!(out, "{value:?}"));
}

/// The shortest digits that restore a half-precision number; five always suffice.
fn half(out: &mut Vec<u8>, value: <Float16Type as ArrowPrimitiveType>::Native) {
    let exact = value.to_f64();
    let shortest = (0..5).find_map(|digits| {
        let printed: f64 = format!("{exact:.digits$e}").parse().ok()?;
        (<Float16Type as ArrowPrimitiveType>::Native::from_f64(printed) == value).then_some(printed)
    });
    double(out, shortest.unwrap_or(exact));
}

#[cfg(test)]
mod tests;
