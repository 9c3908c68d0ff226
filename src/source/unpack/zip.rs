//! The JSON files of a zip archive, one per line; `inspect_ai` calls such an archive `.eval`. If an archive contains a
//! single log in another format, that log is read directly.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use crate::model::NameKind;
use crate::source::Piece;
use crate::source::spool::{Bytes, Seeker};
use crate::source::unpack::{Broken, READY, Refusal, Rows, Stream, on_one_line};
use crate::source::watched::{bomb, is_bomb};

/// The header of a finished log.
const HEADER: &str = "header.json";
/// The header of an unfinished log.
const START: &str = "_journal/start.json";
/// A copy of the samples' contents.
const SUMMARIES: &str = "summaries.json";

/// The members of an archive. Their names are never used as paths: nothing is written.
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
    let logs = logs(&members);
    let head = if members.iter().any(|(name, _)| name == HEADER) { HEADER } else { START };
    members.retain(|(name, _)| {
        let is_row = name.rsplit_once('.').is_some_and(|(_, ending)| ending == "json")
            && name != SUMMARIES
            && !name.starts_with("_journal/");
        name == head || is_row
    });
    members.sort_by_cached_key(|(name, index)| (name != head, natural(name), *index));
    if members.is_empty() {
        return Err(match logs.len() {
            0 => Refusal::NoLogs,
            count => {
                let found = format!("{count} other logs; unpack the archive to audit them");
                Refusal::FieldError { expected: "one log, or JSON files", found }
            }
        });
    }
    members.reverse();
    let bytes = bytes.clone();
    Ok(Box::new(Members { archive, bytes, to_come: members, member: None, piece: None, unpacked: 0, packed: 0 }))
}

/// Positions of the members whose names suggest a log. Files added by archivers are left out.
fn logs(members: &[(String, usize)]) -> Vec<usize> {
    let is_log = |(name, _): &&(String, usize)| {
        let own = name.rsplit('/').next().unwrap_or(name);
        let is_added = own.starts_with('.') || name.starts_with("__MACOSX/");
        !is_added && matches!(NameKind::of(own), NameKind::Log | NameKind::Text)
    };
    members.iter().filter(is_log).map(|(_, index)| *index).collect()
}

/// The bytes of an archive's only log, unless it is the header of an `.eval` without samples.
pub(super) fn only_log(bytes: &Bytes) -> Option<Stream> {
    let mut archive = ZipArchive::new(bytes.reader().ok()?).ok()?;
    let names = (0..archive.len()).filter_map(|index| Some((archive.name_for_index(index)?.ok()?.into_owned(), index)));
    let members: Vec<(String, usize)> = names.collect();
    let logs = logs(&members);
    let [index] = logs.as_slice() else { return None };
    let name = members.iter().find(|(_, at)| at == index).map(|(name, _)| name.clone())?;
    if [HEADER, START].contains(&name.as_str()) {
        return None;
    }
    Some(match Member::open(&mut archive, bytes, &name, *index) {
        Ok(member) => Box::new(One(member)),
        Err(reason) => Box::new(Broken(Some(io::Error::other(reason)))),
    })
}

/// A sort key that orders numbers in names by value.
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
    /// Names and indices of the remaining members, the next one last.
    to_come: Vec<(String, usize)>,
    member: Option<Member>,
    /// The bytes returned last.
    piece: Option<Piece>,
    /// Decompressed bytes of all members so far.
    unpacked: u64,
    packed: u64,
}

/// The bytes of one member of any kind.
struct One(Member);

impl Read for One {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self(member) = self;
        let read = member.stream.read(buffer)?;
        member.sum.update(buffer.get(..read).unwrap_or_default());
        member.read += read as u64;
        let reason = if is_bomb(member.read, member.packed) {
            bomb()
        } else if let Some(reason) = member.flaw(read == 0 && !buffer.is_empty()) {
            format!("member `{}`: {reason}", member.name)
        } else {
            return Ok(read);
        };
        Err(io::Error::other(reason))
    }
}

struct Member {
    name: Arc<str>,
    stream: Box<dyn Read + Send>,
    sum: flate2::Crc,
    expected_sum: u32,
    size: u64,
    packed: u64,
    read: u64,
}

impl Member {
    fn open(archive: &mut ZipArchive<Seeker>, bytes: &Bytes, name: &str, index: usize) -> Result<Self, String> {
        let named = |reason: String| format!("member `{name}`: {reason}");
        let entry = archive.by_index_raw(index).map_err(|error| named(error.to_string()))?;
        let (size, packed, sum, method) = (entry.size(), entry.compressed_size(), entry.crc32(), entry.compression());
        if entry.encrypted() {
            return Err(named("it is encrypted".to_owned()));
        }
        let start = entry.data_start().ok_or_else(|| named("its position is unknown".to_owned()))?;
        let raw = || -> io::Result<_> {
            let mut reader = bytes.reader()?;
            reader.seek(SeekFrom::Start(start))?;
            Ok(BufReader::new(reader).take(packed))
        };
        let stream = raw().and_then(|raw| {
            Ok::<Box<dyn Read + Send>, _>(match method {
                CompressionMethod::Stored => Box::new(raw),
                CompressionMethod::Deflated => Box::new(flate2::read::DeflateDecoder::new(raw)),
                // Continues into the frames that follow the first.
                CompressionMethod::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
                other => {
                    let reason = format!("it is compressed with {other} (expected Deflate or Zstandard)");
                    return Err(io::Error::other(reason));
                }
            })
        });
        let stream = stream.map_err(|error| named(error.to_string()))?;
        Ok(Self { name: name.into(), stream, sum: flate2::Crc::new(), expected_sum: sum, size, packed, read: 0 })
    }

    /// The error in the bytes read so far, or in the whole member.
    fn flaw(&self, is_over: bool) -> Option<String> {
        if self.read > self.size {
            Some(format!("it is longer than {} bytes", self.size))
        } else if is_over && self.read < self.size {
            Some(format!("expected {} bytes, found {}", self.size, self.read))
        } else if is_over && self.sum.sum() != self.expected_sum {
            Some("its checksum does not match".to_owned())
        } else {
            None
        }
    }
}

impl Members {
    fn start(&mut self, name: &str, index: usize) -> Result<Member, String> {
        let member = Member::open(&mut self.archive, &self.bytes, name, index)?;
        self.packed += member.packed;
        Ok(member)
    }
}

impl Rows for Members {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        let mut member = match self.member.take() {
            Some(member) => member,
            None => match self.to_come.pop() {
                Some((name, index)) => self.start(&name, index)?,
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
        let goes_on = matches!(read, Ok(READY));
        let flaw = read.map_or_else(|error| Some(error.to_string()), |_| member.flaw(!goes_on));
        if let Some(reason) = flaw {
            return Err(format!("member `{}`: {reason}", member.name));
        }
        if goes_on {
            self.member = Some(member);
        } else {
            out.push(b'\n');
        }
        Ok(true)
    }

    fn pieces(&mut self) -> Vec<Piece> {
        self.piece.take().into_iter().collect()
    }
}
