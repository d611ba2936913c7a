//! The space-time diagram and the scrubber's tape, from the columns of a recording.

use super::Lang;
use super::model::{Arrow, LaneView, Mark, MarkKind, SpaceTime, Span, Tape, Tone};
use super::portray::Portray;
use super::stage::tone_of_code;
use crate::protocol::{ClientId, Lane, NodeId, Standing};
use crate::sim::cluster::kind_code;
use crate::sim::recording::StepInfo;
use crate::sim::step::Event;
use crate::sim::{Address, Recording};

/// How long after the window's end an arrival is looked for whose message was sent within it, in µs.
const LOOK_AHEAD_US: u64 = 500_000;

fn is_message(kind: u8) -> bool {
    kind <= kind_code::ANSWER
}

fn tone_of_lane(lane: Option<Lane>) -> Tone {
    match lane.map(|lane| lane.standing) {
        None => Tone::Absent,
        Some(Standing::Member) => Tone::Member,
        Some(Standing::Contender | Standing::Blocked) => Tone::Contender,
        Some(Standing::Leader) => Tone::Leader,
        Some(Standing::Out) => Tone::Bad,
    }
}

/// The diagram between two moments.
pub fn space_time<P: Portray>(recording: &Recording<P>, from_us: u64, to_us: u64, most: usize) -> SpaceTime {
    let first = recording.steps_at(from_us.saturating_sub(1));
    let until_us = to_us.saturating_add(LOOK_AHEAD_US);
    let last = recording.steps_at(until_us);
    let count = (last - first) as usize;
    // Where there is more than can be told apart, every so many-th message stands for its neighbours.
    let stride = (count / most.max(1)).max(1);
    let mut arrows = Vec::new();
    for info in recording.infos(first).take_while(|info| info.time_us <= until_us) {
        if !is_message(info.kind) || !(info.index as usize).is_multiple_of(stride) {
            continue;
        }
        if let Some(arrow) = received_arrow(recording, &info)
            && arrow.sent_us <= to_us
        {
            arrows.push(arrow);
        }
    }
    arrows.extend(
        recording
            .losses_from(from_us)
            .take_while(|loss| loss.time_us <= until_us)
            .filter(|loss| loss.time_us >= from_us && loss.sent_us <= to_us)
            .step_by(stride)
            .map(|loss| Arrow {
                sent_step: loss.cause + 1,
                received_step: None,
                from: loss.from,
                to: loss.to,
                sent_us: loss.sent_us,
                end_us: loss.time_us,
                kind: loss.kind,
                tone: tone_of_code::<P>(loss.kind),
                lost: true,
            }),
    );
    arrows.extend(under_way(recording, to_us));
    SpaceTime {
        lanes: lanes(recording, from_us, to_us),
        arrows,
        marks: marks(recording, first, to_us, stride > 1),
        cuts: cuts(recording, from_us, to_us),
        thinned: stride > 1,
    }
}

fn received_arrow<P: Portray>(recording: &Recording<P>, info: &StepInfo) -> Option<Arrow> {
    let sent = recording.info(info.cause?)?;
    Some(Arrow {
        sent_step: sent.index + 1,
        received_step: Some(info.index + 1),
        from: sent.party?,
        to: info.party?,
        sent_us: sent.time_us,
        end_us: info.time_us,
        kind: info.kind,
        tone: tone_of_code::<P>(info.kind),
        lost: false,
    })
}

/// Messages that were under way when the recording ended.
fn under_way<P: Portray>(recording: &Recording<P>, to_us: u64) -> impl Iterator<Item = Arrow> + '_ {
    let head = recording.head();
    head.queue().in_order().into_iter().filter_map(move |entry| {
        let Event::Message(envelope) = &entry.event else { return None };
        let kind = crate::sim::cluster::body_code(&envelope.body);
        (envelope.sent_us <= to_us).then(|| Arrow {
            sent_step: envelope.cause + 1,
            received_step: None,
            from: envelope.from,
            to: envelope.to,
            sent_us: envelope.sent_us,
            end_us: entry.due_us,
            kind,
            tone: tone_of_code::<P>(kind),
            lost: envelope.doomed,
        })
    })
}

fn lanes<P: Portray>(recording: &Recording<P>, from_us: u64, to_us: u64) -> Vec<LaneView> {
    let setup = recording.head().setup();
    let end_us = recording.head().now_us();
    let end_step = recording.steps();
    let mut lanes: Vec<LaneView> = (0..setup.nodes)
        .map(|node| LaneView {
            address: Address::Node(NodeId(node)),
            name: NodeId(node).to_string(),
            spans: vec![Span {
                from_step: 0,
                to_step: end_step,
                from_us: 0,
                to_us: end_us,
                tone: Tone::Absent,
                label: String::new(),
            }],
        })
        .collect();
    for change in recording.lane_changes().take_while(|change| change.time_us <= to_us) {
        let Some(lane) = lanes.get_mut(change.node.index()) else { continue };
        if let Some(open) = lane.spans.last_mut() {
            (open.to_step, open.to_us) = (change.step + 1, change.time_us);
            if open.to_us < from_us {
                lane.spans.clear();
            }
        }
        lane.spans.push(Span {
            from_step: change.step + 1,
            to_step: end_step,
            from_us: change.time_us,
            to_us: end_us,
            tone: tone_of_lane(change.lane),
            label: change.lane.map(|lane| lane.era.to_string()).unwrap_or_default(),
        });
    }
    lanes.extend((0..setup.clients).map(|client| LaneView {
        address: Address::Client(ClientId(client)),
        name: ClientId(client).to_string(),
        spans: Vec::new(),
    }));
    lanes
}

/// When connections were cut, between two moments.
fn cuts<P: Portray>(recording: &Recording<P>, from_us: u64, to_us: u64) -> Vec<Span> {
    let end = (recording.steps(), recording.head().now_us());
    let mut cuts: Vec<Span> = Vec::new();
    for change in recording.network_changes().take_while(|change| change.time_us <= to_us) {
        let at = (change.step + 1, change.time_us);
        if change.is_whole {
            close(&mut cuts, at);
        } else {
            cuts.push(open(at, end, Tone::Bad, String::new()));
        }
    }
    cuts.retain(|cut| cut.to_us >= from_us);
    cuts
}

fn mark_of(info: &StepInfo) -> Option<Mark> {
    let kind = match info.kind {
        _ if info.flags.is_violation() => MarkKind::Violation,
        kind_code::CRASH => MarkKind::Crash,
        kind_code::RESTART => MarkKind::Restart,
        kind_code::NETWORK => MarkKind::Network,
        _ if info.flags.is_intervention() || info.flags.is_by_person() => MarkKind::Intervention,
        _ if info.flags.is_milestone() => MarkKind::Milestone,
        _ => return None,
    };
    Some(Mark { step: info.index + 1, time_us: info.time_us, address: info.party, kind })
}

fn marks<P: Portray>(recording: &Recording<P>, first: u32, to_us: u64, only_faults: bool) -> Vec<Mark> {
    recording
        .infos(first)
        .take_while(|info| info.time_us <= to_us)
        .filter_map(|info| mark_of(&info))
        .filter(|mark| !only_faults || mark.kind != MarkKind::Milestone)
        .collect()
}

/// What the scrubber is painted with.
pub fn tape<P: Portray>(recording: &Recording<P>, lang: Lang) -> Tape {
    let (end_step, end_us) = (recording.steps(), recording.head().now_us());
    let mut eras: Vec<Span> = Vec::new();
    let mut leaders: Vec<Span> = Vec::new();
    let mut now: Vec<Option<Lane>> = vec![None; usize::from(recording.head().setup().nodes)];
    let mut era = None;
    let mut leading: Option<(NodeId, u64)> = None;
    for change in recording.lane_changes() {
        if let Some(lane) = now.get_mut(change.node.index()) {
            *lane = change.lane;
        }
        let at = (change.step + 1, change.time_us);
        if let Some(lane) = change.lane
            && era.is_none_or(|era| lane.era > era)
        {
            era = Some(lane.era);
            close(&mut eras, at);
            eras.push(open(at, (end_step, end_us), Tone::Era(lane.era), P::era_text(lane.era, lang)));
        }
        let leader = (0..)
            .map(NodeId)
            .zip(&now)
            .filter_map(|(node, lane)| {
                lane.filter(|lane| lane.standing == Standing::Leader).map(|l| (l.era, node))
            })
            .max_by_key(|(era, _)| *era)
            .map(|(era, node)| (node, era));
        if leader != leading {
            if leading.is_some() {
                close(&mut leaders, at);
            }
            if let Some((node, _)) = leader {
                leaders.push(open(at, (end_step, end_us), Tone::Leader, node.to_string()));
            }
            leading = leader;
        }
    }
    let marks = thinned(recording.infos(0).filter_map(|info| mark_of(&info)), end_step);
    Tape { eras, leaders, marks }
}

/// The most places on the scrubber that marks can be told apart at.
const MARK_PLACES: u32 = 400;

/// Of the marks of one kind that fall on the same place of the scrubber, only the first: a long run has more
/// milestones than a screen has points.
fn thinned(marks: impl Iterator<Item = Mark>, steps: u32) -> Vec<Mark> {
    let place = |mark: &Mark| u64::from(mark.step) * u64::from(MARK_PLACES) / u64::from(steps.max(1));
    let mut last_places: Vec<(MarkKind, u64)> = Vec::new();
    marks
        .filter(|mark| {
            if steps <= MARK_PLACES {
                return true;
            }
            let place = place(mark);
            match last_places.iter_mut().find(|(kind, _)| *kind == mark.kind) {
                Some((_, last)) if *last == place => false,
                Some((_, last)) => {
                    *last = place;
                    true
                }
                None => {
                    last_places.push((mark.kind, place));
                    true
                }
            }
        })
        .collect()
}

fn open((from_step, from_us): (u32, u64), (to_step, to_us): (u32, u64), tone: Tone, label: String) -> Span {
    Span { from_step, to_step, from_us, to_us, tone, label }
}

fn close(spans: &mut [Span], (step, time_us): (u32, u64)) {
    if let Some(last) = spans.last_mut() {
        (last.to_step, last.to_us) = (step, time_us);
    }
}
