//! What is drawn, as plain data: no pixels, no colours, no Yew.
//!
//! Positions are in the unit square of the stage (0 to 1, y grows downwards). Times are virtual, in µs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::sim::{Address, Chaos, DiskOptions, LinkOptions, Workload};

/// What a colour stands for. The style sheet decides what each looks like in light and dark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// An ordinary member: steel blue.
    Member,
    /// One that wants to lead, or is in doubt: plum.
    Contender,
    /// One that leads: lamp amber.
    Leader,
    /// All is well, agreed, committed: green.
    Good,
    /// Lost, refused, violated: red.
    Bad,
    /// Not there: grey.
    Absent,
    /// The era with this number, for things coloured by term or ballot; tints repeat.
    Era(u64),
    /// The node with this number, where several of them share a picture; colours repeat, so its name stands near.
    Owner(u16),
}

/// The cluster at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stage {
    /// One line that says how things stand.
    pub headline: String,
    /// Nodes first, in the order of their numbers, then clients.
    pub parties: Vec<Party>,
    /// Connections that are not simply open.
    pub cuts: Vec<Cut>,
    /// Quorums that are forming or have formed.
    pub quorums: Vec<Quorum>,
    /// Messages on their way, held or about to be lost.
    pub messages: Vec<Message>,
    /// The moment.
    pub now_us: u64,
}

/// The outline of a party.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outline {
    /// A node on the ring.
    Disc,
    /// A coordinator or participant.
    Card,
    /// A client: small, outside the ring.
    Client,
}

/// One node or client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Party {
    /// Who.
    pub address: Address,
    /// What it is called: `n1`, `c1`, `coordinator`.
    pub name: String,
    /// Where it stands.
    pub x: f32,
    /// Where it stands.
    pub y: f32,
    /// Its form.
    pub outline: Outline,
    /// Its colour.
    pub tone: Tone,
    /// What it does, in a word: `leader`, `in doubt 35 ms`.
    pub role: String,
    /// The figure below its name: `term 3`.
    pub figure: String,
    /// Whether its process runs.
    pub up: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// The timer that matters most, if one is set.
    pub timer: Option<TimerArc>,
    /// The end of its log, oldest first; few cells.
    pub tail: Vec<Cell>,
    /// What it holds, where one value says it all: `1.n1 tea`. Filled when settled.
    pub badge: Option<Cell>,
    /// Whether somebody has locked what it holds.
    pub is_locked: bool,
    /// Whether the disk has writes that are not durable yet.
    pub unsynced: bool,
    /// The whole of it as a sentence, for those who cannot see it.
    pub description: String,
}

/// Its place is never NaN. (What is `Eq` is compared by its address first where it is shared, and the page compares
/// all that it shows in every step.)
impl Eq for Party {}

/// A timer that runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimerArc {
    /// When it was set.
    pub set_us: u64,
    /// When it expires.
    pub due_us: u64,
}

/// A connection that is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cut {
    /// One end.
    pub from: Address,
    /// The other end.
    pub to: Address,
    /// Whether the other direction is cut as well.
    pub both_ways: bool,
}

/// Those who have agreed to what one of them asks, as they become enough.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quorum {
    /// Who asks.
    pub asked_by: Address,
    /// Who has agreed; the one who asks can be among them.
    pub members: Vec<Address>,
    /// Its colour.
    pub tone: Tone,
    /// Whether they are enough.
    pub is_complete: bool,
}

/// What will become of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is on its way.
    Flying,
    /// It will be lost on its way.
    Lost,
    /// Somebody holds it.
    Held,
}

/// A message between two parties.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its number, unique in the run.
    pub id: u64,
    /// Who sent it.
    pub from: Address,
    /// Who is to get it.
    pub to: Address,
    /// The kind, as the paper calls it.
    pub kind: Cow<'static, str>,
    /// The letter on its disc.
    pub letter: char,
    /// Its colour.
    pub tone: Tone,
    /// Whether it answers another one: drawn hollow.
    pub answer: bool,
    /// When it was sent.
    pub sent_us: u64,
    /// When it arrives, if nothing happens to it.
    pub due_us: u64,
    /// What will become of it.
    pub fate: Fate,
    /// The whole of it as a sentence.
    pub description: String,
}

/// One cell of a table or a log tail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
    /// Filled when settled (committed, chosen, forced), outlined when not.
    pub settled: bool,
    /// Whether the current step changed it.
    pub changed: bool,
    /// What it means, as a tooltip.
    pub hint: String,
}

/// A table: logs side by side, slots, records on disk, keys by owner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub title: String,
    /// Bars that show the same at a glance.
    pub chart: Option<Chart>,
    /// The remark beside the name: `filled = committed`.
    pub note: String,
    /// The heads of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Bars, one for each node: the table that it belongs to says the same in figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chart {
    /// The bars, in the order of the rows.
    pub bars: Vec<Bar>,
    /// The mean, in hundredths.
    pub mean_hundredths: u64,
    /// What the mean is called: `mean 200`.
    pub mean_text: String,
    /// What it means that a bar is dashed; empty if none is.
    pub before_text: String,
}

/// A bar of a chart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bar {
    /// Whose it is.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
    /// How long it is.
    pub value: u64,
    /// How long it was before the change, if that was another length.
    pub before: Option<u64>,
}

/// A row of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Whose row it is.
    pub name: String,
    /// The party that it belongs to, if any: choosing the row chooses the party.
    pub address: Option<Address>,
    /// Drawn faint: the node is down.
    pub faint: bool,
    /// The key that it is about, by its position on the circle: choosing the row chooses the key.
    pub key: Option<u64>,
    /// Whether it is about what runs here, of all that the table compares.
    pub is_current: bool,
    /// One for each column; `None` where there is nothing.
    pub cells: Vec<Option<Cell>>,
}

/// A named value in the inspector.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Field {
    /// Its name, in the reader's language.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// Its value before the current step, if that was another.
    pub before: Option<String>,
    /// What it means, as a tooltip.
    pub hint: String,
}

impl Field {
    /// A field that did not change.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Field {
        Field { name: name.into(), value: value.into(), before: None, hint: String::new() }
    }

    /// With an explanation.
    pub fn hint(mut self, hint: impl Into<String>) -> Field {
        self.hint = hint.into();
        self
    }
}

/// What the inspector shows of a selection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Inspection {
    /// `n3 · follower`.
    pub title: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One sentence of the narration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sentence {
    /// The step that it tells.
    pub step: u32,
    /// When that was.
    pub time_us: u64,
    /// Who it happened to.
    pub address: Option<Address>,
    /// What happened and why.
    pub text: String,
    /// The paper and section that ask for it: `Raft §5.4.1`.
    pub source: Option<String>,
    /// Whether a person (or a script) did this.
    pub intervention: bool,
}

/// A place in the source that ran in a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceSpot {
    /// The file, relative to the repository.
    pub file: Cow<'static, str>,
    /// The line, counted from 1.
    pub line: u32,
}

/// What a mark on the scrubber or a lane stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A node crashed.
    Crash,
    /// A node started again.
    Restart,
    /// The network was cut or healed.
    Network,
    /// Another intervention.
    Intervention,
    /// A step worth stopping at.
    Milestone,
    /// An invariant was violated.
    Violation,
}

/// A mark at one step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// Which step.
    pub step: u32,
    /// When that was.
    pub time_us: u64,
    /// Whose lane it belongs to, if to one.
    pub address: Option<Address>,
    /// What it stands for.
    pub kind: MarkKind,
}

/// A stretch of a lane or of the scrubber.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span {
    /// Begins at this step.
    pub from_step: u32,
    /// Ends before this step.
    pub to_step: u32,
    /// Begins at this time.
    pub from_us: u64,
    /// Ends at this time.
    pub to_us: u64,
    /// Its colour.
    pub tone: Tone,
    /// What it is called; empty where the colour says it.
    pub label: String,
}

/// A message in the space-time diagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Arrow {
    /// The step that sent it.
    pub sent_step: u32,
    /// The step that received it; `None` while under way, or if it was lost.
    pub received_step: Option<u32>,
    /// Who sent it.
    pub from: Address,
    /// Who was to get it.
    pub to: Address,
    /// When it was sent.
    pub sent_us: u64,
    /// When it arrived, was lost, or will arrive.
    pub end_us: u64,
    /// The index of its kind.
    pub kind: u8,
    /// Its colour.
    pub tone: Tone,
    /// Whether it was lost.
    pub lost: bool,
}

/// One party's lane in the space-time diagram.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaneView {
    /// Whose.
    pub address: Address,
    /// Its name.
    pub name: String,
    /// How it stood, over time.
    pub spans: Vec<Span>,
}

/// The part of the space-time diagram between two moments.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SpaceTime {
    /// The lanes, nodes first.
    pub lanes: Vec<LaneView>,
    /// The messages that touch the window; thinned out where there are more than were asked for.
    pub arrows: Vec<Arrow>,
    /// Marks on the lanes.
    pub marks: Vec<Mark>,
    /// When connections were cut.
    pub cuts: Vec<Span>,
    /// Whether some arrows were left out.
    pub thinned: bool,
}

/// What the scrubber is painted with.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tape {
    /// Terms, ballots or phases, from the first step to the last.
    pub eras: Vec<Span>,
    /// When somebody led.
    pub leaders: Vec<Span>,
    /// Marks.
    pub marks: Vec<Mark>,
}

/// A branch of the history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BranchView {
    /// Its number; 0 is the first history.
    pub id: u32,
    /// What it is called.
    pub name: String,
    /// The branch that it left.
    pub parent: Option<u32>,
    /// The first step that differs.
    pub forked_at: u32,
    /// How many steps it has.
    pub steps: u32,
    /// When it ends.
    pub end_us: u64,
    /// How many steps it has in common with the branch that is shown.
    pub common_steps: u32,
    /// When it parts from the branch that is shown.
    pub parts_us: u64,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// The causality of a step, as cursor positions in ascending order. Both lists hold the step itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Cone {
    /// What led to it.
    pub past: Vec<u32>,
    /// What came of it.
    pub future: Vec<u32>,
}

/// Something that a person did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deed {
    /// The step that it was, as a cursor position.
    pub step: u32,
    /// When.
    pub time_us: u64,
    /// What, as a sentence.
    pub text: String,
}

/// An event that waits for its turn; in manual mode the person chooses among these.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// Its number, to choose it by.
    pub id: u64,
    /// When it is due.
    pub due_us: u64,
    /// Whom it will happen to.
    pub address: Address,
    /// What it is, in words.
    pub text: String,
    /// Whether it is a message.
    pub message: bool,
}

/// What surrounds the nodes: the settings that hold where no link and no disk has its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Conditions {
    /// How all connections behave.
    #[serde(with = "super::as_json")]
    pub network: LinkOptions,
    /// How all disks behave.
    #[serde(with = "super::as_json")]
    pub disk: DiskOptions,
    /// What the clients do; `None` if nothing.
    #[serde(with = "super::as_json")]
    pub workload: Option<Workload>,
    /// Random faults; `None` if there are none.
    #[serde(with = "super::as_json")]
    pub chaos: Option<Chaos>,
}
