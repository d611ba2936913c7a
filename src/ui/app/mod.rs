//! The page: all of its state, and what becomes of every wish.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::render::AnimationFrame;
use gloo::timers::callback::Timeout;
use web_sys::Element;
use yew::prelude::*;

use super::ask::{Ask, Dialog, Panel, Subject, Ui};
use super::colours::Colours;
use super::diagram::Diagram;
use super::motion::Motion;
use super::prefs::{self, Prefs};
use super::session::{self, Failure};
use super::shared::Shared;
use super::snapshot::{InView, Snapshot};
use super::toasts::Toast;
use super::{dom, words};
use crate::scene::player::{Change, Notice};
use crate::scene::{Command, Lang, Player, ScenarioCard, Workbench};
use crate::word;

mod listeners;
mod view;

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

/// How long a remark stays, in ms.
const TOAST_MS: u32 = 7_000;

/// How long after the last change the address is written, in ms.
const SAVE_MS: u32 = 250;

/// How many steps the story tells at first, and how many more it tells when asked.
const STORY_STEPS: u32 = 30;

/// How much room there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Three columns.
    Wide,
    /// Two columns: the stage, and one panel at a time.
    Medium,
    /// One column: stage, transport, and one panel at a time.
    Narrow,
}

impl Layout {
    fn now() -> Layout {
        match dom::window_width() {
            width if width >= 1120.0 => Layout::Wide,
            width if width >= 720.0 => Layout::Medium,
            _ => Layout::Narrow,
        }
    }
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
    motion: Shared<Motion>,
    diagram: Shared<Diagram>,
    colours: Rc<Colours>,
    reduced_motion: bool,
    menu: Option<(Subject, f64, f64)>,
    dialog: Option<Dialog>,
    refusal: Option<String>,
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
    stage_ms: f64,
    is_stage_old: bool,
    reading_ms: f64,
    causes_ms: f64,
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
            motion: Shared::default(),
            diagram: Shared::default(),
            colours: Rc::default(),
            reduced_motion: dom::reduced_motion(),
            menu: None,
            dialog: None,
            refusal: None,
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
            stage_ms: 0.0,
            is_stage_old: false,
            reading_ms: 0.0,
            causes_ms: 0.0,
            saving: None,
            _listeners: listeners::install(ctx.link()),
        };
        app.read_colours();
        if let Some(opened) = session::first(&app.cards, app.ui.lang) {
            app.failure = opened.failure;
            app.show(opened.bench);
        }
        if prefs.first_visit {
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
                !fragment.is_empty() && self.open(ctx, &fragment, None)
            }
            Msg::SystemChanged => {
                self.reduced_motion = dom::reduced_motion();
                self.read_colours();
                true
            }
            Msg::Save => {
                self.save();
                false
            }
        }
    }

    fn view(&self, _: &Context<Self>) -> Html {
        self.draw()
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.paint();
        if self.menu.is_none()
            && self.dialog.is_none()
            && let Some(opener) = self.opener.take()
        {
            dom::focus(&opener);
        }
    }
}

impl App {
    /// What becomes of a wish. Returns whether the page is drawn anew.
    fn answer(&mut self, ctx: &Context<Self>, ask: Ask) -> bool {
        // Whatever is chosen from a menu closes it.
        if !matches!(ask, Ask::DiagramMoved | Ask::Say(_) | Ask::Hush(_)) {
            self.menu = None;
        }
        match ask {
            Ask::Player(command) => self.command(ctx, command),
            Ask::Open(source) => self.open(ctx, &source, None),
            Ask::Reopen(seed) => self.reopen(ctx, seed),
            Ask::OpenSalvaged => {
                if let Some(bench) = self.failure.take().and_then(|failure| failure.salvaged) {
                    self.show(bench);
                }
                true
            }
            Ask::Menu(subject, x, y) => {
                self.opener = dom::document().active_element();
                self.menu = Some((subject, x, y));
                true
            }
            Ask::Dialog(dialog) => {
                // A dialog that a menu opens gives the focus back to where the menu was opened.
                if self.opener.is_none() {
                    self.opener = dom::document().active_element();
                }
                self.refusal = None;
                self.dialog = Some(dialog);
                if dialog == Dialog::Share {
                    self.command(ctx, Command::Pause);
                    self.save();
                    self.digest = self.player.as_mut().map_or(0, |player| player.bench_mut().digest());
                }
                true
            }
            Ask::Close => {
                if self.dialog.take().is_none() && self.failure.take().is_none() {
                    self.command(ctx, Command::Select(None));
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
            Ask::FullScreen => {
                let document = dom::document();
                if document.fullscreen_element().is_some() {
                    document.exit_fullscreen();
                } else if let Some(root) = document.document_element() {
                    let _ = root.request_fullscreen();
                }
                false
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
            Ask::MoreStory => {
                self.story_steps += 2 * STORY_STEPS;
                self.refresh_reading(true);
                true
            }
        }
    }

    fn command(&mut self, ctx: &Context<Self>, command: Command) -> bool {
        let lang = self.ui.lang;
        let Some(player) = &mut self.player else { return false };
        player.set_glides(!self.reduced_motion);
        let is_act = matches!(command, Command::Act(_));
        if matches!(command, Command::Manual(true)) {
            self.side = Panel::Pending;
            self.only = Panel::Pending;
        }
        let before = player.bench().cursor();
        match player.apply(command, lang) {
            Ok(change) => {
                if is_act && !matches!(self.dialog, Some(Dialog::Links(_))) {
                    self.dialog = None;
                }
                let stepped = self.player.as_ref().is_some_and(|player| player.bench().cursor() != before);
                let drawn = self.follow(ctx, change) | is_act;
                if stepped {
                    self.announce();
                }
                self.keep_moving(ctx);
                drawn
            }
            Err(refusal) => {
                let text = refusal.text(lang);
                if self.dialog.is_some() {
                    self.refusal = Some(text);
                } else {
                    self.toast(ctx, text);
                }
                true
            }
        }
    }

    /// The browser is about to paint.
    fn on_frame(&mut self, ctx: &Context<Self>, now_ms: f64) -> bool {
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
    fn keep_moving(&mut self, ctx: &Context<Self>) {
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
    fn follow(&mut self, ctx: &Context<Self>, change: Change) -> bool {
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
            self.toast(ctx, text);
        }
        if !is_playing {
            self.refresh_reading(true);
            let link = ctx.link().clone();
            self.saving = Some(Timeout::new(SAVE_MS, move || link.send_message(Msg::Save)));
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

    fn refresh_reading(&mut self, with_causes: bool) {
        let view = self.in_view();
        let Some(player) = &mut self.player else { return };
        self.shot.refresh_reading(player, self.ui.lang, view, self.story_steps, with_causes);
        let (shot, selection) = (&self.shot, player.selection());
        self.diagram.with(|diagram| {
            diagram.causes = Rc::clone(&shot.causes);
            diagram.here = shot.here();
            diagram.choose(selection, &shot.stage.messages);
            diagram.fetch(player, &shot.stage);
        });
    }

    fn in_view(&self) -> InView {
        match self.layout {
            Layout::Wide => InView::default().with(Panel::Diagram).with(Panel::Table(0)).with(self.side),
            Layout::Medium | Layout::Narrow => InView::default().with(self.only),
        }
    }

    /// Writes what moves.
    fn paint(&mut self) {
        let Some(player) = &self.player else { return };
        let shown_us = if self.reduced_motion { player.bench().now_us() } else { player.time_us() };
        self.motion.with(|motion| motion.write(shown_us));
        let (lang, stage) = (self.ui.lang, &self.shot.stage);
        self.diagram.with(|diagram| {
            if diagram.present(shown_us) || !diagram.has_data() {
                diagram.fetch(player, stage);
            }
            diagram.paint(lang);
        });
    }

    /// Shows another run, paused.
    fn show(&mut self, bench: Box<dyn Workbench>) {
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
        self.shot.tables = Rc::new(player.bench().tables(lang));
        self.refresh_reading(true);
        let title = self.cards.iter().find(|card| card.id == self.scenario());
        let title = title.map_or("Lamplight".to_owned(), |card| format!("{} · Lamplight", card.title));
        dom::document().set_title(&title);
    }

    fn scenario(&self) -> &str {
        self.player.as_ref().map_or("", |player| player.bench().scenario())
    }

    fn open(&mut self, ctx: &Context<Self>, source: &str, seed: Option<u64>) -> bool {
        self.command(ctx, Command::Pause);
        self.dialog = None;
        match session::open(source, seed, self.ui.lang) {
            Ok(bench) => {
                self.failure = None;
                self.show(session::begun(bench, source));
                self.announce();
                self.save();
            }
            Err(failure) => self.failure = Some(failure),
        }
        true
    }

    fn reopen(&mut self, ctx: &Context<Self>, seed: Option<u64>) -> bool {
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

    fn set_lang(&mut self, lang: Lang) {
        self.prefs.lang = lang;
        self.prefs.apply();
        self.prefs.save();
        self.ui.lang = lang;
        self.cards = Rc::new(crate::scene::catalogue(lang));
        self.refresh_all();
    }

    fn read_colours(&mut self) {
        self.colours = Rc::new(Colours::read());
        let colours = Rc::clone(&self.colours);
        self.diagram.with(|diagram| diagram.colours = colours);
    }

    /// Writes the address and remembers the run.
    fn save(&mut self) {
        let Some(player) = &self.player else { return };
        // A link that could not be read stays in the address until the reader has decided.
        if player.is_playing() || self.failure.is_some() {
            return;
        }
        let link = player.bench().link();
        dom::set_fragment(&link);
        prefs::remember_run(&link);
    }

    /// Says the current sentence to those who listen; silent while a run plays.
    fn announce(&mut self) {
        let is_playing = self.player.as_ref().is_some_and(Player::is_playing);
        let text = self.shot.sentence.as_ref().map(|sentence| sentence.text.clone());
        self.announcement =
            AttrValue::from(if is_playing { String::new() } else { text.unwrap_or_default() });
    }

    fn toast(&mut self, ctx: &Context<Self>, text: String) {
        // The same remark twice is one remark.
        self.toasts.retain(|toast| toast.text != text);
        self.toasts_shown += 1;
        let id = self.toasts_shown;
        self.toasts.push(Toast { id, text });
        let link = ctx.link().clone();
        Timeout::new(TOAST_MS, move || link.send_message(Msg::Ask(Ask::Hush(id)))).forget();
    }
}
