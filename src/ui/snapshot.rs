//! What the page shows of a run: asked for once per change, and only what is in view.

use std::rc::Rc;

use super::ask::Panel;
use crate::protocol::NodeId;
use crate::scene::circle::Circle;
use crate::scene::compare::Comparison;
use crate::scene::metrics::Metrics;
use crate::scene::model::{
    BranchView, Cone, Deed, Inspection, Pending, Sentence, SourceSpot, Stage, Table, Tape,
};
use crate::scene::{Lang, Selection};
use crate::sim::Address;
use crate::wire::{PanelsWanted, Remote, Why};

/// How many pending events are listed.
const PENDING_SHOWN: u32 = 200;

/// How many steps of a chain of causes are run again in one frame while a run plays.
const CAUSES_AT_ONCE: u32 = 1;

/// The figures that change with every step.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Figures {
    /// The cursor.
    pub cursor: u32,
    /// How many steps there are.
    pub recorded: u32,
    /// The moment of the step before the cursor, in µs.
    pub now_us: u64,
    /// The moment of the last step, in µs.
    pub recorded_us: u64,
    /// The seed.
    pub seed: u64,
    /// Whether it plays.
    pub playing: bool,
    /// How slowly.
    pub slowdown: u32,
    /// Whether the person schedules.
    pub manual: bool,
}

/// What is in view beside the stage itself.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct InView {
    /// The circle of keys on the stage.
    pub circle: bool,
    /// The position of the table.
    pub table: Option<usize>,
    /// The inspector.
    pub inspector: bool,
    /// The story.
    pub story: bool,
    /// The list of what waits.
    pub pending: bool,
    /// The space-time diagram.
    pub diagram: bool,
    /// Two branches side by side.
    pub compare: bool,
    /// The metrics.
    pub metrics: bool,
}

impl InView {
    /// The table alone, and the circle, which is about the same keys.
    pub fn only_table(self) -> InView {
        InView { circle: self.circle, table: self.table, ..InView::default() }
    }

    /// All but these.
    pub fn without_table(self) -> InView {
        InView { circle: false, table: None, ..self }
    }

    /// Marks a panel as in view.
    pub fn with(mut self, panel: Panel) -> InView {
        match panel {
            Panel::Diagram => self.diagram = true,
            Panel::Table(shown) => self.table = Some(shown),
            Panel::Inspector => self.inspector = true,
            Panel::Story => self.story = true,
            Panel::Pending => self.pending = true,
            Panel::Compare => self.compare = true,
            Panel::Metrics => self.metrics = true,
        }
        self
    }
}

/// What is shown.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// The cluster.
    pub stage: Rc<Stage>,
    /// The circle of keys, where there is one.
    pub circle: Option<Rc<Circle>>,
    /// What happened in the current step.
    pub sentence: Option<Rc<Sentence>>,
    /// The last steps, the latest first.
    pub story: Rc<Vec<Sentence>>,
    /// The fields of what is selected.
    pub inspection: Option<Rc<Inspection>>,
    /// The node that they are of, if they are of one.
    pub inspected: Option<NodeId>,
    /// Why the step happened.
    pub causes: Rc<Vec<Sentence>>,
    /// The step whose chain of causes is being put together.
    asked: Option<u32>,
    /// What led to the step, and what came of it.
    pub cone: Rc<Cone>,
    /// Two branches side by side.
    pub comparison: Option<Rc<Comparison>>,
    /// What the reader did in this branch.
    pub deeds: Rc<Vec<Deed>>,
    /// Where in the source it happened.
    pub spots: Rc<Vec<SourceSpot>>,
    /// Logs, state, disk.
    pub tables: Rc<Vec<Table>>,
    /// What waits.
    pub pending: Rc<Vec<Pending>>,
    /// The scrubber's paint.
    pub tape: Rc<Tape>,
    /// The branch, the number of its steps and the language that the paint is of.
    tape_of: Option<(u32, u32, Lang)>,
    /// The metrics.
    pub metrics: Rc<Metrics>,
    /// The branch, the number of its steps and the cursor that the metrics are of.
    metrics_of: Option<(u32, u32, u32)>,
    /// The branches.
    pub branches: Rc<Vec<BranchView>>,
    /// The figures.
    pub figures: Figures,
}

impl Snapshot {
    /// What must be right in every frame.
    pub fn refresh_stage(&mut self, run: &Remote, lang: Lang) {
        if let Some(stage) = run.stage(lang) {
            self.stage = Rc::new(stage);
        }
        self.refresh_figures(run);
    }

    /// The figures alone.
    pub fn refresh_figures(&mut self, run: &Remote) {
        let state = run.state();
        self.figures = Figures {
            cursor: state.cursor,
            recorded: state.recorded,
            now_us: state.now_us,
            recorded_us: state.recorded_us,
            seed: run.facts().seed,
            playing: state.is_playing,
            slowdown: state.slowdown,
            manual: state.is_manual,
        };
    }

    /// The sentence of the current step, and the scrubber's paint.
    ///
    /// The tape changes only with what is recorded: not where the cursor merely moves.
    pub fn refresh_sentence(&mut self, run: &Remote, lang: Lang) {
        let of = Some((self.branch(), run.state().recorded, lang));
        let Some(told) = run.told(self.tape_of != of, lang) else { return };
        self.sentence = told.sentence.map(Rc::new);
        if let Some((tape, deeds)) = told.tape {
            self.tape = Rc::new(tape);
            self.deeds = Rc::new(deeds);
            self.tape_of = of;
        }
    }

    /// The panels that are in view.
    pub fn refresh_panels(&mut self, run: &Remote, lang: Lang, view: InView, length: u32) {
        let state = run.state();
        let retold = view.story.then(|| Retold::of(&self.story, state.cursor, length));
        let here = self.here().map(Selection::Party);
        let wanted = PanelsWanted {
            circle: view.circle,
            story: retold.as_ref().map(Retold::wanted).unwrap_or_default(),
            table: view.table.map(|shown| u32::try_from(shown).unwrap_or(u32::MAX)),
            pending: view.pending.then_some(PENDING_SHOWN),
            inspect: match view.inspector {
                true => state.selection.into_iter().chain(here).collect(),
                false => Vec::new(),
            },
            lang,
        };
        let Some((panels, circle)) = run.panels(wanted) else { return };
        if view.circle {
            // What is the same is not drawn again.
            if self.circle.as_deref() != circle.as_ref() {
                self.circle = circle.map(Rc::new);
            }
        }
        if let Some(retold) = retold {
            self.story = Rc::new(retold.tell(&self.story, panels.story));
        }
        if let Some(tables) = panels.tables {
            self.tables = Rc::new(tables);
        }
        if let Some(pending) = panels.pending {
            self.pending = Rc::new(pending);
        }
        if view.inspector {
            self.inspected = match &panels.inspected {
                Some((Selection::Party(address), _)) => address.node(),
                _ => None,
            };
            self.inspection = panels.inspected.map(|(_, inspection)| Rc::new(inspection));
        }
    }

    /// Two branches side by side.
    pub fn refresh_comparison(&mut self, run: &Remote, other: u32, lang: Lang) {
        if let Some(comparison) = run.compare(other, lang) {
            self.comparison = comparison.map(Rc::new);
        }
    }

    /// Whether the reader did what happened in the current step.
    pub fn is_deed(&self) -> bool {
        self.deeds.binary_search_by_key(&self.figures.cursor, |deed| deed.step).is_ok()
    }

    /// Why the step happened, what code ran, and the metrics: none of these is worth making a needle wait that is
    /// dragged.
    pub fn refresh_causes(&mut self, run: &Remote, lang: Lang, view: InView) {
        if view.metrics {
            self.refresh_metrics(run);
        }
        if let Some(shown) = view.table
            && !run.is_playing()
            && let Some(tables) = run.time_lookups(u32::try_from(shown).unwrap_or(u32::MAX), lang)
        {
            self.tables = Rc::new(tables);
        }
        self.asked = None;
        self.refresh_chain(run, lang, view, None);
    }

    /// The same while a run plays: a few steps of the chain at a time, so that no frame is late for it. Returns whether
    /// the chain is another one now.
    pub fn ask_on(&mut self, run: &Remote, lang: Lang, view: InView) -> bool {
        self.refresh_chain(run, lang, view, Some(CAUSES_AT_ONCE))
    }

    /// Whether a chain of causes is being put together.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    fn refresh_chain(&mut self, run: &Remote, lang: Lang, view: InView, steps_max: Option<u32>) -> bool {
        // The diagram marks the causes, too.
        if !view.inspector && !view.diagram {
            return false;
        }
        let step = self.asked.unwrap_or_else(|| match run.selection() {
            Some(Selection::Step(step)) => step,
            _ => run.state().cursor,
        });
        let Some(Why { causes, cone, spots }) = run.why(step, steps_max, view.diagram, view.inspector, lang)
        else {
            self.asked = run.fault().is_none().then_some(step);
            return false;
        };
        self.asked = None;
        self.causes = Rc::new(causes);
        if let Some(cone) = cone {
            self.cone = Rc::new(cone);
        }
        if let Some(spots) = spots {
            self.spots = Rc::new(spots);
        }
        true
    }

    /// The number of the branch that is shown.
    fn branch(&self) -> u32 {
        self.branches.iter().find(|branch| branch.current).map_or(0, |branch| branch.id)
    }

    /// Metrics take one pass over the recording: they are counted anew only where it or the cursor is another.
    pub fn refresh_metrics(&mut self, run: &Remote) {
        let state = run.state();
        let of = Some((self.branch(), state.recorded, state.cursor));
        if self.metrics_of != of
            && let Some(metrics) = run.metrics()
        {
            self.metrics = Rc::new(metrics);
            self.metrics_of = of;
        }
    }

    /// The story is another one, and so are the tape and the metrics.
    pub fn forget_story(&mut self) {
        self.story = Rc::default();
        self.asked = None;
        self.tape_of = None;
        self.metrics_of = None;
    }

    /// The branches.
    pub fn refresh_branches(&mut self, run: &Remote) {
        if let Some(branches) = run.branches() {
            self.branches = Rc::new(branches);
        }
    }

    /// Who acted in the current step.
    pub fn here(&self) -> Option<Address> {
        self.sentence.as_ref().and_then(|sentence| sentence.address)
    }
}

/// How a story goes on from where it was told: most of it is the same as before, the latest step first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Retold {
    /// The oldest step that is told.
    from: u32,
    /// The latest one.
    cursor: u32,
    /// The latest step that is known, at most the cursor, and the oldest one.
    known: u32,
    oldest: u32,
}

impl Retold {
    fn of(story: &[Sentence], cursor: u32, length: u32) -> Retold {
        Retold {
            from: cursor.saturating_sub(length.saturating_sub(1)).max(1),
            cursor,
            known: story.first().map_or(0, |sentence| sentence.step).min(cursor),
            oldest: story.last().map_or(u32::MAX, |sentence| sentence.step),
        }
    }

    /// The steps that have to be asked for: those after what is known, and those before it.
    fn wanted(&self) -> Vec<(u32, u32)> {
        let mut wanted = vec![(self.from.max(self.known + 1), self.cursor)];
        if self.known >= self.from {
            wanted.push((self.from, self.oldest.min(self.known + 1).saturating_sub(1)));
        }
        wanted
    }

    fn tell(&self, story: &[Sentence], told: Vec<Vec<Sentence>>) -> Vec<Sentence> {
        let mut told = told.into_iter();
        let mut all: Vec<Sentence> = told.next().unwrap_or_default().into_iter().rev().collect();
        if self.known >= self.from {
            let steps = self.from..=self.cursor;
            all.extend(story.iter().filter(|sentence| steps.contains(&sentence.step)).cloned());
            all.extend(told.next().unwrap_or_default().into_iter().rev());
        }
        all
    }
}
