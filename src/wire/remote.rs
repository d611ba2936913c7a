//! The other end of the wire: what a page, a widget or a test holds of a run.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::circle::{Compared, Placements};
use super::host::Host;
use super::reply::{Facts, Opened, Panels, Rebuilt, Refused, Saved, State, Told, Why, Wrong};
use super::request::{Export, PanelsWanted, Request, Source};
use crate::scene::circle::Circle;
use crate::scene::compare::Comparison;
use crate::scene::metrics::Metrics;
use crate::scene::model::{BranchView, Conditions, Message, SpaceTime, Stage, Table};
use crate::scene::player::Change;
use crate::scene::settings::Setting;
use crate::scene::{Command, Lang, Prompt, Selection};
use crate::sim::Address;

/// The engine has stopped, or answers nonsense: whatever it held is gone.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the engine has stopped: {0}")]
pub struct Fault(pub String);

/// What carries bytes to an engine and back.
pub trait Carrier {
    /// Asks.
    ///
    /// # Errors
    /// If the engine has stopped.
    fn carry(&self, request: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// An engine of the same module, without anything between.
impl Carrier for RefCell<Host> {
    fn carry(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut host = self.try_borrow_mut().map_err(|_| Fault("it is busy".to_owned()))?;
        Ok(host.ask(request))
    }
}

/// A run in an engine.
///
/// After a [`Fault`] there are no answers: [`Remote::fault`] says why, and whoever holds the run replaces it. What is shown
/// comes as an [`Option`] for that reason, so that what was shown last can stay.
pub struct Remote {
    carrier: Box<dyn Carrier>,
    state: Cell<State>,
    facts: RefCell<Rc<Facts>>,
    placements: RefCell<Placements>,
    fault: RefCell<Option<Fault>>,
}

impl Remote {
    /// An engine, in which no run is open yet.
    pub fn new(carrier: Box<dyn Carrier>) -> Remote {
        Remote {
            carrier,
            state: Cell::default(),
            facts: RefCell::default(),
            placements: RefCell::default(),
            fault: RefCell::default(),
        }
    }

    /// Why the engine has stopped, if it has.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.try_borrow().ok().and_then(|fault| fault.clone())
    }

    fn ask<T: DeserializeOwned>(&self, request: &Request) -> Option<T> {
        if self.fault().is_some() {
            return None;
        }
        let reply = self.carrier.carry(&super::encode(request)).and_then(|bytes| read(&bytes));
        match reply {
            Ok((state, value)) => {
                self.state.set(state);
                Some(value)
            }
            Err(fault) => {
                // Nothing moves any more, so nobody has to wait for the next frame.
                self.state.set(State { is_playing: false, is_moving: false, ..self.state() });
                self.fault.replace(Some(fault));
                None
            }
        }
    }

    /// The same, with an empty answer after a fault.
    fn get<T: DeserializeOwned + Default>(&self, request: &Request) -> T {
        self.ask(request).unwrap_or_default()
    }

    /// How things stood after the last answer.
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// What stays the same of the run.
    pub fn facts(&self) -> Rc<Facts> {
        self.facts.try_borrow().map(|facts| Rc::clone(&facts)).unwrap_or_default()
    }

    fn opened(&self, opened: Opened) {
        self.facts.replace(Rc::new(opened.facts));
        self.placements.replace(Placements::default());
    }

    /// Opens a run in place of the one that is open, paused.
    ///
    /// # Errors
    /// What is wrong with what was asked for; what is open stays open. No text after a fault.
    pub fn open(
        &self,
        source: Source,
        seed: Option<u64>,
        slowdown: Option<u32>,
        lang: Lang,
    ) -> Result<(), Refused> {
        let opened: Option<Result<Opened, Refused>> =
            self.ask(&Request::Open { source, seed, slowdown, lang });
        self.opened(opened.unwrap_or_else(|| Err(Refused::default()))?);
        Ok(())
    }

    /// Opens the same run from its start with these settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn rebuild(&self, changes: Vec<Setting>, lang: Lang) -> Result<(), Rebuilt> {
        let opened: Option<Result<Opened, Rebuilt>> = self.ask(&Request::Rebuild { changes, lang });
        self.opened(opened.unwrap_or_else(|| Err(Rebuilt::Other(String::new())))?);
        Ok(())
    }

    /// Opens what could be saved of what was refused last. Returns whether there was something.
    pub fn salvage(&self, slowdown: Option<u32>) -> bool {
        let opened: Option<Opened> = self.get(&Request::Salvage { slowdown });
        let is_open = opened.is_some();
        opened.into_iter().for_each(|opened| self.opened(opened));
        is_open
    }

    /// Does what is wanted.
    ///
    /// # Errors
    /// Why an action was refused, as a sentence; nothing has changed then.
    pub fn apply(&self, command: Command, glides: bool, lang: Lang) -> Result<Change, String> {
        self.ask(&Request::Command { command, glides, lang }).unwrap_or_else(|| Ok(Change::default()))
    }

    /// Real time went by, in µs.
    pub fn tick(&self, elapsed_us: u64) -> Change {
        self.get(&Request::Tick { elapsed_us })
    }

    /// Whether the run plays.
    pub fn is_playing(&self) -> bool {
        self.state().is_playing
    }

    /// Whether [`Remote::tick`] has anything to do.
    pub fn is_moving(&self) -> bool {
        self.state().is_moving
    }

    /// What is chosen.
    pub fn selection(&self) -> Option<Selection> {
        self.state().selection
    }

    /// The cluster, drawn.
    pub fn stage(&self, lang: Lang) -> Option<Stage> {
        self.ask(&Request::Stage { lang })
    }

    /// The messages alone, without their descriptions.
    pub fn traffic(&self) -> Option<Vec<Message>> {
        self.ask(&Request::Traffic)
    }

    /// What happened at the cursor, with the scrubber's paint if that is wanted.
    pub fn told(&self, with_tape: bool, lang: Lang) -> Option<Told> {
        self.ask(&Request::Sentence { with_tape, lang })
    }

    /// What is beside the stage, and the circle of keys, if it was asked for and there is one.
    pub fn panels(&self, wanted: PanelsWanted) -> Option<(Panels, Option<Circle>)> {
        let mut panels: Panels = self.ask(&Request::Panels(wanted))?;
        let circle =
            panels.circle.take().and_then(|update| self.placements.try_borrow_mut().ok()?.read(update));
        Some((panels, circle))
    }

    /// Two branches side by side, if there are two.
    pub fn compare(&self, other: u32, lang: Lang) -> Option<Option<Comparison>> {
        let compared: Option<Compared> = self.ask(&Request::Compare { other, lang })?;
        let mut placements = self.placements.try_borrow_mut().ok()?;
        Some(compared.map(|compared| placements.read_both(compared)))
    }

    /// Why a step happened; nothing while more than so many steps have to be run again for it.
    pub fn why(
        &self,
        step: u32,
        steps_max: Option<u32>,
        with_cone: bool,
        with_source: bool,
        lang: Lang,
    ) -> Option<Why> {
        self.get(&Request::Why { step, steps_max, with_cone, with_source, lang })
    }

    /// Times the lookups that a table compares: other tables, if anything was timed.
    pub fn time_lookups(&self, shown: u32, lang: Lang) -> Option<Vec<Table>> {
        self.get(&Request::TimeLookups { shown, lang })
    }

    /// What an operator would chart.
    pub fn metrics(&self) -> Option<Metrics> {
        self.ask(&Request::Metrics)
    }

    /// All branches.
    pub fn branches(&self) -> Option<Vec<BranchView>> {
        self.ask(&Request::Branches)
    }

    /// The space-time diagram between two moments.
    pub fn space_time(&self, from_us: u64, to_us: u64, arrows_max: u32) -> Option<SpaceTime> {
        self.ask(&Request::SpaceTime { from_us, to_us, arrows_max })
    }

    /// What surrounds the nodes.
    pub fn conditions(&self) -> Conditions {
        self.get(&Request::Conditions)
    }

    /// What a client, or the operator of a node, can type.
    pub fn prompts(&self, of: Address, lang: Lang) -> Vec<Prompt> {
        self.get(&Request::Prompts { of, lang })
    }

    /// What the run starts from.
    pub fn settings(&self) -> Vec<Setting> {
        self.get(&Request::Settings)
    }

    /// The exact run as the fragment of a link.
    pub fn link(&self) -> String {
        self.get(&Request::Link)
    }

    /// The exact run as a scenario file.
    pub fn file(&self) -> String {
        self.get(&Request::File)
    }

    /// The digest of the run up to the cursor.
    pub fn digest(&self) -> u64 {
        self.get(&Request::Digest)
    }

    /// A file for another tool, unless it would have more bytes.
    pub fn export(&self, export: Export, bytes_max: u32, lang: Lang) -> Option<Saved> {
        self.get(&Request::Export { export, bytes_max, lang })
    }
}

/// Reads a reply.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<(State, T), Fault> {
    let reply: Result<(State, T), Wrong> = match postcard::take_from_bytes(bytes) {
        Ok((reply, [])) => reply,
        Ok(_) => return Err(Fault("its answer is longer than what was asked for".to_owned())),
        Err(error) => return Err(Fault(format!("its answer cannot be read: {error}"))),
    };
    reply.map_err(|wrong| Fault(wrong.to_string()))
}
