//! Native records in one JSON object, by their item: `{"q0": {…}, "q1": {…}}`.

use std::sync::Arc;

use crate::config::InputConfig;
use crate::format::json::{Kind, Value};
use crate::format::mapped::MappedField;
use crate::format::native::look::looks_native;
use crate::format::native::record::item;
use crate::format::native::roles::Role;
use crate::format::native::settled::{Settled, settle};
use crate::format::records::Records;
use crate::format::{Confidence, FIRST_RECORDS, Format, FormatInfo, Framing, Head, MappedRole, Reader};

/// Native records by their item.
pub(in crate::format) static KEYED: Keyed = Keyed;

static INFO: FormatInfo = FormatInfo {
    name: "native-keyed",
    about: "records in one JSON object, by their item",
    tool: "in-house pipelines",
    files: "`.json`",
    recognised_by: "one object whose members are all objects that are native records",
    proven: "scores against steps, picks, correctness, greedy flags",
    unprovable: "scores without steps: nothing beneath them is logged",
    base: "e",
    sentinels: "null, NaN, and those under [input] sentinels",
    traps: "a key is the item's id where the record has none",
};

/// Fewest members that make a document a list of records.
const FEWEST: usize = 2;

pub(in crate::format) struct Keyed;

/// The first members of a document, if all of them are objects.
fn members<'h>(head: &'h Head<'_>) -> Vec<Value<'h>> {
    let Some(document) = head.document() else { return Vec::new() };
    // The last one may be cut off.
    let whole = if head.whole { usize::MAX } else { document.members().count().saturating_sub(1) };
    let members: Vec<Value<'h>> = document.members().take(whole).take(FIRST_RECORDS).map(|(_, value)| value).collect();
    if members.iter().all(|member| member.kind() == Kind::Object) { members } else { Vec::new() }
}

impl Format for Keyed {
    fn tool(&self) -> &'static str {
        super::TOOL
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn is_mappable(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let Ok(mapping) = super::mapping(&InputConfig::default()) else { return Confidence::default() };
        let members = members(head);
        if members.len() < FEWEST || !members.iter().all(|member| looks_native(*member, &mapping)) {
            return Confidence::default();
        }
        Confidence { percent: 58, evidence: format!("the first {} members have tokens or scores", members.len()) }
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let Settled { mapping, mut found } = settle(&members(head), super::mapping(config)?)?;
        if !found.iter().any(|field| field.role == MappedRole::Role(Role::Item)) {
            found.push(MappedField::new(MappedRole::Role(Role::Item), "key of the member".to_owned()));
        }
        let columns = Arc::clone(&mapping.columns);
        let mut records = Records::new(Framing::Nested(&[]), columns, mapping, |origin, mapping, out| {
            let Some((key, member)) = origin.root.members().next() else { return Ok(()) };
            let mut item = item(member, mapping)?;
            if item.id.is_empty() {
                item.id = key.as_str();
            }
            out.item(&item, origin);
            Ok(())
        });
        records.fields = member;
        records.mapping = found;
        Ok(Box::new(records))
    }
}

/// The record of a member.
fn member(record: Value<'_>) -> Value<'_> {
    record.members().next().map_or(record, |(_, member)| member)
}
