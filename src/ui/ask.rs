//! What the components ask of the page.

use std::rc::Rc;

use yew::prelude::*;

use super::export::Export;
use super::prefs::{Movement, Theme};
use crate::scene::model::Cut;
use crate::scene::settings::Setting;
use crate::scene::{Command, Lang, Selection};
use crate::sim::Address;

/// A wish. Components only send it; what becomes of it is decided in one place.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Something for the player.
    Player(Command),
    /// Opens a scenario by name, or a link, or a scenario file.
    Open(String),
    /// Opens what stands in a file: its beginning, and how many bytes it has.
    OpenFile(Rc<[u8]>, u64),
    /// Opens the same scenario from the start, with this seed or the same.
    Reopen(Option<u64>),
    /// Plays the same run from its start.
    Again,
    /// Opens the same run from the start with these settings changed.
    Rebuild(Vec<Setting>),
    /// Tries again what could not be opened, or opens the run whose engine has stopped.
    Retry,
    /// Opens what could be saved of a damaged link.
    OpenSalvaged,
    /// A menu for a party, a message or a connection, at this place of the window.
    Menu(Subject, f64, f64),
    /// A dialog.
    Dialog(Dialog),
    /// Closes the menu or the dialog.
    Close,
    /// Shows this panel where only one has room.
    Panel(Panel),
    /// Chooses a language, or the unit of times.
    Lang(Lang),
    /// Chooses light, dark or what the system says.
    Theme(Theme),
    /// Chooses whether messages move.
    Movement(Movement),
    /// Saves a file.
    Export(Export),
    /// Full screen, or back.
    FullScreen,
    /// The presentation view, or the whole page again.
    Present,
    /// Says something in a toast.
    Say(String),
    /// Takes a toast away.
    Hush(u32),
    /// The window of the diagram moved.
    DiagramMoved,
    /// Tells more of the story.
    MoreStory,
    /// Compares the branch that is shown with this one.
    Compare(u32),
    /// Goes to the field where a step is looked for.
    Search,
}

/// What a menu is about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Subject {
    /// A node or a client.
    Party(Address),
    /// A message, by its number.
    Message(u64),
    /// A connection.
    Link(Cut),
}

/// A dialog.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Dialog {
    /// The link to this run.
    Share,
    /// The keys, and where to start.
    Help,
    /// Language, theme, motion, units.
    Settings,
    /// A command for a client.
    Command(u16),
    /// A request to a node.
    Operation(u16),
    /// The clock of a node.
    Clock(u16),
    /// The connections of a node.
    Links(u16),
    /// Groups that do not hear each other.
    Partition,
    /// Network, disks, clients, chance.
    Conditions,
    /// The seed.
    Seed,
    /// How many nodes, and the options of the protocol.
    Setup,
    /// The branches, with their names.
    Branches,
    /// What the reader did.
    Deeds,
}

/// A part of the page that shares its place with others on small screens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Panel {
    /// Space and time.
    Diagram,
    /// Logs, state, disk: the table with this number.
    Table(usize),
    /// The inspector.
    Inspector,
    /// What happened so far.
    Story,
    /// What waits for its turn.
    Pending,
    /// Two branches side by side.
    Compare,
    /// What an operator would chart.
    Metrics,
}

/// What every component gets: the language, and a way to ask.
#[derive(Clone, PartialEq)]
pub struct Ui {
    /// The reader's language.
    pub lang: Lang,
    /// Where wishes go.
    pub ask: Callback<Ask>,
}

impl Ui {
    /// Asks.
    pub fn ask(&self, ask: Ask) {
        self.ask.emit(ask);
    }

    /// Asks the player.
    pub fn play(&self, command: Command) {
        self.ask.emit(Ask::Player(command));
    }

    /// A handler that asks the same thing whatever the event.
    pub fn on<E: 'static>(&self, ask: Ask) -> Callback<E> {
        let to = self.ask.clone();
        Callback::from(move |_| to.emit(ask.clone()))
    }

    /// A handler that asks the player.
    pub fn on_play<E: 'static>(&self, command: Command) -> Callback<E> {
        self.on(Ask::Player(command))
    }

    /// A handler that chooses.
    pub fn on_select<E: 'static>(&self, selection: Selection) -> Callback<E> {
        self.on_play(Command::Select(Some(selection)))
    }
}
