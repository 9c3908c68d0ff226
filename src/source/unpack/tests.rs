use std::io::{Cursor, Read, Write};

use super::Packing;
use crate::source::{Input, SourceError};

pub(super) fn input(bytes: impl Into<Vec<u8>>) -> Input {
    Input::reader("log", Box::new(Cursor::new(bytes.into())))
}

/// The readable text, and the error that ends it.
pub(super) fn read(input: &Input) -> (String, Option<String>) {
    let mut bytes = Vec::new();
    let error = input.open().unwrap().read_to_end(&mut bytes).err();
    (String::from_utf8(bytes).unwrap(), error.map(|error| error.to_string()))
}

fn lines(text: &str) -> (Packing, String) {
    let input = input(text);
    let (lines, error) = read(&input);
    assert_eq!(error, None);
    (input.packing().unwrap(), lines)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The ranges that an input's lines copy from it: the text, its offset, and its member.
fn taken(input: &Input) -> Vec<(String, usize, Option<String>)> {
    let mut opened = input.open().unwrap();
    let layout = opened.layout.clone();
    let mut made = Vec::new();
    opened.read_to_end(&mut made).unwrap();
    let piece = |piece: crate::source::Piece| {
        let (at, len) = (usize::try_from(piece.at).unwrap(), usize::try_from(piece.len).unwrap());
        let text = String::from_utf8(made[at..at + len].to_vec()).unwrap();
        (text, usize::try_from(piece.offset.unwrap()).unwrap(), piece.member.map(|name| name.to_string()))
    };
    layout.pieces(u64::MAX).into_iter().map(piece).collect()
}

mod tables {
    use super::*;

    #[test]
    fn cells_that_are_taken_over_have_their_bytes() {
        let table = "\u{feff}{\"columns\": [\"id\", \"lps\", \"py\", \"s\"],\n \"data\": [[ 1 , \"[-0.50, NaN]\", \"[None]\", -0.50],\n\
                     [\"two\", \"[]\", \"[1]\", NaN]]}";
        let csv = "id\ttext\tlps\tpy\ts\r\n1\t\"a\n\"\t[-0.50, NaN]\t(None,)\t -0.5 \r\ntwo\t\"b \"\"\"\t\"[]\"\t\"[1]\"\tnan\r\n";
        for (text, expected) in [
            (table, vec!["1", "[-0.50, NaN]", "-0.50", "\"two\"", "[]", "[1]", "NaN"]),
            (csv, vec!["1", "[-0.50, NaN]", "-0.5", "two", "[]", "[1]"]),
        ] {
            for input in [input(text), input(gzip(text.as_bytes()))] {
                let found = taken(&input);
                assert_eq!(found.iter().map(|(cell, ..)| cell.as_str()).collect::<Vec<_>>(), expected, "{text}");
                for (cell, at, member) in found {
                    assert_eq!((&text[at..at + cell.len()], member), (cell.as_str(), None));
                }
            }
        }
    }

    #[test]
    fn rows_of_a_json_table() {
        let text = r#"{"columns": ["id", 7, "lps", "text", "s"], "index": [0, 1],
            "data": [[1, "x", "[-0.50, NaN]", "[1]", -0.50],
                     [2, "y", "", "a", NaN]], "ncols": 5}"#;
        let json = "{\"id\": 1, \"lps\": [-0.50, NaN], \"text\": \"[1]\", \"s\": -0.50}\n\
                    {\"id\": 2, \"lps\": \"\", \"text\": \"a\", \"s\": NaN}\n";
        assert_eq!(lines(text), (Packing::JsonTable, json.to_owned()));
        let packed = input(gzip(text.as_bytes()));
        assert_eq!((packed.packing().unwrap(), read(&packed).0), (Packing::JsonTable, json.to_owned()));
    }

    #[test]
    fn other_documents_stay() {
        let all = [
            "{\"columns\": [\"a\"], \"data\": [{\"a\": 1}]}",
            "{\"columns\": [\"a\"], \"data\": 3}",
            "{\"columns\": 1, \"data\": [[1]]}",
            "{\"columns\": [1], \"data\": [[1]]}",
            "{\"a\": 1}\n{\"columns\": [\"a\"], \"data\": [[1]]}\n",
            "[[1]]",
            "{",
            "",
        ];
        for text in all {
            assert_eq!(lines(text), (Packing::Plain, text.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_columns_may_follow_the_rows() {
        let text = "{\"data\": [[1], [2]], \"columns\": [\"a\"]}";
        assert_eq!(lines(text), (Packing::JsonTable, "{\"a\": 1}\n{\"a\": 2}\n".to_owned()));
        // Without columns, or truncated before them, it is not a table.
        for text in ["{\"data\": [[1]]}", "{\"data\": [[1]], \"columns\": ["] {
            assert_eq!(lines(text), (Packing::Plain, text.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_index_longer_than_the_first_look() {
        let index: Vec<String> = (0..20_000).map(|row| row.to_string()).collect();
        let text = format!("{{\"columns\": [\"a\"], \"index\": [{}], \"data\": [[1]]}}", index.join(", "));
        assert_eq!(lines(&text), (Packing::JsonTable, "{\"a\": 1}\n".to_owned()));
    }

    #[test]
    fn a_cell_that_is_no_list_stays_a_string_after_the_sample() {
        let rows: Vec<String> = (0..70).map(|row| format!("[\"[{row}]\"]")).collect();
        let text = format!("{{\"columns\": [\"a\"], \"data\": [{}, [\"[x\"]]}}", rows.join(","));
        let (_, json) = lines(&text);
        assert!(json.starts_with("{\"a\": [0]}\n") && json.ends_with("{\"a\": [69]}\n{\"a\": \"[x\"}\n"), "{json}");
    }

    #[test]
    fn damaged_tables_give_what_they_have() {
        let (json, error) = read(&input("{\"columns\": [\"a\", \"b\"], \"data\": [[1, 2], [3, "));
        assert_eq!(json, "{\"a\": 1, \"b\": 2}\n");
        assert!(error.unwrap().contains("truncated"));
        let (json, error) = read(&input("{\"columns\": [\"a\"], \"data\": [[1], [2, 3]]}"));
        assert_eq!((json.as_str(), error.unwrap().as_str()), ("{\"a\": 1}\n", "row 2 has 2 cells (expected 1)"));
        let (json, error) = read(&input("{\"columns\": [\"a\"], \"data\": [[1]]"));
        assert_eq!((json.as_str(), error.is_some()), ("{\"a\": 1}\n", true));
        let empty = input("{\"columns\": [\"a\"], \"data\": []}").open().err().unwrap();
        assert!(matches!(empty, SourceError::NoRows { packing: Packing::JsonTable, .. }));
    }

    #[test]
    fn a_container_has_no_tail() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let tail = |text: &str| {
            file.as_file().set_len(0).unwrap();
            let mut handle = file.reopen().unwrap();
            handle.write_all(text.as_bytes()).unwrap();
            Input::file("log".to_owned(), file.path().to_owned()).tail(0).unwrap().is_some()
        };
        assert!(tail("{\"a\": 1}\n"));
        assert!(!tail("{\"columns\": [\"a\"], \"data\": [[1]]}"));
        assert!(!tail("a,b\n1,[2]\n"));
    }
}

mod csv {
    use super::*;

    #[test]
    fn rows_keep_their_lines_and_their_digits() {
        for end in ["\n", "\r\n"] {
            let text = [
                ",id,prompt,lps,score,picked,note",
                "0,007,\"a\nb\",\"[-0.50, nan]\",-0.50,True,x",
                "",
                "1,011,11,\"['x', None]\",nan,False,",
                "2,012,\"[1]\",,1e-05,,True",
            ]
            .join(end);
            let (packing, json) = lines(&text);
            let rows = [
                "",
                r#"{"id": "007", "prompt": "a\nb", "lps": [-0.50, NaN], "score": -0.50, "picked": true, "note": "x"}"#,
                "",
                "",
                r#"{"id": "011", "prompt": "11", "lps": ["x", null], "score": NaN, "picked": false, "note": null}"#,
                r#"{"id": "012", "prompt": "[1]", "lps": null, "score": 1e-05, "picked": null, "note": "True"}"#,
                "",
            ];
            assert_eq!((packing, json.as_str()), (Packing::ListCells, rows.join("\n").as_str()));
        }
    }

    #[test]
    fn tables_without_lists_stay_byte_for_byte() {
        let all = [
            "item,token,logprob\r\n1,[,-0.5\r\n",
            "a,b\n1,(A)\n",
            "item\tcontinuation\n1\t[1]\n",
            "a,b\n[1],[2]x\n3,x\n",
            "a,b\n",
            "a,b",
            "[1]\n[2]\n",
            "just a text, with commas\nand [brackets]\n",
        ];
        for text in all {
            assert_eq!(lines(text), (Packing::Plain, text.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_row_of_another_width_is_no_object() {
        let (_, json) = lines("a\tb\n1\t[2]\n1\t[2]\t3\n");
        assert_eq!(json, "\n{\"a\": 1, \"b\": [2]}\n\"the row has 3 cells, but the header has 2\"\n");
    }

    #[test]
    fn rows_longer_than_the_first_look() {
        let list = vec!["-0.5"; 30_000].join(", ");
        let text = format!("a,b\n1,\"[{list}]\"\n2,\"[{list}]\"\n");
        let (packing, json) = lines(&text);
        assert_eq!((packing, json.lines().count()), (Packing::ListCells, 3));
    }
}

mod archives {
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn members_have_their_bytes() {
        let long = format!("{{\"pad\":\n\"{}\", \"s\": -1.5}}", "x".repeat(200_000));
        let members = [("a.json", b"{\"s\":\n-0.5}\n".as_slice()), ("b/c.json", long.as_bytes())];
        let found = taken(&input(archive(&members, CompressionMethod::Deflated)));
        let names: Vec<_> = found.iter().map(|(text, at, name)| (text.len(), *at, name.as_deref().unwrap())).collect();
        assert_eq!(names, [(12, 0, "a.json"), (long.len(), 0, "b/c.json")]);
    }

    const MEMBERS: [(&str, &[u8]); 7] = [
        ("summaries.json", b"[]"),
        ("samples/10_epoch_1.json", b"{\"id\": 10}"),
        ("samples/2_epoch_1.json", b"{\"id\":\r\n 2}\n"),
        ("notes.txt", b"x"),
        ("_journal/summaries/1.json", b"[]"),
        ("header.json", b"{\"version\": 2}"),
        ("_journal/start.json", b"{\"version\": 1}"),
    ];

    #[test]
    fn members_are_lines_in_the_order_of_their_numbers() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Zstd] {
            let bytes = archive(&MEMBERS, method);
            for packed in [bytes.clone(), gzip(&bytes)] {
                let input = input(packed);
                let text = "{\"version\": 2}\n{\"id\":   2} \n{\"id\": 10}\n".to_owned();
                assert_eq!((input.packing().unwrap(), read(&input)), (Packing::Zip, (text, None)));
            }
        }
    }

    #[test]
    fn an_unfinished_log_begins_with_its_start() {
        let members: Vec<_> = MEMBERS.into_iter().filter(|(name, _)| *name != "header.json").collect();
        let (text, _) = read(&input(archive(&members, CompressionMethod::Deflated)));
        assert!(text.starts_with("{\"version\": 1}\n{\"id\":   2}"), "{text}");
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let members: [(&str, &[u8]); 2] = [("header.json", b"{\"a\": 1}"), ("headeR.json", b"{\"a\": 2}")];
        let mut bytes = archive(&members, CompressionMethod::Stored);
        while let Some(at) = bytes.windows(6).position(|window| window == b"headeR") {
            bytes[at + 5] = b'r';
        }
        assert_eq!(read(&input(bytes)), ("{\"a\": 2}\n".to_owned(), None));
    }

    #[test]
    fn several_frames_of_zstandard() {
        // A stored member that contains Zstandard frames; the method in both headers is then changed to Zstandard.
        let text = [b"{\"a\":".as_slice(), b" [1, 2]}"];
        let frames: Vec<u8> = text.iter().flat_map(|part| zstd::encode_all(*part, 1).unwrap()).collect();
        let mut bytes = archive(&[("a.json", &frames)], CompressionMethod::Stored);
        let mut sum = flate2::Crc::new();
        sum.update(&text.concat());
        let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        for (header, method, crc, size) in [(0, 8, 14, 22), (central, 10, 16, 24)] {
            bytes[header + method] = 93;
            bytes[header + crc..header + crc + 4].copy_from_slice(&sum.sum().to_le_bytes());
            bytes[header + size..header + size + 4].copy_from_slice(&13_u32.to_le_bytes());
        }
        assert_eq!(read(&input(bytes)), ("{\"a\": [1, 2]}".to_owned(), None));
    }

    #[test]
    fn archives_that_are_refused() {
        let refused = |bytes: Vec<u8>| input(bytes).open().err().unwrap().to_string();
        let other = refused(archive(&[("a.npy", b"x")], CompressionMethod::Stored));
        assert!(other.contains("is a zip archive without a log"), "{other}");
        let several = refused(archive(&[("a.jsonl", b"x"), ("b.csv", b"x")], CompressionMethod::Stored));
        assert!(several.contains("expected one log, or JSON files, found 2 other logs"), "{several}");
        let whole = archive(&MEMBERS, CompressionMethod::Deflated);
        let cut = refused(whole[..whole.len() / 2].to_vec());
        assert!(cut.contains("expected an archive that ends with a directory"), "{cut}");
        let mut damaged = archive(&[("a.json", b"{\"a\": 1}"), ("b.json", b"{\"b\": 1}")], CompressionMethod::Stored);
        let at = damaged.windows(3).position(|window| window == b"\"b\"").unwrap();
        damaged[at + 1] = b'c';
        let (text, error) = read(&input(damaged));
        assert_eq!(text, "{\"a\": 1}\n");
        assert!(error.unwrap().contains("checksum"));
    }

    #[test]
    fn a_bomb_is_refused() {
        let zeros = vec![b' '; 100 << 20];
        for method in [CompressionMethod::Deflated, CompressionMethod::Zstd] {
            let bytes = archive(&[("a.json", &zeros)], method);
            let error = std::io::copy(&mut input(bytes).open().unwrap(), &mut std::io::sink()).unwrap_err();
            assert!(error.to_string().contains("decompression bomb"), "{error}");
        }
    }
}

#[cfg(not(feature = "arrow"))]
#[test]
fn a_build_without_arrow_says_what_is_missing() {
    let error = input("PAR1 and so on").open().err().unwrap();
    assert!(matches!(error, SourceError::NotBuilt { packing: Packing::Parquet, .. }));
    assert!(error.to_string().contains("enable the feature `arrow`"), "{error}");
}
