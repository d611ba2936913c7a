//! Frame by frame: what is asked of the run, how often, and what is written past Yew.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use super::{App, Layout, Msg};
use crate::scene::player::{Change, Notice};
use crate::scene::{Command, Player};
use crate::ui::ask::{Ask, Panel};
use crate::ui::snapshot::InView;
use crate::ui::words;
use crate::word;

/// How often what people read is drawn anew while a run plays, in ms.
const READING_MS: f64 = 140.0;

/// How often the chain of causes and the code are looked up while a run plays, in ms.
const CAUSES_MS: f64 = 560.0;

/// How often a crowded stage is drawn anew while a run plays, in ms: its messages move on between.
const CROWD_MS: f64 = 45.0;

/// With more parties and messages than this a stage is crowded.
const CROWD: usize = 60;

/// A frame that took longer than this, in ms, was late.
const FRAME_MS_LATE: f64 = 21.0;

/// The most that structure is slowed down where frames are late.
const STRETCH_MAX: f64 = 5.0;

/// How long after the last change the address is written, in ms.
const SAVE_MS: u32 = 250;

/// How long after the last change it is looked up why it happened and what code ran, in ms: somebody who drags the
/// needle waits for neither.
const EXPLAIN_MS: u32 = 50;

impl App {
    /// The browser is about to paint.
    pub(super) fn on_frame(&mut self, ctx: &Context<Self>, now_ms: f64) -> bool {
        self.frame = None;
        let elapsed_us = self.frame_ms.map_or(0.0, |last_ms| (now_ms - last_ms).max(0.0) * 1000.0);
        self.frame_ms = Some(now_ms);
        // What moves goes first: where frames are late, structure is drawn less often.
        let is_late = elapsed_us > FRAME_MS_LATE * 1000.0;
        self.stretch = (self.stretch * if is_late { 1.25 } else { 0.97 }).clamp(1.0, STRETCH_MAX);
        let Some(player) = &mut self.player else { return false };
        let was_playing = player.is_playing();
        let change = player.tick(elapsed_us as u64);
        let moved = change.cursor;
        let drawn = change.is_any() && self.follow(ctx, change);
        let drawn = drawn | self.draw_crowd(now_ms);
        let drawn = drawn | (was_playing && self.read_on(now_ms));
        if moved && !was_playing {
            self.announce();
        }
        if !drawn {
            self.paint();
        }
        self.keep_moving(ctx);
        drawn
    }

    /// Asks for the next frame, if anything moves.
    pub(super) fn keep_moving(&mut self, ctx: &Context<Self>) {
        if !self.player.as_ref().is_some_and(Player::is_moving) {
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
        let Some(player) = &self.player else { return false };
        let is_playing = player.is_playing();
        if change.branches {
            self.shot.refresh_branches(player);
            self.shot.forget_story();
        }
        let crowd = self.shot.stage.parties.len() + self.shot.stage.messages.len();
        if change.cursor && is_playing && crowd > CROWD {
            // Drawn a little later, together with what changes until then.
            self.is_stage_old = true;
            if change == (Change { cursor: true, recorded: change.recorded, ..Change::default() }) {
                return false;
            }
        } else if change.cursor || self.is_stage_old {
            self.shot.refresh_stage(player, lang);
            self.is_stage_old = false;
        }
        self.shot.refresh_figures(player);
        if let Some(notice) = &change.notice {
            let text = words::notice(notice, &self.shot.branches, lang);
            if matches!(notice, Notice::Branched { .. }) {
                self.shot.forget_story();
            }
            let offer = match notice {
                Notice::Deleted { branch, .. } => {
                    Some((word!(lang, "Undo", "撤销"), Ask::Player(Command::Restore(*branch))))
                }
                _ => None,
            };
            self.toast_with(ctx, text, offer);
        }
        if change.branches {
            self.choose_other();
        }
        if !is_playing {
            self.refresh_reading(false);
            let (explaining, saving) = (ctx.link().clone(), ctx.link().clone());
            self.explaining = Some(Timeout::new(EXPLAIN_MS, move || explaining.send_message(Msg::Explain)));
            self.saving = Some(Timeout::new(SAVE_MS, move || saving.send_message(Msg::Save)));
        }
        true
    }

    /// Draws a crowded stage, if it is time to.
    fn draw_crowd(&mut self, now_ms: f64) -> bool {
        let is_playing = self.player.as_ref().is_some_and(Player::is_playing);
        if !self.is_stage_old || (is_playing && now_ms - self.stage_ms < CROWD_MS * self.stretch) {
            return false;
        }
        if let Some(player) = &self.player {
            self.shot.refresh_stage(player, self.ui.lang);
        }
        self.stage_ms = now_ms;
        self.is_stage_old = false;
        true
    }

    /// While a run plays, what people read follows a few times in a second.
    fn read_on(&mut self, now_ms: f64) -> bool {
        if now_ms - self.reading_ms < READING_MS * self.stretch {
            return false;
        }
        self.reading_ms = now_ms;
        let with_causes = now_ms - self.causes_ms >= CAUSES_MS * self.stretch;
        if with_causes {
            self.causes_ms = now_ms;
        }
        self.refresh_reading(with_causes);
        true
    }

    pub(super) fn refresh_reading(&mut self, with_causes: bool) {
        let (view, lang) = (self.in_view(), self.ui.lang);
        let Some(player) = &mut self.player else { return };
        self.shot.refresh_reading(player, lang, view, self.story_steps);
        if view.compare {
            self.shot.refresh_comparison(player, self.other, lang);
        }
        if with_causes {
            self.explaining = None;
            self.shot.refresh_causes(player, lang, view);
        }
        let (shot, selection) = (&self.shot, player.selection());
        self.diagram.with(|diagram| {
            diagram.causes = Rc::clone(&shot.causes);
            diagram.cone = Rc::clone(&shot.cone);
            diagram.here = shot.here();
            diagram.choose(selection, &shot.stage.messages);
            diagram.fetch(player, &shot.stage);
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
        match self.layout {
            Layout::Wide => {
                InView::default().with(Panel::Diagram).with(Panel::Table(self.table)).with(self.side)
            }
            Layout::Medium | Layout::Narrow => InView::default().with(self.only),
        }
    }

    /// The moment that is shown.
    fn shown_us(&self, player: &Player) -> u64 {
        if self.reduced_motion { player.bench().now_us() } else { player.time_us() }
    }

    /// Writes what moves on the stage and the scrubber.
    pub(super) fn write_motion(&mut self) {
        let Some(player) = &self.player else { return };
        let shown_us = self.shown_us(player);
        self.motion.with(|motion| motion.write(shown_us));
    }

    /// Writes what moves, and paints the diagram.
    pub(super) fn paint(&mut self) {
        self.write_motion();
        let Some(player) = &self.player else { return };
        let shown_us = self.shown_us(player);
        let (lang, stage) = (self.ui.lang, &self.shot.stage);
        self.diagram.with(|diagram| {
            if diagram.present(shown_us) || !diagram.has_data() {
                diagram.fetch(player, stage);
            }
            diagram.paint(lang);
        });
    }
}
