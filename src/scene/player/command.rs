//! What the player is told, and what it tells.

use serde::{Deserialize, Serialize};

use crate::protocol::NodeId;
use crate::scene::workbench::{Action, Selection};
use crate::sim::Problem;

/// What a person (or a script) wants of the player.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Plays.
    Play,
    /// Stops playing, moving and seeking.
    Pause,
    /// Plays if still, and pauses otherwise.
    PlayPause,
    /// Some steps forward, or backward where negative.
    Step(i32),
    /// To this cursor position.
    SeekTo(u32),
    /// To the last step at or before this virtual time, in µs; the run is recorded up to there.
    SeekTime(u64),
    /// To this many thousandths of what is recorded.
    SeekThousandth(u32),
    /// To before the first step.
    First,
    /// To after the last recorded step.
    Last,
    /// To the next or previous step that is worth stopping at.
    Milestone {
        /// Forward or backward.
        forward: bool,
    },
    /// To the next or previous mark (crash, restart, cut, violation) on the tape.
    Mark {
        /// Forward or backward.
        forward: bool,
    },
    /// One speed up.
    Faster,
    /// One speed down.
    Slower,
    /// This slowdown, one of [`SLOWDOWNS`].
    Slowdown(u32),
    /// Acts at the cursor.
    Act(#[serde(with = "super::super::as_json")] Action),
    /// Hands the schedule to the person, or back to the seed.
    Manual(bool),
    /// Chooses something, or nothing.
    Select(Option<Selection>),
    /// Shows another branch.
    Switch(u32),
    /// Names a branch.
    Rename(u32, String),
    /// Deletes a branch.
    Delete(u32),
    /// Brings a deleted branch back.
    Restore(u32),
    /// Takes out what a person did at this step, in a branch without it.
    Undo(u32),
    /// To the next or previous step that says all of these words.
    Find {
        /// The words.
        query: String,
        /// Forward or backward.
        forward: bool,
    },
    /// To the step that gave a field of a node its value, by the name that the inspector gives it.
    LastChange {
        /// Which node.
        node: NodeId,
        /// The field's name.
        field: String,
    },
}

/// What changed, so that the page redraws that and nothing else.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// The cursor stands elsewhere, or the run at the cursor is another.
    pub cursor: bool,
    /// More (or another history) is recorded.
    pub recorded: bool,
    /// The selection.
    pub selection: bool,
    /// Whether it plays, how fast, who schedules.
    pub mode: bool,
    /// Branches came, went or were named.
    pub branches: bool,
    /// Something that the person should be told.
    pub notice: Option<Notice>,
}

impl Change {
    /// Whether anything changed that is drawn by structure and not only by movement.
    pub fn is_any(&self) -> bool {
        *self != Change::default()
    }

    /// This and more.
    pub(super) fn merge(&mut self, more: Change) {
        self.cursor |= more.cursor;
        self.recorded |= more.recorded;
        self.selection |= more.selection;
        self.mode |= more.mode;
        self.branches |= more.branches;
        self.notice = more.notice.or(self.notice.take());
    }

    /// What changes when another history is shown.
    pub(super) fn everything() -> Change {
        Change { cursor: true, recorded: true, selection: true, mode: true, branches: true, notice: None }
    }
}

/// Something that happened by the way.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Notice {
    /// The run goes no further.
    Stopped(Problem),
    /// Acting in the past opened a branch; the old one is named here.
    Branched {
        /// The branch that was shown until now.
        left: u32,
    },
    /// There is no further mark or step of this kind in this direction.
    NothingThere,
    /// There is no further milestone, as far as one looks ahead.
    NoMilestone,
    /// Playing stopped, because nothing more comes that is worth watching.
    NothingMore,
    /// No further step says what was looked for.
    NotFound,
    /// A branch was deleted; it can be restored.
    Deleted {
        /// Which one.
        branch: u32,
        /// Its name.
        name: String,
    },
    /// What a person did was taken out, in a branch of its own.
    Undone {
        /// How much of what was done later could not be done again.
        not_repeated: u32,
    },
}
