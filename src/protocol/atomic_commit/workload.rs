//! A steady workload: transfers between accounts, and now and then a look at several of them.

use super::transaction::{Command, Operation, Place};
use crate::protocol::NodeId;

/// A command drawn at random over `keys` accounts at each resource manager of a cluster of `nodes`.
///
/// Six in ten are transfers, mostly between sites; two read several accounts; one writes one account; one
/// reads here and adds there.
pub(super) fn random_command(nodes: u16, keys: u16, random: &mut dyn rand::Rng) -> Command {
    match draw(random, 10) {
        0..=5 => {
            let from = place(nodes, keys, random);
            let mut to = place(nodes, keys, random);
            if to.site == from.site && nodes > 2 {
                // The next resource manager in turn; node 0 coordinates.
                to.site = NodeId(if from.site.0 + 1 < nodes { from.site.0 + 1 } else { 1 });
            }
            Command::Transfer { from, to, amount: 1 + i64::from(draw(random, 40)) }
        }
        6 | 7 => {
            let count = 2 + draw(random, 2);
            let operations = (0..count).map(|_| Operation::Read { at: place(nodes, keys, random) }).collect();
            Command::Transaction { operations }
        }
        8 => {
            let value = i64::from(draw(random, 200));
            Command::Transaction {
                operations: vec![Operation::Write { at: place(nodes, keys, random), value }],
            }
        }
        _ => Command::Transaction {
            operations: vec![
                Operation::Read { at: place(nodes, keys, random) },
                Operation::Add { at: place(nodes, keys, random), amount: i64::from(draw(random, 20)) },
            ],
        },
    }
}

fn place(nodes: u16, keys: u16, random: &mut dyn rand::Rng) -> Place {
    let site = 1 + draw(random, nodes.saturating_sub(1).max(1));
    Place::new(NodeId(site), format!("k{}", 1 + draw(random, keys.max(1))))
}

/// An integer below `bound`, which is at least 1.
fn draw(random: &mut dyn rand::Rng, bound: u16) -> u16 {
    ((u64::from(random.next_u32()) * u64::from(bound)) >> 32) as u16
}
