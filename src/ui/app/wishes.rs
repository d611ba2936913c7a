//! What becomes of every wish.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{App, Entry, STORY_STEPS};
use crate::scene::Command;
use crate::ui::ask::{Ask, Dialog, Panel};
use crate::ui::session::Wanted;
use crate::ui::{diagram, dom, words};
use crate::wire::{Rebuilt, Source};

impl App {
    /// What becomes of a wish. Returns whether the page is drawn anew.
    pub(super) fn answer(&mut self, ctx: &Context<Self>, ask: Ask) -> bool {
        // Whatever is chosen from a menu closes it.
        if !matches!(ask, Ask::DiagramMoved | Ask::Say(_) | Ask::Hush(_)) {
            self.menu = None;
        }
        match ask {
            Ask::Player(command) => self.command(ctx, command),
            Ask::Open(source) => self.open(ctx, Wanted::text(source), Entry::New),
            Ask::OpenFile(bytes, length) => {
                let wanted = Wanted { source: Source::File(bytes, length), seed: None, afresh: false };
                self.open(ctx, wanted, Entry::New)
            }
            Ask::Reopen(seed) => self.reopen(ctx, seed),
            Ask::Retry => {
                let again = self.failure.take().and_then(|failure| failure.again);
                again.is_some_and(|wanted| self.open(ctx, wanted, Entry::Same))
            }
            Ask::Again => self.command(ctx, Command::First) | self.command(ctx, Command::Play),
            Ask::Rebuild(changes) => {
                self.command(ctx, Command::Pause);
                self.save();
                let Some(run) = self.run.clone() else { return false };
                self.wrong = Rc::default();
                match run.rebuild(changes, self.ui.lang) {
                    Ok(()) => {
                        self.dialog = None;
                        self.show(run);
                        self.save_at(Entry::New);
                    }
                    Err(Rebuilt::Settings(wrong)) => self.wrong = Rc::new(wrong),
                    Err(Rebuilt::Other(text)) => self.refusal = Some(text),
                }
                true
            }
            Ask::OpenSalvaged => {
                let slowdown = self.slowdown();
                if let Some(run) = self.failure.take().and_then(|failure| failure.salvaged)
                    && run.salvage(slowdown)
                {
                    self.show(run);
                }
                true
            }
            Ask::Menu(subject, x, y) => {
                if self.opener.is_none() {
                    self.opener = dom::document().active_element();
                }
                self.menu = Some((subject, x, y));
                true
            }
            Ask::Dialog(dialog) => {
                // A dialog that a menu opens gives the focus back to where the menu was opened.
                if self.opener.is_none() {
                    self.opener = dom::document().active_element();
                }
                self.refusal = None;
                self.wrong = Rc::default();
                self.dialog = Some(dialog);
                if let Some(run) = &self.run {
                    self.shot.refresh_branches(run);
                }
                if dialog == Dialog::Share {
                    self.command(ctx, Command::Pause);
                    self.save();
                    self.digest = self.run.as_ref().map_or(0, |run| run.digest());
                }
                true
            }
            Ask::Close => {
                if self.dialog.take().is_none() && self.failure.take().is_none() {
                    if self.presents {
                        self.present(false);
                    } else {
                        self.command(ctx, Command::Select(None));
                    }
                }
                true
            }
            Ask::Panel(panel) => {
                self.only = panel;
                match panel {
                    Panel::Table(at) => self.table = at,
                    Panel::Diagram => {}
                    side => self.side = side,
                }
                self.refresh_reading(true);
                true
            }
            Ask::Lang(lang) => {
                self.set_lang(lang);
                true
            }
            Ask::Theme(theme) => {
                self.prefs.theme = theme;
                self.prefs.apply();
                self.prefs.save();
                self.read_colours();
                true
            }
            Ask::Movement(movement) => {
                self.prefs.movement = movement;
                self.prefs.save();
                self.reduced_motion = movement.is_reduced();
                true
            }
            Ask::Export(export) => self.export(ctx, export),
            Ask::FullScreen => {
                let ui = self.ui.clone();
                spawn_local(async move {
                    if !dom::full_screen().await {
                        ui.ask(Ask::Say(words::no_full_screen(ui.lang).to_owned()));
                    }
                });
                false
            }
            Ask::Present => {
                self.present(!self.presents);
                true
            }
            Ask::Say(text) => {
                self.toast(ctx, text);
                true
            }
            Ask::Hush(id) => {
                self.toasts.retain(|toast| toast.id != id);
                true
            }
            Ask::DiagramMoved => {
                self.paint();
                false
            }
            Ask::Compare(other) => {
                (self.other, self.side, self.only) = (other, Panel::Compare, Panel::Compare);
                self.dialog = None;
                self.refresh_reading(true);
                true
            }
            Ask::Search => {
                if self.only != Panel::Diagram {
                    self.only = Panel::Diagram;
                    self.refresh_reading(true);
                }
                // Where only one panel has room, the field is there after it was drawn.
                gloo::timers::callback::Timeout::new(0, || {
                    if let Some(field) = dom::document().get_element_by_id(diagram::SEARCH_ID) {
                        dom::focus(&field);
                    }
                })
                .forget();
                true
            }
            Ask::MoreStory => {
                self.story_steps += 2 * STORY_STEPS;
                self.refresh_reading(true);
                true
            }
        }
    }

    /// The stage, the sentence and the transport have the whole page, or no longer.
    fn present(&mut self, presents: bool) {
        self.presents = presents;
        if let Some(root) = dom::document().document_element() {
            // The style sheet makes type larger by it.
            if presents {
                dom::set_attribute(&root, "data-view", "presentation");
            } else {
                let _ = root.remove_attribute("data-view");
            }
        }
        self.refresh_reading(true);
    }

    pub(super) fn command(&mut self, ctx: &Context<Self>, command: Command) -> bool {
        let lang = self.ui.lang;
        let Some(run) = self.run.clone() else { return false };
        let is_act = matches!(command, Command::Act(_) | Command::Undo(_));
        if matches!(command, Command::Manual(true)) {
            self.side = Panel::Pending;
            self.only = Panel::Pending;
        }
        // Whoever closed the word about an engine that has stopped, and goes on, hears it again.
        self.is_fault_said = false;
        let before = run.state().cursor;
        match run.apply(command, !self.reduced_motion, lang) {
            Ok(change) => {
                if is_act && !matches!(self.dialog, Some(Dialog::Links(_))) {
                    self.dialog = None;
                }
                self.is_unsaid |= run.state().cursor != before;
                if is_act {
                    // While it plays the address is not written; what somebody did is not lost even so.
                    self.keep_link(&run);
                }
                let drawn = self.follow(ctx, change) | is_act;
                self.keep_moving(ctx);
                drawn
            }
            Err(text) => {
                if self.dialog.is_some() {
                    self.refusal = Some(text);
                } else {
                    self.toast(ctx, text);
                }
                true
            }
        }
    }
}
