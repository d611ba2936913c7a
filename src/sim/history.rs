//! All that happened and all that might have: branches, and a cursor in one of them.

use std::sync::Arc;

use super::setup::{ClusterSetup, InterventionOf};
use super::{Cluster, Problem, Recording, limits};
use crate::protocol::Participant;

/// The longest name of a branch, in characters.
pub const NAME_CHARS_MAX: usize = 60;

/// One course of events.
#[derive(Debug)]
pub struct Branch<P: Participant> {
    /// What a person calls it; empty for a name that says where it forked.
    pub name: String,
    /// The branch that it left.
    pub parent: Option<usize>,
    /// The first step that differs.
    pub forked_at: u32,
    /// What happened.
    pub recording: Recording<P>,
}

/// Branches, and a cursor in one of them.
#[derive(Debug)]
pub struct History<P: Participant> {
    branches: Vec<Branch<P>>,
    current: usize,
    cursor: Cluster<P>,
}

impl<P: Participant> History<P> {
    /// A history in which nothing has happened yet. The setup has been validated.
    pub fn new(setup: Arc<ClusterSetup<P>>, seed: u64) -> Self {
        Self::of_recording(Recording::new(setup, seed))
    }

    /// A history whose first branch is this recording. The cursor stands at its start.
    pub fn of_recording(recording: Recording<P>) -> Self {
        let cursor = recording.at(0);
        let first = Branch { name: String::new(), parent: None, forked_at: 0, recording };
        History { branches: vec![first], current: 0, cursor }
    }

    /// All branches, in the order in which they were opened.
    pub fn branches(&self) -> &[Branch<P>] {
        &self.branches
    }

    /// The position of the branch that is shown.
    pub fn current(&self) -> usize {
        self.current
    }

    /// The branch that is shown. There always is one.
    fn shown(&mut self) -> Option<&mut Branch<P>> {
        self.branches.get_mut(self.current)
    }

    /// The recording that is shown.
    pub fn recording(&self) -> Option<&Recording<P>> {
        self.branches.get(self.current).map(|branch| &branch.recording)
    }

    /// The cluster at the cursor.
    pub fn cluster(&self) -> &Cluster<P> {
        &self.cursor
    }

    /// How many steps have happened at the cursor.
    pub fn cursor(&self) -> u32 {
        self.cursor.steps()
    }

    /// Moves the cursor, recording what is not yet recorded. Returns where it stands.
    pub fn seek(&mut self, steps: u32) -> u32 {
        let Some(branch) = self.branches.get_mut(self.current) else { return 0 };
        let missing = steps.saturating_sub(branch.recording.steps());
        // At a limit, and at rest, the cursor simply stays at the end.
        let _ = branch.recording.record_until(u64::MAX, missing);
        branch.recording.move_to(&mut self.cursor, steps);
        self.cursor.steps()
    }

    /// Records ahead of the cursor; see [`Recording::record_until`].
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn record(&mut self, until_us: u64, steps: u32) -> Result<(), Problem> {
        match self.shown() {
            Some(branch) => branch.recording.record_until(until_us, steps),
            None => Ok(()),
        }
    }

    /// Acts at the cursor, and moves it behind what was done. Where the branch goes on after the cursor, what
    /// follows is a branch of its own, and the old future stays.
    ///
    /// # Errors
    /// Why it cannot be done. Nothing has changed then.
    pub fn act(&mut self, act: InterventionOf<P>) -> Result<(), Problem> {
        let at = self.cursor.steps();
        let count = self.branches.len();
        let Some(branch) = self.branches.get_mut(self.current) else { return Ok(()) };
        if at == branch.recording.steps() {
            branch.recording.intervene(act)?;
        } else {
            if count >= limits::BRANCHES_MAX as usize {
                return Err(Problem::Full { what: "branches", limit: u64::from(limits::BRANCHES_MAX) });
            }
            let mut recording = branch.recording.fork(at);
            recording.intervene(act)?;
            let parent = Some(self.current);
            self.current = count;
            self.branches.push(Branch { name: String::new(), parent, forked_at: at, recording });
        }
        self.seek(at + 1);
        Ok(())
    }

    /// Shows another branch. Returns whether there is one at this position.
    pub fn switch(&mut self, branch: usize) -> bool {
        let Some(other) = self.branches.get(branch) else { return false };
        // The last step that both have in common is where a comparison starts.
        let common = self.common_steps(self.current, branch);
        let steps = self.cursor.steps().min(other.recording.steps());
        self.cursor = other.recording.at(if common < steps { steps } else { common.min(steps) });
        self.current = branch;
        true
    }

    /// How many steps two branches have in common.
    pub fn common_steps(&self, a: usize, b: usize) -> u32 {
        let lineage = |mut at: usize| {
            let mut forks = vec![(at, u32::MAX)];
            while let Some((parent, forked_at)) =
                self.branches.get(at).and_then(|branch| Some((branch.parent?, branch.forked_at)))
            {
                forks.push((parent, forked_at));
                at = parent;
            }
            forks
        };
        let (of_a, of_b) = (lineage(a), lineage(b));
        let mut lowest_a = u32::MAX;
        for (branch, left_at) in of_a {
            lowest_a = lowest_a.min(left_at);
            let mut lowest_b = u32::MAX;
            for (other, other_left_at) in &of_b {
                lowest_b = lowest_b.min(*other_left_at);
                if *other == branch {
                    return lowest_a.min(lowest_b);
                }
            }
        }
        0
    }

    /// Names a branch; a name that is too long is cut.
    pub fn rename(&mut self, branch: usize, name: &str) {
        if let Some(branch) = self.branches.get_mut(branch) {
            branch.name = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
        }
    }
}
