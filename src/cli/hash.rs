//! `lamplight hash`: reads keys, a line each, and prints which node owns each of them.

use std::io::{self, BufRead, Write};

use clap::Args;

use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::{
    Algorithm, Anchor, BoundedLoads, Maglev, MultiProbe, NODES_MAX, Node, Placement, PlacementError,
    Settings, UnknownAlgorithm,
};

/// Reads keys from standard input, a line each, and prints `key<TAB>node` for each of them.
///
/// The nodes are numbered in the order in which they are given. With bounded-loads all keys are placed before the
/// first line is printed, since a later key may move an earlier one.
#[derive(Args, Clone, Debug)]
pub struct HashArgs {
    /// modulo, ring, ketama, ketama-libmemcached, bounded-loads, rendezvous, jump, maglev, multi-probe or anchor
    #[arg(long, value_name = "NAME")]
    pub algorithm: Algorithm,
    /// A node, and its weight if that is not 1; give it once for every node
    #[arg(long = "node", value_name = "NAME[=WEIGHT]", required = true)]
    pub nodes: Vec<NodeArg>,
    /// Points on the circle per unit of weight (ring, bounded-loads, multi-probe)
    #[arg(long, value_name = "N")]
    pub virtual_nodes: Option<u32>,
    /// The bound on a load, in thousandths of the mean (bounded-loads)
    #[arg(long, value_name = "N", default_value_t = BoundedLoads::LOAD_FACTOR_THOUSANDTHS_DEFAULT)]
    pub load_factor_thousandths: u32,
    /// The entries of the table, a prime (maglev)
    #[arg(long, value_name = "N", default_value_t = Maglev::TABLE_SIZE_DEFAULT)]
    pub maglev_table_size: u32,
    /// The probes for each key (multi-probe)
    #[arg(long, value_name = "N", default_value_t = MultiProbe::PROBES_DEFAULT)]
    pub probes: u32,
    /// The buckets, working or not (anchor)
    #[arg(long, value_name = "N", default_value_t = Anchor::CAPACITY_DEFAULT)]
    pub anchor_capacity: u32,
}

/// A node on the command line: `NAME` or `NAME=WEIGHT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeArg {
    name: String,
    weight: u32,
}

/// The weight of a node on the command line is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a weight; a node is NAME or NAME=WEIGHT")]
pub struct NodeArgError(String);

impl std::str::FromStr for NodeArg {
    type Err = NodeArgError;

    fn from_str(argument: &str) -> Result<Self, Self::Err> {
        match argument.rsplit_once('=') {
            None => Ok(Self { name: argument.to_owned(), weight: 1 }),
            Some((name, weight)) => {
                let weight = weight.parse().map_err(|_| NodeArgError(weight.to_owned()))?;
                Ok(Self { name: name.to_owned(), weight })
            }
        }
    }
}

/// Why `lamplight hash` stopped.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// A limit of the algorithm.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// No algorithm has that name.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// The keys could not be read, or the answers not written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs `lamplight hash` from one stream to another. A key is the bytes of a line without its end.
///
/// # Errors
/// A limit of the algorithm, or a stream that fails.
pub fn run(args: &HashArgs, mut input: impl BufRead, mut output: impl Write) -> Result<(), HashError> {
    let settings = Settings {
        virtual_nodes: args.virtual_nodes,
        load_factor_thousandths: args.load_factor_thousandths,
        maglev_table_size: args.maglev_table_size,
        probes: args.probes,
        anchor_capacity: args.anchor_capacity,
    };
    let mut placement = args.algorithm.build(&settings)?;
    if args.nodes.len() > NODES_MAX {
        return Err(PlacementError::TooManyNodes(args.nodes.len()).into());
    }
    let nodes = (0..).zip(&args.nodes).map(|(id, node)| Node::new(id, &node.name).with_weight(node.weight));
    placement.add_nodes(&nodes.collect::<Vec<Node>>())?;

    let mut held: Vec<Vec<u8>> = Vec::new();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let key = line.strip_suffix(b"\n").unwrap_or(&line);
        let key = key.strip_suffix(b"\r").unwrap_or(key);
        let node = placement.place_key(key)?;
        if args.algorithm == Algorithm::BoundedLoads {
            held.push(key.to_vec());
        } else {
            write_line(&mut output, placement.as_ref(), key, node)?;
        }
        line.clear();
    }
    for key in held {
        write_line(&mut output, placement.as_ref(), &key, placement.node_for_key(&key))?;
    }
    Ok(output.flush()?)
}

fn write_line(
    output: &mut impl Write,
    placement: &dyn Placement,
    key: &[u8],
    node: Option<NodeId>,
) -> io::Result<()> {
    let name = node.and_then(|id| placement.roster().get(id)).map_or("", |node| node.name.as_str());
    output.write_all(key)?;
    writeln!(output, "\t{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        hash: HashArgs,
    }

    fn hash(arguments: &[&str], input: &str) -> Result<String, String> {
        let arguments = ["hash"].iter().chain(arguments);
        let args = Command::try_parse_from(arguments).map_err(|error| error.to_string())?.hash;
        let mut output = Vec::new();
        run(&args, input.as_bytes(), &mut output).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(output).unwrap())
    }

    /// The owners were printed by libmemcached, as `tests/oracles/ketama.py` asks it.
    #[test]
    fn a_ketama_pool_answers_as_libmemcached_does() {
        let pool = ["--algorithm", "ketama", "--node", "10.0.1.1:11212", "--node", "10.0.1.2:11212=3"];
        let expected = "key-0\t10.0.1.1:11212\nkey-1\t10.0.1.2:11212\nkey-8\t10.0.1.1:11212\n";
        assert_eq!(hash(&pool, "key-0\nkey-1\r\nkey-8"), Ok(expected.to_owned()));
    }

    #[test]
    fn every_algorithm_answers_every_key() {
        let keys: String = (0..100).map(|key| format!("key-{key}\n")).collect();
        for algorithm in Algorithm::ALL {
            let output =
                hash(&["--algorithm", algorithm.name(), "--node", "a", "--node", "b"], &keys).unwrap();
            let owners: Vec<&str> = output.lines().map(|line| line.split_once('\t').unwrap().1).collect();
            assert_eq!(owners.len(), 100);
            assert!(owners.contains(&"a") && owners.contains(&"b"), "{}", algorithm.name());
        }
    }

    /// ⌈1.01 × 100 / 2⌉ = 51: the bound holds over all lines, also for those that came first.
    #[test]
    fn bounded_loads_bound_the_lines_of_each_node() {
        let keys: String = (0..100).map(|key| format!("key-{key}\n")).collect();
        let bound =
            ["--load-factor-thousandths", "1010", "--virtual-nodes", "1", "--node", "a", "--node", "b"];
        let arguments = ["--algorithm", "bounded-loads"].iter().chain(&bound).copied().collect::<Vec<_>>();
        let output = hash(&arguments, &keys).unwrap();
        let on_a = output.lines().filter(|line| line.ends_with("\ta")).count();
        assert!((49..=51).contains(&on_a), "{on_a}");
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_reason() {
        let error = |arguments: &[&str]| hash(arguments, "key\n").unwrap_err();
        assert!(error(&["--algorithm", "chord", "--node", "a"]).contains("no algorithm is named \"chord\""));
        assert!(error(&["--algorithm", "ring", "--node", "a=heavy"]).contains("\"heavy\" is not a weight"));
        assert!(error(&["--algorithm", "ring"]).contains("--node"));
        assert!(error(&["--algorithm", "jump", "--node", "a=2"]).contains("jump has no weights"));
        assert!(
            error(&["--algorithm", "ring", "--node", "a", "--node", "a"]).contains("two nodes are named")
        );
        let virtual_nodes = ["--algorithm", "ketama", "--node", "a", "--virtual-nodes", "10"];
        assert!(error(&virtual_nodes).contains("cannot be set for ketama"));
        let even = ["--algorithm", "maglev", "--node", "a", "--maglev-table-size", "65536"];
        assert!(error(&even).contains("must be a prime"));
    }
}
