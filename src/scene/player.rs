//! What moves the cursor of a [`Workbench`]: playing, stepping, seeking, acting.
//!
//! Buttons, keys, links and scripts all speak [`Command`]. The player knows no page: it is told how much real
//! time went by and says what changed, so all of it is tested natively.

use super::workbench::{Action, Refusal, Selection, Workbench};
use super::{Lang, model::MarkKind};
use crate::sim::Problem;

pub use command::{Change, Command, Notice};

mod command;

/// How many times slower than virtual time the run can be shown, slowest first.
pub const SLOWDOWNS: [u32; 10] = [1000, 500, 200, 100, 50, 20, 10, 5, 2, 1];

/// The slowdown to begin with, as an index of [`SLOWDOWNS`].
const SLOWDOWN_AT_FIRST: usize = 4;

/// How long a single step forward is shown as a movement, in µs of real time.
pub const GLIDE_US: u64 = 160_000;

/// The most real time that one tick accounts for, in µs: a tab that slept does not race to catch up.
const TICK_US_MAX: u64 = 100_000;

/// The most steps that one tick records, so that no frame takes long.
const STEPS_PER_TICK: u32 = 2_000;

/// The most steps that one tick searches.
const SEARCHED_PER_TICK: u32 = 800;

/// The most steps that are recorded to find something in them.
const SEARCHED_AHEAD: u32 = 20_000;

/// After so much virtual time without a step, in µs, it is worth asking whether there will be another one.
const QUIET_US: u64 = 1_000_000;

/// After so much real time without a step that is worth stopping at, in µs, it is worth asking whether there will be one.
const UNEVENTFUL_US: u64 = 1_500_000;

/// How the shown moment moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Motion {
    Still,
    Playing,
    /// A single step, shown as a movement.
    Gliding {
        cursor: u32,
        to_us: u64,
        left_us: u64,
    },
    /// Recording up to a time that lies far ahead, some steps at each tick.
    Pursuing {
        to_us: u64,
    },
}

/// A workbench that moves.
pub struct Player {
    bench: Box<dyn Workbench>,
    motion: Motion,
    slowdown: usize,
    /// The shown moment: at or after the step before the cursor, and before the next one.
    time_us: u64,
    /// Real time that did not yet make a whole virtual µs.
    rest_us: u64,
    selection: Option<Selection>,
    manual: bool,
    /// Whether a single step is shown as a movement.
    glides: bool,
    search: Option<Search>,
    rest: Rest,
}

/// When playing stops because nothing more comes that is worth watching.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Rest {
    /// For how long there was nothing, in µs of real time.
    uneventful_us: u64,
    /// The next cursor position where there is something, if it is known.
    ahead: u32,
    /// It was said once that nothing comes: who plays on after that wants to.
    was_said: bool,
}

/// A search that is under way, some steps at each tick.
#[derive(Clone, PartialEq, Debug)]
struct Search {
    query: String,
    forward: bool,
    /// The next cursor position to look at.
    next: u32,
    /// How many more steps may be recorded for it.
    ahead: u32,
    lang: Lang,
}

impl Player {
    /// A player that stands still where the workbench stands.
    pub fn new(bench: Box<dyn Workbench>) -> Player {
        let time_us = bench.now_us();
        Player {
            bench,
            motion: Motion::Still,
            slowdown: SLOWDOWN_AT_FIRST,
            time_us,
            rest_us: 0,
            selection: None,
            manual: false,
            glides: true,
            search: None,
            rest: Rest::default(),
        }
    }

    /// The workbench, to look at.
    pub fn bench(&self) -> &dyn Workbench {
        self.bench.as_ref()
    }

    /// The workbench, for questions that it answers by looking something up (which needs its caches).
    pub fn bench_mut(&mut self) -> &mut dyn Workbench {
        self.bench.as_mut()
    }

    /// The shown moment, in virtual µs.
    pub fn time_us(&self) -> u64 {
        self.time_us
    }

    /// What is chosen.
    pub fn selection(&self) -> Option<Selection> {
        self.selection
    }

    /// Whether the run plays.
    pub fn is_playing(&self) -> bool {
        self.motion == Motion::Playing
    }

    /// Whether [`Player::tick`] has anything to do.
    pub fn is_moving(&self) -> bool {
        self.motion != Motion::Still || self.search.is_some()
    }

    /// Whether the person schedules.
    pub fn is_manual(&self) -> bool {
        self.manual
    }

    /// How many times slower than virtual time the run is shown.
    pub fn slowdown(&self) -> u32 {
        SLOWDOWNS.get(self.slowdown).copied().unwrap_or(1)
    }

    /// Keeps the speed when another run is opened.
    pub fn with_slowdown(mut self, slowdown: u32) -> Player {
        self.set_slowdown(slowdown);
        self
    }

    /// Whether a single step is shown as a movement; not for those who prefer reduced motion.
    pub fn set_glides(&mut self, glides: bool) {
        self.glides = glides;
    }

    /// Does what is wanted.
    ///
    /// # Errors
    /// Why an action was refused; nothing has changed then.
    pub fn apply(&mut self, command: Command, lang: Lang) -> Result<Change, Refusal> {
        // Whatever comes next starts from where a movement would have ended.
        let mut change = self.settle();
        self.search = None;
        let more = match command {
            Command::Play => self.play(true),
            Command::Pause => self.play(false),
            Command::PlayPause => self.play(!self.is_moving()),
            Command::Step(steps) => self.step(steps),
            Command::SeekTo(cursor) => self.seek(cursor),
            Command::SeekTime(time_us) => self.seek_time(time_us),
            Command::SeekThousandth(part) => {
                let end_us = self.bench.recorded_us();
                self.seek_time(end_us / 1000 * u64::from(part) + end_us % 1000 * u64::from(part) / 1000)
            }
            Command::First => self.seek(0),
            Command::Last => self.seek(self.bench.recorded()),
            Command::Milestone { forward } => self.milestone(forward),
            Command::Mark { forward } => self.mark(forward),
            Command::Faster => self.shift_slowdown(1),
            Command::Slower => self.shift_slowdown(-1),
            Command::Slowdown(slowdown) => {
                self.set_slowdown(slowdown);
                Change { mode: true, ..Change::default() }
            }
            Command::Act(action) => self.act(action, lang)?,
            Command::Manual(manual) => {
                self.manual = manual;
                if manual {
                    self.motion = Motion::Still;
                }
                Change { mode: true, ..Change::default() }
            }
            Command::Select(selection) => {
                let selection_changed = self.selection != selection;
                self.selection = selection;
                Change { selection: selection_changed, ..Change::default() }
            }
            Command::Switch(branch) => self.switch(branch),
            Command::Rename(branch, name) => {
                self.bench.rename(branch, &name);
                Change { branches: true, ..Change::default() }
            }
            Command::Delete(branch) => self.delete(branch),
            Command::Restore(branch) => Change { branches: self.bench.restore(branch), ..Change::default() },
            Command::Undo(step) => {
                let not_repeated = self.bench.undo(step)?;
                self.time_us = self.bench.now_us();
                let notice = Some(Notice::Undone { not_repeated });
                Change { notice, ..self.settled_elsewhere() }
            }
            Command::Find { query, forward } => self.search(query, forward, lang),
            Command::LastChange { node, field } => match self.bench.last_change(node, &field, lang) {
                Some(cursor) => self.seek(cursor),
                None => Change { notice: Some(Notice::NothingThere), ..Change::default() },
            },
        };
        change.merge(more);
        Ok(change)
    }

    /// Lets real time go by.
    pub fn tick(&mut self, elapsed_us: u64) -> Change {
        let elapsed_us = elapsed_us.min(TICK_US_MAX);
        if let Some(search) = self.search.take() {
            return self.search_on(search);
        }
        match self.motion {
            Motion::Still => Change::default(),
            Motion::Playing => {
                let real_us = elapsed_us + self.rest_us;
                let slowdown = u64::from(self.slowdown());
                self.rest_us = real_us % slowdown;
                let before = self.bench.cursor();
                let mut change = self.advance(self.time_us.saturating_add(real_us / slowdown));
                self.rest_where_nothing_comes(&mut change, before, elapsed_us);
                change
            }
            Motion::Gliding { cursor, to_us, left_us } => {
                if elapsed_us >= left_us {
                    return self.settle();
                }
                let way_us = to_us.saturating_sub(self.time_us);
                self.time_us += way_us * elapsed_us / left_us;
                self.motion = Motion::Gliding { cursor, to_us, left_us: left_us - elapsed_us };
                Change::default()
            }
            Motion::Pursuing { to_us } => {
                let mut change = self.advance(to_us);
                if self.time_us >= to_us || !self.is_moving() {
                    self.motion = Motion::Still;
                    change.mode = true;
                }
                change
            }
        }
    }

    /// Moves the shown moment forward, recording what is missing, but not more than fits into a frame.
    fn advance(&mut self, to_us: u64) -> Change {
        let mut change = Change::default();
        let mut reached_us = to_us;
        let before = self.bench.recorded();
        if self.bench.recorded_us() <= to_us {
            if let Err(problem) = self.bench.record(to_us, STEPS_PER_TICK) {
                self.motion = Motion::Still;
                change.mode = true;
                change.notice = Some(Notice::Stopped(problem));
            }
            let more = self.bench.recorded().saturating_sub(before);
            change.recorded = more > 0;
            if more == 0 && to_us - self.bench.recorded_us() > QUIET_US && self.is_at_rest() {
                self.motion = Motion::Still;
                change.mode = true;
                change.notice = Some(Notice::Stopped(Problem::AtRest));
            }
            if more >= STEPS_PER_TICK || change.notice.is_some() {
                reached_us = to_us.min(self.bench.recorded_us()).max(self.time_us);
            }
        }
        self.time_us = reached_us;
        let cursor = self.bench.cursor_at(reached_us);
        if cursor != self.bench.cursor() {
            self.bench.seek(cursor);
            change.cursor = true;
        }
        change
    }

    /// Stops where nothing more comes but what keeps a cluster alive, and says so once.
    fn rest_where_nothing_comes(&mut self, change: &mut Change, before: u32, elapsed_us: u64) {
        let cursor = self.bench.cursor();
        if change.notice.is_some() || self.rest.was_said {
            return;
        }
        if cursor < self.rest.ahead || self.bench.has_milestone(before, cursor) {
            self.rest.uneventful_us = 0;
            return;
        }
        self.rest.uneventful_us += elapsed_us;
        if self.rest.uneventful_us < UNEVENTFUL_US {
            return;
        }
        self.rest.uneventful_us = 0;
        match self.bench.milestone_ahead() {
            Some(ahead) => self.rest.ahead = ahead,
            None => {
                self.motion = Motion::Still;
                self.rest.was_said = true;
                change.mode = true;
                change.notice = Some(Notice::NothingMore);
            }
        }
    }

    /// Whether nothing is going to happen any more, however long one waits.
    fn is_at_rest(&self) -> bool {
        self.bench.cursor() == self.bench.recorded() && self.bench.pending(1, Lang::En).is_empty()
    }

    /// Ends a movement at once, where it was going to end.
    fn settle(&mut self) -> Change {
        if let Motion::Gliding { cursor, .. } = self.motion {
            self.motion = Motion::Still;
            return self.seek(cursor);
        }
        Change::default()
    }

    fn play(&mut self, play: bool) -> Change {
        let motion = if play { Motion::Playing } else { Motion::Still };
        let mode = self.motion != motion || (play && self.manual);
        self.motion = motion;
        // To play is to hand the schedule back to the seed.
        self.manual &= !play;
        Change { mode, ..Change::default() }
    }

    fn stop(&mut self, change: &mut Change) {
        if self.is_moving() {
            self.motion = Motion::Still;
            change.mode = true;
        }
    }

    fn step(&mut self, steps: i32) -> Change {
        let mut change = Change::default();
        self.stop(&mut change);
        let from = self.bench.cursor();
        if steps == 1 {
            if from >= self.bench.recorded() {
                match self.bench.record(u64::MAX, 1) {
                    Ok(()) if self.bench.recorded() > from => change.recorded = true,
                    Ok(()) => change.notice = Some(Notice::Stopped(Problem::AtRest)),
                    Err(problem) => change.notice = Some(Notice::Stopped(problem)),
                }
            }
            let to_us = self.bench.time_at(from.saturating_add(1));
            if self.glides && from < self.bench.recorded() && to_us > self.time_us {
                self.motion = Motion::Gliding { cursor: from + 1, to_us, left_us: GLIDE_US };
                return change;
            }
        }
        change.merge(self.seek(from.saturating_add_signed(steps)));
        change
    }

    fn seek(&mut self, cursor: u32) -> Change {
        let mut change = Change::default();
        self.stop(&mut change);
        let (before, recorded) = (self.bench.cursor(), self.bench.recorded());
        let now = self.bench.seek(cursor);
        self.time_us = self.bench.now_us();
        self.rest_us = 0;
        if now < before {
            self.rest = Rest::default();
        }
        change.cursor = now != before;
        change.recorded |= self.bench.recorded() != recorded;
        change
    }

    fn seek_time(&mut self, time_us: u64) -> Change {
        if time_us <= self.bench.recorded_us() {
            let mut change = self.seek(self.bench.cursor_at(time_us));
            self.time_us = self.time_us.max(time_us);
            change.cursor = true;
            return change;
        }
        self.motion = Motion::Pursuing { to_us: time_us };
        Change { mode: true, ..Change::default() }
    }

    fn milestone(&mut self, forward: bool) -> Change {
        let mut change = Change::default();
        self.stop(&mut change);
        let recorded = self.bench.recorded();
        match self.bench.milestone(forward) {
            Some(cursor) => change.merge(self.seek(cursor)),
            None if !forward => change.merge(self.seek(0)),
            None => change.notice = Some(Notice::NoMilestone),
        }
        change.recorded |= self.bench.recorded() != recorded;
        change
    }

    fn mark(&mut self, forward: bool) -> Change {
        let here = self.bench.cursor();
        let tape = self.bench.tape(Lang::En);
        let mut marks =
            tape.marks.iter().filter(|mark| mark.kind != MarkKind::Milestone).map(|mark| mark.step);
        let found = if forward { marks.find(|step| *step > here) } else { marks.rfind(|step| *step < here) };
        match found {
            Some(step) => self.seek(step),
            None => Change { notice: Some(Notice::NothingThere), ..Change::default() },
        }
    }

    fn shift_slowdown(&mut self, by: isize) -> Change {
        let slowdown = self.slowdown.saturating_add_signed(by).min(SLOWDOWNS.len() - 1);
        let mode = slowdown != self.slowdown;
        self.slowdown = slowdown;
        Change { mode, ..Change::default() }
    }

    fn set_slowdown(&mut self, slowdown: u32) {
        if let Some(at) = SLOWDOWNS.iter().position(|known| *known == slowdown) {
            self.slowdown = at;
        }
    }

    fn act(&mut self, action: Action, lang: Lang) -> Result<Change, Refusal> {
        let branch = current_branch(self.bench.as_ref());
        self.bench.act(action, lang)?;
        self.rest = Rest::default();
        self.time_us = self.time_us.max(self.bench.now_us());
        let mut change = Change { cursor: true, recorded: true, ..Change::default() };
        if current_branch(self.bench.as_ref()) != branch {
            change.branches = true;
            change.notice = Some(Notice::Branched { left: branch });
        }
        Ok(change)
    }

    fn switch(&mut self, branch: u32) -> Change {
        self.motion = Motion::Still;
        if !self.bench.switch(branch) {
            return Change { mode: true, ..Change::default() };
        }
        self.settled_elsewhere()
    }

    /// Another branch is shown, and stands still.
    fn settled_elsewhere(&mut self) -> Change {
        self.motion = Motion::Still;
        self.time_us = self.bench.now_us();
        self.rest_us = 0;
        self.rest = Rest::default();
        self.selection = None;
        Change::everything()
    }

    fn delete(&mut self, branch: u32) -> Change {
        let branches = self.bench.branches();
        let Some(found) = branches.iter().find(|other| other.id == branch) else { return Change::default() };
        if !self.bench.delete(branch) {
            return Change { notice: Some(Notice::NothingThere), ..Change::default() };
        }
        let notice = Some(Notice::Deleted { branch, name: found.name.clone() });
        if found.current {
            return Change { notice, ..self.settled_elsewhere() };
        }
        Change { branches: true, notice, ..Change::default() }
    }

    fn search(&mut self, query: String, forward: bool, lang: Lang) -> Change {
        let mut change = Change::default();
        self.stop(&mut change);
        let cursor = self.bench.cursor();
        let next = if forward { cursor + 1 } else { cursor.saturating_sub(1) };
        self.search = Some(Search { query, forward, next, ahead: SEARCHED_AHEAD, lang });
        change
    }

    /// Looks at some more steps.
    fn search_on(&mut self, search: Search) -> Change {
        let Search { query, forward, next, ahead, lang } = &search;
        let positions = if *forward {
            (*next, next.saturating_add(SEARCHED_PER_TICK - 1))
        } else {
            (next.saturating_sub(SEARCHED_PER_TICK - 1).max(1), *next)
        };
        let recorded = self.bench.recorded();
        let missing = positions.1.saturating_sub(recorded).min(*ahead);
        if missing > 0 {
            // At a limit, and at rest, the search ends with what is recorded.
            let _ = self.bench.record(u64::MAX, missing);
        }
        if *next == 0 || *next > self.bench.recorded() {
            return Change { notice: Some(Notice::NotFound), ..Change::default() };
        }
        if let Some(cursor) = self.bench.find(query, positions, *forward, *lang) {
            let recorded = self.bench.recorded() != recorded;
            return Change { recorded, ..self.seek(cursor) };
        }
        let next = if *forward { positions.1 + 1 } else { positions.0 - 1 };
        self.search = Some(Search { next, ahead: ahead - missing, ..search });
        Change { recorded: missing > 0, ..Change::default() }
    }
}

fn current_branch(bench: &dyn Workbench) -> u32 {
    bench.branches().iter().find(|branch| branch.current).map_or(0, |branch| branch.id)
}

#[cfg(test)]
mod tests;
