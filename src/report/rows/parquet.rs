//! Tables as Parquet.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::FailedRow;
use super::csv::ROWS;

/// Rows of a batch, each of which is written as a group: what memory holds.
const BATCH: usize = 1 << 16;

/// Rows that fail.
pub(super) fn rows(mut rows: impl Iterator<Item = FailedRow>, out: impl Write + Send) -> io::Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // The codes stay readable at the start of the file, by which it is recognised as written here.
        .set_column_compression(ColumnPath::from("code"), Compression::UNCOMPRESSED)
        .set_created_by(format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")))
        .set_max_row_group_row_count(Some(BATCH))
        .build();
    let mut batch = next_batch(&mut rows)?;
    let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties)).map_err(failed)?;
    while batch.num_rows() > 0 {
        writer.write(&batch).map_err(failed)?;
        batch = next_batch(&mut rows)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

/// The next rows as columns. Text is as in the log.
fn next_batch(rows: &mut dyn Iterator<Item = FailedRow>) -> io::Result<RecordBatch> {
    let rows: Vec<FailedRow> = rows.take(BATCH).collect();
    let text =
        |of: fn(&FailedRow) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    let whole =
        |of: fn(&FailedRow) -> u64| -> ArrayRef { Arc::new(UInt64Array::from_iter_values(rows.iter().map(of))) };
    let number =
        |of: fn(&FailedRow) -> Option<f64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Float64Array>()) };
    let columns = [
        text(|row| &row.code),
        text(|row| row.severity.word()),
        text(|row| &row.fingerprint),
        text(|row| &row.file),
        whole(|row| row.line),
        whole(|row| row.column),
        text(|row| &row.field),
        text(|row| &row.task),
        text(|row| &row.item),
        text(|row| &row.candidate),
        text(|row| &row.claim),
        number(|row| row.reported),
        number(|row| row.recomputed),
    ];
    let nullable = |name: &str| matches!(name, "reported" | "recomputed");
    let named = ROWS.into_iter().zip(columns).map(|(name, column)| (name, column, nullable(name)));
    RecordBatch::try_from_iter_with_nullable(named).map_err(io::Error::other)
}
