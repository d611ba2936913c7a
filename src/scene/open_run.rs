//! The workbench of any protocol that can be portrayed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::circle::Circle;
use super::compare::Comparison;
use super::condition::{self, Condition, Vocabulary};
use super::detail::Detail;
use super::export::account::{self, Account};
use super::facts::Fact;
use super::metrics::{self, Metrics};
use super::model::{
    BranchView, Conditions, Cone, Deed, Inspection, Message, Pending, Sentence, SourceSpot, SpaceTime, Stage,
    Table, Tape,
};
use super::portray::{Layout, Portray};
use super::workbench::{Action, Prompt, Refusal, Selection, Workbench};
use super::{Lang, compare, cone, diagram, find, inspect, stage, telling, trace};
use crate::scenario::{About, Scenario, json, link};
use crate::sim::{Address, Digest, History, Problem, Recording};

/// The longest chain of causes that is told; from its end one can ask on.
const CAUSES_MAX: usize = 12;

/// How many sentences of causes are remembered.
const TOLD_MAX: usize = 500;

/// How many steps a milestone is looked for ahead of what is recorded, and how many at a time.
const MILESTONE_AHEAD_MAX: u32 = 32_000;
const MILESTONE_LOOK: u32 = 500;

/// An open run of one protocol.
#[derive(Debug)]
pub struct OpenRun<P: Portray> {
    name: String,
    preset: Option<&'static str>,
    seed: u64,
    about: About,
    pub(super) history: History<P>,
    /// The step at the cursor in full, for the branch and cursor that it was made for.
    pub(super) detail: Option<(usize, u32, Detail<P>)>,
    /// The sentences of causes.
    told: Told,
    /// The circle that was found last, for the branch and cursor that it was found for.
    circle: RefCell<Option<(usize, u32, Rc<Circle>)>>,
}

/// Sentences that were told: the causes of a step are mostly those of the step before it, and each of them is a step
/// that is run again.
#[derive(Debug, Default)]
struct Told {
    /// The branch and the language that they are of.
    of: Option<(usize, Lang)>,
    /// By their step, with the lines that ran.
    sentences: BTreeMap<u32, (Sentence, Vec<SourceSpot>)>,
}

impl<P: Portray> OpenRun<P> {
    /// Opens a run as far as it was recorded.
    pub fn new(scenario: &Scenario<P>, recording: Recording<P>) -> Self {
        let name = match scenario.preset {
            Some(preset) => format!("{}/{preset}", P::NAME),
            None => "custom".to_owned(),
        };
        let history = History::of_recording(recording);
        let (preset, seed) = (scenario.preset, scenario.seed);
        let mut run = OpenRun {
            name,
            preset,
            seed,
            about: scenario.about.clone(),
            history,
            detail: None,
            told: Told::default(),
            circle: RefCell::default(),
        };
        run.seek(scenario.cursor);
        run
    }

    /// The run up to the cursor, as data.
    pub fn to_scenario(&self) -> Scenario<P> {
        let cursor = self.history.cursor();
        let mut interventions = std::collections::BTreeMap::new();
        if let Some(recording) = self.history.recording() {
            // What was done after the cursor belongs to the run that is shared, too: the reader can go on.
            interventions.clone_from(recording.interventions());
        }
        let setup = self.history.cluster().setup().clone();
        Scenario {
            preset: self.preset,
            setup,
            seed: self.seed,
            interventions,
            cursor,
            about: self.about.clone(),
        }
    }

    fn options(&self) -> &P::Options {
        &self.history.cluster().setup().options
    }

    /// The circle on which keys are placed, at the cursor.
    pub(super) fn circle_now(&self) -> Option<Rc<Circle>> {
        let cluster = self.history.cluster();
        if P::layout(&cluster.setup().options) != Layout::Circle {
            return None;
        }
        let (branch, cursor) = (self.history.current(), self.history.cursor());
        let mut last = self.circle.try_borrow_mut().ok()?;
        if let Some((b, c, circle)) = &*last
            && (*b, *c) == (branch, cursor)
        {
            return Some(Rc::clone(circle));
        }
        let known = last.take();
        let known = known.as_ref().map(|(_, _, circle)| &**circle);
        let circle = Rc::new(P::circle(&inspect::nodes(cluster), &cluster.setup().options, known)?);
        *last = Some((branch, cursor, Rc::clone(&circle)));
        Some(circle)
    }

    /// Finds the step at the cursor in full.
    fn refresh_detail(&mut self) {
        let (branch, cursor) = (self.history.current(), self.history.cursor());
        if self.detail.as_ref().is_some_and(|(b, c, _)| (*b, *c) == (branch, cursor)) {
            return;
        }
        let found = cursor.checked_sub(1).zip(self.history.recording());
        let detail = found.and_then(|(index, recording)| Detail::of(recording, index));
        self.detail = detail.map(|detail| (branch, cursor, detail));
    }

    /// The step before a cursor position in full.
    fn detail_of(&self, cursor: u32) -> Option<Detail<P>> {
        if let Some((branch, at, detail)) = &self.detail
            && (*branch, *at) == (self.history.current(), cursor)
        {
            return Some(detail.clone());
        }
        Detail::of(self.history.recording()?, cursor.checked_sub(1)?)
    }
}

impl<P: Portray> Workbench for OpenRun<P> {
    fn protocol(&self) -> &'static str {
        P::NAME
    }

    fn scenario(&self) -> &str {
        &self.name
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn nodes(&self) -> u16 {
        self.history.cluster().setup().nodes
    }

    fn clients(&self) -> u16 {
        self.history.cluster().setup().clients
    }

    fn recorded(&self) -> u32 {
        self.history.recording().map_or(0, Recording::steps)
    }

    fn recorded_us(&self) -> u64 {
        self.history.recording().map_or(0, |recording| recording.head().now_us())
    }

    fn cursor(&self) -> u32 {
        self.history.cursor()
    }

    fn now_us(&self) -> u64 {
        self.history.cluster().now_us()
    }

    fn seek(&mut self, step: u32) -> u32 {
        let (branch, before) = (self.history.current(), self.history.cursor());
        // The last step on the way is watched: to find it in full later, all of the way would be run again.
        let last = self.history.seek_watching_last(step, Detail::next);
        let cursor = self.history.cursor();
        if let Some(detail) = last.filter(|_| cursor != before) {
            self.detail = Some((branch, cursor, detail));
        }
        cursor
    }

    fn record(&mut self, until_us: u64, steps: u32) -> Result<(), Problem> {
        self.history.record(until_us, steps)
    }

    fn cursor_at(&self, time_us: u64) -> u32 {
        self.history.recording().map_or(0, |recording| recording.steps_at(time_us))
    }

    fn time_at(&self, cursor: u32) -> u64 {
        self.history.recording().map_or(0, |recording| recording.time_at(cursor))
    }

    fn milestone(&mut self, forward: bool) -> Option<u32> {
        if forward {
            let cursor = self.milestone_ahead()?;
            let missing = cursor.saturating_sub(self.recorded());
            // The same seed makes the same steps; at a limit there are fewer.
            let _ = self.history.record(u64::MAX, missing);
            return (cursor <= self.recorded()).then_some(cursor);
        }
        let recording = self.history.recording()?;
        (0..self.history.cursor().saturating_sub(1))
            .rev()
            .find(|index| recording.info(*index).is_some_and(|info| info.flags.is_worth_a_stop()))
            .map(|index| index + 1)
    }

    fn milestone_ahead(&self) -> Option<u32> {
        let recording = self.history.recording()?;
        let found = |recording: &Recording<P>, from: u32| {
            recording.infos(from).find(|info| info.flags.is_worth_a_stop()).map(|info| info.index + 1)
        };
        if let Some(cursor) = found(recording, self.history.cursor()) {
            return Some(cursor);
        }
        // On trial, so that where nothing comes nothing is recorded.
        let mut trial = recording.fork(recording.steps());
        let end = recording.steps().saturating_add(MILESTONE_AHEAD_MAX);
        while trial.steps() < end {
            let from = trial.steps();
            trial.record_until(u64::MAX, MILESTONE_LOOK).ok()?;
            if let Some(cursor) = found(&trial, from) {
                return Some(cursor);
            }
            if trial.steps() == from {
                break;
            }
        }
        None
    }

    fn has_milestone(&self, from: u32, to: u32) -> bool {
        let recording = self.history.recording();
        (from..to).any(|index| {
            recording
                .and_then(|recording| recording.info(index))
                .is_some_and(|info| info.flags.is_worth_a_stop())
        })
    }

    fn act(&mut self, action: Action, lang: Lang) -> Result<(), Refusal> {
        let act = action.try_map(
            |command| P::parse_command(&command, lang).map_err(Refusal::Text),
            |operation| P::parse_operation(&operation, lang).map_err(Refusal::Text),
        )?;
        self.history.act(act)?;
        Ok(())
    }

    fn conditions(&self) -> Conditions {
        let cluster = self.history.cluster();
        let disk = cluster.host(crate::protocol::NodeId(0)).map(|host| host.disk.options());
        Conditions {
            network: cluster.network().options(),
            disk: disk.unwrap_or_default(),
            workload: cluster.workload(),
            chaos: cluster.chaos(),
        }
    }

    fn stage(&self, lang: Lang) -> Stage {
        let mut stage = stage::stage(self.history.cluster(), lang);
        // Once an invariant is violated, no other line says how things stand.
        let cursor = self.cursor();
        let broken = self
            .history
            .recording()
            .and_then(|recording| recording.violations().find(|(step, _)| *step < cursor));
        if let Some((_, violation)) = broken {
            stage.headline = P::violation_text(violation, lang).1;
        }
        stage
    }

    fn traffic(&self) -> Vec<Message> {
        stage::traffic(self.history.cluster())
    }

    fn circle(&self) -> Option<Rc<Circle>> {
        self.circle_now()
    }

    fn time_lookups(&self, clock: &dyn Fn() -> f64) -> bool {
        self.circle_now().is_some_and(|circle| P::time_lookups(&circle, clock))
    }

    fn tables(&self, shown: usize, lang: Lang) -> Vec<Table> {
        let cluster = self.history.cluster();
        let circle = self.circle_now();
        let mut tables = inspect::tables(cluster, circle.as_deref(), shown, lang);
        tables.push(inspect::disk_table(cluster, shown >= tables.len(), lang));
        tables
    }

    fn sentence(&mut self, cursor: u32, lang: Lang) -> Option<Sentence> {
        if cursor == self.history.cursor() {
            self.refresh_detail();
        }
        let detail = self.detail_of(cursor)?;
        Some(telling::sentence(&detail, self.options(), lang))
    }

    fn sentences(&self, from: u32, to: u32, lang: Lang) -> Vec<Sentence> {
        let Some(recording) = self.history.recording() else { return Vec::new() };
        let indexes: Vec<u32> = (from.max(1)..=to.min(recording.steps())).map(|cursor| cursor - 1).collect();
        let details = Detail::of_all(recording, &indexes);
        details.iter().map(|detail| telling::sentence(detail, self.options(), lang)).collect()
    }

    fn inspect(&mut self, selection: Selection, lang: Lang) -> Option<Inspection> {
        self.refresh_detail();
        inspect::inspect(self, selection, lang)
    }

    fn causes_within(&mut self, cursor: u32, lang: Lang, steps_max: usize) -> Option<Vec<Sentence>> {
        let Some(recording) = self.history.recording() else { return Some(Vec::new()) };
        let mut told = std::mem::take(&mut self.told);
        let of = Some((self.history.current(), lang));
        if told.of != of || told.sentences.len() > TOLD_MAX {
            told = Told { of, sentences: BTreeMap::new() };
        }
        let cause_of = |index: &u32| recording.info(*index)?.cause;
        // What is not recorded (in this branch) has no causes, however often one asks.
        let last = cursor.checked_sub(1).filter(|index| *index < recording.steps());
        let chain: Vec<u32> = std::iter::successors(last, cause_of).take(CAUSES_MAX).collect();
        let unknown = chain.iter().rev().filter(|index| !told.sentences.contains_key(index));
        let unknown: Vec<u32> = unknown.take(steps_max).copied().collect();
        for detail in Detail::of_all(recording, &unknown) {
            let sentence = telling::sentence(&detail, self.options(), lang);
            told.sentences.insert(detail.index, (sentence, telling::source_spots(&detail)));
        }
        let all = chain.iter().map(|index| Some(told.sentences.get(index)?.0.clone())).collect();
        self.told = told;
        all
    }

    fn cone(&self, cursor: u32) -> Cone {
        self.history.recording().map(|recording| cone::cone(recording, cursor)).unwrap_or_default()
    }

    fn find(&self, query: &str, positions: (u32, u32), forward: bool, lang: Lang) -> Option<u32> {
        find::find(self.history.recording()?, query, positions, forward, lang)
    }

    fn last_change(&self, node: crate::protocol::NodeId, field: &str, lang: Lang) -> Option<u32> {
        find::last_change(self.history.recording()?, node, field, self.history.cursor(), lang)
    }

    fn facts(&self) -> Vec<(Address, Vec<Fact>)> {
        condition::facts(self.history.cluster())
    }

    fn cluster_facts(&self) -> Vec<Fact> {
        condition::cluster_facts(self.history.cluster())
    }

    fn vocabulary(&self) -> Vocabulary {
        Vocabulary::of::<P>(self.nodes(), self.clients())
    }

    fn until(&mut self, condition: &Condition, from: u32, steps_max: u32) -> Option<u32> {
        condition::until(&mut self.history, condition, from, steps_max)
    }

    fn source(&mut self, cursor: u32) -> Vec<SourceSpot> {
        let index = cursor.checked_sub(1);
        if self.told.of.is_some_and(|(branch, _)| branch == self.history.current())
            && let Some((_, spots)) = index.and_then(|index| self.told.sentences.get(&index))
        {
            return spots.clone();
        }
        self.detail_of(cursor).map(|detail| telling::source_spots(&detail)).unwrap_or_default()
    }

    fn pending(&self, count: usize, lang: Lang) -> Vec<Pending> {
        stage::pending(self.history.cluster(), count, lang)
    }

    fn space_time(&self, from_us: u64, to_us: u64, arrows: usize) -> SpaceTime {
        match self.history.recording() {
            Some(recording) => diagram::space_time(recording, from_us, to_us, arrows),
            None => SpaceTime::default(),
        }
    }

    fn tape(&self, lang: Lang) -> Tape {
        match self.history.recording() {
            Some(recording) => diagram::tape(recording, lang),
            None => Tape::default(),
        }
    }

    fn branches(&self) -> Vec<BranchView> {
        let branches = self.history.branches().iter().enumerate();
        let common_steps = |id| self.history.common_steps(self.history.current(), id).min(self.recorded());
        branches
            .filter(|(_, branch)| !branch.deleted)
            .map(|(id, branch)| BranchView {
                id: id as u32,
                name: branch.name.clone(),
                parent: branch.parent.map(|parent| parent as u32),
                forked_at: branch.forked_at,
                steps: branch.recording.steps(),
                end_us: branch.recording.head().now_us(),
                common_steps: common_steps(id),
                parts_us: self.time_at(common_steps(id)),
                current: id == self.history.current(),
            })
            .collect()
    }

    fn switch(&mut self, branch: u32) -> bool {
        self.history.switch(branch as usize)
    }

    fn rename(&mut self, branch: u32, name: &str) {
        self.history.rename(branch as usize, name);
    }

    fn delete(&mut self, branch: u32) -> bool {
        self.history.delete(branch as usize)
    }

    fn restore(&mut self, branch: u32) -> bool {
        self.history.restore(branch as usize)
    }

    fn compare(&mut self, other: u32, lang: Lang) -> Option<Comparison> {
        let circle = self.circle_now();
        compare::compare(&mut self.history, circle, other as usize, lang)
    }

    fn deeds(&self, lang: Lang) -> Vec<Deed> {
        let Some(recording) = self.history.recording() else { return Vec::new() };
        let deeds = recording.interventions().iter();
        deeds
            .map(|(index, act)| Deed {
                step: index + 1,
                time_us: recording.time_at(index + 1),
                text: telling::act_text::<P>(act, self.options(), lang),
            })
            .collect()
    }

    fn undo(&mut self, step: u32) -> Result<u32, Problem> {
        let index = step.saturating_sub(1);
        self.history.without(index).map(|removed| removed.not_repeated)
    }

    fn commands(&self, lang: Lang) -> Vec<Prompt> {
        P::commands(lang)
    }

    fn operations(&self, node: crate::protocol::NodeId, lang: Lang) -> Vec<Prompt> {
        let cluster = self.history.cluster();
        match cluster.node(node) {
            Some(process) => process.operations(node, cluster.setup().nodes, lang),
            None => Vec::new(),
        }
    }

    fn link(&self) -> String {
        link::write(&self.to_scenario())
    }

    fn json(&self) -> String {
        json::write(&self.to_scenario())
    }

    fn trace(&self, line: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some(recording) = self.history.recording() else { return true };
        let origin = trace::Origin { scenario: &self.name, link: &self.link() };
        trace::write(recording, origin, self.history.cursor(), line)
    }

    fn account(&self, from: u32, to: u32, lang: Lang) -> Vec<Account> {
        let recording = self.history.recording();
        recording.map(|recording| account::account(recording, from, to, lang)).unwrap_or_default()
    }

    fn metrics(&self) -> Metrics {
        let cursor = self.history.cursor();
        self.history.recording().map(|recording| metrics::metrics(recording, cursor)).unwrap_or_default()
    }

    fn digest(&mut self) -> u64 {
        let mut digest = Digest::default();
        let cursor = self.history.cursor();
        if let Some(recording) = self.history.recording() {
            recording.run_on(&mut recording.at(0), cursor, &mut digest);
        }
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{Lang, Selection, open};
    use crate::sim::Address;

    #[test]
    fn the_last_step_of_a_seek_is_told_as_if_it_were_found_from_a_keyframe() {
        let mut bench = open("raft/lossy").ok().unwrap();
        bench.seek(2_500);
        // Forwards by one and by many, back across a keyframe, and beyond what is recorded.
        for cursor in [2_501, 2_530, 1_900, 1_899, 3_000] {
            bench.seek(cursor);
            let told = bench.sentence(cursor, Lang::En);
            let party = told
                .as_ref()
                .and_then(|sentence| sentence.address)
                .unwrap_or(Address::Client(crate::protocol::ClientId(0)));
            let seen = bench.inspect(Selection::Party(party), Lang::En);
            // Another page, which has been elsewhere in between.
            let mut again = open(&bench.link()).ok().unwrap();
            again.seek(0);
            again.seek(cursor);
            assert_eq!(told, bench.sentences(cursor, cursor, Lang::En).pop(), "step {cursor}");
            assert_eq!(told, again.sentence(cursor, Lang::En), "step {cursor}");
            assert_eq!(seen, again.inspect(Selection::Party(party), Lang::En), "step {cursor}");
        }
    }
}
