//! Where the keys of a store lie on the circle, and what a change of its members moves.

use std::rc::Rc;

use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::store::ring::build;
use crate::protocol::consistent_hashing::store::{Dynamo, Options, Place, Status};
use crate::protocol::consistent_hashing::{Algorithm, Ketama, Placement, measure};
use crate::scene::circle::{Circle, Key, Members, Owners, Placed, Point, Range, turn_of};

/// Whether the keys of a range of the circle belong to the point at its end.
fn has_ranges(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::Ring | Algorithm::Ketama | Algorithm::KetamaLibmemcached)
}

/// Where an algorithm places a key on the circle.
fn position_of(place: &Place, algorithm: Algorithm) -> u64 {
    match algorithm {
        Algorithm::Ketama | Algorithm::KetamaLibmemcached => {
            u64::from(Ketama::key_point(place.key.as_bytes())) << 32
        }
        _ => place.position,
    }
}

/// The members as the node knows them that has heard the latest.
fn members(nodes: &[Option<Dynamo>], options: &Options) -> Option<Members> {
    let latest = nodes.iter().flatten().max_by_key(|node| node.membership().era())?;
    let then = |status| matches!(status, Status::Member | Status::Joining);
    Some(Members {
        before: (0..nodes.len())
            .map(|at| NodeId(at as u16))
            .filter(|n| options.is_initial_member(*n))
            .collect(),
        now: latest.ring().members().to_vec(),
        then: latest.membership().nodes_with(|entry| then(entry.status)),
    })
}

/// The circle. What was found last is used again as far as members and keys are the same.
pub(super) fn circle(nodes: &[Option<Dynamo>], options: &Options, known: Option<&Circle>) -> Option<Circle> {
    let members = members(nodes, options)?;
    let sum = |node: &Option<Dynamo>| {
        let data = node.iter().flat_map(Dynamo::data);
        data.fold((0, 0u64), |(count, sum), (place, _)| (count + 1, sum.wrapping_add(place.position)))
    };
    let sums: Vec<(u64, u64)> = nodes.iter().map(sum).collect();
    let same_keys = |known: &Circle| known.sums == sums || holds_the_same(&known.placed, nodes);
    let placed = match known.filter(|known| same_keys(known)) {
        Some(known) if known.placed.members == members => Rc::clone(&known.placed),
        Some(known) => {
            let old = &known.placed.members;
            let mut placed = place(known_places(&known.placed), &members, options)?;
            if (&old.before, &old.then) == (&members.before, &members.then) {
                placed.comparison = Rc::clone(&known.placed.comparison);
            }
            Rc::new(placed)
        }
        None => Rc::new(place(places(nodes), &members, options)?),
    };
    let arrived = placed.keys.iter().map(|key| {
        let place = || Place { position: key.position, key: key.name.clone() };
        let node = nodes.get(key.owners.then.index()).and_then(Option::as_ref);
        // Of the keys that stay nobody asks.
        !key.owners.moves()
            || node.and_then(|node| node.held(&place())).is_some_and(|held| !held.durable.is_empty())
    });
    let arrived = arrived.collect();
    Some(Circle { placed, arrived, sums })
}

/// All keys that anybody holds, by position.
fn places(nodes: &[Option<Dynamo>]) -> Vec<Place> {
    let mut places: Vec<&Place> =
        nodes.iter().flatten().flat_map(|node| node.data().map(|(place, _)| place)).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().cloned().collect()
}

fn known_places(placed: &Placed) -> Vec<Place> {
    let keys = placed.by_position.iter().filter_map(|index| placed.keys.get(*index as usize));
    keys.map(|key| Place { position: key.position, key: key.name.clone() }).collect()
}

/// Whether the nodes together hold these very keys: copies that came or went change nothing.
fn holds_the_same(placed: &Placed, nodes: &[Option<Dynamo>]) -> bool {
    let position = |at: usize| {
        placed.by_position.get(at).and_then(|index| placed.keys.get(*index as usize)).map(|key| key.position)
    };
    let mut is_held = vec![false; placed.keys.len()];
    for node in nodes.iter().flatten() {
        let mut at = 0;
        for (place, _) in node.data() {
            while position(at).is_some_and(|position| position < place.position) {
                at += 1;
            }
            if position(at) != Some(place.position) {
                return false;
            }
            if let Some(held) = is_held.get_mut(at) {
                *held = true;
            }
        }
    }
    is_held.iter().all(|held| *held)
}

/// The placement of some members, or nothing where there are none.
fn placement(members: &[NodeId], options: &Options) -> Option<Box<dyn Placement>> {
    if members.is_empty() { None } else { build(members, options).ok() }
}

fn place(places: Vec<Place>, members: &Members, options: &Options) -> Option<Placed> {
    let now = placement(&members.now, options)?;
    let before = placement(&members.before, options).unwrap_or_else(|| now.clone());
    let then = placement(&members.then, options).unwrap_or_else(|| now.clone());
    let algorithm = options.algorithm;
    let mut by_turn: Vec<(u64, Place)> =
        places.into_iter().map(|place| (position_of(&place, algorithm), place)).collect();
    by_turn.sort_unstable();
    let replicas = usize::from(options.replicas).min(members.now.len());
    let coming_replicas = usize::from(options.replicas).min(members.then.len().max(1));
    let mut placed = Placed {
        members: members.clone(),
        replicas,
        coming_replicas,
        points: points(&[&*before, &*now, &*then], members),
        ideal: measure::ideal_share(before.roster(), then.roster()) * by_turn.len() as f64,
        ..Placed::default()
    };
    if has_ranges(algorithm) {
        placed.ranges = ranges(&*before, &*now, &*then);
    }
    // Most of the time two of the three are the same, and lookups are what takes time here.
    let (has_changed, changes) = (members.before != members.now, members.now != members.then);
    let list = |placement: &dyn Placement, key: &[u8], count: usize| {
        let mut owners = placement.preference_list(key, count);
        owners.resize(count, NodeId(u16::MAX));
        owners
    };
    for (position, place) in by_turn {
        let bytes = place.key.as_bytes();
        let mut owners = list(&*now, bytes, replicas);
        let first = owners.first().copied()?;
        if options.break_rules.two_replicas_on_one_node
            && let [first, second, ..] = owners.as_mut_slice()
        {
            *second = *first;
        }
        let mut owners_of_key = Owners { before: first, now: first, then: first };
        if has_changed {
            owners_of_key.before = before.node_for_key(bytes).unwrap_or(first);
        }
        if changes {
            let coming = list(&*then, bytes, coming_replicas);
            owners_of_key.then = coming.first().copied().unwrap_or(first);
            placed.coming_owners.extend(coming);
        }
        placed.moved += usize::from(owners_of_key.moves());
        placed.owners.extend(owners);
        placed.keys.push(Key {
            position: place.position,
            name: place.key,
            turn: turn_of(position),
            owners: owners_of_key,
        });
    }
    placed.by_position = (0..placed.keys.len() as u32).collect();
    let keys = &placed.keys;
    placed.by_position.sort_by_key(|index| keys.get(*index as usize).map_or(0, |key| key.position));
    Some(placed)
}

/// The points of all three placements, clockwise.
fn points(placements: &[&dyn Placement], members: &Members) -> Vec<Point> {
    let circles = placements.iter().filter_map(|placement| placement.points());
    let mut points: Vec<_> = circles.flat_map(|circle| circle.points().iter().copied()).collect();
    points.sort_unstable();
    points.dedup();
    let point = |point: crate::protocol::consistent_hashing::RingPoint| Point {
        turn: turn_of(point.position),
        node: point.node,
        is_now: members.now.contains(&point.node),
    };
    points.into_iter().map(point).collect()
}

/// The ranges between the points of all three placements; neighbours with the same owners are one range.
fn ranges(before: &dyn Placement, now: &dyn Placement, then: &dyn Placement) -> Vec<Range> {
    let circles = [before.points(), now.points(), then.points()];
    let mut ends: Vec<u64> = circles
        .iter()
        .flatten()
        .flat_map(|circle| circle.points().iter().map(|point| point.position))
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let mut ranges: Vec<Range> = Vec::new();
    let mut from = ends.last().map_or(0.0, |last| turn_of(*last) - 1.0);
    for end in ends {
        let owner = |at: usize| {
            let circle = circles.get(at).copied().flatten()?;
            circle.successor(end).map(|point| point.node)
        };
        let to = turn_of(end);
        let (Some(before), Some(now), Some(then)) = (owner(0), owner(1), owner(2)) else { continue };
        let owners = Owners { before, now, then };
        match ranges.last_mut() {
            Some(last) if last.owners == owners => last.to = to,
            _ => ranges.push(Range { from, to, owners }),
        }
        from = to;
    }
    ranges
}

#[cfg(test)]
#[path = "circle_tests.rs"]
mod tests;
