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
use crate::scene::{Lang, Player, Selection};
use crate::sim::Address;

/// How many pending events are listed.
const PENDING_SHOWN: usize = 200;

/// How many steps of a chain of causes are run again in one frame while a run plays.
const CAUSES_AT_ONCE: usize = 1;

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
    pub fn refresh_stage(&mut self, player: &Player, lang: Lang) {
        self.stage = Rc::new(player.bench().stage(lang));
        self.refresh_figures(player);
    }

    /// The figures alone.
    pub fn refresh_figures(&mut self, player: &Player) {
        let bench = player.bench();
        self.figures = Figures {
            cursor: bench.cursor(),
            recorded: bench.recorded(),
            now_us: bench.now_us(),
            recorded_us: bench.recorded_us(),
            seed: bench.seed(),
            playing: player.is_playing(),
            slowdown: player.slowdown(),
            manual: player.is_manual(),
        };
    }

    /// The sentence of the current step, and the scrubber's paint.
    pub fn refresh_sentence(&mut self, player: &mut Player, lang: Lang) {
        let cursor = player.bench().cursor();
        self.sentence = player.bench_mut().sentence(cursor, lang).map(Rc::new);
        self.refresh_tape(player, lang);
    }

    /// The panels that are in view.
    pub fn refresh_panels(&mut self, player: &mut Player, lang: Lang, view: InView, story: u32) {
        let selection = player.selection();
        let cursor = player.bench().cursor();
        if view.circle {
            self.circle = player.bench().circle();
        }
        if view.story {
            self.tell_on(player, cursor, lang, story);
        }
        if let Some(shown) = view.table {
            self.tables = Rc::new(player.bench().tables(shown, lang));
        }
        if view.pending {
            self.pending = Rc::new(player.bench().pending(PENDING_SHOWN, lang));
        }
        if view.inspector {
            let found = selection
                .into_iter()
                .chain(self.here().map(Selection::Party))
                .find_map(|item| Some((item, player.bench_mut().inspect(item, lang)?)));
            self.inspected = match found {
                Some((Selection::Party(address), _)) => address.node(),
                _ => None,
            };
            self.inspection = found.map(|(_, inspection)| Rc::new(inspection));
        }
    }

    /// Two branches side by side.
    pub fn refresh_comparison(&mut self, player: &mut Player, other: u32, lang: Lang) {
        self.comparison = player.bench_mut().compare(other, lang).map(Rc::new);
    }

    /// Whether the reader did what happened in the current step.
    pub fn is_deed(&self) -> bool {
        self.deeds.binary_search_by_key(&self.figures.cursor, |deed| deed.step).is_ok()
    }

    /// Why the step happened, what code ran, and the metrics: what nobody waits for who drags the needle.
    pub fn refresh_causes(&mut self, player: &mut Player, lang: Lang, view: InView) {
        if view.metrics {
            self.refresh_metrics(player);
        }
        if let Some(shown) = view.table
            && !player.is_playing()
            && player.bench().time_lookups(&super::dom::now_ms)
        {
            self.tables = Rc::new(player.bench().tables(shown, lang));
        }
        self.asked = None;
        self.refresh_chain(player, lang, view, usize::MAX);
    }

    /// The same while a run plays: a few steps of the chain at a time, so that no frame is late for it. Returns whether
    /// the chain is another one now.
    pub fn ask_on(&mut self, player: &mut Player, lang: Lang, view: InView) -> bool {
        self.refresh_chain(player, lang, view, CAUSES_AT_ONCE)
    }

    /// Whether a chain of causes is being put together.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    fn refresh_chain(&mut self, player: &mut Player, lang: Lang, view: InView, steps_max: usize) -> bool {
        // The diagram marks the causes, too.
        if !view.inspector && !view.diagram {
            return false;
        }
        let step = self.asked.unwrap_or_else(|| match player.selection() {
            Some(Selection::Step(step)) => step,
            _ => player.bench().cursor(),
        });
        let Some(causes) = player.bench_mut().causes_within(step, lang, steps_max) else {
            self.asked = Some(step);
            return false;
        };
        self.asked = None;
        self.causes = Rc::new(causes);
        if view.diagram {
            self.cone = Rc::new(player.bench().cone(step));
        }
        if view.inspector {
            self.spots = Rc::new(player.bench_mut().source(step));
        }
        true
    }

    /// The tape changes only with what is recorded: not where the cursor merely moves.
    fn refresh_tape(&mut self, player: &Player, lang: Lang) {
        let bench = player.bench();
        let of = Some((self.branch(), bench.recorded(), lang));
        if self.tape_of != of {
            self.tape = Rc::new(bench.tape(lang));
            self.deeds = Rc::new(bench.deeds(lang));
            self.tape_of = of;
        }
    }

    /// The number of the branch that is shown.
    fn branch(&self) -> u32 {
        self.branches.iter().find(|branch| branch.current).map_or(0, |branch| branch.id)
    }

    /// Metrics take one pass over the recording: they are counted anew only where it or the cursor is another.
    pub fn refresh_metrics(&mut self, player: &Player) {
        let bench = player.bench();
        let of = Some((self.branch(), bench.recorded(), bench.cursor()));
        if self.metrics_of != of {
            self.metrics = Rc::new(bench.metrics());
            self.metrics_of = of;
        }
    }

    /// Goes on with the story from where it was told; most of it is the same as before.
    fn tell_on(&mut self, player: &Player, cursor: u32, lang: Lang, length: u32) {
        let known = self.story.first().map_or(0, |sentence| sentence.step).min(cursor);
        let told = self.story.iter().filter(|sentence| sentence.step <= cursor);
        let from = cursor.saturating_sub(length.saturating_sub(1)).max(1);
        let oldest = self.story.last().map_or(u32::MAX, |sentence| sentence.step);
        let bench = player.bench();
        let latest_first = |from, to| bench.sentences(from, to, lang).into_iter().rev();
        let mut story: Vec<Sentence> = latest_first(from.max(known + 1), cursor).collect();
        if known >= from {
            story.extend(told.filter(|sentence| sentence.step >= from).cloned());
            story.extend(latest_first(from, oldest.min(known + 1).saturating_sub(1)));
        }
        self.story = Rc::new(story);
    }

    /// The story is another one, and so are the tape and the metrics.
    pub fn forget_story(&mut self) {
        self.story = Rc::default();
        self.asked = None;
        self.tape_of = None;
        self.metrics_of = None;
    }

    /// The branches.
    pub fn refresh_branches(&mut self, player: &Player) {
        self.branches = Rc::new(player.bench().branches());
    }

    /// Who acted in the current step.
    pub fn here(&self) -> Option<Address> {
        self.sentence.as_ref().and_then(|sentence| sentence.address)
    }
}
