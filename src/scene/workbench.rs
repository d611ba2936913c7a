//! The one interface that the page sees, the same for every protocol.
//!
//! A workbench is an open run with a cursor. The cursor stands *after* a step: at 0 nothing has happened yet.
//! What is asked about "the cluster" is asked about the moment of the cursor. Steps are numbered as people
//! count them, from 1: step `n` is the one that ends at cursor position `n`.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::Lang;
use super::circle::Circle;
use super::compare::Comparison;
use super::condition::{Condition, ConditionError, Vocabulary};
use super::export::Account;
use super::facts::Fact;
use super::metrics::Metrics;
use super::model::{
    BranchView, Conditions, Cone, Deed, Inspection, Message, Pending, Sentence, SourceSpot, SpaceTime, Stage,
    Table, Tape,
};
use crate::protocol::NodeId;
use crate::sim::{Address, EventId, Intervention, Problem};

/// An intervention as a person gives it: commands and operations are text until the protocol has read them.
pub type Action = Intervention<String, String>;

/// Something that can be chosen, anywhere on the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Selection {
    /// A node or a client.
    Party(Address),
    /// A message under way.
    Message(EventId),
    /// A step of the recording.
    Step(u32),
    /// A key, by its position on the circle.
    Key(u64),
}

/// What a person can type for a client or an operator, with an example to start from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Prompt {
    /// What it does.
    pub label: String,
    /// The text that does it: `put a 1`.
    pub example: String,
}

/// Why an action was refused.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The text is not a command of this protocol.
    #[error("{0}")]
    Text(String),
    /// The cluster cannot do that now.
    #[error("{0}")]
    Cluster(#[from] Problem),
}

impl Refusal {
    /// What was wrong and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Refusal::Text(text) => text.clone(),
            Refusal::Cluster(problem) => super::telling::problem_text(problem, lang),
        }
    }
}

/// An open run.
///
/// `scene::catalogue` lists what can be opened, and `scene::open` opens it.
pub trait Workbench {
    /// The protocol's name: `raft`.
    fn protocol(&self) -> &'static str;

    /// The name of the scenario, `raft/calm`, or `custom`.
    fn scenario(&self) -> &str;

    /// The seed.
    fn seed(&self) -> u64;

    /// How many nodes there are.
    fn nodes(&self) -> u16;

    /// How many clients there are.
    fn clients(&self) -> u16;

    /// How many steps the current branch has recorded.
    fn recorded(&self) -> u32;

    /// The virtual time of the last recorded step.
    fn recorded_us(&self) -> u64;

    /// The cursor: how many steps have happened.
    fn cursor(&self) -> u32;

    /// The virtual time at the cursor: that of the step before it, 0 at the start.
    fn now_us(&self) -> u64;

    /// Moves the cursor; a step beyond the end is recorded as far as there is one. Returns where it stands.
    fn seek(&mut self, step: u32) -> u32;

    /// Records ahead of the cursor until the branch reaches this virtual time, or `steps` more steps exist.
    ///
    /// # Errors
    /// The limit that stops the run.
    fn record(&mut self, until_us: u64, steps: u32) -> Result<(), Problem>;

    /// The last recorded step at or before this time (as a cursor position).
    fn cursor_at(&self, time_us: u64) -> u32;

    /// The time of the recorded step before this cursor position; 0 at the start.
    fn time_at(&self, cursor: u32) -> u64;

    /// The next (or the previous) cursor position after a step that is worth stopping at. Records as far as that, and
    /// nothing where there is none.
    fn milestone(&mut self, forward: bool) -> Option<u32>;

    /// The next cursor position after a step that is worth stopping at, recorded or not. Records nothing.
    fn milestone_ahead(&self) -> Option<u32>;

    /// Whether a step that is worth stopping at lies between two cursor positions.
    fn has_milestone(&self, from: u32, to: u32) -> bool;

    /// Acts at the cursor. In the past this opens a branch, and the old future stays.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has changed then.
    fn act(&mut self, action: Action, lang: Lang) -> Result<(), Refusal>;

    /// What network, disks, clients and chance do at the cursor: where a form for changing them starts from.
    fn conditions(&self) -> Conditions;

    /// The cluster, drawn.
    fn stage(&self, lang: Lang) -> Stage;

    /// The messages of the stage without their descriptions, for one who paints many of them often.
    fn traffic(&self) -> Vec<Message>;

    /// The circle on which keys are placed, where there is one. What does not change from moment to moment is shared.
    fn circle(&self) -> Option<Rc<Circle>>;

    /// Times the lookups of the algorithms that a table compares, with a clock in ms, once for each change of the
    /// members. Returns whether anything was timed: then the table is another one. What is measured is no part
    /// of the run.
    fn time_lookups(&self, clock: &dyn Fn() -> f64) -> bool;

    /// Logs, state machine, disk: the tables of this protocol at the cursor. Of a node that is down they show
    /// what it would find on its disk. Only the one at the position `shown` needs to have rows.
    fn tables(&self, shown: usize, lang: Lang) -> Vec<Table>;

    /// What happened in the step before the cursor position `cursor` (1 is the first step).
    fn sentence(&mut self, cursor: u32, lang: Lang) -> Option<Sentence>;

    /// What happened in all steps from one cursor position to another, both included, in their order.
    fn sentences(&self, from: u32, to: u32, lang: Lang) -> Vec<Sentence>;

    /// The fields of what is selected, with what the step at the cursor changed.
    fn inspect(&mut self, selection: Selection, lang: Lang) -> Option<Inspection>;

    /// The chain of causes of a step, the step itself first.
    fn causes(&mut self, cursor: u32, lang: Lang) -> Vec<Sentence> {
        self.causes_within(cursor, lang, usize::MAX).unwrap_or_default()
    }

    /// The same, if no more than so many steps have to be run again for it; else these are run, and remembered until
    /// one asks again.
    fn causes_within(&mut self, cursor: u32, lang: Lang, steps_max: usize) -> Option<Vec<Sentence>>;

    /// What led to a step, and what came of it.
    fn cone(&self, cursor: u32) -> Cone;

    /// A step that says all words of `query`, among the cursor positions from one to another, both included: the
    /// first of them, or the last where not `forward`. Looking takes time in proportion to their number.
    fn find(&self, query: &str, positions: (u32, u32), forward: bool, lang: Lang) -> Option<u32>;

    /// The last step up to the cursor that changed this field of a node, by the name that the inspector gives it.
    fn last_change(&self, node: NodeId, field: &str, lang: Lang) -> Option<u32>;

    /// The facts of all nodes and clients at the cursor.
    fn facts(&self) -> Vec<(Address, Vec<Fact>)>;

    /// The facts of the whole cluster at the cursor.
    fn cluster_facts(&self) -> Vec<Fact>;

    /// The names that a condition over this run can use.
    fn vocabulary(&self) -> Vocabulary;

    /// Reads a condition over this run.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    fn condition(&self, text: &str) -> Result<Condition, ConditionError> {
        super::condition::parse(text, &self.vocabulary())
    }

    /// The first cursor position at or after `from` at which a condition holds, among the `steps_max` that follow.
    /// Records as far as it looks, and leaves the cursor where it is.
    fn until(&mut self, condition: &Condition, from: u32, steps_max: u32) -> Option<u32>;

    /// Whether a condition holds at a cursor position.
    fn holds_at(&mut self, condition: &Condition, cursor: u32) -> bool {
        self.until(condition, cursor, 0).is_some()
    }

    /// The lines of source that acted in the step.
    fn source(&mut self, cursor: u32) -> Vec<SourceSpot>;

    /// Events that wait for their turn, the earliest first; at most `count`.
    fn pending(&self, count: usize, lang: Lang) -> Vec<Pending>;

    /// The space-time diagram between two moments, with at most `arrows` arrows.
    fn space_time(&self, from_us: u64, to_us: u64, arrows: usize) -> SpaceTime;

    /// What the scrubber is painted with.
    fn tape(&self, lang: Lang) -> Tape;

    /// All branches, in the order of their numbers.
    fn branches(&self) -> Vec<BranchView>;

    /// Shows another branch, at the step where it forked or its end if that comes earlier.
    fn switch(&mut self, branch: u32) -> bool;

    /// Names a branch.
    fn rename(&mut self, branch: u32, name: &str);

    /// Deletes a branch, unless it is the only one. Where it is shown, another one is shown instead.
    fn delete(&mut self, branch: u32) -> bool;

    /// Brings a deleted branch back.
    fn restore(&mut self, branch: u32) -> bool;

    /// Compares the branch that is shown with another one, at the moment of the cursor.
    fn compare(&mut self, other: u32, lang: Lang) -> Option<Comparison>;

    /// What a person did in the branch that is shown, in order.
    fn deeds(&self, lang: Lang) -> Vec<Deed>;

    /// Takes out what a person did at this step: a branch without it is opened and shown. What was done later is
    /// done again at the same times; returns how much of it was not possible any more.
    ///
    /// # Errors
    /// Why there cannot be another branch.
    fn undo(&mut self, step: u32) -> Result<u32, Problem>;

    /// What a client can be told to ask, with examples.
    fn commands(&self, lang: Lang) -> Vec<Prompt>;

    /// What an operator can ask of this node, with examples.
    fn operations(&self, node: NodeId, lang: Lang) -> Vec<Prompt>;

    /// The exact run, paused at the cursor, as the fragment of a link (without `#`).
    fn link(&self) -> String;

    /// The exact run as a scenario file.
    fn json(&self) -> String;

    /// The run up to the cursor as NDJSON, a line at a time and without line ends; see [`super::trace`]. `line`
    /// says whether it wants more. Returns whether everything was written.
    fn trace(&self, line: &mut dyn FnMut(&str) -> bool) -> bool;

    /// The steps from one to another (both included, counted from 1), told with their messages: what
    /// [`super::export`] writes diagrams and logs from.
    fn account(&self, from: u32, to: u32, lang: Lang) -> Vec<Account>;

    /// What an operator would chart.
    fn metrics(&self) -> Metrics;

    /// The digest of the run up to the cursor: equal bytes, equal digest.
    fn digest(&mut self) -> u64;
}
