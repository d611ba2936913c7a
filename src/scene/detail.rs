//! One step in full, found by running it again.

use super::portray::{Portray, ViolationOf};
use crate::protocol::{Effect, Participant};
use crate::sim::{Address, Cluster, EventId, Happening, Recording, Step, Watcher};

/// One step in full.
#[derive(Clone, Debug)]
pub struct Detail<P: Participant> {
    /// Its number, counted from 0.
    pub index: u32,
    /// When it happened.
    pub time_us: u64,
    /// Whom it happened to.
    pub party: Option<Address>,
    /// What happened.
    pub happening: Happening<P>,
    /// The step that caused it.
    pub cause: Option<u32>,
    /// Whether a person chose that it happens then.
    pub chosen: bool,
    /// What was done, each with its reason.
    pub effects: Vec<Effect<P>>,
    /// The message that each effect put on its way, by the effect's position.
    pub sent: Vec<(usize, EventId)>,
    /// What the invariants said.
    pub violation: Option<ViolationOf<P>>,
    /// The node before the step, if it was up.
    pub before: Option<P>,
    /// The node after the step, if it is up.
    pub after: Option<P>,
}

struct Capture<P: Participant> {
    before: Option<P>,
    detail: Option<Detail<P>>,
}

impl<P: Participant> Watcher<P> for Capture<P> {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        let node = step.party.and_then(Address::node);
        self.detail = Some(Detail {
            index: step.index,
            time_us: step.time_us,
            party: step.party,
            happening: step.happening.clone(),
            cause: step.cause,
            chosen: step.chosen,
            effects: step.effects.to_vec(),
            sent: Vec::new(),
            violation: step.violation.cloned(),
            before: self.before.take(),
            after: node.and_then(|node| cluster.node(node).cloned()),
        });
    }

    fn sent(&mut self, effect: usize, event: EventId) {
        if let Some(detail) = &mut self.detail {
            detail.sent.push((effect, event));
        }
    }
}

impl<P: Portray> Detail<P> {
    /// The step of this number, counted from 0, if it is recorded.
    pub fn of(recording: &Recording<P>, index: u32) -> Option<Detail<P>> {
        if index >= recording.steps() {
            return None;
        }
        let mut cluster = recording.at(index);
        Detail::next(recording, &mut cluster)
    }

    /// Several steps in full, given by their numbers in ascending order. What lies between two of them is run
    /// through once, or skipped where there is a keyframe.
    pub fn of_all(recording: &Recording<P>, indexes: &[u32]) -> Vec<Detail<P>> {
        let recorded = indexes.iter().copied().take_while(|index| *index < recording.steps());
        let mut cluster: Option<Cluster<P>> = None;
        recorded
            .filter_map(|index| {
                let cluster = match &mut cluster {
                    Some(cluster) => {
                        recording.move_to(cluster, index);
                        cluster
                    }
                    none => none.insert(recording.at(index)),
                };
                Detail::next(recording, cluster)
            })
            .collect()
    }

    /// The step that follows this moment of a recording; the cluster has taken it afterwards.
    pub fn next(recording: &Recording<P>, cluster: &mut Cluster<P>) -> Option<Detail<P>> {
        let node = recording.info(cluster.steps()).and_then(|info| info.party?.node());
        let before = node.and_then(|node| cluster.node(node).cloned());
        let mut capture = Capture { before, detail: None };
        let steps = cluster.steps() + 1;
        recording.run_on(cluster, steps, &mut capture);
        capture.detail
    }
}
