//! `lamplight hash`: reads keys, a line each, and prints which node owns each of them.

use std::io::{self, BufRead, Write};

use clap::Args;

use crate::protocol::NodeId;
use crate::protocol::consistent_hashing::jump::jump_bucket;
use crate::protocol::consistent_hashing::{
    Algorithm, Anchor, BoundedLoads, Maglev, MultiProbe, NODES_MAX, Node, Placement, PlacementError,
    Settings, UnknownAlgorithm,
};

/// Reads keys from standard input, a line each, and prints `key<TAB>node` for each of them.
///
/// The nodes are numbered in the order in which they are given. With bounded-loads all keys are placed before the
/// first line is printed, since a later key may move an earlier one.
///
/// With ketama the name of a node is the string that the clients hash, so a port in it changes who owns what. For
/// clients of libketama (ketama) give `host:port` as their server file has it. Those of libmemcached and twemproxy
/// (ketama-libmemcached) hash the bare `host` where the port is 11211, the default of memcached, and `host:port` where
/// it is another one.
#[derive(Args, Clone, Debug)]
pub struct HashArgs {
    /// modulo, ring, ketama, ketama-libmemcached, bounded-loads, rendezvous, jump, maglev, multi-probe or anchor
    #[arg(long, value_name = "NAME")]
    pub algorithm: Algorithm,
    /// A node, and its weight if that is not 1; give it once for every node
    #[arg(long = "node", value_name = "NAME[=WEIGHT]", required = true, allow_hyphen_values = true)]
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
    /// Keys are whole numbers up to 2⁶⁴ − 1 and taken as they are, as implementations of jump take them; else they are
    /// hashed first (jump)
    #[arg(long)]
    pub numeric_keys: bool,
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

/// Why a node on the command line is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeArgError {
    /// Its weight is no number.
    #[error("{0:?} is not a weight; a node is NAME or NAME=WEIGHT")]
    Weight(String),
    /// It is the next option: the name was left out.
    #[error("{0:?} is an option; a node is NAME or NAME=WEIGHT")]
    Option(String),
}

impl std::str::FromStr for NodeArg {
    type Err = NodeArgError;

    fn from_str(argument: &str) -> Result<Self, Self::Err> {
        // A name may begin with a hyphen, and an option begins with two.
        if argument.starts_with("--") {
            return Err(NodeArgError::Option(argument.to_owned()));
        }
        match argument.rsplit_once('=') {
            None => Ok(Self { name: argument.to_owned(), weight: 1 }),
            Some((name, weight)) => {
                let weight = weight.parse().map_err(|_| NodeArgError::Weight(weight.to_owned()))?;
                Ok(Self { name: name.to_owned(), weight })
            }
        }
    }
}

/// How much is shown of a key that is no number.
const KEY_CHARS_SHOWN: usize = 40;

/// Why `lamplight hash` stopped.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// A limit of the algorithm.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// No algorithm has that name.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// Numeric keys are jump's.
    #[error("--numeric-keys is for jump; {0} hashes the bytes of a key")]
    NotNumeric(&'static str),
    /// A key is no number.
    #[error("line {line}: {key:?} is not a whole number up to {}", u64::MAX)]
    NoNumber {
        /// Which line, counted from 1.
        line: u64,
        /// What stands there.
        key: String,
    },
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

    if args.numeric_keys && args.algorithm != Algorithm::Jump {
        return Err(HashError::NotNumeric(args.algorithm.name()));
    }
    let mut held: Vec<Vec<u8>> = Vec::new();
    let mut line = Vec::new();
    let mut number = 0;
    while input.read_until(b'\n', &mut line)? > 0 {
        let key = line.strip_suffix(b"\n").unwrap_or(&line);
        let key = key.strip_suffix(b"\r").unwrap_or(key);
        number += 1;
        let node = if args.numeric_keys {
            let numeric = std::str::from_utf8(key).ok().and_then(|key| key.trim().parse().ok());
            let Some(numeric) = numeric else {
                let key = String::from_utf8_lossy(key).chars().take(KEY_CHARS_SHOWN).collect();
                return Err(HashError::NoNumber { line: number, key });
            };
            // Jump numbers its buckets as they were given.
            u16::try_from(jump_bucket(numeric, args.nodes.len() as u32)).ok().map(NodeId)
        } else {
            placement.place_key(key)?
        };
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

    /// The buckets of the first figures are those of the paper's C code, as `tests/hashing_known_answers.rs` has them.
    #[test]
    fn jump_takes_numbers_as_they_are() {
        let nodes = ["--node", "a", "--node", "-b", "--node", "c"];
        let arguments = [&["--algorithm", "jump", "--numeric-keys"], &nodes[..]].concat();
        let names = ["a", "-b", "c"];
        for key in [0, 1, 7, 256, 0xdead_beef, u64::MAX] {
            let owner = names[jump_bucket(key, 3) as usize];
            assert_eq!(hash(&arguments, &format!("{key}\r\n")), Ok(format!("{key}\t{owner}\n")));
        }
        let error = |input: &str| hash(&arguments, input).unwrap_err();
        assert!(error("7\nseven\n").contains("line 2: \"seven\" is not a whole number"));
        assert!(error("18446744073709551616\n").contains("line 1"));
        let ring = hash(&["--algorithm", "ring", "--numeric-keys", "--node", "a"], "7\n");
        assert!(ring.unwrap_err().contains("--numeric-keys is for jump"));
    }

    #[test]
    fn a_node_may_begin_with_a_hyphen_and_an_option_is_no_node() {
        let keys = "one\ntwo\n";
        let ring = ["--algorithm", "ring", "--node", "-x"];
        assert_eq!(hash(&ring, keys), Ok("one\t-x\ntwo\t-x\n".to_owned()));
        let error = hash(&["--algorithm", "ring", "--node", "--numeric-keys"], keys).unwrap_err();
        assert!(error.contains("\"--numeric-keys\" is an option"), "{error}");
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
