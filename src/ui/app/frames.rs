//! Frame by frame: what is asked of the run, how often, and what is written past Yew.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use super::{App, Layout, Msg};
use crate::scene::Command;
use crate::scene::player::{Change, Notice};
use crate::ui::ask::{Ask, Panel};
use crate::ui::dom;
use crate::ui::snapshot::InView;
use crate::ui::words;
use crate::wire::Remote;
use crate::word;

/// How often a part of the page is drawn anew while a run plays, in ms: one part at a time, so that none of them makes a
/// frame late.
const PART_MS: f64 = 60.0;

/// How often the chain of causes and the code are looked up while a run plays, in ms.
const CAUSES_MS: f64 = 560.0;

/// How many times longer than a step of that chain took the next one waits, for each ms that it took: what fits into a
/// frame soon goes on, what makes frames late seldom.
const ASK_PAUSE_PER_MS: f64 = 4.0;

/// How often the messages of a crowded stage are painted from a newer state while a run plays, in ms: they move on
/// between.
const CROWD_MS: f64 = 30.0;

/// With more parties and messages than this a stage is crowded.
const CROWD: usize = 24;

/// A frame that took longer than this, in ms, was late.
const FRAME_MS_LATE: f64 = 21.0;

/// By how much structure is slowed down after a frame that it made late, and sped up after any other: it settles where
/// about one frame in a hundred is late.
const LATE: f64 = 1.25;
const IN_TIME: f64 = 0.9977;

/// From here on every stage counts as crowded.
const STRETCH_CROWDED: f64 = 2.0;

/// The most that structure is slowed down where frames are late.
const STRETCH_MAX: f64 = 4.0;

/// In how many frames in a row panels wait at most for one that shows no other stage, while somebody drags the needle:
/// the stage is not kept waiting by what is read afterwards.
const PANELS_WAIT_FRAMES_MAX: u8 = 3;

/// How often panels are drawn at most while moments follow each other quickly, in ms: what is shown last they show a
/// little later, together with why it happened. Where they stand in two columns, these take turns, so that the browser
/// is done with one of them before the next moment is shown.
const PANELS_MS: f64 = 250.0;

/// Moments follow each other quickly if there are fewer ms between them than this, and more than those that one wish
/// takes that moves the cursor several times.
const QUICK_MS: f64 = 80.0;
const WISH_MS: f64 = 8.0;

/// How long after the last change the address is written, in ms.
const SAVE_MS: u32 = 250;

/// How long after the last change it is looked up why it happened and what code ran, in ms: somebody who drags the
/// needle waits for neither.
const EXPLAIN_MS: u32 = 80;

/// A part of the page that is drawn anew while a run plays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The nodes of a crowded stage. (One that is not crowded is drawn anew in every frame.)
    Stage,
    /// The sentence, the scrubber and the diagram.
    Sentence,
    /// The table.
    Table,
    /// The panel at the side.
    Side,
    /// The chain of causes and the code, and the metrics.
    Causes,
}

/// The order in which parts take their turns: the stage and the sentence come round more often than the rest.
const TURNS: [Part; 10] = [
    Part::Stage,
    Part::Sentence,
    Part::Stage,
    Part::Table,
    Part::Sentence,
    Part::Stage,
    Part::Side,
    Part::Sentence,
    Part::Stage,
    Part::Causes,
];

impl App {
    /// The browser is about to paint.
    pub(super) fn on_frame(&mut self, ctx: &Context<Self>, now_ms: f64) -> bool {
        self.frame = None;
        let elapsed_us = self.frame_ms.map_or(0.0, |last_ms| (now_ms - last_ms).max(0.0) * 1000.0);
        self.frame_ms = Some(now_ms);
        // What moves goes first: where drawing structure makes frames late, it is drawn less often. A frame that was late
        // though nothing but motion was written is not the fault of structure.
        let is_late = std::mem::take(&mut self.was_drawn) && elapsed_us > FRAME_MS_LATE * 1000.0;
        self.stretch = (self.stretch * if is_late { LATE } else { IN_TIME }).clamp(1.0, STRETCH_MAX);
        let were_panels_old = self.are_panels_old();
        let Some(run) = &self.run else { return false };
        let was_playing = run.is_playing();
        let change = run.tick(elapsed_us as u64);
        let moved = change.cursor;
        let drawn = change.is_any() && self.follow(ctx, change);
        let drawn = drawn | (was_playing && self.draw_part(now_ms));
        let drawn = drawn | (was_playing && !drawn && self.ask_on(now_ms));
        self.repaint_crowd(now_ms);
        if were_panels_old {
            self.refresh_panels(false);
        }
        let drawn = drawn | were_panels_old;
        if moved && !was_playing {
            self.announce();
        }
        if !drawn {
            self.paint();
        }
        self.was_drawn = drawn;
        self.keep_moving(ctx);
        drawn
    }

    /// Asks for the next frame, if anything moves.
    pub(super) fn keep_moving(&mut self, ctx: &Context<Self>) {
        if !self.run.as_ref().is_some_and(|run| run.is_moving()) {
            self.frame_ms = None;
        } else if self.frame.is_none() {
            let link = ctx.link().clone();
            self.frame = Some(gloo::render::request_animation_frame(move |now_ms| {
                link.send_message(Msg::Frame(now_ms));
            }));
        }
    }

    /// Something changed: asks the workbench for what is drawn of it.
    pub(super) fn follow(&mut self, ctx: &Context<Self>, change: Change) -> bool {
        let lang = self.ui.lang;
        let Some(run) = &self.run else { return false };
        let is_playing = run.is_playing();
        let shown_us = self.shown_us(run);
        self.motion.with(|motion| motion.set_time(shown_us));
        if change.branches {
            self.shot.refresh_branches(run);
            self.shot.forget_story();
        }
        let crowd = self.shot.stage.parties.len() + self.shot.stage.messages.len();
        if change.cursor && is_playing && (crowd > CROWD || self.stretch > STRETCH_CROWDED) {
            // Drawn a little later, together with what changes until then.
            self.is_stage_old = true;
            if change == (Change { cursor: true, recorded: change.recorded, ..Change::default() }) {
                return false;
            }
        } else if change.cursor || self.is_stage_old {
            self.shot.refresh_stage(run, lang);
            self.is_stage_old = false;
        }
        self.shot.refresh_figures(run);
        if let Some(notice) = &change.notice {
            let text = words::notice(notice, &self.shot.branches, lang);
            if matches!(notice, Notice::Branched { .. }) {
                self.shot.forget_story();
            }
            let offers = match notice {
                Notice::Deleted { branch, .. } => {
                    vec![(word!(lang, "Undo", "撤销"), Ask::Player(Command::Restore(*branch)))]
                }
                Notice::NothingMore => {
                    let again = (word!(lang, "Again", "再来一次"), Ask::Again);
                    let next = self
                        .next_scenario()
                        .map(|id| (word!(lang, "Next scenario", "下一个场景"), Ask::Open(id)));
                    [again].into_iter().chain(next).collect()
                }
                _ => Vec::new(),
            };
            self.toast_with(ctx, text, offers);
        }
        if change.branches {
            self.choose_other();
        }
        if !is_playing {
            if let Some(run) = &self.run {
                self.shot.refresh_sentence(run, lang);
            }
            (self.is_middle_old, self.is_side_old) = (true, true);
            self.note_change(change.cursor);
            let (explaining, saving) = (ctx.link().clone(), ctx.link().clone());
            self.explaining = Some(Timeout::new(EXPLAIN_MS, move || explaining.send_message(Msg::Explain)));
            self.saving = Some(Timeout::new(SAVE_MS, move || saving.send_message(Msg::Save)));
        }
        true
    }

    /// Paints the messages of a crowded stage from its present state, if it is time to.
    fn repaint_crowd(&mut self, now_ms: f64) {
        let Some(run) = &self.run else { return };
        if self.is_stage_old && now_ms - self.crowd_ms >= CROWD_MS {
            self.crowd_ms = now_ms;
            if let Some(messages) = run.traffic() {
                self.motion.with(|motion| motion.set_messages(messages));
            }
        }
    }

    /// Goes on with the chain of causes that is being put together, in a frame in which nothing else is drawn.
    fn ask_on(&mut self, now_ms: f64) -> bool {
        let (view, lang) = (self.in_view(), self.ui.lang);
        if now_ms < self.ask_after_ms {
            return false;
        }
        let Some(run) = self.run.as_ref().filter(|_| self.shot.is_asking()) else { return false };
        let started_ms = dom::now_ms();
        let drawn = self.shot.ask_on(run, lang, view);
        let taken_ms = dom::now_ms() - started_ms;
        self.ask_after_ms = now_ms + ASK_PAUSE_PER_MS * taken_ms * taken_ms;
        drawn
    }

    /// While a run plays, the parts of the page are drawn anew by turns.
    fn draw_part(&mut self, now_ms: f64) -> bool {
        if now_ms - self.part_ms < PART_MS * self.stretch {
            return false;
        }
        let is_due = |part: Part, app: &App| match part {
            Part::Stage => app.is_stage_old,
            Part::Causes => !app.shot.is_asking() && now_ms - app.causes_ms >= CAUSES_MS * app.stretch,
            Part::Sentence | Part::Table | Part::Side => true,
        };
        let turns = TURNS.iter().cycle().skip(self.turn).zip(1..=TURNS.len());
        let Some((part, after)) = turns.map(|(part, n)| (*part, n)).find(|(part, _)| is_due(*part, self))
        else {
            return false;
        };
        self.turn = (self.turn + after) % TURNS.len();
        self.part_ms = now_ms;
        let (view, lang) = (self.in_view(), self.ui.lang);
        let Some(run) = &self.run else { return false };
        self.shot.refresh_figures(run);
        match part {
            Part::Stage => {
                self.shot.refresh_stage(run, lang);
                self.is_stage_old = false;
            }
            Part::Sentence => {
                self.shot.refresh_sentence(run, lang);
                self.refresh_diagram();
            }
            Part::Table => self.shot.refresh_panels(run, lang, view.only_table(), self.story_steps),
            Part::Side => {
                self.shot.refresh_panels(run, lang, view.without_table(), self.story_steps);
                if view.compare {
                    self.shot.refresh_comparison(run, self.other, lang);
                }
            }
            Part::Causes => {
                self.causes_ms = now_ms;
                if view.metrics {
                    self.shot.refresh_metrics(run);
                }
                return self.shot.ask_on(run, lang, view) || view.metrics;
            }
        }
        true
    }

    /// Everything that people read.
    pub(super) fn refresh_reading(&mut self, with_causes: bool) {
        let lang = self.ui.lang;
        let Some(run) = &self.run else { return };
        self.shot.refresh_sentence(run, lang);
        self.refresh_panels(with_causes);
    }

    /// What is beside the stage: at rest it follows in the next frame, so that somebody who drags the needle through
    /// many moments in one waits only for the stage.
    pub(super) fn refresh_panels(&mut self, with_causes: bool) {
        (self.is_middle_old, self.is_side_old) = (false, false);
        self.refresh_in(self.in_view());
        if with_causes {
            let (view, lang) = (self.in_view(), self.ui.lang);
            let Some(run) = &self.run else { return };
            self.explaining = None;
            self.shot.refresh_causes(run, lang, view);
        }
        self.refresh_diagram();
    }

    /// The panels that are in this view.
    fn refresh_in(&mut self, view: InView) {
        let lang = self.ui.lang;
        self.panels_ms = dom::now_ms();
        if std::mem::take(&mut self.is_unsaid) {
            self.announce();
        }
        let Some(run) = &self.run else { return };
        self.shot.refresh_panels(run, lang, view, self.story_steps);
        if view.compare {
            self.shot.refresh_comparison(run, self.other, lang);
        }
    }

    /// One of two columns: the diagram and the table (with the circle, which is about the same keys), or what is at the
    /// side.
    fn refresh_column(&mut self) {
        let is_middle = self.is_middle_old && (self.is_middle_next || !self.is_side_old);
        self.is_middle_next = !is_middle;
        if is_middle {
            self.is_middle_old = false;
            self.refresh_in(self.in_view().only_table());
            self.refresh_diagram();
            self.paint();
        } else {
            self.is_side_old = false;
            self.refresh_in(self.in_view().without_table());
            self.write_motion();
        }
    }

    /// Whether some panels still show the moment before.
    pub(super) fn are_panels_old(&self) -> bool {
        self.is_middle_old || self.is_side_old
    }

    /// Something changed at rest, the cursor or something else: whether moments follow each other quickly now.
    fn note_change(&mut self, is_move: bool) {
        let now_ms = dom::now_ms();
        let since_ms = now_ms - self.moved_ms;
        if since_ms > WISH_MS {
            self.is_quick = since_ms < QUICK_MS;
            if is_move {
                self.moved_ms = now_ms;
            }
        }
    }

    /// Why the step happened and what code ran, where all else is shown already.
    pub(super) fn explain(&mut self) {
        if self.are_panels_old() {
            return self.refresh_panels(true);
        }
        let (view, lang) = (self.in_view(), self.ui.lang);
        let Some(run) = &self.run else { return };
        self.explaining = None;
        self.shot.refresh_causes(run, lang, view);
        self.refresh_diagram();
    }

    fn refresh_diagram(&mut self) {
        let Some(run) = &self.run else { return };
        let (shot, selection, lang) = (&self.shot, run.selection(), self.ui.lang);
        self.diagram.with(|diagram| {
            diagram.causes = Rc::clone(&shot.causes);
            diagram.cone = Rc::clone(&shot.cone);
            diagram.here = shot.here();
            diagram.choose(selection, &shot.stage.messages);
            diagram.fetch(run, &shot.stage);
            diagram.write_range(lang);
        });
    }

    /// Branches came or went: the one that is compared with is another one than the one that is shown.
    fn choose_other(&mut self) {
        let others = self.shot.branches.iter().filter(|branch| !branch.current);
        let ids: Vec<u32> = others.map(|branch| branch.id).collect();
        if !ids.contains(&self.other) {
            self.other = ids.first().copied().unwrap_or(0);
        }
        if ids.is_empty() {
            for panel in [&mut self.side, &mut self.only] {
                if *panel == Panel::Compare {
                    *panel = Panel::Inspector;
                }
            }
        }
    }

    fn in_view(&self) -> InView {
        let stage = InView { circle: true, ..InView::default() };
        match self.layout {
            _ if self.presents => stage,
            Layout::Wide => stage.with(Panel::Diagram).with(Panel::Table(self.table)).with(self.side),
            _ => stage.with(self.only),
        }
    }

    /// The moment that is shown.
    fn shown_us(&self, run: &Remote) -> u64 {
        let state = run.state();
        if self.reduced_motion { state.now_us } else { state.time_us }
    }

    /// The stage is drawn: the panels and the diagram follow in a frame of their own.
    pub(super) fn ask_for_panels(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        self.painting = Some(gloo::render::request_animation_frame(move |now_ms| {
            link.send_message(Msg::Paint(now_ms));
        }));
    }

    /// It is time for the panels and the diagram, unless moments follow each other quickly and some were drawn a short
    /// time ago, or the frame that began at this time is the first to show the stage. Returns whether panels are drawn.
    pub(super) fn on_paint(&mut self, ctx: &Context<Self>, now_ms: f64) -> bool {
        self.painting = None;
        let drawn = self.are_panels_old();
        let columns = if self.layout == Layout::Wide { 2.0 } else { 1.0 };
        if drawn && self.is_quick && now_ms - self.panels_ms < PANELS_MS / columns {
            return false;
        }
        let is_stage_new = self.stage_ms > now_ms;
        if drawn && is_stage_new && self.panels_waited < PANELS_WAIT_FRAMES_MAX {
            self.panels_waited += 1;
            self.ask_for_panels(ctx);
            return false;
        }
        self.panels_waited = 0;
        if drawn && self.is_quick && self.layout == Layout::Wide {
            self.refresh_column();
        } else {
            if drawn {
                self.refresh_panels(false);
            }
            self.paint();
        }
        self.is_painted = drawn;
        drawn
    }

    /// Writes what moves on the stage and the scrubber.
    pub(super) fn write_motion(&mut self) {
        let Some(run) = &self.run else { return };
        let shown_us = self.shown_us(run);
        self.motion.with(|motion| motion.write(shown_us));
    }

    /// Writes what moves, and paints the diagram.
    pub(super) fn paint(&mut self) {
        self.write_motion();
        let Some(run) = &self.run else { return };
        let shown_us = self.shown_us(run);
        let (lang, stage) = (self.ui.lang, &self.shot.stage);
        self.diagram.with(|diagram| {
            if diagram.present(shown_us) || !diagram.has_data() {
                diagram.fetch(run, stage);
            }
            diagram.paint(lang);
            if !run.is_playing() {
                diagram.write_range(lang);
            }
        });
    }
}
