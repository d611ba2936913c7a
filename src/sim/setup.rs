//! What a cluster starts from.

use serde::{Deserialize, Serialize};

use super::client::ClientOptions;
use super::{Address, Chaos, DiskOptions, Intervention, LinkOptions, OutOfBounds, Workload, limits};
use crate::protocol::{ClientId, Invalid, NodeId, Participant, Problem};

/// An intervention of a protocol's own cluster.
pub type InterventionOf<P> = Intervention<<P as Participant>::Command, <P as Participant>::Operation>;

/// An intervention that a scenario does by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted<I> {
    /// When, in µs.
    pub at_us: u64,
    /// Whether nodes are counted from the one that leads at that moment: node 0 stands for the leader, node 1
    /// for the one after it, and so on around. Where nobody leads they are counted from the first node.
    #[serde(default)]
    pub from_leader: bool,
    /// What is done.
    pub act: I,
}

/// Everything that a run starts from, besides its seed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(bound = "", default, deny_unknown_fields)]
pub struct ClusterSetup<P: Participant> {
    /// How many nodes there are.
    pub nodes: u16,
    /// How many clients there are.
    pub clients: u16,
    /// The protocol's options.
    pub options: P::Options,
    /// How the network behaves.
    pub network: LinkOptions,
    /// How the disks behave.
    pub disk: DiskOptions,
    /// How the clients behave.
    pub client: ClientOptions,
    /// What the clients do by themselves.
    pub workload: Option<Workload>,
    /// Random faults from the start.
    pub chaos: Option<Chaos>,
    /// What happens at which time.
    pub script: Vec<Scripted<InterventionOf<P>>>,
}

impl<P: Participant> Default for ClusterSetup<P> {
    fn default() -> Self {
        ClusterSetup {
            nodes: 5,
            clients: 1,
            options: P::Options::default(),
            network: LinkOptions::default(),
            disk: DiskOptions::default(),
            client: ClientOptions::default(),
            workload: None,
            chaos: None,
            script: Vec::new(),
        }
    }
}

impl<P: Participant> ClusterSetup<P> {
    /// Whether a cluster can be started from it.
    ///
    /// # Errors
    /// All that is wrong, each with the field's name.
    pub fn validate(&self) -> Result<(), Vec<Invalid>> {
        let mut wrong = Vec::new();
        let mut within = |field: &str, value: u16, low: u64, high: u16| {
            let problem = Problem::of_range(value.into(), low, high.into());
            wrong.extend(problem.map(|problem| Invalid::new(field, problem)));
        };
        within("nodes", self.nodes, 1, limits::NODES_MAX);
        within("clients", self.clients, 0, limits::CLIENTS_MAX);
        if self.script.len() > limits::INTERVENTIONS_MAX {
            let problem = Problem::TooMany { count: self.script.len(), most: limits::INTERVENTIONS_MAX };
            wrong.push(Invalid::new("script", problem));
        }
        let mut check = |field: &str, result: Result<(), OutOfBounds>| {
            if let Err(OutOfBounds { what, limit }) = result {
                wrong.push(Invalid::new(field, Problem::PartOutOfBounds { what, most: limit }));
            }
        };
        check("network", self.network.validate());
        check("disk", self.disk.validate());
        check("client", self.client.validate());
        check("workload", self.workload.as_ref().map_or(Ok(()), Workload::validate));
        check("chaos", self.chaos.as_ref().map_or(Ok(()), Chaos::validate));
        if let Err(of_protocol) = P::validate(&self.options, self.nodes) {
            wrong.extend(of_protocol.into_iter().map(|invalid| Invalid {
                field: format!("options.{}", invalid.field),
                problem: invalid.problem,
            }));
        }
        wrong.extend(self.validate_script());
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// What is wrong with the script, an entry for each line that names what there is not. Whether an act is possible
    /// when its time has come is seen only then.
    fn validate_script(&self) -> Vec<Invalid> {
        let lines = self.script.iter().take(limits::INTERVENTIONS_MAX).enumerate();
        lines
            .filter_map(|(at, scripted)| {
                if let Some(problem) = Problem::of_range(scripted.at_us, 0, limits::TIME_US_MAX) {
                    return Some(Invalid::new(format!("script[{at}].at_us"), problem));
                }
                let problem = match self.problem_of_scripted(&scripted.act)? {
                    Problem::NoSuchNode { node, nodes } if scripted.from_leader => {
                        Problem::CountsTooFar { offset: node, nodes }
                    }
                    other => other,
                };
                Some(Invalid::new(format!("script[{at}].act"), problem))
            })
            .collect()
    }

    /// What can be said against an act of the script: also that a command or an operator's request inside it names a
    /// node that there is not. A person may ask for that, to see it refused; in a script it is a slip.
    fn problem_of_scripted(&self, act: &InterventionOf<P>) -> Option<Problem> {
        let inside = match act {
            Intervention::Command { command, .. } => P::nodes_of_command(command),
            Intervention::Operation { operation, .. } => {
                P::node_of_operation(&mut operation.clone()).map(|node| *node).into_iter().collect()
            }
            _ => Vec::new(),
        };
        let missing = inside.into_iter().find(|node| node.0 >= self.nodes);
        self.problem_of_act(act)
            .or_else(|| missing.map(|NodeId(node)| Problem::NoSuchNode { node, nodes: self.nodes }))
    }

    /// What can be said against an act before the run: that it names a node or a client that there is not, or a figure
    /// that is out of bounds.
    pub fn problem_of_act(&self, act: &InterventionOf<P>) -> Option<Problem> {
        let (nodes, clients) = (self.nodes, self.clients);
        let missing = act.parties().into_iter().find_map(|party| match party {
            Address::Node(NodeId(node)) if node >= nodes => Some(Problem::NoSuchNode { node, nodes }),
            Address::Client(ClientId(client)) if client >= clients => {
                Some(Problem::NoSuchClient { client, clients })
            }
            _ => None,
        });
        missing.or_else(|| {
            let OutOfBounds { what, limit } = act.validate().err()?;
            Some(Problem::PartOutOfBounds { what, most: limit })
        })
    }
}

/// The same intervention with nodes counted from `first` on, around a cluster of `nodes`.
pub(super) fn counted_from<P: Participant>(
    act: InterventionOf<P>,
    first: NodeId,
    nodes: u16,
) -> InterventionOf<P> {
    use super::Address;
    use Intervention as I;
    let turn = |node: NodeId| {
        let sum = u32::from(node.0) + u32::from(first.0);
        NodeId((sum % u32::from(nodes.max(1))) as u16)
    };
    let turn_address = |address: Address| match address {
        Address::Node(node) => Address::Node(turn(node)),
        Address::Client(client) => Address::Client(client),
    };
    match act {
        I::Crash { node, unsynced, unsent } => I::Crash { node: turn(node), unsynced, unsent },
        I::Restart { node } => I::Restart { node: turn(node) },
        I::Pause { node } => I::Pause { node: turn(node) },
        I::Resume { node } => I::Resume { node: turn(node) },
        I::Cut { from, to, both_ways } => {
            I::Cut { from: turn_address(from), to: turn_address(to), both_ways }
        }
        I::Mend { from, to } => I::Mend { from: turn_address(from), to: turn_address(to) },
        I::Partition { groups } => I::Partition {
            groups: groups.into_iter().map(|group| group.into_iter().map(turn).collect()).collect(),
        },
        I::Link { from, to, options } => I::Link { from: turn_address(from), to: turn_address(to), options },
        I::Clock { node, skew_us, drift_ppm } => I::Clock { node: turn(node), skew_us, drift_ppm },
        I::Disk { node, options } => I::Disk { node: node.map(turn), options },
        I::CorruptTail { node } => I::CorruptTail { node: turn(node) },
        I::LoseDisk { node } => I::LoseDisk { node: turn(node) },
        I::Operation { node, mut operation } => {
            if let Some(named) = P::node_of_operation(&mut operation) {
                *named = turn(*named);
            }
            I::Operation { node: turn(node), operation }
        }
        same @ (I::Heal
        | I::Drop { .. }
        | I::Hold { .. }
        | I::Release { .. }
        | I::Delay { .. }
        | I::Duplicate { .. }
        | I::DeliverNow { .. }
        | I::Choose { .. }
        | I::Network { .. }
        | I::Command { .. }
        | I::Workload { .. }
        | I::Chaos { .. }) => same,
    }
}
