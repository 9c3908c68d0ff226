//! Parquet files as rows.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};

use crate::source::spool::{Bytes, Seeker};
use crate::source::unpack::rows::{BatchRows, Batches};
use crate::source::unpack::{Refusal, Rows, SAMPLE_ROWS};
use crate::source::watched::{bomb, is_bomb};

/// Approximate bytes of a batch in memory.
const BATCH_BYTES: usize = 4 << 20;
/// Maximum rows of a batch.
const BATCH_ROWS: usize = 4096;
/// What a whole file ends with; the second one where its footer is encrypted.
const ENDS: [&[u8; 4]; 2] = [b"PAR1", b"PARE"];
/// Bytes read ahead for a page header.
const PAGE_HEAD: usize = 1 << 12;

/// The rows of a Parquet file.
pub(super) fn open(bytes: &Bytes) -> Result<Box<dyn Rows>, Refusal> {
    let field_error = |found: String| Refusal::FieldError { expected: "a footer and pages of rows", found };
    let mut reader = bytes.reader()?;
    let length = reader.seek(SeekFrom::End(0))?;
    let mut end = [0; 4];
    reader.seek(SeekFrom::Start(length.saturating_sub(4)))?;
    reader.read_exact(&mut end)?;
    if !ENDS.contains(&&end) {
        return Err(Refusal::NoFooter);
    }
    let file = File { reader: Arc::new(Mutex::new(reader)), length };
    let metadata = caught(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())).map_err(field_error)?;
    let about = metadata.metadata();
    if about.file_metadata().num_rows() <= 0 {
        return Err(Refusal::NoRows);
    }
    let size = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let mut columns = about.row_groups().iter().flat_map(RowGroupMetaData::columns);
    if columns.any(|column| is_bomb(size(column.uncompressed_size()), size(column.compressed_size()))) {
        return Err(field_error(bomb()));
    }
    let pages = Pages { file, metadata, group: 0, done: 0, rows: 0, row_bytes: 0, reader: None };
    let rows = BatchRows::new(pages).map_err(field_error)?;
    Ok(Box::new(rows.ok_or(Refusal::NoRows)?))
}

/// Calls a library on unchecked bytes; a panic becomes an error.
pub(super) fn caught<T, E: std::fmt::Display>(read: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("invalid data".to_owned()),
    }
}

/// Row groups, cut into batches by the size of a row.
struct Pages {
    file: File,
    metadata: ArrowReaderMetadata,
    group: usize,
    /// Rows of the group already read.
    done: usize,
    /// Rows per batch of the reader.
    rows: usize,
    /// Bytes of a row in memory, as measured so far.
    row_bytes: usize,
    reader: Option<ParquetRecordBatchReader>,
}

impl Pages {
    /// The number of rows in the next batch, from the sizes of the group and of the rows so far.
    fn wanted(&self) -> usize {
        let group = self.metadata.metadata().row_groups().get(self.group);
        let bytes = group.map_or(0, |group| group.total_byte_size() / group.num_rows().max(1));
        let bytes = usize::try_from(bytes).unwrap_or(0).max(self.row_bytes).max(1);
        // Dictionary-encoded rows are larger in memory than in the file, so the first batch only measures them.
        let most = if self.row_bytes == 0 { SAMPLE_ROWS } else { BATCH_ROWS };
        (BATCH_BYTES / bytes).clamp(1, most)
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, ParquetError> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                self.rows = self.wanted();
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
                    .with_row_groups(vec![self.group])
                    .with_offset(self.done)
                    .with_batch_size(self.rows)
                    .build()?
            }
        };
        let batch = reader.next().transpose()?;
        self.reader = Some(reader);
        Ok(batch)
    }
}

impl Batches for Pages {
    fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            let groups = self.metadata.metadata().row_groups();
            let Some(group) = groups.get(self.group) else { return Ok(None) };
            let expected = usize::try_from(group.num_rows()).unwrap_or(0);
            if self.done >= expected {
                self.reader = None;
                self.group += 1;
                self.done = 0;
                continue;
            }
            let Some(batch) = caught(|| self.batch())? else {
                return Err(format!(
                    "row group {} ends after {} rows (expected {expected})",
                    self.group + 1,
                    self.done
                ));
            };
            self.done += batch.num_rows();
            let is_first = self.row_bytes == 0;
            let measured = batch.get_array_memory_size() / batch.num_rows().max(1);
            self.row_bytes = self.row_bytes.max(measured).max(1);
            if is_first || self.rows > 2 * self.wanted() {
                self.reader = None;
            }
            return Ok(Some(batch));
        }
    }
}

/// A file that is read in pieces.
#[derive(Clone)]
struct File {
    reader: Arc<Mutex<Seeker>>,
    length: u64,
}

impl File {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.lock().map_err(|_| io::Error::other("another thread failed while reading"))?;
        reader.seek(SeekFrom::Start(at))?;
        reader.read(buffer)
    }
}

impl Length for File {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for File {
    type T = BufReader<Piece>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::with_capacity(PAGE_HEAD, Piece { file: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start}, but the file ends at {}", self.length)));
        }
        let mut bytes = vec![0; length];
        Piece { file: self.clone(), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A file from an offset on.
struct Piece {
    file: File,
    at: u64,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}
