//! The messages of Multi-Paxos in words.

use super::value_text;
use crate::protocol::Participant;
use crate::protocol::paxos::multi::{Message, MultiPaxos};
use crate::scene::Lang;
use crate::scene::model::Field;
use crate::{say, word};

pub(super) fn text(message: &Message, lang: Lang) -> String {
    let kind = MultiPaxos::MESSAGE_KINDS
        .get(usize::from(MultiPaxos::message_kind(message)))
        .copied()
        .unwrap_or_default();
    match message {
        Message::Prepare { ballot, from } => {
            say!(lang, "{kind} {ballot}, slots from {from}", "{kind} {ballot}，槽位 {from} 起")
        }
        Message::Promise { ballot, reports, .. } => {
            let count = reports.len();
            say!(lang, "{kind} {ballot}, slots reported: {count}", "{kind} {ballot}，报告 {count} 个槽位")
        }
        Message::Accept { ballot, slot, value } => {
            let value = value_text(value, lang);
            say!(lang, "{kind} {ballot}, slot {slot}: {value}", "{kind} {ballot}，槽位 {slot}：{value}")
        }
        Message::Accepted { ballot, slot } => {
            say!(lang, "{kind} {ballot}, slot {slot}", "{kind} {ballot}，槽位 {slot}")
        }
        Message::Refused { ballot, promised } => {
            say!(lang, "{kind} {ballot}, promised {promised}", "{kind} {ballot}，已承诺 {promised}")
        }
        Message::Decision { slot, value } => {
            let value = value_text(value, lang);
            say!(lang, "{kind}, slot {slot}: {value}", "{kind}，槽位 {slot}：{value}")
        }
        Message::Heartbeat { ballot, chosen_through, .. } => say!(
            lang,
            "{kind} {ballot}, chosen up to slot {chosen_through}",
            "{kind} {ballot}，已选定至槽位 {chosen_through}"
        ),
        Message::StillFollowing { ballot, .. } => format!("{kind} {ballot}"),
        Message::CatchUp { from } => say!(lang, "{kind}, slots from {from}", "{kind}，槽位 {from} 起"),
        Message::Decisions { first, values, .. } => {
            let count = values.len();
            say!(lang, "{kind}: {count} from slot {first}", "{kind}：自槽位 {first} 起 {count} 个")
        }
        Message::Snapshot { through, total, offset, bytes } => {
            let sent = offset.saturating_add(bytes.len() as u64);
            say!(
                lang,
                "{kind} up to slot {through}, {sent} of {total} bytes",
                "{kind}，至槽位 {through}，{sent} / {total} 字节"
            )
        }
        Message::SnapshotMore { through, offset } => say!(
            lang,
            "{kind}, slot {through}, from byte {offset}",
            "{kind}，槽位 {through}，自第 {offset} 字节起"
        ),
        Message::Canvass { ballot } | Message::WouldPromise { ballot } => format!("{kind} {ballot}"),
    }
}

pub(super) fn fields(message: &Message, lang: Lang) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut put = |name: &str, value: String| fields.push(Field::new(name, value));
    let (ballot_name, slot_name) = (word!(lang, "ballot", "编号"), word!(lang, "slot", "槽位"));
    match message {
        Message::Prepare { ballot, from } => {
            put(ballot_name, ballot.to_string());
            put(word!(lang, "slots from", "起始槽位"), from.to_string());
        }
        Message::Promise { ballot, trimmed, reports } => {
            put(ballot_name, ballot.to_string());
            if *trimmed > 0 {
                put(word!(lang, "trimmed up to", "已裁剪至"), trimmed.to_string());
            }
            for report in reports.iter() {
                let (slot, value) = (report.slot, value_text(&report.value, lang));
                let value = match report.accepted {
                    Some(ballot) => say!(lang, "accepted {ballot} {value}", "接受 {ballot} {value}"),
                    None => say!(lang, "chosen {value}", "选定 {value}"),
                };
                put(&say!(lang, "slot {slot}", "槽位 {slot}"), value);
            }
        }
        Message::Accept { ballot, slot, value } => {
            put(ballot_name, ballot.to_string());
            put(slot_name, slot.to_string());
            put(word!(lang, "value", "值"), value_text(value, lang));
        }
        Message::Accepted { ballot, slot } => {
            put(ballot_name, ballot.to_string());
            put(slot_name, slot.to_string());
        }
        Message::Refused { ballot, promised } => {
            put(ballot_name, ballot.to_string());
            put(word!(lang, "promised", "已承诺"), promised.to_string());
        }
        Message::Decision { slot, value } => {
            put(slot_name, slot.to_string());
            put(word!(lang, "value", "值"), value_text(value, lang));
        }
        Message::Heartbeat { ballot, chosen_through, round } => {
            put(ballot_name, ballot.to_string());
            put(word!(lang, "chosen up to", "已选定至"), chosen_through.to_string());
            put(word!(lang, "question", "问题编号"), round.to_string());
        }
        Message::StillFollowing { ballot, round } => {
            put(ballot_name, ballot.to_string());
            put(word!(lang, "question", "问题编号"), round.to_string());
        }
        Message::CatchUp { from } => put(word!(lang, "slots from", "起始槽位"), from.to_string()),
        Message::Decisions { first, values, chosen_through } => {
            put(word!(lang, "chosen up to", "已选定至"), chosen_through.to_string());
            for (slot, value) in (*first..).zip(values.iter()) {
                put(&say!(lang, "slot {slot}", "槽位 {slot}"), value_text(value, lang));
            }
        }
        Message::Snapshot { through, total, offset, bytes } => {
            put(word!(lang, "covers up to", "覆盖至"), through.to_string());
            put(word!(lang, "bytes in all", "总字节数"), total.to_string());
            put(word!(lang, "bytes before these", "之前的字节数"), offset.to_string());
            put(word!(lang, "bytes", "字节数"), bytes.len().to_string());
        }
        Message::SnapshotMore { through, offset } => {
            put(word!(lang, "covers up to", "覆盖至"), through.to_string());
            put(word!(lang, "bytes before these", "之前的字节数"), offset.to_string());
        }
        Message::Canvass { ballot } | Message::WouldPromise { ballot } => {
            put(ballot_name, ballot.to_string());
        }
    }
    fields
}
