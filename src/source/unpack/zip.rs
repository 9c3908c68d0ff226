//! The JSON files of a zip archive, one per line: what `inspect_ai` calls `.eval`.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use crate::source::spool::{Bytes, Seeker};
use crate::source::unpack::{READY, Refusal, Rows, on_one_line};
use crate::source::watched::{bomb, is_bomb};
use crate::source::{MAX_RECORD, Piece};

/// The head of a finished log.
const HEADER: &str = "header.json";
/// The head of a log that is not finished.
const START: &str = "_journal/start.json";
/// A copy of the samples' contents.
const SUMMARIES: &str = "summaries.json";

/// The members of an archive. Names are only names: nothing is written.
pub(super) fn open(bytes: &Bytes) -> Result<Box<dyn Rows>, Refusal> {
    let field_error = |found: String| Refusal::FieldError { expected: "an archive that ends with a directory", found };
    let length = bytes.reader()?.seek(SeekFrom::End(0))?;
    let archive = ZipArchive::new(bytes.reader()?).map_err(|error| field_error(error.to_string()))?;
    let mut members = Vec::new();
    let mut packed = 0_u64;
    for index in 0..archive.len() {
        let Some(Ok(name)) = archive.name_for_index(index) else { continue };
        let Ok(entry) = archive.by_index_data(index) else { continue };
        packed = packed.saturating_add(entry.compressed_size());
        members.push((name.into_owned(), index));
    }
    if packed > length {
        let found = format!("overlapping members ({packed} bytes in a file of {length})");
        return Err(Refusal::FieldError { expected: "members that do not overlap", found });
    }
    let count = members.len();
    let head = if members.iter().any(|(name, _)| name == HEADER) { HEADER } else { START };
    members.retain(|(name, _)| {
        let is_row = name.rsplit_once('.').is_some_and(|(_, ending)| ending == "json")
            && name != SUMMARIES
            && !name.starts_with("_journal/");
        name == head || is_row
    });
    members.sort_by_cached_key(|(name, index)| (name != head, natural(name), *index));
    if members.is_empty() {
        let found = if count == 1 {
            "1 member with another name".to_owned()
        } else {
            format!("{count} members with other names")
        };
        return Err(Refusal::FieldError { expected: "members whose names end in .json", found });
    }
    members.reverse();
    let bytes = bytes.clone();
    Ok(Box::new(Members { archive, bytes, to_come: members, member: None, piece: None, unpacked: 0, packed: 0 }))
}

/// A key that sorts numbers in names by their values.
fn natural(name: &str) -> String {
    let mut key = String::new();
    let mut rest = name;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (text, digits) = rest.split_at(at);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, after) = digits.split_at(end);
        let number = number.trim_start_matches('0');
        key.push_str(&format!("{text}{:05}{number}", number.len()));
        rest = after;
    }
    key + rest
}

struct Members {
    archive: ZipArchive<Seeker>,
    bytes: Bytes,
    /// Names and indices of those to come, the next one last.
    to_come: Vec<(String, usize)>,
    member: Option<Member>,
    /// The bytes that were given last.
    piece: Option<Piece>,
    /// Bytes of all members so far.
    unpacked: u64,
    packed: u64,
}

struct Member {
    name: Arc<str>,
    stream: Box<dyn Read + Send>,
    sum: flate2::Crc,
    expected_sum: u32,
    size: u64,
    read: u64,
}

impl Members {
    fn start(&mut self, name: String, index: usize) -> Result<Member, String> {
        let named = |reason: String| format!("member `{name}`: {reason}");
        let entry = self.archive.by_index_raw(index).map_err(|error| named(error.to_string()))?;
        let (size, packed, sum, method) = (entry.size(), entry.compressed_size(), entry.crc32(), entry.compression());
        if entry.encrypted() {
            return Err(named("it is encrypted".to_owned()));
        }
        if size > MAX_RECORD as u64 {
            return Err(named("it is longer than 1 GiB (a record must fit into memory)".to_owned()));
        }
        let start = entry.data_start().ok_or_else(|| named("its position is unknown".to_owned()))?;
        self.packed += packed;
        let raw = || -> io::Result<_> {
            let mut reader = self.bytes.reader()?;
            reader.seek(SeekFrom::Start(start))?;
            Ok(BufReader::new(reader).take(packed))
        };
        let stream = raw().and_then(|raw| {
            Ok::<Box<dyn Read + Send>, _>(match method {
                CompressionMethod::Stored => Box::new(raw),
                CompressionMethod::Deflated => Box::new(flate2::read::DeflateDecoder::new(raw)),
                // Reads on into the frames that follow the first.
                CompressionMethod::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
                other => {
                    let reason = format!("it is compressed with {other} (expected Deflate or Zstandard)");
                    return Err(io::Error::other(reason));
                }
            })
        });
        let stream = stream.map_err(|error| named(error.to_string()))?;
        Ok(Member { name: name.into(), stream, sum: flate2::Crc::new(), expected_sum: sum, size, read: 0 })
    }
}

impl Rows for Members {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        let mut member = match self.member.take() {
            Some(member) => member,
            None => match self.to_come.pop() {
                Some((name, index)) => self.start(name, index)?,
                None => return Ok(false),
            },
        };
        let before = out.len();
        let read = member.stream.by_ref().take(READY as u64).read_to_end(out);
        let new = out.get_mut(before..).unwrap_or_default();
        member.sum.update(new);
        on_one_line(new);
        self.piece = Some(Piece {
            at: before as u64,
            len: new.len() as u64,
            offset: Some(member.read),
            start: None,
            member: Some(Arc::clone(&member.name)),
        });
        member.read += new.len() as u64;
        self.unpacked += new.len() as u64;
        if is_bomb(self.unpacked, self.packed) {
            return Err(bomb());
        }
        let reason = match read {
            Err(error) => error.to_string(),
            Ok(_) if member.read > member.size => format!("it is longer than {} bytes", member.size),
            Ok(READY) => {
                self.member = Some(member);
                return Ok(true);
            }
            Ok(_) if member.read < member.size => format!("expected {} bytes, found {}", member.size, member.read),
            Ok(_) if member.sum.sum() != member.expected_sum => "its checksum does not match".to_owned(),
            Ok(_) => {
                out.push(b'\n');
                return Ok(true);
            }
        };
        Err(format!("member `{}`: {reason}", member.name))
    }

    fn pieces(&mut self) -> Vec<Piece> {
        self.piece.take().into_iter().collect()
    }
}
