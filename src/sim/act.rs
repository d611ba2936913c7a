//! How interventions are carried out, and how chaos chooses them.

use super::cluster::{Cluster, Occasion, Scratch};
use super::disk::DiskOptions;
use super::random::Stream;
use super::setup::InterventionOf;
use super::step::{Body, Doer, Envelope, Event, InputKind, Watcher};
use super::{Address, Chaos, EventId, Intervention, Problem, Unsynced};
use crate::protocol::{Input, NodeId, Participant};

pub(super) fn intervene<P: Participant>(
    cluster: &mut Cluster<P>,
    act: &InterventionOf<P>,
    by: Doer,
    scratch: &mut Scratch<P>,
    watcher: &mut dyn Watcher<P>,
) -> Result<(), Problem> {
    use Intervention as I;
    match act {
        I::Crash { node, unsynced, unsent } => {
            cluster.must_be_up(*node)?;
            for (event, envelope) in cluster.take_last_sent(*node, usize::from(*unsent)) {
                cluster.report_loss(event, &envelope, watcher);
            }
            cluster.end_process(*node, *unsynced);
        }
        I::Restart { node } => {
            cluster.must_exist(Address::Node(*node))?;
            if cluster.node(*node).is_some() {
                return Err(Problem::Running { node: *node });
            }
            cluster.start_process(*node, scratch);
        }
        I::Pause { node } => {
            cluster.must_be_up(*node)?;
            if cluster.host(*node).is_some_and(|host| host.paused) {
                return Err(Problem::Down { node: *node });
            }
            cluster.set_paused(*node, true)?;
        }
        I::Resume { node } => {
            cluster.must_be_up(*node)?;
            if !cluster.host(*node).is_some_and(|host| host.paused) {
                return Err(Problem::Running { node: *node });
            }
            cluster.set_paused(*node, false)?;
        }
        I::Cut { from, to, both_ways } => {
            cluster.must_exist(*from)?;
            cluster.must_exist(*to)?;
            cluster.network_mut().cut(*from, *to);
            if *both_ways {
                cluster.network_mut().cut(*to, *from);
            }
        }
        I::Mend { from, to } => {
            cluster.must_exist(*from)?;
            cluster.must_exist(*to)?;
            cluster.network_mut().mend(*from, *to);
        }
        I::Partition { groups } => {
            for node in groups.iter().flatten() {
                cluster.must_exist(Address::Node(*node))?;
            }
            let nodes = cluster.setup().nodes;
            cluster.network_mut().partition(groups, nodes);
        }
        I::Heal => cluster.network_mut().heal(),
        I::Drop { event } => {
            let Some(Event::Message(_)) = cluster.pending(*event) else {
                return Err(Problem::NoSuchEvent { event: *event });
            };
            if let Some(Event::Message(envelope)) = cluster.take_pending(*event) {
                cluster.report_loss(*event, &envelope, watcher);
            }
        }
        I::Hold { event } | I::Release { event } => {
            let Some(Event::Message(_)) = cluster.pending(*event) else {
                return Err(Problem::NoSuchEvent { event: *event });
            };
            cluster.set_held(*event, matches!(act, I::Hold { .. }));
        }
        I::Delay { event, by_us } => {
            if *by_us > super::network::LATENCY_US_MAX {
                return Err(Problem::OutOfBounds {
                    what: "by_us".into(),
                    limit: super::network::LATENCY_US_MAX,
                });
            }
            match cluster.pending(*event) {
                Some(Event::Message(_) | Event::Timer { .. } | Event::Sync { .. }) => {}
                _ => return Err(Problem::NoSuchEvent { event: *event }),
            }
            cluster.delay(*event, *by_us);
        }
        I::Duplicate { event, after_us } => {
            if *after_us > super::network::LATENCY_US_MAX {
                return Err(Problem::OutOfBounds {
                    what: "after_us".into(),
                    limit: super::network::LATENCY_US_MAX,
                });
            }
            let Some(Event::Message(envelope)) = cluster.pending(*event) else {
                return Err(Problem::NoSuchEvent { event: *event });
            };
            let copy = Envelope { doomed: false, sent_us: envelope.sent_us, ..envelope.clone() };
            let due_us = cluster.now_us() + after_us;
            cluster.push_event(due_us, Event::Message(copy))?;
        }
        I::DeliverNow { event } | I::Choose { event } => {
            return choose(cluster, act, *event, by, scratch, watcher);
        }
        I::Network { options } => {
            options.validate()?;
            cluster.network_mut().set_options(*options);
        }
        I::Link { from, to, options } => {
            cluster.must_exist(*from)?;
            cluster.must_exist(*to)?;
            options.as_ref().map_or(Ok(()), super::LinkOptions::validate)?;
            cluster.network_mut().set_link(*from, *to, *options);
        }
        I::Clock { node, skew_us, drift_ppm } => {
            cluster.must_exist(Address::Node(*node))?;
            cluster.set_clock(*node, *skew_us, *drift_ppm)?;
        }
        I::Disk { node, options } => {
            options.validate()?;
            if let Some(node) = node {
                cluster.must_exist(Address::Node(*node))?;
            }
            cluster.set_disk_options(*node, *options);
        }
        I::CorruptTail { node } | I::LoseDisk { node } => {
            cluster.must_exist(Address::Node(*node))?;
            if cluster.node(*node).is_some() {
                cluster.end_process(*node, Unsynced::Lost);
            }
            cluster.harm_disk(*node, matches!(act, I::LoseDisk { .. }));
        }
        I::Command { client, command } => {
            cluster.must_exist(Address::Client(*client))?;
            cluster.enqueue(*client, command.clone())?;
            let step = cluster.steps();
            cluster.rouse(*client, Some(step))?;
        }
        I::Operation { node, operation } => {
            cluster.must_be_up(*node)?;
            let occasion = Occasion {
                party: Some(Address::Node(*node)),
                cause: None,
                event: None,
                chosen: by == Doer::Person,
            };
            let input = Input::Operation(operation.clone());
            return cluster.hand_over(*node, InputKind::Operation, input, occasion, scratch, watcher);
        }
        I::Workload { workload } => {
            workload.as_ref().map_or(Ok(()), super::Workload::validate)?;
            cluster.set_workload(*workload);
        }
        I::Chaos { chaos } => {
            chaos.as_ref().map_or(Ok(()), Chaos::validate)?;
            cluster.set_chaos(*chaos)?;
        }
    }
    cluster.conclude_intervention(act, by, scratch, watcher)
}

/// An event happens now because somebody chose it.
fn choose<P: Participant>(
    cluster: &mut Cluster<P>,
    act: &InterventionOf<P>,
    event: EventId,
    by: Doer,
    scratch: &mut Scratch<P>,
    watcher: &mut dyn Watcher<P>,
) -> Result<(), Problem> {
    let waits_for_clock = matches!(act, Intervention::Choose { .. });
    let Some(pending) = cluster.pending(event) else { return Err(Problem::NoSuchEvent { event }) };
    match pending {
        // A paused process takes nothing in, whoever wants it.
        Event::Message(Envelope { to: Address::Node(node), .. })
        | Event::Timer { node, .. }
        | Event::Sync { node, .. }
            if cluster.host(*node).is_some_and(|host| host.paused) =>
        {
            return Err(Problem::Down { node: *node });
        }
        Event::Timer { node, timer } => {
            let due_us = cluster.running_timer(*node, *timer, event).map(|running| running.due_us);
            let Some(due_us) = due_us else { return Err(Problem::NoSuchEvent { event }) };
            if waits_for_clock {
                cluster.advance_to(due_us);
            }
        }
        Event::Wake { .. } if waits_for_clock => {
            let due_us = cluster.queue().get(event).map_or(0, |entry| entry.due_us);
            cluster.advance_to(due_us);
        }
        Event::Script(_) | Event::Chaos => return Err(Problem::NoSuchEvent { event }),
        Event::Message(_) | Event::Sync { .. } | Event::Wake { .. } | Event::Boot(_) => {}
    }
    let Some(entry) = cluster.take_entry(event) else { return Err(Problem::NoSuchEvent { event }) };
    if cluster.process(entry, true, scratch, watcher)? {
        return Ok(());
    }
    // A message that could not arrive (its receiver is down, the way is cut) was lost: that is a step, too.
    cluster.conclude_intervention(act, by, scratch, watcher)
}

/// One beat of chaos. Returns whether that was a step.
pub(super) fn chaos_beat<P: Participant>(
    cluster: &mut Cluster<P>,
    id: EventId,
    scratch: &mut Scratch<P>,
    watcher: &mut dyn Watcher<P>,
) -> Result<bool, Problem> {
    let Some(mut state) = cluster.chaos.clone() else { return Ok(false) };
    if state.event != Some(id) {
        return Ok(false);
    }
    let act = draw_fault(cluster, &state.options, state.disks_lost, &mut state.stream);
    if matches!(act, Some(Intervention::CorruptTail { .. } | Intervention::LoseDisk { .. })) {
        state.disks_lost += 1;
    }
    cluster.chaos = Some(state);
    cluster.plan_chaos()?;
    match act {
        Some(act) => Ok(intervene(cluster, &act, Doer::Chaos, scratch, watcher).is_ok()),
        None => Ok(false),
    }
}

/// Draws a fault, or its repair, that is possible now.
fn draw_fault<P: Participant>(
    cluster: &Cluster<P>,
    chaos: &Chaos,
    disks_lost: u16,
    stream: &mut Stream,
) -> Option<InterventionOf<P>> {
    use Intervention as I;
    let weights = chaos.weights();
    let sum: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
    if sum == 0 {
        return None;
    }
    let mut drawn = stream.between(0, sum - 1);
    let fault = weights.iter().find_map(|(fault, weight)| {
        let weight = u64::from(*weight);
        if drawn < weight {
            return Some(*fault);
        }
        drawn -= weight;
        None
    })?;

    let nodes = cluster.setup().nodes;
    let all = || (0..nodes).map(NodeId);
    let is_up = |node: &NodeId| cluster.node(*node).is_some();
    let is_paused = |node: &NodeId| cluster.host(*node).is_some_and(|host| host.paused);
    let well = |node: &NodeId| is_up(node) && !is_paused(node);
    let victims = all().filter(|node| !well(node)).count();
    let may_harm = victims < usize::from(chaos.victims_max);
    let out = all().filter(|node| cluster.host(*node).is_some_and(|host| host.harmed)).count();
    let may_harm_disk = may_harm
        && disks_lost < chaos.disks_lost_max
        && (chaos.disks_out_max == 0 || out < usize::from(chaos.disks_out_max));
    // Each draw takes the stream anew, so that a fault can draw more than its node.
    let one_of = |candidates: Vec<NodeId>, stream: &mut Stream| -> Option<NodeId> {
        let last = candidates.len().checked_sub(1)? as u64;
        candidates.get(stream.between(0, last) as usize).copied()
    };
    let act = match fault {
        "crash" if may_harm => {
            let node = one_of(all().filter(well).collect(), stream)?;
            let unsynced = match stream.between(0, 5) {
                0 => Unsynced::Lost,
                1 | 2 => Unsynced::Kept,
                _ => Unsynced::Torn,
            };
            I::Crash { node, unsynced, unsent: 0 }
        }
        "restart" => I::Restart { node: one_of(all().filter(|node| !is_up(node)).collect(), stream)? },
        "pause" if may_harm => I::Pause { node: one_of(all().filter(well).collect(), stream)? },
        "resume" => I::Resume { node: one_of(all().filter(is_paused).collect(), stream)? },
        "partition" if nodes > 1 => {
            let mut group: Vec<NodeId> = all().filter(|_| stream.chance(500_000)).collect();
            if group.is_empty() || group.len() == usize::from(nodes) {
                group = vec![NodeId(stream.between(0, u64::from(nodes) - 1) as u16)];
            }
            I::Partition { groups: vec![group] }
        }
        "cut" if nodes > 1 => {
            let from = stream.between(0, u64::from(nodes) - 1) as u16;
            let to = (from + stream.between(1, u64::from(nodes) - 1) as u16) % nodes;
            let (from, to) = (Address::Node(NodeId(from)), Address::Node(NodeId(to)));
            I::Cut { from, to, both_ways: stream.chance(300_000) }
        }
        "heal" if !cluster.network().is_whole() => I::Heal,
        "drop" | "delay" | "duplicate" | "hold" => {
            let mut messages: Vec<_> = cluster
                .queue()
                .in_order_where(|entry| matches!(&entry.event, Event::Message(envelope) if !envelope.doomed))
                .into_iter()
                .map(|entry| (entry.id, entry.held))
                .collect();
            // Whatever was held at an earlier beat goes on at this one, or at a much later one.
            if let Some((event, _)) = messages.iter().find(|(_, held)| *held)
                && stream.chance(chaos.release_ppm)
            {
                return Some(I::Release { event: *event });
            }
            messages.retain(|(_, held)| !held);
            let last = messages.len().checked_sub(1)? as u64;
            let (event, _) = *messages.get(stream.between(0, last) as usize)?;
            // Short delays are as frequent as long ones: each halving of the longest is as likely.
            let late_us = |most_us: u64, stream: &mut Stream| {
                let most_us = (most_us >> stream.between(0, 6)).max(2_000);
                stream.between(1_000, most_us)
            };
            match fault {
                "drop" => I::Drop { event },
                "delay" => I::Delay { event, by_us: late_us(chaos.delay_us_max, stream) },
                "duplicate" => I::Duplicate { event, after_us: late_us(chaos.delay_us_max / 2, stream) },
                _ => I::Hold { event },
            }
        }
        "clock" => {
            let node = one_of(all().collect(), stream)?;
            let skew_us = stream.between(0, 200_000) as i64 - 100_000;
            let drift_ppm = stream.between(0, 40_000) as i32 - 20_000;
            I::Clock { node, skew_us, drift_ppm }
        }
        "slow_disk" => {
            let node = one_of(all().collect(), stream)?;
            let configured = cluster.setup().disk;
            let slow = DiskOptions { sync_us_min: 10_000, sync_us_max: 60_000 };
            let is_slow = cluster.host(node).is_some_and(|host| host.disk.options() != configured);
            I::Disk { node: Some(node), options: if is_slow { configured } else { slow } }
        }
        "corrupt_tail" if may_harm_disk => {
            I::CorruptTail { node: one_of(all().filter(well).collect(), stream)? }
        }
        "lose_disk" if may_harm_disk => I::LoseDisk { node: one_of(all().filter(well).collect(), stream)? },
        _ => return None,
    };
    Some(act)
}

/// Puts right all that interventions can put right: what a healed phase begins with. The caller does these
/// one after the other; those that turn out to be impossible are skipped.
pub fn repairs<P: Participant>(cluster: &Cluster<P>) -> Vec<InterventionOf<P>> {
    use Intervention as I;
    let mut acts = vec![I::Chaos { chaos: None }, I::Heal, I::Network { options: cluster.setup().network }];
    acts.push(I::Disk { node: None, options: cluster.setup().disk });
    for node in (0..cluster.setup().nodes).map(NodeId) {
        if cluster.host(node).is_some_and(|host| host.paused) {
            acts.push(I::Resume { node });
        }
        if cluster.node(node).is_none() {
            acts.push(I::Restart { node });
        }
        acts.push(I::Clock { node, skew_us: 0, drift_ppm: 0 });
    }
    for entry in cluster.queue().in_order() {
        if entry.held && matches!(entry.event, Event::Message(Envelope { body: Body::Peer(_), .. })) {
            acts.push(I::Release { event: entry.id });
        }
    }
    acts
}

impl<P: Participant> Cluster<P> {
    fn must_exist(&self, address: Address) -> Result<(), Problem> {
        let exists = match address {
            Address::Node(node) => node.0 < self.setup().nodes,
            Address::Client(client) => client.0 < self.setup().clients,
        };
        if exists { Ok(()) } else { Err(Problem::NoSuchParty { address }) }
    }

    fn must_be_up(&self, node: NodeId) -> Result<(), Problem> {
        self.must_exist(Address::Node(node))?;
        if self.node(node).is_some() { Ok(()) } else { Err(Problem::Down { node }) }
    }
}
