//! What may be expected of a run, derived from what it starts from, in one place.
//!
//! A scenario can force what would be a fault of the protocol in another one: its script loses a disk, so chance must
//! lose one less; its workload ends, so somebody has to ask on before anybody can be served; its clients are patient, so
//! whoever waits for them has to be more so; what it does late is part of it, so nothing is judged before. A verdict on
//! a scenario holds only if none of that counts against the protocol.

use super::Checkable;
use super::faults::FaultModel;
use crate::sim::{ClusterSetup, Intervention, Workload};

/// How long a client with a request under way may take for one command, as a multiple of its own time-out: some nodes
/// that it asks are down or do not lead.
const ATTEMPTS: u64 = 12;

/// What may be expected of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expectations {
    /// When the script has done the last of what it does, in µs. Nothing is repaired before.
    pub script_ends_us: u64,
    /// Whether clients must be served once all is repaired, and the cluster come to rest. They need not be where the
    /// script itself takes more disks than the protocol survives, and where options rule progress out.
    pub progress: bool,
    /// Whether replicas must hold the same once the cluster has come to rest. They need not where options switch off
    /// what would find out that they differ.
    pub agreement: bool,
    /// How long that may take at least, in µs of virtual time.
    pub patience_us: u64,
}

impl Expectations {
    /// What may be expected of runs that start from this setup. Takes out of the faults and of the setup what would ask
    /// for more than the protocol promises; `commands` is how many commands of each client must be answered.
    pub fn settle<P: Checkable>(
        setup: &mut ClusterSetup<P>,
        faults: &mut FaultModel,
        commands: u64,
    ) -> Expectations {
        // Chance is the check's own part: whatever chaos a script begins would go beyond what was drawn.
        setup.script.retain(|scripted| !matches!(scripted.act, Intervention::Chaos { .. }));
        let loses = |act: &_| matches!(act, Intervention::LoseDisk { .. } | Intervention::CorruptTail { .. });
        let lost = setup.script.iter().filter(|scripted| loses(&scripted.act)).count();
        let lost = u16::try_from(lost).unwrap_or(u16::MAX);
        let chaos = &mut faults.chaos;
        let most = if chaos.disks_out_max == 0 { chaos.disks_lost_max } else { chaos.disks_out_max };
        let left = most.saturating_sub(lost);
        if lost > 0 {
            // What is out of the script's making is out for as long as the faults last.
            (chaos.disks_lost_max, chaos.disks_out_max) = match chaos.disks_out_max {
                0 => (left, 0),
                _ if left == 0 => (0, 0),
                _ => (chaos.disks_lost_max, left),
            };
        }
        let client = setup.client;
        let think_us = setup.workload.map_or(0, |workload| workload.think_us_mean.saturating_mul(2));
        let command_us =
            (ATTEMPTS * client.timeout_us.saturating_add(client.backoff_us)).saturating_add(think_us);
        Expectations {
            script_ends_us: setup.script.iter().map(|scripted| scripted.at_us).max().unwrap_or(0),
            progress: lost <= most && P::promises_progress(setup),
            agreement: P::promises_agreement(setup),
            patience_us: command_us.saturating_mul(commands),
        }
    }
}

/// A workload that does not end before clients were served often enough: that of the run without its end, or an
/// ordinary one where there is none.
pub fn endless(workload: Option<Workload>) -> Option<Workload> {
    match workload {
        Some(Workload { commands_per_client: 0, .. }) => None,
        Some(ends) => Some(Workload { commands_per_client: 0, ..ends }),
        None => Some(Workload::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::NodeId;
    use crate::protocol::consistent_hashing::store::{Dynamo, Options};
    use crate::protocol::raft::Raft;
    use crate::sim::{Chaos, Scripted};

    fn setup(acts: Vec<crate::sim::InterventionOf<Raft>>) -> ClusterSetup<Raft> {
        let script = (1..).zip(acts).map(|(at_us, act)| Scripted { at_us, from_leader: false, act });
        ClusterSetup { script: script.collect(), ..ClusterSetup::default() }
    }

    #[test]
    fn disks_that_the_script_loses_are_not_lost_by_chance_as_well() {
        let lose = |node| Intervention::LoseDisk { node: NodeId(node) };
        for (acts, left, progress) in [
            (vec![], 2, true),
            (vec![lose(1)], 1, true),
            (vec![lose(1), lose(2)], 0, true),
            (vec![lose(1), lose(2), Intervention::CorruptTail { node: NodeId(3) }], 0, false),
        ] {
            let mut setup = setup(acts);
            let mut faults = FaultModel::asynchronous(5);
            faults.chaos.disks_out_max = 0;
            let expected = Expectations::settle(&mut setup, &mut faults, 3);
            assert_eq!((faults.chaos.disks_lost_max, expected.progress), (left, progress));
            assert_eq!(expected.script_ends_us, setup.script.len() as u64);
        }
        let mut faults = FaultModel::asynchronous(5);
        (faults.chaos.disks_lost_max, faults.chaos.disks_out_max) = (9, 2);
        Expectations::settle(&mut setup(vec![lose(1)]), &mut faults, 3);
        assert_eq!((faults.chaos.disks_lost_max, faults.chaos.disks_out_max), (9, 1));
    }

    #[test]
    fn chaos_is_drawn_by_the_check_alone_and_patience_grows_with_that_of_the_clients() {
        let mut setup =
            setup(vec![Intervention::Chaos { chaos: Some(Chaos::default()) }, Intervention::Heal]);
        setup.client.timeout_us = 60_000_000;
        setup.workload = Some(Workload { think_us_mean: 60_000_000, ..Workload::default() });
        let expected = Expectations::settle(&mut setup, &mut FaultModel::asynchronous(5), 3);
        assert_eq!(setup.script.len(), 1);
        assert!(expected.patience_us > 3 * (12 * 60_000_000 + 120_000_000), "{expected:?}");
    }

    /// A replica that missed a write is repaired by a read of that key or by comparing trees, and at rest nobody reads.
    #[test]
    fn replicas_that_never_compare_what_they_hold_need_not_agree() {
        for (anti_entropy_interval_us, agreement) in [(0, false), (400_000, true)] {
            let options = Options { anti_entropy_interval_us, ..Options::default() };
            let mut setup: ClusterSetup<Dynamo> = ClusterSetup { options, ..ClusterSetup::default() };
            let expected = Expectations::settle(&mut setup, &mut FaultModel::asynchronous(5), 3);
            assert_eq!((expected.agreement, expected.progress), (agreement, true));
        }
    }

    #[test]
    fn a_workload_that_ends_goes_on_where_clients_must_be_served() {
        let ends = Workload { commands_per_client: 5, keys: 9, ..Workload::default() };
        assert_eq!(endless(Some(ends)), Some(Workload { commands_per_client: 0, ..ends }));
        assert_eq!(endless(Some(Workload::default())), None);
        assert_eq!(endless(None), Some(Workload::default()));
    }
}
