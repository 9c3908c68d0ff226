//! Rows of Arrow IPC. A file is a stream between a magic number and a footer.

use std::io::{BufReader, Read};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{MessageHeader, root_as_message};

use crate::source::unpack::parquet::caught;
use crate::source::unpack::rows::{BatchRows, Batches};
use crate::source::unpack::{FIRST_LOOK, Refusal, Rows, Stream};
use crate::source::watched::{bomb, is_bomb};

/// Bytes of a file's magic number, with padding.
const FILE_HEAD: usize = 8;
/// The marker before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Maximum bytes of a message header. Those of wide tables take some MiB.
const MAX_HEAD: u64 = 256 << 20;
/// Maximum decompressed bytes that a batch may declare.
const MAX_BATCH: u64 = 8 << 30;

/// The rows of a stream or a file.
pub(super) fn open(stream: Stream, is_file: bool) -> Result<Box<dyn Rows>, Refusal> {
    let field_error = |found: String| Refusal::FieldError { expected: "a schema and batches of rows", found };
    let mut stream = BufReader::with_capacity(FIRST_LOOK, stream);
    if is_file {
        stream.read_exact(&mut [0; FILE_HEAD])?;
    }
    let messages =
        Messages { stream, is_file, decoder: StreamDecoder::new(), pending: Buffer::from(&[]), ended: false };
    let rows = BatchRows::new(messages).map_err(field_error)?;
    Ok(Box::new(rows.ok_or(Refusal::NoRows)?))
}

struct Messages {
    stream: BufReader<Stream>,
    is_file: bool,
    decoder: StreamDecoder,
    /// Bytes that the decoder has not consumed yet.
    pending: Buffer,
    ended: bool,
}

impl Batches for Messages {
    fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            while !self.pending.is_empty() {
                let (decoder, pending) = (&mut self.decoder, &mut self.pending);
                if let Some(batch) = caught(|| decoder.decode(pending))? {
                    return Ok(Some(batch));
                }
            }
            if self.ended {
                return Ok(None);
            }
            let message = self.message()?;
            self.ended = message.is_none();
            // The decoder also gets the end marker, so that it accepts a message without a body.
            let end = || [CONTINUATION, [0; 4]].concat();
            self.pending = Buffer::from_vec(message.unwrap_or_else(end));
        }
    }
}

impl Messages {
    /// The bytes of the next message; None at the end.
    fn message(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = Vec::new();
        self.take(&mut bytes, 4)?;
        // The magic number of a file is padded to 8 bytes or to the alignment of its buffers.
        while self.is_file && bytes == [0; 4] && self.decoder.schema().is_none() {
            bytes.clear();
            self.take(&mut bytes, 4)?;
        }
        if bytes.is_empty() && !self.is_file {
            return Ok(None);
        }
        if bytes == CONTINUATION {
            self.take(&mut bytes, 4)?;
        }
        let length = bytes.last_chunk().map_or(0, |length| u64::from(u32::from_le_bytes(*length)));
        if !matches!(bytes.len(), 4 | 8) {
            return Err(cut_off());
        }
        if length == 0 {
            return Ok(None);
        }
        if length > MAX_HEAD {
            return Err(format!("a message header has {length} bytes"));
        }
        let head = bytes.len();
        if self.take(&mut bytes, length)? < length {
            return Err(cut_off());
        }
        let message = bytes.get(head..).unwrap_or_default();
        let Shape { body, buffers, is_compressed } = caught(|| shape(message))?;
        let start = bytes.len();
        if self.take(&mut bytes, body)? < body {
            return Err(cut_off());
        }
        let body = bytes.get(start..).unwrap_or_default();
        let mut unpacked = 0_u64;
        for (offset, length) in buffers {
            let buffer = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
            let buffer = buffer.and_then(|(offset, length)| body.get(offset..)?.get(..length));
            let Some(buffer) = buffer else {
                return Err(format!(
                    "a buffer of {length} bytes at {offset} exceeds its batch of {} bytes",
                    body.len()
                ));
            };
            if is_compressed {
                unpacked = unpacked.saturating_add(unpacked_size(buffer));
            }
        }
        if is_bomb(unpacked, body.len() as u64) {
            return Err(bomb());
        }
        if unpacked > MAX_BATCH {
            return Err(format!(
                "a batch unpacks to {unpacked} bytes, which is too large; write the table in smaller batches"
            ));
        }
        Ok(Some(bytes))
    }

    /// Appends up to `count` bytes.
    fn take(&mut self, bytes: &mut Vec<u8>, count: u64) -> Result<u64, String> {
        let read = self.stream.by_ref().take(count).read_to_end(bytes).map_err(|error| error.to_string())?;
        Ok(read as u64)
    }
}

fn cut_off() -> String {
    "it is truncated inside a batch".to_owned()
}

/// Layout of a message's body, from its header.
struct Shape {
    /// Its length.
    body: u64,
    /// Offsets and lengths of its buffers.
    buffers: Vec<(i64, i64)>,
    is_compressed: bool,
}

fn shape(message: &[u8]) -> Result<Shape, String> {
    let message = root_as_message(message).map_err(|error| error.to_string())?;
    let body = u64::try_from(message.bodyLength()).map_err(|_| "a message has a negative length".to_owned())?;
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => None,
    };
    let is_compressed = batch.is_some_and(|batch| batch.compression().is_some());
    let buffers = batch.and_then(|batch| batch.buffers()).into_iter().flatten();
    let buffers = buffers.map(|buffer| (buffer.offset(), buffer.length())).collect();
    Ok(Shape { body, buffers, is_compressed })
}

/// The uncompressed size in the prefix of a compressed buffer; −1 means that the buffer is not compressed.
fn unpacked_size(buffer: &[u8]) -> u64 {
    buffer.first_chunk().map_or(0, |prefix| u64::try_from(i64::from_le_bytes(*prefix)).unwrap_or(0))
}
