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
    /// Whether a person has deleted it. It can be restored until another branch needs its place.
    pub deleted: bool,
}

/// What became of an intervention that was taken out of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Removed {
    /// How many later interventions could not be done again: what they were about is not there any more.
    pub not_repeated: u32,
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
        let first = Branch { name: String::new(), parent: None, forked_at: 0, recording, deleted: false };
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

    /// Moves the cursor like [`History::seek`], and lets somebody else take the last step of the way: `take` is handed
    /// the recording and the cluster before that step. Nothing is taken at the start.
    pub fn seek_watching_last<T>(
        &mut self,
        steps: u32,
        take: impl FnOnce(&Recording<P>, &mut Cluster<P>) -> Option<T>,
    ) -> Option<T> {
        let branch = self.branches.get_mut(self.current)?;
        let missing = steps.saturating_sub(branch.recording.steps());
        // At a limit, and at rest, the cursor simply stays at the end.
        let _ = branch.recording.record_until(u64::MAX, missing);
        let steps = steps.min(branch.recording.steps());
        if steps == self.cursor.steps() {
            return None;
        }
        branch.recording.move_to(&mut self.cursor, steps.saturating_sub(1));
        if steps == 0 { None } else { take(&branch.recording, &mut self.cursor) }
    }

    /// Records ahead of the cursor; see [`Recording::record_until`].
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn record(&mut self, until_us: u64, steps: u32) -> Result<(), Problem> {
        self.record_in(self.current, until_us, steps)
    }

    /// Records another branch on; see [`Recording::record_until`].
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn record_in(&mut self, branch: usize, until_us: u64, steps: u32) -> Result<(), Problem> {
        match self.branches.get_mut(branch) {
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
        let place = self.place();
        let Some(branch) = self.branches.get_mut(self.current) else { return Ok(()) };
        if at == branch.recording.steps() {
            branch.recording.intervene(act)?;
        } else {
            let place = place?;
            let mut recording = branch.recording.fork(at);
            recording.intervene(act)?;
            self.open(place, at, recording);
        }
        self.seek(at + 1);
        Ok(())
    }

    /// Takes out what a person did at this step: a branch without it is opened there. What was done later is done
    /// again at the same virtual times, as far as it still can be.
    ///
    /// # Errors
    /// Why there cannot be another branch.
    pub fn without(&mut self, step: u32) -> Result<Removed, Problem> {
        let place = self.place()?;
        let mut removed = Removed { not_repeated: 0 };
        let Some(old) = self.recording() else { return Ok(removed) };
        let mut recording = old.fork(step);
        // An event that was pending before is still the same one; a later one may be another in this future.
        let first_new = recording.head().queue().next_id();
        for (at, act) in old.interventions().range(step.saturating_add(1)..) {
            let is_known = act.event().is_none_or(|event| event < first_new);
            let missing = limits::STEPS_MAX.saturating_sub(recording.steps());
            let repeated = is_known
                && old.info(*at).is_some_and(|info| recording.record_until(info.time_us, missing).is_ok())
                && recording.intervene(act.clone()).is_ok();
            removed.not_repeated += u32::from(!repeated);
        }
        self.open(place, step, recording);
        self.seek(step);
        Ok(removed)
    }

    /// Where the next branch goes: behind the others, or in the place of one that was deleted and that no other
    /// has left.
    fn place(&self) -> Result<usize, Problem> {
        let limit = limits::BRANCHES_MAX;
        if self.branches.len() < limit as usize {
            return Ok(self.branches.len());
        }
        let is_left = |at: usize| self.branches.iter().any(|branch| branch.parent == Some(at));
        let free = self.branches.iter().enumerate().find(|(at, branch)| branch.deleted && !is_left(*at));
        free.map(|(at, _)| at).ok_or(Problem::Full { what: "branches".into(), limit: limit.into() })
    }

    /// Puts a branch of the one that is shown at this place, and shows it.
    fn open(&mut self, place: usize, forked_at: u32, recording: Recording<P>) {
        let parent = Some(self.current);
        let branch = Branch { name: String::new(), parent, forked_at, recording, deleted: false };
        match self.branches.get_mut(place) {
            Some(old) => *old = branch,
            None => self.branches.push(branch),
        }
        self.current = place;
    }

    /// Deletes a branch, unless it is the only one. If it is shown, the one that it left is shown instead.
    /// Returns whether it was deleted.
    pub fn delete(&mut self, branch: usize) -> bool {
        let is_there = |at: &usize| self.branches.get(*at).is_some_and(|branch| !branch.deleted);
        if !is_there(&branch) {
            return false;
        }
        let parents = std::iter::successors(Some(branch), |at| self.branches.get(*at)?.parent).skip(1);
        let others = (0..self.branches.len()).filter(|at| *at != branch);
        let Some(next) = parents.chain(others).find(is_there) else { return false };
        if branch == self.current {
            self.switch(next);
        }
        if let Some(branch) = self.branches.get_mut(branch) {
            branch.deleted = true;
        }
        true
    }

    /// Brings a deleted branch back. Returns whether it is there.
    pub fn restore(&mut self, branch: usize) -> bool {
        let found = self.branches.get_mut(branch);
        found.map(|branch| branch.deleted = false).is_some()
    }

    /// Shows another branch. Returns whether there is one at this position.
    pub fn switch(&mut self, branch: usize) -> bool {
        let Some(other) = self.branches.get(branch).filter(|branch| !branch.deleted) else { return false };
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
