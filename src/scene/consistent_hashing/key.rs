//! What is known of one key.

use super::{context_text, position_text, siblings_text, tables};
use crate::protocol::consistent_hashing::store::{Dynamo, Options, Place};
use crate::scene::Lang;
use crate::scene::circle::Circle;
use crate::scene::model::{Field, Inspection};
use crate::{say, word};

/// A key's hash, its owners, and who holds which versions of it.
pub(super) fn inspection(
    nodes: &[Option<Dynamo>],
    options: &Options,
    circle: &Circle,
    position: u64,
    lang: Lang,
) -> Option<Inspection> {
    let placed = &circle.placed;
    let index = placed.find(position)?;
    let key = placed.keys.get(index)?;
    let place = Place { position, key: key.name.clone() };
    let owners = key.owners;
    let mut first = Field::new(word!(lang, "first owner", "首要拥有者"), owners.then.to_string())
        .hint(word!(lang, "before the change and after it", "变更之前与之后"));
    first.before = owners.moves().then(|| owners.before.to_string());
    let (read, write, replicas) = (options.read_quorum, options.write_quorum, options.replicas);
    let mut fields = vec![
        Field::new(word!(lang, "hash", "哈希"), position_text(position)),
        Field::new(word!(lang, "algorithm", "算法"), tables::algorithm_text(options.algorithm, lang)),
        first,
        Field::new(word!(lang, "walk to the owners", "走向拥有者"), placed.walk_text(index)).hint(word!(
            lang,
            "the preference list at this moment, the first owner first",
            "此刻的偏好列表，首要拥有者在前"
        )),
        Field::new(
            word!(lang, "quorums", "法定数"),
            say!(lang, "R {read}, W {write} of N {replicas}", "N {replicas} 中 R {read}、W {write}"),
        ),
    ];
    if owners.moves() {
        let value = match (circle.is_on_its_way(index), owners.now == owners.then) {
            (true, _) => word!(lang, "on its way", "在途"),
            (false, false) => word!(lang, "arrived, not yet owned", "已到达，尚未归属"),
            (false, true) => word!(lang, "done", "完成"),
        };
        fields.push(Field::new(word!(lang, "move", "移动"), value));
    }
    for node in nodes.iter().flatten() {
        let Some(held) = node.held(&place).filter(|held| !held.siblings.is_empty()) else { continue };
        let mut value = siblings_text(&held.siblings);
        let context = held.siblings.context();
        if context.iter().len() > 0 {
            value.push(' ');
            value.push_str(&context_text(&context));
        }
        if let Some(owner) = held.hints.first() {
            value.push_str(&say!(lang, ", kept for {owner}", "，替 {owner} 保管"));
        }
        if held.durable != held.siblings {
            value.push_str(word!(lang, ", not yet on disk", "，尚未落盘"));
        }
        let name = node.id();
        fields.push(Field::new(say!(lang, "{name} holds", "{name} 持有"), value).hint(word!(
            lang,
            "the versions and what they have seen",
            "各版本及其所见"
        )));
    }
    let name = &key.name;
    Some(Inspection { title: say!(lang, "key “{name}”", "键“{name}”"), fields })
}
