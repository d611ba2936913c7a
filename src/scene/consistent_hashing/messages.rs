//! The store's messages in words.

use super::{position_text, siblings_text};
use crate::lang::plural;
use crate::protocol::Participant;
use crate::protocol::consistent_hashing::store::{Dynamo, Message, Place};
use crate::scene::Lang;
use crate::scene::model::Field;
use crate::{say, word};

fn kind(message: &Message) -> &'static str {
    Dynamo::MESSAGE_KINDS.get(usize::from(Dynamo::message_kind(message))).copied().unwrap_or_default()
}

pub(super) fn text(message: &Message, lang: Lang) -> String {
    let kind = kind(message);
    match message {
        Message::Forward { command, .. } => format!("{kind} {}", super::command_text(command)),
        Message::ForwardAnswer { answer, .. } => format!("{kind}: {}", super::answer_text(answer, lang)),
        Message::Read { place, .. } => format!("{kind} {}", place.key),
        Message::ReadAnswer { siblings, .. } => format!("{kind}: {}", siblings_text(siblings)),
        Message::Write { place, siblings, hint: None, .. } => {
            format!("{kind} {} = {}", place.key, siblings_text(siblings))
        }
        Message::Write { place, siblings, hint: Some(owner), .. } => say!(
            lang,
            "{kind} {} = {} for {owner}",
            "{kind} {} = {}，替 {owner} 保管",
            place.key,
            siblings_text(siblings)
        ),
        Message::WriteAnswer { .. } | Message::HandoffAnswer { .. } => {
            say!(lang, "{kind}: on disk", "{kind}：已落盘")
        }
        Message::Offer { keys, .. } => keys_text(kind, keys.len(), lang),
        Message::OfferAnswer { wanted, .. } if wanted.is_empty() => {
            say!(lang, "{kind}: lacks none", "{kind}：一个不缺")
        }
        Message::OfferAnswer { wanted, .. } => {
            let (keys, s) = (wanted.len(), plural(wanted.len()));
            say!(lang, "{kind}: lacks {keys} key{s}", "{kind}：缺 {keys} 个键")
        }
        Message::Handoff { items, .. } => keys_text(kind, items.len(), lang),
        Message::Fetch { after, .. } => {
            let after = after.as_ref().map_or_else(|| "–".to_owned(), |place| position_text(place.position));
            say!(lang, "{kind} what follows {after}", "{kind}：{after} 之后的键")
        }
        Message::Range { items, is_last: false, .. } => keys_text(kind, items.len(), lang),
        Message::Range { items, is_last: true, .. } => {
            let (keys, s) = (items.len(), plural(items.len()));
            say!(lang, "{kind}: the last {keys} key{s}", "{kind}：最后 {keys} 个键")
        }
        Message::Tree { level, nodes, .. } => {
            let (hashes, es) = (nodes.len(), if nodes.len() == 1 { "" } else { "es" });
            say!(
                lang,
                "{kind}: {hashes} hash{es} of level {level}",
                "{kind}：第 {level} 层的 {hashes} 个哈希值"
            )
        }
        Message::Leaves { leaves, items, .. } => {
            let (keys, s, leaves) = (items.len(), plural(items.len()), leaves.len());
            let of = if leaves == 1 { "leaf" } else { "leaves" };
            say!(lang, "{kind}: {keys} key{s} of {leaves} {of}", "{kind}：{leaves} 个叶子中的 {keys} 个键")
        }
        Message::Gossip { rumours, .. } => {
            let (nodes, s) = (rumours.len(), plural(rumours.len()));
            say!(lang, "{kind}: {nodes} node{s}", "{kind}：{nodes} 个节点")
        }
    }
}

fn keys_text(kind: &str, keys: usize, lang: Lang) -> String {
    let s = plural(keys);
    say!(lang, "{kind}: {keys} key{s}", "{kind}：{keys} 个键")
}

fn place_fields(place: &Place, lang: Lang) -> Vec<Field> {
    vec![
        Field::new(word!(lang, "key", "键"), &*place.key),
        Field::new(word!(lang, "hash", "哈希"), position_text(place.position)),
    ]
}

pub(super) fn fields(message: &Message, lang: Lang) -> Vec<Field> {
    let count = |name: &str, count: usize| vec![Field::new(name, count.to_string())];
    match message {
        Message::Forward { command, client, .. } => vec![
            Field::new(word!(lang, "client", "客户端"), client.to_string()),
            Field::new(word!(lang, "command", "命令"), super::command_text(command)),
        ],
        Message::ForwardAnswer { answer, .. } => {
            vec![Field::new(word!(lang, "answer", "回答"), super::answer_text(answer, lang))]
        }
        Message::Read { place, .. } => place_fields(place, lang),
        Message::ReadAnswer { siblings, .. } => {
            vec![Field::new(word!(lang, "versions", "版本"), siblings_text(siblings))]
        }
        Message::Write { place, siblings, hint, .. } => {
            let mut fields = place_fields(place, lang);
            fields.push(Field::new(word!(lang, "versions", "版本"), siblings_text(siblings)));
            fields.extend(hint.map(|owner| {
                Field::new(word!(lang, "hint", "提示"), owner.to_string()).hint(word!(
                    lang,
                    "for whom the receiver keeps the versions",
                    "接收者替谁保管这些版本"
                ))
            }));
            fields
        }
        Message::Offer { keys, .. } => count(word!(lang, "keys", "键"), keys.len()),
        Message::OfferAnswer { wanted, .. } => count(word!(lang, "lacks", "缺少"), wanted.len()),
        Message::Handoff { items, .. } | Message::Range { items, .. } | Message::Leaves { items, .. } => {
            count(word!(lang, "keys", "键"), items.len())
        }
        Message::Tree { nodes, .. } => count(word!(lang, "hashes", "哈希数"), nodes.len()),
        Message::Gossip { rumours, .. } => count(word!(lang, "nodes", "节点"), rumours.len()),
        Message::WriteAnswer { .. } | Message::HandoffAnswer { .. } | Message::Fetch { .. } => Vec::new(),
    }
}
