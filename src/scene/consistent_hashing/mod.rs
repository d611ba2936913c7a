//! The store of consistent hashing, drawn and told.

mod circle;
pub mod comparison;
mod facts;
mod key;
mod messages;
mod reasons;
mod tables;

use serde_json::{Value, json};

use crate::lang::plural;
use crate::protocol::consistent_hashing::store::{
    Answer, Command, Dynamo, Entry, Message, Operation, Options, Reason, Record, Siblings, Status, Timer,
    Version, VersionVector,
};
use crate::protocol::key_value::TEXT_BYTES_MAX;
use crate::protocol::{NodeId, Participant};
use crate::scene::Lang;
use crate::scene::circle::{Circle, position_text};
use crate::scene::facts::{FactOf, Verb};
use crate::scene::model::{Field, Inspection, Quorum, Table, Tone};
use crate::scene::portray::{Face, Layout, Portrait, Portray, ViolationOf};
use crate::scene::workbench::Prompt;
use crate::sim::{Address, Cluster};
use crate::{say, word};

/// What a version says: its value, or a dagger for a tombstone.
fn version_text(version: &Version) -> &str {
    if version.is_deleted { "†" } else { &version.value }
}

/// All versions of a key, in short.
fn siblings_text(siblings: &Siblings) -> String {
    if siblings.is_empty() {
        return "–".to_owned();
    }
    siblings.iter().map(version_text).collect::<Vec<_>>().join(" | ")
}

/// What somebody has seen, as the paper writes it: `[n1: 3, n2: 1]`, with the counters of a process alone.
fn context_text(context: &VersionVector) -> String {
    let entry = |dot: crate::protocol::consistent_hashing::store::Dot| {
        format!("{}: {}", dot.writer.node, dot.counter)
    };
    format!("[{}]", context.iter().map(entry).collect::<Vec<_>>().join(", "))
}

fn status_text(status: Status, lang: Lang) -> &'static str {
    match status {
        Status::Outside => word!(lang, "outside the ring", "在环外"),
        Status::Joining => word!(lang, "joining", "正在加入"),
        Status::Member => word!(lang, "a member", "是成员"),
        Status::Leaving => word!(lang, "leaving", "正在离开"),
    }
}

fn role_text(entry: Entry, lang: Lang) -> &'static str {
    match entry.status {
        _ if entry.refilling => word!(lang, "refilling", "恢复中"),
        Status::Outside => word!(lang, "outside", "环外"),
        Status::Joining => word!(lang, "joining", "加入中"),
        Status::Member => word!(lang, "member", "成员"),
        Status::Leaving => word!(lang, "leaving", "离开中"),
    }
}

fn command_text(command: &Command) -> String {
    match command {
        Command::Get { key } => format!("get {key}"),
        Command::Put { key, value, context } if context.iter().len() == 0 => format!("put {key} {value}"),
        Command::Put { key, value, context } => format!("put {key} {value} {}", context_text(context)),
        Command::Update { key, value } => format!("update {key} {value}"),
        Command::Delete { key } => format!("delete {key}"),
    }
}

fn answer_text(answer: &Answer, lang: Lang) -> String {
    match answer {
        Answer::Versions { siblings } if siblings.is_empty() => {
            word!(lang, "never written", "从未写入").to_owned()
        }
        Answer::Versions { siblings } if siblings.are_deleted() => {
            word!(lang, "deleted", "已删除").to_owned()
        }
        Answer::Versions { siblings } => siblings_text(siblings),
        Answer::Written { .. } => word!(lang, "written", "已写入").to_owned(),
        Answer::TooManySiblings => word!(lang, "too many siblings", "兄弟版本过多").to_owned(),
        Answer::Unavailable => word!(lang, "unavailable", "不可用").to_owned(),
    }
}

impl Portray for Dynamo {
    const FACTS: &'static [FactOf<Self>] = facts::FACTS;
    const VERBS: &'static [Verb] = facts::VERBS;

    fn title(lang: Lang) -> &'static str {
        word!(lang, "Consistent hashing", "一致性哈希")
    }

    fn layout(_: &Options) -> Layout {
        Layout::Circle
    }

    fn face(kind: u8) -> Face {
        let (letter, tone, answer) = match kind {
            0 => ('F', Tone::Plain, false),
            1 => ('F', Tone::Plain, true),
            2 => ('R', Tone::Member, false),
            3 => ('R', Tone::Member, true),
            4 => ('W', Tone::Leader, false),
            5 => ('W', Tone::Good, true),
            6 => ('O', Tone::Contender, false),
            7 => ('O', Tone::Contender, true),
            8 => ('H', Tone::Leader, false),
            9 => ('H', Tone::Good, true),
            10 => ('P', Tone::Contender, false),
            11 => ('P', Tone::Leader, true),
            12 => ('T', Tone::Plain, false),
            13 => ('L', Tone::Leader, false),
            _ => ('G', Tone::Plain, false),
        };
        Face { letter, tone, answer }
    }

    fn portrait(&self, _: NodeId, options: &Options, lang: Lang) -> Portrait {
        let entry = self.entry();
        let tone = match entry.status {
            _ if entry.refilling => Tone::Bad,
            Status::Outside => Tone::Plain,
            // As on the circle: amber for those that join or leave, else a colour of its own.
            Status::Member if options.is_initial_member(self.id()) => Tone::Owner(self.id().0),
            Status::Joining | Status::Member | Status::Leaving => Tone::Leader,
        };
        let figure = match self.data().len() {
            0 => String::new(),
            keys => {
                let s = plural(keys);
                say!(lang, "{keys} key{s}", "{keys} 个键")
            }
        };
        Portrait { role: role_text(entry, lang).to_owned(), figure, tone, tail: Vec::new() }
    }

    fn quorums(nodes: &[Option<Dynamo>], options: &Options) -> Vec<Quorum> {
        let mut found = Vec::new();
        for node in nodes.iter().flatten() {
            for (request, is_write) in node.requests() {
                let answered = request.slots.iter().filter(|slot| slot.answer.is_some());
                let members: Vec<Address> = answered.map(|slot| Address::Node(slot.asked)).collect();
                if members.is_empty() {
                    continue;
                }
                let needed = if is_write { options.write_quorum } else { options.read_quorum };
                found.push(Quorum {
                    asked_by: Address::Node(node.id()),
                    is_complete: members.len() >= usize::from(needed),
                    members,
                    tone: if is_write { Tone::Leader } else { Tone::Member },
                });
            }
        }
        found
    }

    fn headline(cluster: &Cluster<Dynamo>, lang: Lang) -> String {
        let (nodes, options) = (cluster.nodes(), &cluster.setup().options);
        let Some(node) = nodes.iter().flatten().max_by_key(|node| node.membership().era()) else {
            return word!(lang, "No node runs.", "没有节点在运行。").to_owned();
        };
        let members = node.ring().members().len();
        let (algorithm, replicas) = (tables::algorithm_text(options.algorithm, lang), options.replicas);
        let changing = nodes.iter().flatten().find(|node| {
            matches!(node.entry().status, Status::Joining | Status::Leaving) || node.entry().refilling
        });
        let Some(changing) = changing else {
            return say!(
                lang,
                "{algorithm}, {members} members; replicas of each key: {replicas}.",
                "{algorithm}，{members} 个成员，每个键 {replicas} 份副本。"
            );
        };
        let (id, keys) = (changing.id(), changing.data().len());
        let s = plural(keys);
        match (changing.entry().status, changing.transfer()) {
            (_, Some(transfer)) => {
                let (_, done, sources) = transfer.progress();
                let role = role_text(changing.entry(), lang);
                say!(
                    lang,
                    "{id} is {role}: {done} of {sources} members have sent all; keys so far: {keys}.",
                    "{id} {role}：已到达 {keys} 个键，{sources} 个成员中 {done} 个已发完。"
                )
            }
            (Status::Leaving, None) => say!(
                lang,
                "{id} is leaving and hands over its {keys} key{s}.",
                "{id} 正在离开：它的 {keys} 个键正在移交。"
            ),
            _ => say!(lang, "{id} has to be told what it was.", "{id} 需要由别人告知自己的身份。"),
        }
    }

    fn timer_rank(timer: Timer) -> Option<u8> {
        match timer {
            Timer::Transfer => Some(0),
            Timer::Request(_) => Some(1),
            Timer::Handoff => Some(2),
            Timer::Gossip | Timer::AntiEntropy => None,
        }
    }

    fn timer_name(timer: Timer, lang: Lang) -> String {
        match timer {
            Timer::Request(_) => word!(lang, "replica timeout", "副本超时"),
            Timer::Gossip => word!(lang, "gossip", "传播消息"),
            Timer::AntiEntropy => word!(lang, "anti-entropy", "反熵"),
            Timer::Handoff => word!(lang, "handoff", "移交"),
            Timer::Transfer => word!(lang, "transfer", "传输"),
        }
        .to_owned()
    }

    fn message_text(message: &Message, lang: Lang) -> String {
        messages::text(message, lang)
    }

    fn message_fields(message: &Message, lang: Lang) -> Vec<Field> {
        messages::fields(message, lang)
    }

    fn reason_text(why: &Reason, node: NodeId, lang: Lang) -> String {
        reasons::text(why, node, lang)
    }

    fn reason_source(why: &Reason) -> &'static str {
        why.section()
    }

    fn reason_weight(why: &Reason) -> u8 {
        reasons::weight(why)
    }

    fn fields(&self, options: &Options, lang: Lang) -> Vec<Field> {
        let entry = self.entry();
        let hints: usize = self.data().map(|(_, held)| held.hints.len()).sum();
        let stray = self.data().filter(|(place, _)| !self.keeps_for_itself(place, options)).count();
        let siblings = self.data().filter(|(_, held)| held.siblings.len() > 1).count();
        let names = |nodes: &[NodeId]| match nodes {
            [] => "–".to_owned(),
            nodes => nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" "),
        };
        let mut fields = vec![
            Field::new(word!(lang, "status", "状态"), status_text(entry.status, lang)),
            Field::new(word!(lang, "keys", "键"), self.data().len().to_string()),
            Field::new(word!(lang, "keys of others", "属于别人的键"), stray.to_string()).hint(word!(
                lang,
                "kept until all whom they belong to have confirmed them",
                "保留到所有主人都确认为止"
            )),
            Field::new(word!(lang, "hints", "提示"), hints.to_string()).hint(word!(
                lang,
                "versions kept for nodes that seemed down",
                "替似乎停机的节点保管的版本"
            )),
            Field::new(word!(lang, "keys with siblings", "有兄弟版本的键"), siblings.to_string()),
            Field::new(word!(lang, "members", "成员"), names(self.ring().members())).hint(word!(
                lang,
                "the ring as this node sees it",
                "这个节点所见的环"
            )),
            Field::new(word!(lang, "suspects", "怀疑停机"), names(&self.suspects(options))),
            Field::new(word!(lang, "coordinates", "正在协调"), self.requests().count().to_string()),
            Field::new(word!(lang, "syncs under way", "进行中的同步"), self.syncs_outstanding().to_string()),
        ];
        for (place, held) in self.data().filter(|(_, held)| held.siblings.len() > 1).take(4) {
            let name = place.key.to_string();
            fields.push(Field::new(name, siblings_text(&held.siblings)));
        }
        fields
    }

    fn tables(_: &[Option<Dynamo>], _: &Options, _: Lang) -> Vec<Table> {
        // All of them are about the keys on the circle.
        Vec::new()
    }

    fn circle(nodes: &[Option<Dynamo>], options: &Options, known: Option<&Circle>) -> Option<Circle> {
        circle::circle(nodes, options, known)
    }

    fn circle_tables(
        nodes: &[Option<Dynamo>],
        options: &Options,
        circle: &Circle,
        shown: usize,
        lang: Lang,
    ) -> Vec<Table> {
        vec![
            tables::loads(nodes, circle, shown == 0, lang),
            comparison::table(&circle.placed, options, shown == 1, lang),
            tables::keys(nodes, circle, shown == 2, lang),
        ]
    }

    fn inspect_key(
        nodes: &[Option<Dynamo>],
        options: &Options,
        circle: &Circle,
        position: u64,
        lang: Lang,
    ) -> Option<Inspection> {
        key::inspection(nodes, options, circle, position, lang)
    }

    fn time_lookups(circle: &Circle, clock: &dyn Fn() -> f64) -> bool {
        comparison::time_lookups(&circle.placed, clock)
    }

    fn record_text(record: &Record, lang: Lang) -> String {
        match record {
            Record::Formatted { node } => say!(lang, "{node}'s disk", "{node} 的磁盘"),
            Record::Started { starts, .. } => say!(lang, "start {starts}", "第 {starts} 次启动"),
            Record::Heard { node, entry } => format!("{node}: {}", role_text(*entry, lang)),
            Record::Stored { place, siblings, .. } => format!("{} = {}", place.key, siblings_text(siblings)),
            Record::Dropped { places, .. } => {
                let (count, s) = (places.len(), plural(places.len()));
                say!(lang, "dropped {count} key{s}", "删除 {count} 个键")
            }
            Record::Collected { places, .. } => {
                let (count, s) = (places.len(), plural(places.len()));
                say!(lang, "dropped {count} tombstone{s}", "删除 {count} 个墓碑")
            }
            Record::Unfilled { removed } => {
                let nodes = node_list(removed);
                say!(lang, "not yet filled after the removal of {nodes}", "{nodes} 移除后尚未补齐")
            }
            Record::Filled { removed } => {
                let nodes = node_list(removed);
                say!(lang, "filled after the removal of {nodes}", "{nodes} 移除后已补齐")
            }
        }
    }

    fn command_text(command: &Command) -> String {
        command_text(command)
    }

    fn parse_command(text: &str, lang: Lang) -> Result<Command, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.iter().any(|word| word.len() > TEXT_BYTES_MAX) {
            return Err(say!(
                lang,
                "A key or value has at most {TEXT_BYTES_MAX} bytes.",
                "键或值最多 {TEXT_BYTES_MAX} 字节。"
            ));
        }
        match words.as_slice() {
            ["get", key] => Ok(Command::Get { key: (*key).into() }),
            ["put", key, value] => Ok(Command::Put {
                key: (*key).into(),
                value: (*value).into(),
                context: VersionVector::default(),
            }),
            ["update", key, value] => Ok(Command::Update { key: (*key).into(), value: (*value).into() }),
            ["delete", key] => Ok(Command::Delete { key: (*key).into() }),
            _ => Err(word!(
                lang,
                "Write one of: get a; put a 1 (beside what is there); update a 1 (in its place); delete a.",
                "请输入：get a；put a 1（与原有版本并存）；update a 1（取代原有版本）；delete a。"
            )
            .to_owned()),
        }
    }

    fn commands(lang: Lang) -> Vec<Prompt> {
        let prompt =
            |label: &str, example: &str| Prompt { label: label.to_owned(), example: example.to_owned() };
        vec![
            prompt(word!(lang, "read a key", "读一个键"), "get user:0"),
            prompt(word!(lang, "read it and write in its place", "读后写，取代原有版本"), "update user:0 1"),
            prompt(word!(lang, "write without having read", "未读先写"), "put user:0 2"),
            prompt(word!(lang, "delete a key", "删除一个键"), "delete user:0"),
        ]
    }

    fn answer_text(answer: &Answer, lang: Lang) -> String {
        answer_text(answer, lang)
    }

    fn operation_text(operation: &Operation) -> String {
        match operation {
            Operation::Join => "join".to_owned(),
            Operation::Leave => "leave".to_owned(),
            Operation::Remove { node } => format!("remove {node}"),
        }
    }

    fn parse_operation(text: &str, lang: Lang) -> Result<Operation, String> {
        match text.trim() {
            "join" => Ok(Operation::Join),
            "leave" => Ok(Operation::Leave),
            other => {
                let number = other.strip_prefix("remove n").and_then(|number| number.parse::<u16>().ok());
                match number.and_then(|number| number.checked_sub(1)) {
                    Some(node) => Ok(Operation::Remove { node: NodeId(node) }),
                    None => Err(word!(
                        lang,
                        "Write one of: join; leave; remove n3 (a dead node).",
                        "请输入：join；leave；remove n3（已停机的节点）。"
                    )
                    .to_owned()),
                }
            }
        }
    }

    fn operations(&self, _: NodeId, nodes: u16, lang: Lang) -> Vec<Prompt> {
        let (label, operation) = match self.entry().status {
            Status::Outside => (word!(lang, "let it join the ring", "让它加入环"), Operation::Join),
            _ => (word!(lang, "let it leave the ring", "让它离开环"), Operation::Leave),
        };
        let prompt = |label: &str, operation: Operation| Prompt {
            label: label.to_owned(),
            example: Dynamo::operation_text(&operation),
        };
        let mut prompts = vec![prompt(label, operation)];
        // The last other node is an example of one that is dead.
        let last = (0..nodes).rev().map(NodeId).find(|node| *node != self.id());
        if let Some(node) = last.filter(|_| self.entry().owns()) {
            prompts.push(prompt(
                word!(lang, "let it remove a dead node", "让它移除已停机的节点"),
                Operation::Remove { node },
            ));
        }
        prompts
    }

    fn violation_text(violation: &ViolationOf<Dynamo>, lang: Lang) -> (String, String) {
        reasons::violation(violation, lang)
    }

    /// How the node stands to the ring, how many keys and hints it holds, and the keys that became durable.
    fn trace_state(&self, _: Option<&Dynamo>) -> Value {
        let durable = self.lately_durable().iter().map(|place| {
            let versions = self.on_disk(place);
            let values: Vec<&str> = versions.iter().map(version_text).collect();
            json!({ "key": place.key, "position": position_text(place.position), "values": values })
        });
        json!({
            "status": self.entry().status,
            "refilling": self.entry().refilling,
            "members": self.ring().members(),
            "keys": self.data().len(),
            "hints": self.data().map(|(_, held)| held.hints.len()).sum::<usize>(),
            "durable": durable.collect::<Vec<_>>(),
        })
    }

    fn era_text(era: u64, lang: Lang) -> String {
        say!(lang, "ring {era}", "环 {era}")
    }
}

const _: () = assert!(Dynamo::MESSAGE_KINDS.len() == 15, "every kind of message has a face");

/// The nodes of a removal, one after the other.
fn node_list(removed: &[(NodeId, u64)]) -> String {
    removed.iter().map(|(node, _)| node.to_string()).collect::<Vec<_>>().join(" ")
}
