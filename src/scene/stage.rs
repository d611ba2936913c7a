//! The cluster at one moment as shapes.

use super::Lang;
use super::model::{Cut, Fate, Message, Outline, Party, Pending, Stage, TimerArc, Tone};
use super::portray::{Face, Layout, Portray};
use super::telling::address_name;
use crate::lang::{Units, time};
use crate::protocol::NodeId;
use crate::sim::cluster::kind_code;
use crate::sim::queue::Entry;
use crate::sim::step::{Body, Envelope, Event};
use crate::sim::{Address, Cluster, EventId};
use crate::{say, word};

/// How far from the middle the nodes stand, as a part of the stage.
const RING_RADIUS: f32 = 0.36;
/// How far from the middle the clients stand.
const CLIENT_RADIUS: f32 = 0.47;
/// How far from the middle the nodes stand that surround a circle of keys.
const AROUND_CIRCLE_RADIUS: f32 = 0.43;
/// How large the circle of keys is, as a part of the stage.
pub const CIRCLE_RADIUS: f32 = 0.285;

/// The cluster, drawn.
pub fn stage<P: Portray>(cluster: &Cluster<P>, lang: Lang) -> Stage {
    let setup = cluster.setup();
    let mut parties: Vec<Party> =
        (0..setup.nodes).map(|node| node_party(cluster, NodeId(node), lang)).collect();
    parties.extend((0..cluster.clients().len()).map(|at| client_party(cluster, at, lang)));
    let mut messages = traffic(cluster);
    // A search for each message: looking through all that is pending each time would take its square.
    let mut pending: Vec<_> = cluster.queue().iter().collect();
    pending.sort_unstable_by_key(|entry| entry.id);
    for message in &mut messages {
        let id = u32::try_from(message.id).ok().map(EventId);
        let at = id.and_then(|id| pending.binary_search_by_key(&id, |entry| entry.id).ok());
        if let Some(entry) = at.and_then(|at| pending.get(at)) {
            message.description = description(cluster, entry, message.fate, lang);
        }
    }
    Stage {
        headline: P::headline(cluster, lang),
        parties,
        cuts: cuts(cluster),
        quorums: P::quorums(cluster.nodes(), &setup.options),
        messages,
        now_us: cluster.now_us(),
    }
}

/// The messages under way, without their descriptions.
pub fn traffic<P: Portray>(cluster: &Cluster<P>) -> Vec<Message> {
    let mut messages: Vec<Message> =
        cluster.queue().iter().filter_map(|entry| message(cluster, entry)).collect();
    messages.sort_unstable_by_key(|message| message.id);
    messages
}

/// Where a node stands.
fn node_place(layout: Layout, node: u16, nodes: u16) -> (f32, f32) {
    match layout {
        Layout::Ring => on_ring(f32::from(node) / f32::from(nodes.max(1)), RING_RADIUS),
        Layout::Circle => on_ring(f32::from(node) / f32::from(nodes.max(1)), AROUND_CIRCLE_RADIUS),
        Layout::CoordinatorAbove if node == 0 => (0.5, 0.2),
        Layout::CoordinatorAbove => {
            let others = f32::from(nodes.saturating_sub(1).max(1));
            ((f32::from(node) - 0.5) / others * 0.9 + 0.05, 0.68)
        }
    }
}

/// A place on a ring around the middle; a turn begins at the top and goes clockwise.
fn on_ring(turn: f32, radius: f32) -> (f32, f32) {
    let angle = (turn - 0.25) * std::f32::consts::TAU;
    (0.5 + radius * angle.cos(), 0.5 + radius * angle.sin())
}

/// Where a client stands: in the corners for the first four, then between them.
fn client_place(layout: Layout, client: u16, clients: u16, nodes: u16) -> (f32, f32) {
    match layout {
        Layout::Ring | Layout::Circle => {
            let turn = match clients {
                // Below an even number of nodes there is one of them already, so it stands beside it.
                1 if nodes.is_multiple_of(2) => 0.5 + 0.5 / f32::from(nodes.max(1)),
                // Two at the sides would stand on nodes of the ring.
                2 => 0.375 + f32::from(client) * 0.25,
                _ => (f32::from(client) + 0.5) / f32::from(clients.max(1)),
            };
            let (x, y) = on_ring(turn, CLIENT_RADIUS * std::f32::consts::SQRT_2);
            (x.clamp(0.05, 0.95), y.clamp(0.05, 0.95))
        }
        Layout::CoordinatorAbove => (0.08 + 0.84 * f32::from(client) / f32::from(clients.max(2) - 1), 0.06),
    }
}

fn node_party<P: Portray>(cluster: &Cluster<P>, node: NodeId, lang: Lang) -> Party {
    let setup = cluster.setup();
    let (x, y) = node_place(P::layout(&setup.options), node.0, setup.nodes);
    let name = P::name_of(node, &setup.options, lang);
    let host = cluster.host(node);
    let paused = host.is_some_and(|host| host.paused);
    let unsynced = host.is_some_and(|host| host.disk.has_unsynced());
    let mut party = Party {
        address: Address::Node(node),
        name: name.clone(),
        x,
        y,
        outline: P::outline(),
        tone: Tone::Absent,
        role: word!(lang, "crashed", "已崩溃").to_owned(),
        figure: String::new(),
        up: false,
        paused,
        timer: None,
        tail: Vec::new(),
        badge: None,
        is_locked: false,
        unsynced,
        description: String::new(),
    };
    if let Some(process) = cluster.node(node) {
        let portrait = process.portrait(node, &setup.options, lang);
        party.up = true;
        party.tone = portrait.tone;
        party.role = portrait.role;
        if let (Some(since_us), Some(host)) = (process.stands_since_us(), host) {
            party.role.push(' ');
            party
                .role
                .push_str(&short_time(host.process_us(cluster.now_us()).saturating_sub(since_us), lang));
        }
        party.figure = portrait.figure;
        party.tail = portrait.tail;
        party.badge = process.badge(lang);
        party.is_locked = process.is_locked();
        let timers = host.map(|host| host.timers.as_slice()).unwrap_or_default();
        let drawn = timers
            .iter()
            .filter_map(|running| Some((P::timer_rank(running.timer)?, running)))
            .min_by_key(|(rank, running)| (*rank, running.due_us));
        party.timer = drawn.map(|(_, running)| TimerArc { set_us: running.set_us, due_us: running.due_us });
    }
    let mut description = format!("{name}, {}", party.role);
    for part in [
        party.figure.as_str(),
        party.badge.as_ref().map_or("", |badge| badge.hint.as_str()),
        if paused { word!(lang, "paused", "已暂停") } else { "" },
        if unsynced { word!(lang, "writes not yet durable", "有未持久化的写入") } else { "" },
    ] {
        if !part.is_empty() {
            description.push_str(", ");
            description.push_str(part);
        }
    }
    party.description = description;
    party
}

/// A time with as many digits as a reader takes in while it grows.
fn short_time(us: u64, lang: Lang) -> String {
    match us {
        _ if lang.units != Units::Auto => time(us, lang),
        0..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{}.{} s", us / 1_000_000, us / 100_000 % 10),
    }
}

fn client_party<P: Portray>(cluster: &Cluster<P>, at: usize, lang: Lang) -> Party {
    let setup = cluster.setup();
    let number = at as u16;
    let (x, y) = client_place(P::layout(&setup.options), number, setup.clients, setup.nodes);
    let client = cluster.clients().get(at);
    let waits = client.and_then(|client| client.outstanding.as_ref());
    let name = format!("c{}", at + 1);
    let role = match waits {
        Some(outstanding) => {
            let command = P::command_text(&outstanding.command);
            say!(lang, "waits for {command}", "等待 {command}")
        }
        None => word!(lang, "idle", "空闲").to_owned(),
    };
    let done = client.map_or(0, |client| client.done);
    Party {
        address: Address::Client(crate::protocol::ClientId(number)),
        description: say!(lang, "client {name}, {role}, {done} done", "客户端 {name}，{role}，已完成 {done}"),
        name,
        x,
        y,
        outline: Outline::Client,
        tone: Tone::Plain,
        role,
        figure: say!(lang, "{done} done", "已完成 {done}"),
        up: true,
        paused: false,
        timer: None,
        tail: Vec::new(),
        badge: None,
        is_locked: false,
        unsynced: false,
    }
}

/// How a message of this body looks.
pub(super) fn face<P: Portray>(body: &Body<P>) -> (Face, &'static str) {
    match body {
        Body::Peer(message) => {
            let kind = P::message_kind(message);
            (P::face(kind), P::MESSAGE_KINDS.get(usize::from(kind)).copied().unwrap_or_default())
        }
        Body::Request { .. } => (Face { letter: '?', tone: Tone::Plain, answer: false }, "Request"),
        Body::Answer { .. } => (Face { letter: '!', tone: Tone::Plain, answer: true }, "Answer"),
    }
}

/// The colour of a kind of message, by its code in the recording.
pub(super) fn tone_of_code<P: Portray>(code: u8) -> Tone {
    match code {
        kind_code::REQUEST | kind_code::ANSWER => Tone::Plain,
        kind => P::face(kind - kind_code::MESSAGE).tone,
    }
}

/// What a message says, without who says it to whom.
pub(super) fn body_text<P: Portray>(body: &Body<P>, lang: Lang) -> String {
    match body {
        Body::Peer(message) => P::message_text(message, lang),
        Body::Request { command, .. } => {
            let command = P::command_text(command);
            say!(lang, "request: {command}", "请求：{command}")
        }
        Body::Answer { answer, .. } => {
            let answer = P::answer_text(answer, lang);
            say!(lang, "answer: {answer}", "答复：{answer}")
        }
    }
}

fn will_be_lost<P: Portray>(cluster: &Cluster<P>, envelope: &Envelope<P>) -> bool {
    let down = envelope.to.node().is_some_and(|node| cluster.node(node).is_none());
    envelope.doomed || down || !cluster.network().is_open(envelope.from, envelope.to)
}

fn message<P: Portray>(cluster: &Cluster<P>, entry: &Entry<Event<P>>) -> Option<Message> {
    let Event::Message(envelope) = &entry.event else { return None };
    let (face, kind) = face(&envelope.body);
    let fate = match (entry.held, will_be_lost(cluster, envelope)) {
        (true, _) => Fate::Held,
        (false, true) => Fate::Lost,
        (false, false) => Fate::Flying,
    };
    Some(Message {
        id: u64::from(entry.id.0),
        from: envelope.from,
        to: envelope.to,
        kind: kind.into(),
        letter: face.letter,
        tone: face.tone,
        answer: face.answer,
        sent_us: envelope.sent_us,
        due_us: entry.due_us,
        fate,
        description: String::new(),
    })
}

/// A message as a sentence; nothing for what is no message.
fn description<P: Portray>(cluster: &Cluster<P>, entry: &Entry<Event<P>>, fate: Fate, lang: Lang) -> String {
    let Event::Message(envelope) = &entry.event else { return String::new() };
    let options = &cluster.setup().options;
    let (from, to) =
        (address_name::<P>(envelope.from, options, lang), address_name::<P>(envelope.to, options, lang));
    let text = body_text(&envelope.body, lang);
    let fate = match fate {
        Fate::Flying => "",
        Fate::Lost => word!(lang, ", will be lost", "，将丢失"),
        Fate::Held => word!(lang, ", held", "，被扣住"),
    };
    say!(lang, "{text}, from {from} to {to}{fate}", "{text}，从 {from} 到 {to}{fate}")
}

fn cuts<P: Portray>(cluster: &Cluster<P>) -> Vec<Cut> {
    let network = cluster.network();
    if network.is_whole() {
        return Vec::new();
    }
    let setup = cluster.setup();
    let nodes = (0..setup.nodes).map(|node| Address::Node(NodeId(node)));
    let clients = (0..setup.clients).map(|client| Address::Client(crate::protocol::ClientId(client)));
    let all: Vec<Address> = nodes.chain(clients).collect();
    let mut cuts = Vec::new();
    for (at, a) in all.iter().enumerate() {
        for b in all.iter().skip(at + 1) {
            match (network.is_open(*a, *b), network.is_open(*b, *a)) {
                (true, true) => {}
                (false, false) => cuts.push(Cut { from: *a, to: *b, both_ways: true }),
                (false, true) => cuts.push(Cut { from: *a, to: *b, both_ways: false }),
                (true, false) => cuts.push(Cut { from: *b, to: *a, both_ways: false }),
            }
        }
    }
    cuts
}

/// When an event really is due: a timer that was set anew keeps an early place in the queue.
fn due_us<P: Portray>(cluster: &Cluster<P>, entry: &Entry<Event<P>>) -> Option<u64> {
    match &entry.event {
        Event::Timer { node, timer } => {
            let running = cluster.host(*node)?.timer(*timer)?;
            (running.event == entry.id).then_some(running.due_us)
        }
        Event::Sync { node, life, .. } => {
            cluster.host(*node).is_some_and(|host| host.life == *life).then_some(entry.due_us)
        }
        Event::Wake { client, .. } => {
            cluster.clients().get(client.index())?.wakes_by(entry.id).then_some(entry.due_us)
        }
        Event::Boot(_) | Event::Message(_) => Some(entry.due_us),
        Event::Script(_) | Event::Chaos => None,
    }
}

/// What a person can choose to happen next, the earliest first.
pub fn pending<P: Portray>(cluster: &Cluster<P>, count: usize, lang: Lang) -> Vec<Pending> {
    let mut due: Vec<(u64, EventId, &Event<P>)> = cluster
        .queue()
        .iter()
        .filter_map(|entry| Some((due_us(cluster, entry)?, entry.id, &entry.event)))
        .collect();
    due.sort_unstable_by_key(|(due_us, id, _)| (*due_us, *id));
    due.truncate(count);
    due.into_iter().filter_map(|(due_us, id, event)| pending_view(cluster, due_us, id, event, lang)).collect()
}

fn pending_view<P: Portray>(
    cluster: &Cluster<P>,
    due_us: u64,
    id: EventId,
    event: &Event<P>,
    lang: Lang,
) -> Option<Pending> {
    let options = &cluster.setup().options;
    let name = |address: Address| address_name::<P>(address, options, lang);
    let (address, text) = match event {
        Event::Message(envelope) => {
            let (from, to) = (name(envelope.from), name(envelope.to));
            (envelope.to, format!("{from} → {to}: {}", body_text(&envelope.body, lang)))
        }
        Event::Timer { node, timer } => {
            let (who, timer) = (name(Address::Node(*node)), P::timer_name(*timer, lang));
            (Address::Node(*node), say!(lang, "{who}: {timer} timer", "{who}：{timer}定时器"))
        }
        Event::Sync { node, .. } => {
            let who = name(Address::Node(*node));
            (Address::Node(*node), say!(lang, "{who}: disk sync finishes", "{who}：磁盘同步完成"))
        }
        Event::Wake { client, .. } => {
            let who = name(Address::Client(*client));
            (Address::Client(*client), say!(lang, "{who} asks", "{who} 发起请求"))
        }
        Event::Boot(node) => {
            let who = name(Address::Node(*node));
            (Address::Node(*node), say!(lang, "{who} starts", "{who} 启动"))
        }
        Event::Script(_) | Event::Chaos => return None,
    };
    Some(Pending { id: u64::from(id.0), due_us, address, text, message: matches!(event, Event::Message(_)) })
}
