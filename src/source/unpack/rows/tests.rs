use std::io::Read;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, MapBuilder, StringBuilder, StringDictionaryBuilder};
use arrow_array::types::{ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeListArray, Float16Array,
    Float32Array, Float64Array, Int64Array, ListArray, ListViewArray, NullArray, RecordBatch, RunArray, StringArray,
    StringViewArray, StructArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use crate::source::unpack::Packing;
use crate::source::unpack::tests::{gzip, input, read};
use crate::source::{Blocks, SourceError};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn stream(batches: &[RecordBatch], compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn parquet(batches: &[RecordBatch], compression: Compression, group: usize) -> Vec<u8> {
    let properties =
        WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batches[0].schema(), Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The lines of one column.
fn cells(array: ArrayRef) -> Vec<String> {
    let (text, error) = read(&input(stream(&[batch(vec![("a", array)])], None)));
    assert_eq!(error, None);
    let cell = |line: &str| line.strip_prefix("{\"a\": ").unwrap().strip_suffix('}').unwrap().to_owned();
    text.lines().map(cell).collect()
}

type F16 = <Float16Type as ArrowPrimitiveType>::Native;

fn f16(value: f64) -> F16 {
    F16::from_f64(value)
}

#[test]
fn numbers_have_their_shortest_digits() {
    let singles = vec![0.1, -3.347_117, 1e-7, 1e20, 16_777_216.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0];
    let digits = ["0.1", "-3.347117", "1e-7", "1e20", "16777216.0", "NaN", "Infinity", "-Infinity", "-0.0"];
    assert_eq!(cells(Arc::new(Float32Array::from(singles))), digits);
    let doubles = vec![0.1 + 0.2, 1e300, 5e-324, f64::NAN];
    assert_eq!(cells(Arc::new(Float64Array::from(doubles))), ["0.30000000000000004", "1e300", "5e-324", "NaN"]);
    let halves = vec![f16(0.1), f16(-3.347_656_25), f16(65504.0), f16(6e-8), f16(f64::NAN), f16(2.5)];
    assert_eq!(cells(Arc::new(Float16Array::from(halves))), ["0.1", "-3.348", "65500.0", "6e-8", "NaN", "2.5"]);
    let large = Int64Array::from(vec![Some(i64::MIN), None]);
    assert_eq!(cells(Arc::new(large)), ["-9223372036854775808", "null"]);
    assert_eq!(cells(Arc::new(UInt64Array::from(vec![u64::MAX]))), ["18446744073709551615"]);
}

#[test]
fn other_kinds() {
    assert_eq!(cells(Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))), ["true", "false", "null"]);
    assert_eq!(cells(Arc::new(NullArray::new(1))), ["null"]);
    assert_eq!(cells(Arc::new(StringArray::from(vec!["a\"\n\u{2028}é"]))), ["\"a\\\"\\n\u{2028}é\""]);
    assert_eq!(
        cells(Arc::new(StringViewArray::from(vec!["a longer text than twelve"]))),
        ["\"a longer text than twelve\""]
    );
    assert_eq!(cells(Arc::new(BinaryArray::from(vec![b"a".as_slice(), b"\xff\x01"]))), ["\"a\"", "[255, 1]"]);
    let decimal = Decimal128Array::from(vec![-150_i128]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(cells(Arc::new(decimal)), ["-1.50"]);
    assert_eq!(cells(Arc::new(Date32Array::from(vec![0]))), ["\"1970-01-01\""]);
    assert_eq!(cells(Arc::new(TimestampMillisecondArray::from(vec![1500]))), ["\"1970-01-01T00:00:01.500\""]);
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.append_value("x");
    dictionary.append_null();
    dictionary.append_value("x");
    assert_eq!(cells(Arc::new(dictionary.finish())), ["\"x\"", "null", "\"x\""]);
    let runs = RunArray::<Int32Type>::from_iter(["a", "a", "b"]);
    assert_eq!(cells(Arc::new(runs)), ["\"a\"", "\"a\"", "\"b\""]);
}

#[test]
fn lists_structs_and_maps() {
    let list = ListArray::from_iter_primitive::<Float64Type, _, _>(vec![
        Some(vec![Some(-0.5), None, Some(f64::NAN)]),
        None,
        Some(vec![]),
    ]);
    assert_eq!(cells(Arc::new(list.clone())), ["[-0.5, null, NaN]", "null", "[]"]);
    assert_eq!(cells(Arc::new(list.slice(2, 1))), ["[]"]);
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(
        vec![Some(vec![Some(0.1), Some(1.0)]), Some(vec![Some(2.0), None])],
        2,
    );
    assert_eq!(cells(Arc::new(fixed)), ["[0.1, 1.0]", "[2.0, null]"]);
    let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let field = Arc::new(Field::new_list_field(DataType::Int64, true));
    let (offsets, sizes) = (ScalarBuffer::from(vec![1, 0]), ScalarBuffer::from(vec![2, 1]));
    assert_eq!(cells(Arc::new(ListViewArray::new(field, offsets, sizes, values, None))), ["[2, 3]", "[1]"]);

    let tokens: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    let logprobs: ArrayRef = Arc::new(Float32Array::from(vec![-0.1, -0.2, f32::NAN]));
    let token = Arc::new(Field::new("token", DataType::Utf8, true));
    let logprob = Arc::new(Field::new("logprob", DataType::Float32, true));
    let steps = StructArray::from(vec![(token, tokens), (logprob, logprobs)]);
    let item = Arc::new(Field::new_list_field(steps.data_type().clone(), true));
    let steps = ListArray::new(item, OffsetBuffer::from_lengths([2, 1]), Arc::new(steps), None);
    let expected = [
        r#"[{"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -0.2}]"#,
        r#"[{"token": "c", "logprob": NaN}]"#,
    ];
    assert_eq!(cells(Arc::new(steps)), expected);

    let mut map = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    map.keys().append_value(7);
    map.values().append_value("x");
    map.append(true).unwrap();
    map.append(true).unwrap();
    assert_eq!(cells(Arc::new(map.finish())), [r#"{"7": "x"}"#, "{}"]);
}

#[test]
fn text_that_holds_lists_and_the_index_of_pandas() {
    let batch = batch(vec![
        ("lps", Arc::new(StringArray::from(vec![Some("[-0.50, nan]"), Some(""), None])) as ArrayRef),
        ("prompt", Arc::new(StringArray::from(vec!["[1]", "[2]", "[3]"]))),
        ("__index_level_0__", Arc::new(Int64Array::from(vec![0, 1, 2]))),
    ]);
    let (text, _) = read(&input(parquet(&[batch], Compression::SNAPPY, 100)));
    let json = "{\"lps\": [-0.50, NaN], \"prompt\": \"[1]\"}\n{\"lps\": \"\", \"prompt\": \"[2]\"}\n\
                {\"lps\": null, \"prompt\": \"[3]\"}\n";
    assert_eq!(text, json);
}

fn rows(from: i64, count: i64) -> RecordBatch {
    let list = (from..from + count).map(|row| Some(vec![Some(row as f64), Some(0.5)]));
    batch(vec![
        ("id", Arc::new(Int64Array::from_iter_values(from..from + count)) as ArrayRef),
        ("lps", Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(list))),
    ])
}

fn expected(count: i64) -> String {
    let line = |row: i64| format!("{{\"id\": {row}, \"lps\": [{row}.0, 0.5]}}\n");
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
fn all_containers_give_the_same_rows() {
    let batches = [rows(0, 150), rows(150, 0), rows(150, 50)];
    let all = [
        (Packing::ArrowStream, stream(&batches, None)),
        (Packing::ArrowStream, stream(&batches, Some(CompressionType::LZ4_FRAME))),
        (Packing::ArrowStream, stream(&batches, Some(CompressionType::ZSTD))),
        (Packing::ArrowFile, file(&batches)),
        (Packing::Parquet, parquet(&batches, Compression::UNCOMPRESSED, 70)),
        (Packing::Parquet, parquet(&batches, Compression::SNAPPY, 1000)),
        (Packing::Parquet, parquet(&batches, Compression::GZIP(GzipLevel::default()), 1000)),
        (Packing::Parquet, parquet(&batches, Compression::LZ4_RAW, 1000)),
    ];
    for (packing, bytes) in all {
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let input = input(bytes);
            assert_eq!(input.packing().unwrap(), packing);
            assert_eq!(read(&input), (expected(200), None), "{packing}");
        }
    }
}

#[test]
fn tables_without_rows() {
    let empty = [rows(0, 0)];
    for bytes in [stream(&empty, None), file(&empty), parquet(&empty, Compression::SNAPPY, 10)] {
        assert!(matches!(input(bytes).open().err().unwrap(), SourceError::NoRows { .. }));
    }
}

#[test]
fn a_parquet_file_without_its_footer() {
    let bytes = parquet(&[rows(0, 100)], Compression::SNAPPY, 1000);
    let error = input(&bytes[..bytes.len() - 20]).open().err().unwrap();
    assert!(matches!(error, SourceError::NoFooter { packing: Packing::Parquet, .. }));
    assert!(error.to_string().contains("is a Parquet file that is cut off"), "{error}");
    let damaged = [&bytes[..bytes.len() - 40], &[0xaa; 36], b"PAR1"].concat();
    let error = input(damaged).open().err().unwrap();
    assert!(matches!(error, SourceError::Container { packing: Packing::Parquet, .. }));
    assert!(error.to_string().contains("expected a footer and pages"), "{error}");
}

#[test]
fn damage_in_the_middle_leaves_what_came_before() {
    let mut bytes = parquet(&[rows(0, 3000)], Compression::ZSTD(ZstdLevel::default()), 1000);
    let middle = bytes.len() * 6 / 10;
    bytes[middle..middle + 300].fill(0xaa);
    let (text, error) = read(&input(bytes));
    let kept = text.lines().count();
    assert!(kept >= 1000 && expected(3000).starts_with(&text), "{kept}");
    assert!(error.is_some());

    let bytes = stream(&[rows(0, 100), rows(100, 100)], None);
    let input = input(&bytes[..bytes.len() - 500]);
    let mut blocks: Vec<_> = Blocks::of(input.open().unwrap(), 1 << 20).collect();
    let error = blocks.pop().unwrap().unwrap_err();
    assert_eq!(blocks.pop().unwrap().unwrap().bytes, expected(100).as_bytes());
    assert!(matches!(&error, SourceError::Broken { line: 100, .. }), "{error}");
    let bytes = file(&[rows(0, 100)]);
    assert!(super::super::tests::input(&bytes[..300]).open().is_err());
}

#[test]
fn a_batch_that_claims_to_unpack_to_more_is_refused() {
    let bytes = stream(&[rows(0, 1000)], Some(CompressionType::ZSTD));
    let at = bytes.windows(4).position(|window| window == [0x28, 0xb5, 0x2f, 0xfd]).unwrap();
    let mut bomb = bytes;
    bomb[at - 8..at].copy_from_slice(&(1_i64 << 60).to_le_bytes());
    let error = input(bomb).open().err().unwrap().to_string();
    assert!(error.contains("decompression bomb"), "{error}");
}

#[test]
fn a_look_at_the_start_reads_little() {
    let batches: Vec<_> = (0..20).map(|at| rows(at * 1000, 1000)).collect();
    let input = input(parquet(&batches, Compression::SNAPPY, 1000));
    let mut first = [0; 20];
    input.open().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"{\"id\": 0, \"lps\": [0.");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn json_of_a_row_parses_back(
        table in proptest::collection::vec((any::<f64>(), any::<f32>(), ".{0,6}", any::<Option<i64>>()), 1..80),
        group in 1_usize..40,
    ) {
        let doubles = Float64Array::from_iter_values(table.iter().map(|row| row.0));
        let singles = ListArray::from_iter_primitive::<Float32Type, _, _>(table.iter().map(|row| Some(vec![Some(row.1)])));
        let batch = batch(vec![
            ("d", Arc::new(doubles) as ArrayRef),
            ("f", Arc::new(singles)),
            ("text", Arc::new(StringArray::from_iter_values(table.iter().map(|row| &row.2)))),
            ("i", Arc::new(table.iter().map(|row| row.3).collect::<Int64Array>())),
        ]);
        let (text, error) = read(&input(parquet(&[batch], Compression::SNAPPY, group)));
        prop_assert_eq!(error, None);
        prop_assert_eq!(text.lines().count(), table.len());
        for (line, row) in text.lines().zip(&table) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            prop_assert_eq!(value["d"].as_f64(), Some(row.0));
            prop_assert_eq!(value["f"][0].to_string().parse::<f32>().unwrap(), row.1);
            prop_assert_eq!(value["text"].as_str(), Some(row.2.as_str()));
            prop_assert_eq!(value["i"].as_i64(), row.3);
        }
    }

    #[test]
    fn any_damage_is_an_error_or_other_rows(at in 0_usize..2000, byte in any::<u8>(), kind in 0..3) {
        let batches = [rows(0, 20), rows(20, 20)];
        let mut bytes = match kind {
            0 => stream(&batches, Some(CompressionType::LZ4_FRAME)),
            1 => file(&batches),
            _ => parquet(&batches, Compression::SNAPPY, 25),
        };
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(mut lines) = input(bytes).open() {
            let _ = lines.read_to_end(&mut Vec::new());
        }
    }
}
