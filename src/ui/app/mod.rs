//! The page: all of its state. [`wishes`] says what becomes of every wish, [`frames`] what happens in a frame.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::render::AnimationFrame;
use gloo::timers::callback::Timeout;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Dialog, Panel, Subject, Ui};
use super::colours::Colours;
use super::diagram::Diagram;
use super::dom;
use super::motion::Motion;
use super::prefs::{self, Prefs};
use super::session::{self, Failure};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::toasts::Toast;
use super::words;
use crate::protocol::Invalid;
use crate::scene::{Command, Lang, Player, ScenarioCard, Workbench};
use crate::word;

mod exports;
mod frames;
mod listeners;
mod view;
mod wishes;

/// How long a remark stays, in ms.
const TOAST_MS: u32 = 7_000;

/// How many steps the story tells at first, and how many more it tells when asked.
const STORY_STEPS: u32 = 30;

/// How much room there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Three columns.
    Wide,
    /// Two columns: the stage, and one panel at a time.
    Medium,
    /// One column: stage and transport, and further down one panel at a time.
    Narrow,
    /// Less height than the other layouts need: the words stand beside the stage, and further down one panel at a time.
    Short,
}

impl Layout {
    fn now() -> Layout {
        let (width, height) = dom::window_size();
        // Each with the least height that it needs, so that stage, sentence and transport are in view.
        let (layout, least) = match width {
            width if width >= 1120.0 => (Layout::Wide, 620.0),
            width if width >= 720.0 => (Layout::Medium, 740.0),
            width if width >= 560.0 => (Layout::Narrow, 540.0),
            _ => (Layout::Narrow, width),
        };
        if height < least { Layout::Short } else { layout }
    }
}

/// Where the address of a run is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// In the history's present entry.
    Same,
    /// In a new one after it.
    New,
}

/// What happens to the page.
pub enum Msg {
    /// A wish.
    Ask(Ask),
    /// The browser is about to paint, at this time in ms.
    Frame(f64),
    /// The window has another size.
    Resized,
    /// The address was changed by hand.
    AddressChanged,
    /// The system went dark or light, or prefers more or less motion.
    SystemChanged,
    /// It should be looked up why the step happened.
    Explain,
    /// The browser is about to paint, at this time in ms: the diagram should be painted, and the panels follow the stage.
    Paint(f64),
    /// The address should be written.
    Save,
}

/// The whole page.
pub struct App {
    ui: Ui,
    prefs: Prefs,
    cards: Rc<Vec<ScenarioCard>>,
    player: Option<Player>,
    shot: Snapshot,
    layout: Layout,
    table: usize,
    side: Panel,
    only: Panel,
    /// The branch that the one that is shown is compared with.
    other: u32,
    motion: Shared<Motion>,
    diagram: Shared<Diagram>,
    colours: Rc<Colours>,
    reduced_motion: bool,
    /// Whether the stage, the sentence and the transport have the whole page, for a room to read.
    presents: bool,
    menu: Option<(Subject, f64, f64)>,
    dialog: Option<Dialog>,
    refusal: Option<String>,
    /// The settings that a run could not start from.
    wrong: Rc<Vec<Invalid>>,
    digest: u64,
    opener: Option<Element>,
    toasts: Vec<Toast>,
    toasts_shown: u32,
    announcement: AttrValue,
    failure: Option<Failure>,
    story_steps: u32,
    frame: Option<AnimationFrame>,
    frame_ms: Option<f64>,
    stretch: f64,
    was_drawn: bool,
    crowd_ms: f64,
    is_stage_old: bool,
    part_ms: f64,
    turn: usize,
    causes_ms: f64,
    ask_after_ms: f64,
    explaining: Option<Timeout>,
    painting: Option<AnimationFrame>,
    /// Whether the column in the middle, or the one at the side, still shows the moment before.
    is_middle_old: bool,
    is_side_old: bool,
    stage_ms: f64,
    panels_ms: f64,
    /// When the cursor was moved last, and whether it had been moved a short time before that.
    moved_ms: f64,
    is_quick: bool,
    is_middle_next: bool,
    panels_waited: u8,
    is_unsaid: bool,
    is_painted: bool,
    saving: Option<Timeout>,
    _listeners: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let prefs = Prefs::load();
        prefs.apply();
        let cards = Rc::new(crate::scene::catalogue(prefs.lang));
        let ui = Ui { lang: prefs.lang, ask: ctx.link().callback(Msg::Ask) };
        let mut app = App {
            ui,
            prefs,
            cards,
            player: None,
            shot: Snapshot::default(),
            layout: Layout::now(),
            table: 0,
            side: Panel::Inspector,
            only: Panel::Diagram,
            other: 0,
            motion: Shared::default(),
            diagram: Shared::default(),
            colours: Rc::default(),
            reduced_motion: prefs.movement.is_reduced(),
            presents: false,
            menu: None,
            dialog: None,
            refusal: None,
            wrong: Rc::default(),
            digest: 0,
            opener: None,
            toasts: Vec::new(),
            toasts_shown: 0,
            announcement: AttrValue::default(),
            failure: None,
            story_steps: STORY_STEPS,
            frame: None,
            frame_ms: None,
            stretch: 1.0,
            was_drawn: false,
            crowd_ms: 0.0,
            is_stage_old: false,
            part_ms: 0.0,
            turn: 0,
            causes_ms: 0.0,
            ask_after_ms: 0.0,
            explaining: None,
            painting: None,
            is_middle_old: false,
            is_side_old: false,
            stage_ms: 0.0,
            panels_ms: f64::NEG_INFINITY,
            moved_ms: f64::NEG_INFINITY,
            is_quick: false,
            is_middle_next: true,
            panels_waited: 0,
            is_unsaid: false,
            is_painted: false,
            saving: None,
            _listeners: listeners::install(ctx.link()),
        };
        app.read_colours();
        if let Some(opened) = session::first(&app.cards, app.ui.lang) {
            app.failure = opened.failure;
            app.show(opened.bench);
        }
        // Where something is wrong with the link, that is what there is to read.
        if !prefs::can_remember() && app.failure.is_none() {
            app.toast(ctx, words::forgets(prefs.lang).to_owned());
        }
        if prefs.first_visit && app.failure.is_none() {
            prefs::remember_visit();
            let text = word!(
                prefs.lang,
                "Start with Play or the space bar. Press a node to see inside it; press it again to break it.",
                "点击播放或按空格键开始。点击节点查看内部，再点一次可以破坏它。"
            );
            app.toast(ctx, text.to_owned());
        }
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Ask(ask) => self.answer(ctx, ask),
            Msg::Frame(now_ms) => self.on_frame(ctx, now_ms),
            Msg::Resized => {
                let layout = Layout::now();
                let changed = layout != self.layout;
                self.layout = layout;
                if changed {
                    self.refresh_reading(true);
                }
                changed
            }
            Msg::AddressChanged => {
                let fragment = dom::fragment();
                !fragment.is_empty() && self.open_at(ctx, &fragment, None, Entry::Same)
            }
            Msg::SystemChanged => {
                self.reduced_motion = self.prefs.movement.is_reduced();
                self.read_colours();
                true
            }
            Msg::Explain => {
                self.explain();
                true
            }
            Msg::Paint(now_ms) => self.on_paint(ctx, now_ms),
            Msg::Save => {
                self.save();
                false
            }
        }
    }

    fn view(&self, _: &Context<Self>) -> Html {
        self.draw()
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        if self.player.as_ref().is_some_and(Player::is_moving) {
            self.paint();
        } else {
            // At rest the diagram and the panels wait for the next frame: somebody who drags the needle asks for
            // several moments in one, and they show only the last of them.
            self.write_motion();
            if self.are_panels_old() {
                self.stage_ms = dom::now_ms();
            }
            if !std::mem::take(&mut self.is_painted) && self.painting.is_none() {
                self.ask_for_panels(ctx);
            }
        }
        if self.menu.is_none()
            && self.dialog.is_none()
            && let Some(opener) = self.opener.take()
        {
            dom::focus(&opener);
        }
    }
}

impl App {
    /// Shows another run, paused.
    pub(super) fn show(&mut self, bench: Box<dyn Workbench>) {
        let slowdown = self.player.as_ref().map(Player::slowdown);
        let player = Player::new(bench);
        let player = match slowdown {
            Some(slowdown) => player.with_slowdown(slowdown),
            None => player,
        };
        self.story_steps = STORY_STEPS;
        self.frame_ms = None;
        self.shot = Snapshot::default();
        self.diagram.with(|diagram| diagram.view = Default::default());
        self.player = Some(player);
        self.refresh_all();
    }

    fn refresh_all(&mut self) {
        let lang = self.ui.lang;
        let Some(player) = &mut self.player else { return };
        self.shot.forget_story();
        self.shot.refresh_stage(player, lang);
        self.shot.refresh_branches(player);
        // The names of the tables are those of tabs, even of those that are not in view.
        self.shot.tables = Rc::new(player.bench().tables(self.table, lang));
        self.refresh_reading(true);
        let title = self.cards.iter().find(|card| card.id == self.scenario());
        let title = title.map_or("Lamplight".to_owned(), |card| format!("{} · Lamplight", card.title));
        dom::document().set_title(&title);
    }

    fn scenario(&self) -> &str {
        self.player.as_ref().map_or("", |player| player.bench().scenario())
    }

    pub(super) fn open(&mut self, ctx: &Context<Self>, source: &str, seed: Option<u64>) -> bool {
        self.open_at(ctx, source, seed, Entry::New)
    }

    fn open_at(&mut self, ctx: &Context<Self>, source: &str, seed: Option<u64>, entry: Entry) -> bool {
        let opened = session::open(source, seed, self.ui.lang);
        self.opened(ctx, opened, source, entry)
    }

    /// Shows what was opened, or why it could not be.
    pub(super) fn opened(
        &mut self,
        ctx: &Context<Self>,
        opened: Result<Box<dyn Workbench>, Failure>,
        source: &str,
        entry: Entry,
    ) -> bool {
        self.command(ctx, Command::Pause);
        self.dialog = None;
        if entry == Entry::New {
            self.save();
        }
        match opened {
            Ok(bench) => {
                self.failure = None;
                self.show(session::begun(bench, source));
                self.announce();
                self.save_at(entry);
            }
            Err(failure) => {
                // Nothing lies over what is wrong.
                self.toasts.clear();
                self.failure = Some(failure);
            }
        }
        true
    }

    /// The scenario after the one that is open.
    pub(super) fn next_scenario(&self) -> Option<String> {
        let at = self.cards.iter().position(|card| card.id == self.scenario())?;
        self.cards.iter().cycle().nth(at + 1).map(|card| card.id.clone())
    }

    pub(super) fn reopen(&mut self, ctx: &Context<Self>, seed: Option<u64>) -> bool {
        let Some(player) = &self.player else { return false };
        let bench = player.bench();
        let seed = seed.or(Some(bench.seed()));
        if self.cards.iter().any(|card| card.id == bench.scenario()) {
            let scenario = bench.scenario().to_owned();
            return self.open(ctx, &scenario, seed);
        }
        // A run that is in no catalogue starts again from its own description.
        let own = bench.json();
        self.open(ctx, &own, None) && self.command(ctx, Command::First)
    }

    pub(super) fn set_lang(&mut self, lang: Lang) {
        self.prefs.lang = lang;
        self.prefs.apply();
        self.prefs.save();
        self.ui.lang = lang;
        self.cards = Rc::new(crate::scene::catalogue(lang));
        self.refresh_all();
    }

    pub(super) fn read_colours(&mut self) {
        self.colours = Rc::new(Colours::read());
        let colours = Rc::clone(&self.colours);
        self.diagram.with(|diagram| diagram.recolour(colours));
    }

    /// Writes the address and remembers the run.
    pub(super) fn save(&mut self) {
        self.save_at(Entry::Same);
    }

    /// The same, in an entry of the history that is new or not: the browser's way back undoes what opened another run.
    pub(super) fn save_at(&mut self, entry: Entry) {
        let Some(player) = &self.player else { return };
        // A link that could not be read stays in the address until the reader has decided.
        if player.is_playing() || self.failure.is_some() {
            return;
        }
        let link = player.bench().link();
        match entry {
            Entry::Same => dom::set_fragment(&link),
            Entry::New => dom::push_fragment(&link),
        }
        prefs::remember_run(&link);
    }

    /// Says the current sentence to those who listen; silent while a run plays.
    pub(super) fn announce(&mut self) {
        let is_playing = self.player.as_ref().is_some_and(Player::is_playing);
        let text = self.shot.sentence.as_ref().map(|sentence| sentence.text.clone());
        self.announcement =
            AttrValue::from(if is_playing { String::new() } else { text.unwrap_or_default() });
    }

    pub(super) fn toast(&mut self, ctx: &Context<Self>, text: String) {
        self.toast_with(ctx, text, Vec::new());
    }

    /// A remark with what can be done about it.
    pub(super) fn toast_with(&mut self, ctx: &Context<Self>, text: String, offers: Vec<(&'static str, Ask)>) {
        // The same remark twice is one remark.
        self.toasts.retain(|toast| toast.text != text);
        self.toasts_shown += 1;
        let id = self.toasts_shown;
        self.toasts.push(Toast { id, text, offers });
        let link = ctx.link().clone();
        Timeout::new(TOAST_MS, move || link.send_message(Msg::Ask(Ask::Hush(id)))).forget();
    }
}
