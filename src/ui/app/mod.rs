//! The page: all of its state. [`wishes`] says what becomes of every wish, [`frames`] what happens in a frame.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::render::AnimationFrame;
use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Dialog, Panel, Subject, Ui};
use super::catalogue::{self, Card};
use super::colours::Colours;
use super::diagram::Diagram;
use super::dom;
use super::motion::Motion;
use super::prefs::{self, Prefs};
use super::session::{self, Failure, First, Wanted};
use super::shared::Shared;
use super::snapshot::{InView, Snapshot};
use super::toasts::Toast;
use super::words;
use crate::scene::{Command, Lang};
use crate::wire::{Facts, Remote, WrongSetting};
use crate::word;

mod exports;
mod frames;
mod listeners;
mod view;
mod wishes;

/// How long a remark stays, in ms.
const TOAST_MS: u32 = 7_000;

/// After how long it is said that an engine is still being fetched, in ms.
const FETCHING_MS: u32 = 600;

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
pub enum Entry {
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
    /// An engine was fetched for what somebody wanted to open, and it is open there, or refused.
    Opened(Opening, Result<Rc<Remote>, Failure>),
}

/// What is being opened.
pub struct Opening {
    /// Which of the attempts it is: a later one counts.
    number: u32,
    /// What.
    wanted: Wanted,
    /// Where its address is written.
    entry: Entry,
}

/// What the page is mounted with.
#[derive(Properties, PartialEq)]
pub struct AppProps {
    /// The first run.
    pub(super) first: Shared<First>,
}

impl AppProps {
    /// A page that begins with this run.
    pub fn of(run: Rc<Remote>) -> AppProps {
        AppProps { first: Shared::new(First { run: Some(run), failure: None }) }
    }
}

/// The whole page.
pub struct App {
    ui: Ui,
    prefs: Prefs,
    cards: Rc<Vec<Card>>,
    run: Option<Rc<Remote>>,
    /// How often something was opened.
    openings: u32,
    /// Says that an engine is still being fetched, unless it comes before.
    fetching: Option<Timeout>,
    /// The run as it was saved last, for the case that its engine stops.
    link: String,
    /// Whether it was said that its engine has stopped.
    is_fault_said: bool,
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
    wrong: Rc<Vec<WrongSetting>>,
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
    type Properties = AppProps;

    fn create(ctx: &Context<Self>) -> Self {
        let prefs = Prefs::load();
        prefs.apply();
        let cards = Rc::new(catalogue::cards(prefs.lang));
        let ui = Ui { lang: prefs.lang, ask: ctx.link().callback(Msg::Ask) };
        let mut app = App {
            ui,
            prefs,
            cards,
            run: None,
            openings: 0,
            fetching: None,
            link: String::new(),
            is_fault_said: false,
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
        let First { run, failure } = ctx.props().first.with(std::mem::take).unwrap_or_default();
        app.failure = failure;
        if let Some(run) = run {
            app.show(run);
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
        let drawn = match msg {
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
                !fragment.is_empty() && self.open(ctx, Wanted::text(fragment), Entry::Same)
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
            Msg::Opened(opening, opened) => {
                // Somebody who opens two runs in a row waits for the second one.
                let is_latest = opening.number == self.openings;
                if is_latest {
                    self.fetching = None;
                    // What was done meanwhile is kept with the run that it was done in.
                    self.command(ctx, Command::Pause);
                    self.save();
                    (self.dialog, self.menu) = (None, None);
                    self.opened(opened, &opening);
                }
                is_latest
            }
        };
        self.notice_fault() | drawn
    }

    fn view(&self, _: &Context<Self>) -> Html {
        self.draw()
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        if self.run.as_ref().is_some_and(|run| run.is_moving()) {
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
    pub(super) fn show(&mut self, run: Rc<Remote>) {
        self.is_fault_said = false;
        self.keep_link(&run);
        self.story_steps = STORY_STEPS;
        self.frame_ms = None;
        self.shot = Snapshot::default();
        self.diagram.with(|diagram| diagram.view = Default::default());
        self.run = Some(run);
        self.refresh_all();
    }

    fn refresh_all(&mut self) {
        let lang = self.ui.lang;
        let Some(run) = &self.run else { return };
        self.shot.forget_story();
        self.shot.refresh_stage(run, lang);
        self.shot.refresh_branches(run);
        // The names of the tables are those of tabs, even of those that are not in view.
        self.shot.refresh_panels(run, lang, InView::default().with(Panel::Table(self.table)), 0);
        self.refresh_reading(true);
        let scenario = self.facts().scenario.clone();
        let title = self.cards.iter().find(|card| card.id == scenario.as_str());
        let title = title.map_or("Lamplight".to_owned(), |card| format!("{} · Lamplight", card.title));
        dom::document().set_title(&title);
    }

    /// What stays the same of the run that is shown.
    fn facts(&self) -> Rc<Facts> {
        self.run.as_ref().map(|run| run.facts()).unwrap_or_default()
    }

    /// How slowly runs are shown.
    pub(super) fn slowdown(&self) -> Option<u32> {
        self.run.as_ref().map(|run| run.state().slowdown).filter(|slowdown| *slowdown > 0)
    }

    /// Opens a run: at once if its engine is here, and as soon as it was fetched otherwise.
    pub(super) fn open(&mut self, ctx: &Context<Self>, wanted: Wanted, entry: Entry) -> bool {
        self.command(ctx, Command::Pause);
        self.dialog = None;
        if entry == Entry::New {
            self.save();
        }
        self.openings = self.openings.wrapping_add(1);
        // A module that has stopped would stop again, whichever run is opened.
        let afresh = wanted.afresh || self.run.as_ref().is_some_and(|run| run.fault().is_some());
        let opening = Opening { number: self.openings, wanted: Wanted { afresh, ..wanted }, entry };
        let protocol = opening.wanted.protocol(&self.cards);
        let (slowdown, lang) = (self.slowdown(), self.ui.lang);
        if let Some(run) = &self.run
            && !opening.wanted.afresh
            && run.facts().protocol == protocol
        {
            let run = Rc::clone(run);
            let opened = session::open_in(&run, &opening.wanted, slowdown, lang).map(|()| run);
            return self.opened(opened, &opening);
        }
        // Over a slow network that takes a while.
        let saying = ctx.link().clone();
        let said = words::fetches_engine(lang).to_owned();
        self.fetching =
            Some(Timeout::new(FETCHING_MS, move || saying.send_message(Msg::Ask(Ask::Say(said)))));
        let (link, cards) = (ctx.link().clone(), Rc::clone(&self.cards));
        spawn_local(async move {
            let opened = session::open(opening.wanted.clone(), slowdown, &cards, lang).await;
            link.send_message(Msg::Opened(opening, opened));
        });
        true
    }

    /// Shows what was opened, or why it could not be.
    fn opened(&mut self, opened: Result<Rc<Remote>, Failure>, opening: &Opening) -> bool {
        match opened {
            Ok(run) => {
                self.failure = None;
                self.show(run);
                self.announce();
                self.save_at(opening.entry);
            }
            Err(failure) => {
                // Nothing lies over what is wrong.
                self.toasts.clear();
                self.failure = Some(failure);
            }
        }
        true
    }

    /// An engine that has stopped is said once, with a way to have the run again. Returns whether it was said now.
    fn notice_fault(&mut self) -> bool {
        let has_stopped = self.run.as_ref().is_some_and(|run| run.fault().is_some());
        if !has_stopped || std::mem::replace(&mut self.is_fault_said, true) || self.failure.is_some() {
            return false;
        }
        self.toasts.clear();
        self.dialog = None;
        if let Some(run) = &self.run {
            // It does not play any more.
            self.shot.refresh_figures(run);
        }
        let again = Wanted { afresh: true, ..Wanted::text(self.link.clone()) };
        self.failure = Some(session::stopped(again, self.ui.lang));
        true
    }

    /// The scenario after the one that is open.
    pub(super) fn next_scenario(&self) -> Option<String> {
        let facts = self.facts();
        let at = self.cards.iter().position(|card| card.id == facts.scenario.as_str())?;
        self.cards.iter().cycle().nth(at + 1).map(|card| card.id.to_string())
    }

    pub(super) fn reopen(&mut self, ctx: &Context<Self>, seed: Option<u64>) -> bool {
        let Some(run) = self.run.clone() else { return false };
        let facts = run.facts();
        if run.fault().is_some() {
            return self.open(ctx, Wanted::text(self.link.clone()), Entry::Same);
        }
        if self.cards.iter().any(|card| card.id == facts.scenario.as_str()) {
            let wanted = Wanted { seed: seed.or(Some(facts.seed)), ..Wanted::text(facts.scenario.clone()) };
            return self.open(ctx, wanted, Entry::New);
        }
        // A run that is in no catalogue starts again from its own description.
        self.open(ctx, Wanted::text(run.file()), Entry::New) && self.command(ctx, Command::First)
    }

    pub(super) fn set_lang(&mut self, lang: Lang) {
        self.prefs.lang = lang;
        self.prefs.apply();
        self.prefs.save();
        self.ui.lang = lang;
        self.cards = Rc::new(catalogue::cards(lang));
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
        let Some(run) = &self.run else { return };
        // A link that could not be read stays in the address until the reader has decided.
        if run.is_playing() || self.failure.is_some() {
            return;
        }
        let run = Rc::clone(run);
        if !self.keep_link(&run) {
            return;
        }
        match entry {
            Entry::Same => dom::set_fragment(&self.link),
            Entry::New => dom::push_fragment(&self.link),
        }
        prefs::remember_run(&self.link, &run.facts().protocol);
    }

    /// Keeps the link to the run as it is now, for the case that its engine stops. Returns whether there is one.
    pub(super) fn keep_link(&mut self, run: &Remote) -> bool {
        let link = run.link();
        let is_there = run.fault().is_none();
        if is_there {
            self.link = link;
        }
        is_there
    }

    /// Says the current sentence to those who listen; silent while a run plays.
    pub(super) fn announce(&mut self) {
        let is_playing = self.run.as_ref().is_some_and(|run| run.is_playing());
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
