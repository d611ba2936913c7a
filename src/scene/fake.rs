//! A small made-up run, for the tests of what lies above the workbench.

use std::collections::BTreeMap;

use super::Lang;
use super::model::*;
use super::workbench::{Action, Prompt, Refusal, Selection, Workbench};
use crate::protocol::{ClientId, NodeId};
use crate::sim::{Address, EventId, Intervention, Problem};

#[derive(Clone)]
struct Sent {
    id: u32,
    from: Address,
    to: Address,
    kind: usize,
    sent_us: u64,
    due_us: u64,
    sent_step: u32,
    received_step: Option<u32>,
    lost: bool,
}

#[derive(Clone)]
struct Step {
    time_us: u64,
    who: Address,
    text: String,
    cause: u32,
    milestone: bool,
    act: bool,
}

const KINDS: [(&str, char, Tone, bool); 4] = [
    ("RequestVote", 'V', Tone::Contender, false),
    ("Vote", 'v', Tone::Contender, true),
    ("AppendEntries", 'A', Tone::Member, false),
    ("Appended", 'a', Tone::Good, true),
];

#[derive(Clone, Default)]
struct Fake {
    steps: Vec<Step>,
    sent: Vec<Sent>,
    /// (due, number): who, and which message (or none: the heartbeat).
    queue: BTreeMap<(u64, u32), (Address, Option<u32>, u32)>,
    number: u32,
    down: Vec<(u32, u16, bool)>,
}

/// The made-up workbench.
pub struct FakeBench {
    run: Fake,
    past: Vec<(String, u32, Fake)>,
    current: usize,
    names: Vec<String>,
    cursor: u32,
    nodes: u16,
}

fn node(at: u16) -> Address {
    Address::Node(NodeId(at))
}

impl Fake {
    fn push(&mut self, time_us: u64, who: Address, text: String, cause: u32, milestone: bool) -> u32 {
        self.steps.push(Step { time_us, who, text, cause, milestone, act: false });
        self.steps.len() as u32
    }

    fn send(&mut self, from: Address, to: Address, kind: usize, step: u32, now: u64) {
        self.number += 1;
        let id = self.number;
        let due_us = now + 2_500 + u64::from(id * 7919 % 31) * 130;
        let lost = id % 11 == 5;
        self.sent.push(Sent {
            id,
            from,
            to,
            kind,
            sent_us: now,
            due_us,
            sent_step: step,
            received_step: None,
            lost,
        });
        if !lost {
            self.queue.insert((due_us, id), (to, Some(id), step));
        }
    }

    fn is_up(&self, at: u16) -> bool {
        self.down.iter().rev().find(|(_, n, _)| *n == at).is_none_or(|(_, _, up)| *up)
    }

    fn next(&mut self, nodes: u16) -> Option<()> {
        let ((now, _), (who, message, cause)) = self.queue.pop_first()?;
        let Address::Node(NodeId(me)) = who else { return Some(()) };
        let Some(id) = message else {
            let first = self.steps.is_empty();
            self.number += 1;
            self.queue.insert((now + 30_000, self.number), (who, None, cause));
            if !self.is_up(me) {
                return Some(());
            }
            let (text, kind) = if first {
                (format!("n{} heard no leader for 30 ms, so it asks for votes in term 1.", me + 1), 0)
            } else {
                (format!("n{} sends a heartbeat to all followers.", me + 1), 2)
            };
            let step = self.push(now, who, text, cause, first);
            for to in (0..nodes).filter(|to| *to != me) {
                self.send(who, node(to), kind, step, now);
            }
            return Some(());
        };
        let sent = self.sent.iter().find(|sent| sent.id == id)?.clone();
        let up = self.is_up(me);
        let text = match (up, sent.kind) {
            (false, _) => format!("A message for {who} is lost: it is down."),
            (_, 0) => format!(
                "{who} grants its vote to {}: it has not voted in term 1, and the candidate's log is at least as long as its own.",
                sent.from
            ),
            (_, 1) => format!("{who} counts the vote of {}.", sent.from),
            (_, 2) => format!("{who} resets its election timer: {} leads term 1.", sent.from),
            _ => format!("{who} learns that {} has the entry.", sent.from),
        };
        let step = self.push(now, who, text, cause, sent.kind == 1 && id % 5 == 0);
        if let Some(sent) = self.sent.iter_mut().find(|sent| sent.id == id) {
            sent.received_step = Some(step);
        }
        if up && sent.kind % 2 == 0 {
            self.send(who, sent.from, sent.kind + 1, step, now);
        }
        Some(())
    }
}

impl FakeBench {
    /// A made-up run of this many nodes.
    pub fn new(nodes: u16) -> FakeBench {
        let mut run = Fake::default();
        if nodes > 0 {
            run.queue.insert((30_000, 0), (node(1), None, 0));
        }
        FakeBench { run, past: Vec::new(), current: 0, names: vec![String::new()], cursor: 0, nodes }
    }

    fn step(&self, cursor: u32) -> Option<&Step> {
        self.run.steps.get(cursor.checked_sub(1)? as usize)
    }

    fn is_up(&self, at: u16) -> bool {
        self.run
            .down
            .iter()
            .rev()
            .find(|(step, n, _)| *n == at && *step <= self.cursor)
            .is_none_or(|(_, _, up)| *up)
    }
}

impl FakeBench {
    fn told(&self, cursor: u32) -> Option<Sentence> {
        let step = self.step(cursor)?;
        Some(Sentence {
            step: cursor,
            time_us: step.time_us,
            address: Some(step.who),
            text: step.text.clone(),
            source: (!step.act).then(|| "Raft §5.4.1".into()),
            intervention: step.act,
        })
    }
}

impl Workbench for FakeBench {
    fn protocol(&self) -> &'static str {
        "raft"
    }
    fn scenario(&self) -> &str {
        "raft/calm"
    }
    fn seed(&self) -> u64 {
        7
    }
    fn nodes(&self) -> u16 {
        self.nodes
    }
    fn clients(&self) -> u16 {
        1
    }
    fn recorded(&self) -> u32 {
        self.run.steps.len() as u32
    }
    fn recorded_us(&self) -> u64 {
        self.run.steps.last().map_or(0, |step| step.time_us)
    }
    fn cursor(&self) -> u32 {
        self.cursor
    }
    fn now_us(&self) -> u64 {
        self.time_at(self.cursor)
    }
    fn seek(&mut self, step: u32) -> u32 {
        while self.recorded() < step && self.run.next(self.nodes).is_some() {}
        self.cursor = step.min(self.recorded());
        self.cursor
    }
    fn record(&mut self, until_us: u64, steps: u32) -> Result<(), Problem> {
        let goal = self.recorded() + steps;
        while self.recorded() < goal {
            match self.run.queue.first_key_value() {
                Some(((due, _), _)) if *due <= until_us => self.run.next(self.nodes),
                _ => return Ok(()),
            };
        }
        Ok(())
    }
    fn cursor_at(&self, time_us: u64) -> u32 {
        self.run.steps.partition_point(|step| step.time_us <= time_us) as u32
    }
    fn time_at(&self, cursor: u32) -> u64 {
        self.step(cursor).map_or(0, |step| step.time_us)
    }
    fn milestone(&mut self, forward: bool) -> Option<u32> {
        if forward {
            let _ = self.record(self.now_us() + 200_000, 1_000);
            (self.cursor + 1..=self.recorded()).find(|at| self.step(*at).is_some_and(|step| step.milestone))
        } else {
            (1..self.cursor).rev().find(|at| self.step(*at).is_some_and(|step| step.milestone))
        }
    }
    fn act(&mut self, action: Action, _: Lang) -> Result<(), Refusal> {
        if let Intervention::Command { command, .. } = &action
            && command.is_empty()
        {
            return Err(Refusal::Text("a command is a word".into()));
        }
        let now = self.now_us();
        if self.cursor < self.recorded() {
            let (cursor, old) = (self.cursor, self.run.clone());
            self.past.push((format!("branch {}", self.past.len() + 1), cursor, old));
            self.names.push(String::new());
            self.current = self.names.len() - 1;
            self.run = FakeBench::new(self.nodes).run;
            while self.run.steps.len() < cursor as usize && self.run.next(self.nodes).is_some() {}
        }
        let who = action.subject().unwrap_or(node(0));
        let text = format!("You did this: {action:?}.");
        self.run.steps.push(Step { time_us: now, who, text, cause: 0, milestone: false, act: true });
        self.cursor = self.recorded();
        match action {
            Intervention::Crash { node, .. } => self.run.down.push((self.cursor, node.0, false)),
            Intervention::Restart { node } => self.run.down.push((self.cursor, node.0, true)),
            _ => {}
        }
        Ok(())
    }
    fn conditions(&self) -> Conditions {
        Conditions::default()
    }
    fn stage(&self, _: Lang) -> Stage {
        let now_us = self.now_us();
        let count = f32::from(self.nodes);
        let mut parties: Vec<Party> = (0..self.nodes)
            .map(|at| {
                let angle = f32::from(at) / count * std::f32::consts::TAU;
                let up = self.is_up(at);
                let (tone, role) = match at {
                    _ if !up => (Tone::Absent, "crashed"),
                    1 if now_us > 34_000 => (Tone::Leader, "leader"),
                    1 if now_us > 0 => (Tone::Contender, "candidate"),
                    _ => (Tone::Member, "follower"),
                };
                Party {
                    address: node(at),
                    name: format!("n{}", at + 1),
                    x: 0.5 + 0.36 * angle.sin(),
                    y: 0.5 - 0.36 * angle.cos(),
                    outline: Outline::Disc,
                    tone,
                    role: role.into(),
                    figure: "term 1".into(),
                    up,
                    paused: false,
                    timer: up.then_some(TimerArc {
                        set_us: now_us / 30_000 * 30_000,
                        due_us: now_us / 30_000 * 30_000 + 45_000,
                    }),
                    tail: (0..6u16)
                        .map(|i| Cell {
                            text: "1".into(),
                            tone: Tone::Era(u64::from(i / 3)),
                            settled: i < 5,
                            changed: false,
                            hint: String::new(),
                        })
                        .collect(),
                    unsynced: at == 3,
                    description: format!("n{}: {role} in term 1, log of 6 entries, 5 committed", at + 1),
                }
            })
            .collect();
        parties.push(Party {
            address: Address::Client(ClientId(0)),
            name: "c1".into(),
            x: 0.94,
            y: 0.08,
            outline: Outline::Client,
            tone: Tone::Plain,
            role: "idle".into(),
            figure: String::new(),
            up: true,
            paused: false,
            timer: None,
            tail: Vec::new(),
            unsynced: false,
            description: "client c1, idle".into(),
        });
        let messages = self
            .run
            .sent
            .iter()
            .filter(|sent| {
                sent.sent_step <= self.cursor && sent.received_step.is_none_or(|at| at > self.cursor)
            })
            .filter(|sent| sent.due_us >= now_us)
            .filter_map(|sent| {
                let (kind, letter, tone, answer) = *KINDS.get(sent.kind)?;
                Some(Message {
                    id: u64::from(sent.id),
                    from: sent.from,
                    to: sent.to,
                    kind,
                    letter,
                    tone,
                    answer,
                    sent_us: sent.sent_us,
                    due_us: sent.due_us,
                    fate: if sent.lost { Fate::Lost } else { Fate::Flying },
                    description: format!("{kind} from {} to {}", sent.from, sent.to),
                })
            })
            .collect();
        Stage {
            headline: "No leader. n2 has 1 of the 3 votes it needs; n3's is on its way.".into(),
            parties,
            cuts: vec![Cut { from: node(0), to: node(2), both_ways: false }],
            messages,
            now_us,
        }
    }
    fn tables(&self, _: usize, _: Lang) -> Vec<Table> {
        let rows = (0..self.nodes)
            .map(|at| Row {
                name: format!("n{}", at + 1),
                address: Some(node(at)),
                faint: !self.is_up(at),
                cells: (0..9u64)
                    .map(|i| {
                        (i < 7).then(|| Cell {
                            text: (i / 4 + 1).to_string(),
                            tone: Tone::Era(i / 4 + 1),
                            settled: i < 6,
                            changed: at == 2 && i == 6,
                            hint: "put a 1".into(),
                        })
                    })
                    .collect(),
            })
            .collect();
        let logs = Table {
            title: "Logs".into(),
            note: "filled = committed".into(),
            columns: (1..=9).map(|i| i.to_string()).collect(),
            rows,
        };
        vec![logs.clone(), Table { title: "State machine".into(), note: String::new(), ..logs }]
    }
    fn sentence(&mut self, cursor: u32, _: Lang) -> Option<Sentence> {
        self.told(cursor)
    }
    fn sentences(&self, from: u32, to: u32, _: Lang) -> Vec<Sentence> {
        (from.max(1)..=to).filter_map(|cursor| self.told(cursor)).collect()
    }
    fn inspect(&mut self, selection: Selection, _: Lang) -> Option<Inspection> {
        let mut fields = vec![
            Field::new("term", "3").hint("the term that the node knows"),
            Field::new("voted for", "n2"),
            Field::new("leader", "unknown"),
            Field::new("commit", "6"),
            Field::new("log", "7 entries, last term 2"),
            Field::new("disk", "synced 12.1 ms ago"),
        ];
        for (field, before) in fields.iter_mut().zip(["2", "–"]) {
            field.before = Some(before.into());
        }
        let title = match selection {
            Selection::Party(address) => format!("{address} · follower"),
            Selection::Message(EventId(id)) => format!("message {id}"),
            Selection::Step(step) => format!("step {step}"),
        };
        Some(Inspection { title, fields })
    }
    fn causes(&mut self, cursor: u32, lang: Lang) -> Vec<Sentence> {
        let mut at = cursor;
        let mut chain = Vec::new();
        while let Some(sentence) = self.sentence(at, lang)
            && chain.len() < 6
        {
            chain.push(sentence);
            at = self.step(at).map_or(0, |step| step.cause);
        }
        chain
    }
    fn source(&mut self, _: u32) -> Vec<SourceSpot> {
        vec![
            SourceSpot { file: "src/protocol/wal.rs", line: 40 },
            SourceSpot { file: "src/protocol/wal.rs", line: 41 },
        ]
    }
    fn pending(&self, count: usize, _: Lang) -> Vec<Pending> {
        self.run
            .queue
            .iter()
            .take(count)
            .map(|((due_us, number), (address, message, _))| Pending {
                id: u64::from(*number),
                due_us: *due_us,
                address: *address,
                text: message.map_or("heartbeat timer".into(), |id| format!("message {id} for {address}")),
                message: message.is_some(),
            })
            .collect()
    }
    fn space_time(&self, from_us: u64, to_us: u64, arrows: usize) -> SpaceTime {
        let lanes = (0..self.nodes)
            .map(|at| LaneView {
                address: node(at),
                name: format!("n{}", at + 1),
                spans: vec![Span {
                    from_step: 0,
                    to_step: self.recorded(),
                    from_us: if at == 1 { 34_000 } else { 0 },
                    to_us: self.recorded_us(),
                    tone: if at == 1 { Tone::Leader } else { Tone::Member },
                    label: String::new(),
                }],
            })
            .collect();
        let all = self.run.sent.iter().filter(|sent| sent.due_us >= from_us && sent.sent_us <= to_us);
        let arrows = all
            .take(arrows)
            .map(|sent| Arrow {
                sent_step: sent.sent_step,
                received_step: sent.received_step,
                from: sent.from,
                to: sent.to,
                sent_us: sent.sent_us,
                end_us: sent.due_us,
                kind: sent.kind as u8,
                tone: KINDS.get(sent.kind).map_or(Tone::Plain, |kind| kind.2),
                lost: sent.lost,
            })
            .collect();
        SpaceTime { lanes, arrows, marks: self.tape(Lang::En).marks, thinned: false }
    }
    fn tape(&self, _: Lang) -> Tape {
        let end = self.recorded_us();
        let span = |from_us: u64, tone, label: &str| Span {
            from_step: self.cursor_at(from_us),
            to_step: self.recorded(),
            from_us,
            to_us: end,
            tone,
            label: label.into(),
        };
        let marks = self
            .run
            .steps
            .iter()
            .zip(1u32..)
            .filter(|(step, _)| step.milestone || step.act)
            .map(|(step, at)| Mark {
                step: at,
                time_us: step.time_us,
                address: Some(step.who),
                kind: if step.act { MarkKind::Crash } else { MarkKind::Milestone },
            })
            .collect();
        Tape {
            eras: vec![
                Span { to_us: 30_000.min(end), ..span(0, Tone::Era(0), "term 0") },
                span(30_000.min(end), Tone::Era(1), "term 1"),
            ],
            leaders: vec![span(35_000.min(end), Tone::Leader, "n2")],
            marks,
        }
    }
    fn branches(&self) -> Vec<BranchView> {
        self.names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let old = self.past.get(at);
                let run = old.map_or(&self.run, |(_, _, run)| run);
                BranchView {
                    id: at as u32,
                    name: if name.is_empty() { format!("branch {}", at + 1) } else { name.clone() },
                    parent: at.checked_sub(1).map(|at| at as u32),
                    forked_at: at
                        .checked_sub(1)
                        .and_then(|at| self.past.get(at))
                        .map_or(0, |(_, cursor, _)| *cursor),
                    steps: run.steps.len() as u32,
                    end_us: run.steps.last().map_or(0, |step| step.time_us),
                    common_steps: old.map_or(0, |(_, cursor, _)| *cursor),
                    parts_us: self.time_at(old.map_or(0, |(_, cursor, _)| *cursor)),
                    current: at == self.current,
                }
            })
            .collect()
    }
    fn switch(&mut self, branch: u32) -> bool {
        (branch as usize) < self.names.len()
    }
    fn rename(&mut self, branch: u32, name: &str) {
        if let Some(known) = self.names.get_mut(branch as usize) {
            *known = name.into();
        }
    }
    fn commands(&self, _: Lang) -> Vec<Prompt> {
        vec![
            Prompt { label: "write a key".into(), example: "put a 1".into() },
            Prompt { label: "read a key".into(), example: "get a".into() },
        ]
    }
    fn operations(&self, _: NodeId, _: Lang) -> Vec<Prompt> {
        vec![Prompt { label: "hand leadership over".into(), example: "transfer n3".into() }]
    }
    fn link(&self) -> String {
        format!("v1.fake.{}", self.cursor)
    }
    fn json(&self) -> String {
        "{}".into()
    }
    fn trace(&self, _line: &mut dyn FnMut(&str) -> bool) -> bool {
        true
    }
    fn digest(&mut self) -> u64 {
        u64::from(self.cursor)
    }
}
