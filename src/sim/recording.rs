//! A run that remembers itself: compact columns for the steps, keyframes, and what was done to it.
//!
//! The recording is cut into segments. A segment begins with a keyframe, the cluster as it was, and holds a
//! row of twelve bytes for each step that follows. Any step is reached by running again from the keyframe
//! before it; because a run is a function of its input, that gives the same bytes. Recordings that have a
//! past in common share its segments.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cluster::kind_code;
use super::setup::{ClusterSetup, InterventionOf};
use super::step::{Doer, Happening, InputKind, Loss, Step, Watcher};
use super::{Address, Cluster, Intervention, Problem, Scratch, limits};
use crate::protocol::{ClientId, Disposition, Lane, Monitor, NodeId, Participant};

/// The most steps of a segment: what may have to be run again to reach a step. In a small cluster a keyframe is small
/// enough to be kept more often, within 64 bytes for an event.
fn segment_steps_max(nodes: u16) -> usize {
    if nodes <= 10 { 768 } else { 1024 }
}

/// One step, in twelve bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Row {
    /// Time since the segment began, in µs.
    offset_us: u32,
    /// The step that caused it, or [`NO_CAUSE`].
    cause: u32,
    /// Whom it happened to.
    party: u16,
    /// What it was; see [`kind_code`].
    kind: u8,
    /// See [`Flags`].
    flags: u8,
}

const NO_CAUSE: u32 = u32::MAX;
const NO_PARTY: u16 = u16::MAX;
const CLIENT_BIT: u16 = 1 << 15;

/// What is special about a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u8);

impl Flags {
    const MILESTONE: u8 = 1;
    const INTERVENTION: u8 = 2;
    const VIOLATION: u8 = 4;
    const BY_PERSON: u8 = 8;
    const DONE: u8 = 16;

    /// Whether the protocol says that a reader wants to stop here.
    pub fn is_milestone(self) -> bool {
        self.0 & Self::MILESTONE != 0
    }

    /// Whether it was done to the cluster from outside.
    pub fn is_intervention(self) -> bool {
        self.0 & Self::INTERVENTION != 0
    }

    /// Whether an invariant was violated.
    pub fn is_violation(self) -> bool {
        self.0 & Self::VIOLATION != 0
    }

    /// Whether a person did it.
    pub fn is_by_person(self) -> bool {
        self.0 & Self::BY_PERSON != 0
    }

    /// Whether a client got the final answer to the request that it had under way.
    pub fn is_done(self) -> bool {
        self.0 & Self::DONE != 0
    }

    /// Whether it is worth stopping at: a milestone, an intervention or a violation.
    pub fn is_worth_a_stop(self) -> bool {
        self.0 & !Self::DONE != 0
    }
}

/// One step, as the recording tells it without running again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepInfo {
    /// Its number.
    pub index: u32,
    /// When it happened.
    pub time_us: u64,
    /// The step that caused it.
    pub cause: Option<u32>,
    /// Whom it happened to.
    pub party: Option<Address>,
    /// What it was; see [`kind_code`].
    pub kind: u8,
    /// What is special about it.
    pub flags: Flags,
}

/// A node's lane changed its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneChange {
    /// With this step.
    pub step: u32,
    /// At this time.
    pub time_us: u64,
    /// Whose lane.
    pub node: NodeId,
    /// How it is from now on; `None` while the node is down.
    pub lane: Option<Lane>,
}

/// Connections were cut where all were open, or all are open again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NetworkChange {
    /// With this step.
    pub step: u32,
    /// At this time.
    pub time_us: u64,
    /// Whether all connections are open from now on.
    pub is_whole: bool,
}

/// A violation, and the step that brought it.
pub type ViolationAt<P> = (u32, <<P as Participant>::Monitor as Monitor<P>>::Violation);

/// A stretch of a run.
#[derive(Clone, Debug)]
pub struct Segment<P: Participant> {
    start: u32,
    start_us: u64,
    keyframe: Cluster<P>,
    rows: Vec<Row>,
    lanes: Vec<LaneChange>,
    network: Vec<NetworkChange>,
    losses: Vec<Loss>,
    violations: Vec<ViolationAt<P>>,
}

impl<P: Participant> Segment<P> {
    fn begin(keyframe: Cluster<P>) -> Self {
        Segment {
            start: keyframe.steps(),
            start_us: keyframe.now_us(),
            rows: Vec::with_capacity(segment_steps_max(keyframe.setup().nodes)),
            keyframe,
            lanes: Vec::new(),
            network: Vec::new(),
            losses: Vec::new(),
            violations: Vec::new(),
        }
    }

    fn end(&self) -> u32 {
        self.start + self.rows.len() as u32
    }

    fn info(&self, index: u32) -> Option<StepInfo> {
        let row = self.rows.get(index.checked_sub(self.start)? as usize)?;
        Some(StepInfo {
            index,
            time_us: self.start_us + u64::from(row.offset_us),
            cause: Some(row.cause).filter(|cause| *cause != NO_CAUSE),
            party: decode_party(row.party),
            kind: row.kind,
            flags: Flags(row.flags),
        })
    }

    /// Whether one more step, at this time, still belongs here.
    fn has_room(&self, now_us: u64) -> bool {
        let nodes = self.keyframe.setup().nodes;
        // The first segment ends when all nodes have started: to recover from a disk takes longer than any other step,
        // and what comes after it should not have to be run again from before it.
        let steps_max = if self.start == 0 { usize::from(nodes) } else { segment_steps_max(nodes) };
        self.rows.len() < steps_max && now_us - self.start_us < u64::from(u32::MAX / 2)
    }

    /// The same segment without what follows this step.
    fn until(&self, step: u32) -> Self {
        let mut segment = self.clone();
        segment.rows.truncate((step - self.start) as usize);
        segment.lanes.retain(|change| change.step < step);
        segment.network.retain(|change| change.step < step);
        segment.violations.retain(|(at, _)| *at < step);
        let end_us =
            segment.rows.last().map_or(self.start_us, |row| self.start_us + u64::from(row.offset_us));
        segment.losses.retain(|loss| loss.time_us <= end_us);
        segment
    }
}

fn encode_party(party: Option<Address>) -> u16 {
    match party {
        None => NO_PARTY,
        Some(Address::Node(NodeId(node))) => node,
        Some(Address::Client(ClientId(client))) => CLIENT_BIT | client,
    }
}

fn decode_party(code: u16) -> Option<Address> {
    match code {
        NO_PARTY => None,
        node if node & CLIENT_BIT == 0 => Some(Address::Node(NodeId(node))),
        client => Some(Address::Client(ClientId(client & !CLIENT_BIT))),
    }
}

/// The code of what happened in a step.
pub fn happening_code<P: Participant>(happening: &Happening<P>) -> u8 {
    match happening {
        Happening::Boot => kind_code::BOOT,
        Happening::Input { kind, .. } => match kind {
            InputKind::Message(kind) => kind_code::MESSAGE + kind,
            InputKind::Timer(timer) => kind_code::TIMER + timer,
            InputKind::Request => kind_code::REQUEST,
            InputKind::Synced => kind_code::SYNCED,
            InputKind::Operation => kind_code::OPERATION,
        },
        Happening::Ask { .. } => kind_code::ASK,
        Happening::Answered { .. } | Happening::Ignored { .. } => kind_code::ANSWER,
        Happening::Intervention { act, .. } => match act {
            Intervention::Crash { .. } | Intervention::CorruptTail { .. } | Intervention::LoseDisk { .. } => {
                kind_code::CRASH
            }
            Intervention::Restart { .. } => kind_code::RESTART,
            Intervention::Cut { .. }
            | Intervention::Mend { .. }
            | Intervention::Partition { .. }
            | Intervention::Heal => kind_code::NETWORK,
            _ => kind_code::INTERVENTION,
        },
        Happening::NotPossible { .. } => kind_code::NOT_POSSIBLE,
    }
}

/// Writes steps into a segment.
struct Recorder<'a, P: Participant> {
    segment: &'a mut Segment<P>,
    lanes: &'a mut Vec<Option<Lane>>,
    is_whole: &'a mut bool,
}

impl<P: Participant> Watcher<P> for Recorder<'_, P> {
    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        let mut flags = 0;
        if step.effects.iter().any(|effect| P::is_milestone(&effect.why)) {
            flags |= Flags::MILESTONE;
        }
        if let Happening::Intervention { by, .. } = step.happening {
            let is_whole = cluster.network().is_whole();
            if *self.is_whole != is_whole {
                *self.is_whole = is_whole;
                let change = NetworkChange { step: step.index, time_us: step.time_us, is_whole };
                self.segment.network.push(change);
            }
            flags |= Flags::INTERVENTION;
            if *by == Doer::Person {
                flags |= Flags::BY_PERSON;
            }
        }
        if matches!(step.happening, Happening::NotPossible { .. }) {
            flags |= Flags::INTERVENTION;
        }
        if step.chosen {
            flags |= Flags::BY_PERSON;
        }
        if let Happening::Answered { answer, .. } = step.happening
            && P::disposition(answer) == Disposition::Done
        {
            flags |= Flags::DONE;
        }
        if let Some(violation) = step.violation {
            flags |= Flags::VIOLATION;
            self.segment.violations.push((step.index, violation.clone()));
        }
        self.segment.rows.push(Row {
            offset_us: (step.time_us - self.segment.start_us) as u32,
            cause: step.cause.unwrap_or(NO_CAUSE),
            party: encode_party(step.party),
            kind: happening_code(step.happening),
            flags,
        });
        if let Some(Address::Node(node)) = step.party {
            let lane = cluster.node(node).map(P::lane);
            if let Some(known) = self.lanes.get_mut(node.index())
                && *known != lane
            {
                *known = lane;
                let change = LaneChange { step: step.index, time_us: step.time_us, node, lane };
                self.segment.lanes.push(change);
            }
        }
    }

    fn lost(&mut self, loss: &Loss) {
        self.segment.losses.push(*loss);
    }
}

/// A run that remembers itself.
#[derive(Debug)]
pub struct Recording<P: Participant> {
    segments: Vec<Arc<Segment<P>>>,
    interventions: BTreeMap<u32, InterventionOf<P>>,
    head: Cluster<P>,
    lanes: Vec<Option<Lane>>,
    is_whole: bool,
    scratch: Scratch<P>,
}

fn lanes_of<P: Participant>(cluster: &Cluster<P>) -> Vec<Option<Lane>> {
    cluster.nodes().iter().map(|node| node.as_ref().map(P::lane)).collect()
}

impl<P: Participant> Recording<P> {
    /// A recording in which nothing has happened yet. The setup has been validated.
    pub fn new(setup: Arc<ClusterSetup<P>>, seed: u64) -> Self {
        Self::from_cluster(Cluster::new(setup, seed))
    }

    fn from_cluster(head: Cluster<P>) -> Self {
        Recording {
            segments: vec![Arc::new(Segment::begin(head.clone()))],
            interventions: BTreeMap::new(),
            lanes: lanes_of(&head),
            is_whole: head.network().is_whole(),
            head,
            scratch: Scratch::default(),
        }
    }

    /// How many steps are recorded.
    pub fn steps(&self) -> u32 {
        self.head.steps()
    }

    /// The cluster after the last step.
    pub fn head(&self) -> &Cluster<P> {
        &self.head
    }

    /// When the next event is due that would be recorded.
    pub fn next_due_us(&mut self) -> Option<u64> {
        self.head.next_due_us()
    }

    /// What a person did, by step.
    pub fn interventions(&self) -> &BTreeMap<u32, InterventionOf<P>> {
        &self.interventions
    }

    /// The segment to write to.
    fn open_segment(&mut self) {
        let full = self.segments.last().is_none_or(|segment| !segment.has_room(self.head.now_us()));
        if full {
            self.segments.push(Arc::new(Segment::begin(self.head.clone())));
        }
    }

    /// Records one more step by the schedule.
    ///
    /// # Errors
    /// [`Problem::AtRest`] where nothing is pending, [`Problem::Full`] at a limit.
    pub fn record(&mut self) -> Result<(), Problem> {
        self.open_segment();
        let Some(segment) = self.segments.last_mut() else { return Err(Problem::AtRest) };
        let mut recorder = Recorder {
            segment: Arc::make_mut(segment),
            lanes: &mut self.lanes,
            is_whole: &mut self.is_whole,
        };
        let pending = self.head.queue().len();
        let result = self.head.step(&mut self.scratch, &mut recorder);
        if result == Err(Problem::AtRest) && pending > 0 {
            self.return_to_last_step();
        }
        result
    }

    /// On its way to rest the head has lost its last messages and timers, and that is no step. Whoever runs this again
    /// does what a person does next right after the last step, so the head stays there, too.
    fn return_to_last_step(&mut self) {
        let steps = self.head.steps();
        let Some(segment) = self.segments.last().map(|segment| segment.until(steps)) else { return };
        let mut head = segment.keyframe.clone();
        if let Some(last) = self.segments.last_mut() {
            *last = Arc::new(segment);
        }
        self.run_on(&mut head, steps, &mut ());
        self.head = head;
    }

    /// Records until there are this many more steps or the run has passed this time. What is pending may turn
    /// out to be no step (a message that is lost, a timer that was set anew), so the last step may lie beyond.
    ///
    /// # Errors
    /// [`Problem::Full`] at a limit. A run that comes to rest is no error.
    pub fn record_until(&mut self, until_us: u64, steps: u32) -> Result<(), Problem> {
        for _ in 0..steps {
            if self.head.next_due_us().is_none_or(|due_us| due_us > until_us) {
                return Ok(());
            }
            match self.record() {
                Ok(()) => {}
                Err(Problem::AtRest) => return Ok(()),
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }

    /// Records what a person does after the last step.
    ///
    /// # Errors
    /// Why it cannot be done. Nothing has changed then.
    pub fn intervene(&mut self, act: InterventionOf<P>) -> Result<(), Problem> {
        if self.interventions.len() >= limits::INTERVENTIONS_MAX {
            return Err(Problem::Full {
                what: "interventions".into(),
                limit: limits::INTERVENTIONS_MAX as u64,
            });
        }
        self.open_segment();
        let step = self.head.steps();
        let Some(segment) = self.segments.last_mut() else { return Err(Problem::AtRest) };
        let mut recorder = Recorder {
            segment: Arc::make_mut(segment),
            lanes: &mut self.lanes,
            is_whole: &mut self.is_whole,
        };
        self.head.intervene(&act, Doer::Person, &mut self.scratch, &mut recorder)?;
        self.interventions.insert(step, act);
        Ok(())
    }

    fn segment_of(&self, step: u32) -> Option<&Arc<Segment<P>>> {
        let after = self.segments.partition_point(|segment| segment.start <= step);
        self.segments.get(after.checked_sub(1)?)
    }

    /// The cluster after `steps` steps; after the last one where there are fewer.
    pub fn at(&self, steps: u32) -> Cluster<P> {
        if steps >= self.steps() {
            return self.head.clone();
        }
        let Some(segment) = self.segment_of(steps) else { return self.head.clone() };
        let mut cluster = segment.keyframe.clone();
        self.run_on(&mut cluster, steps, &mut ());
        cluster
    }

    /// Moves a cluster of this recording to another step, from where it is or from a keyframe, whatever is
    /// nearer.
    pub fn move_to(&self, cluster: &mut Cluster<P>, steps: u32) {
        let steps = steps.min(self.steps());
        let keyframe = self.segment_of(steps).map_or(0, |segment| segment.start);
        if steps < cluster.steps() || keyframe > cluster.steps() {
            *cluster = self.at(steps);
        } else {
            self.run_on(cluster, steps, &mut ());
        }
    }

    /// Runs a cluster of this recording on to a recorded step, with the interventions that belong there.
    pub fn run_on(&self, cluster: &mut Cluster<P>, steps: u32, watcher: &mut dyn Watcher<P>) {
        let mut scratch = Scratch::default();
        let steps = steps.min(self.steps());
        while cluster.steps() < steps {
            let before = cluster.steps();
            // What was possible when it was recorded is possible again, so there is nothing to report.
            let _ = match self.interventions.get(&before) {
                Some(act) => cluster.intervene(act, Doer::Person, &mut scratch, watcher),
                None => cluster.step(&mut scratch, watcher),
            };
            if cluster.steps() == before {
                return;
            }
        }
    }

    /// A recording with the same past up to this step, and an open future.
    pub fn fork(&self, steps: u32) -> Self {
        let head = self.at(steps);
        let steps = head.steps();
        let keep = self.segments.partition_point(|segment| segment.start < steps).max(1);
        let mut segments: Vec<_> = self.segments.iter().take(keep).cloned().collect();
        if let Some(last) = segments.last_mut()
            && last.end() > steps
        {
            *last = Arc::new(last.until(steps));
        }
        let mut interventions = self.interventions.clone();
        interventions.retain(|step, _| *step < steps);
        let (lanes, is_whole) = (lanes_of(&head), head.network().is_whole());
        Recording { segments, interventions, lanes, is_whole, head, scratch: Scratch::default() }
    }

    /// What is known of a step without running again.
    pub fn info(&self, index: u32) -> Option<StepInfo> {
        self.segment_of(index)?.info(index)
    }

    /// What is known of the steps from this one on.
    pub fn infos(&self, from: u32) -> impl Iterator<Item = StepInfo> + '_ {
        let first = self.segments.partition_point(|segment| segment.end() <= from);
        self.segments.iter().skip(first).flat_map(move |segment| {
            (segment.start.max(from)..segment.end()).filter_map(|at| segment.info(at))
        })
    }

    /// How many steps happened up to this time.
    pub fn steps_at(&self, time_us: u64) -> u32 {
        let after = self.segments.partition_point(|segment| segment.start_us <= time_us);
        let Some(segment) = after.checked_sub(1).and_then(|at| self.segments.get(at)) else { return 0 };
        let offset = time_us - segment.start_us;
        let rows = segment.rows.partition_point(|row| u64::from(row.offset_us) <= offset);
        segment.start + rows as u32
    }

    /// When the step before this position happened; 0 at the start.
    pub fn time_at(&self, steps: u32) -> u64 {
        steps.checked_sub(1).and_then(|last| self.info(last)).map_or(0, |info| info.time_us)
    }

    /// All changes of the network, in order.
    pub fn network_changes(&self) -> impl Iterator<Item = &NetworkChange> {
        self.segments.iter().flat_map(|segment| &segment.network)
    }

    /// All changes of lanes, in order.
    pub fn lane_changes(&self) -> impl Iterator<Item = &LaneChange> {
        self.segments.iter().flat_map(|segment| &segment.lanes)
    }

    /// All messages that were lost, in order of when they would have arrived.
    pub fn losses(&self) -> impl Iterator<Item = &Loss> {
        self.segments.iter().flat_map(|segment| &segment.losses)
    }

    /// The messages that were lost from this time on.
    pub fn losses_from(&self, time_us: u64) -> impl Iterator<Item = &Loss> {
        let first = self.segments.partition_point(|segment| segment.start_us <= time_us).saturating_sub(1);
        self.segments.iter().skip(first).flat_map(|segment| &segment.losses)
    }

    /// All violations, in order.
    pub fn violations(&self) -> impl Iterator<Item = &ViolationAt<P>> {
        self.segments.iter().flat_map(|segment| &segment.violations)
    }

    /// How many segments there are, each with a keyframe.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }
}
