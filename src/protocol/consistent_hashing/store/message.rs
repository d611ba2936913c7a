//! What nodes, clients and operators say.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::member::Entry;
use super::ring::Place;
use super::version::{Dot, Siblings, VersionVector};
use crate::protocol::{ClientId, NodeId, RequestId};

/// The number that a coordinator gives to a request under way.
pub type RequestNumber = u64;

/// A key with all its versions, as it travels from node to node.
pub type Item = (Place, Siblings);

/// A key that a node offers to another.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Offered {
    /// The key.
    pub place: Place,
    /// The digest of its versions.
    pub digest: u64,
    /// Whether it is a tombstone that may go: then nothing at all is as good as these versions.
    pub may_go: bool,
}

/// What a client asks for (§4.1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Read a key: all its versions, and a context to write with.
    Get {
        /// Which one.
        key: Arc<str>,
    },
    /// Write a key. It replaces the versions that the context includes; without a context it replaces none and
    /// stands beside them.
    Put {
        /// Which one.
        key: Arc<str>,
        /// The value.
        value: Arc<str>,
        /// What a read had returned.
        #[serde(default)]
        context: VersionVector,
    },
    /// Read a key and write it with the context that the read gives: what a client does that reconciles
    /// siblings.
    Update {
        /// Which one.
        key: Arc<str>,
        /// The value that takes the place of all versions read.
        value: Arc<str>,
    },
    /// Read a key and write a tombstone in place of all that was read.
    Delete {
        /// Which one.
        key: Arc<str>,
    },
}

impl Command {
    /// The key that it is about.
    pub fn key(&self) -> &Arc<str> {
        match self {
            Command::Get { key }
            | Command::Put { key, .. }
            | Command::Update { key, .. }
            | Command::Delete { key } => key,
        }
    }

    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        matches!(self, Command::Get { .. })
    }

    /// A command drawn at random over `keys` keys: half reads, then updates, and some deletes and writes without a
    /// context.
    pub fn random(client: ClientId, keys: u16, random: &mut dyn rand::Rng) -> Command {
        let key = key_name(random.next_u32() % u32::from(keys.max(1)));
        let mut value = || Arc::from(format!("{client}.{}", random.next_u32() % 100_000).as_str());
        let value: Arc<str> = value();
        match random.next_u32() % 16 {
            0..=7 => Command::Get { key },
            8..=12 => Command::Update { key, value },
            13 => Command::Delete { key },
            _ => Command::Put { key, value, context: VersionVector::default() },
        }
    }
}

/// The keys of a workload and of a cluster that begins with keys: `user:0`, `user:1`, …
pub fn key_name(number: u32) -> Arc<str> {
    Arc::from(format!("user:{number}").as_str())
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What was read. More than one version where writes were concurrent; none if the key was never written.
    Versions {
        /// The versions and, through them, the context.
        siblings: Siblings,
    },
    /// The write is on W disks.
    Written {
        /// Where the key lies.
        place: Place,
        /// The version that it made.
        dot: Dot,
    },
    /// The key has as many siblings as are allowed; the client must write with a context.
    TooManySiblings,
    /// Too few nodes answered in time, or the node has only just started. Whether a write took effect is not
    /// known.
    Unavailable,
}

/// What an operator asks of a node (§4.8.1: membership changes are explicit).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Become a member.
    Join,
    /// Hand over what it owns and leave.
    Leave,
    /// Remove another node that is dead and will not come back soon. What it alone held is out of reach until it does;
    /// those who own its ranges from now on fetch what the others have.
    Remove {
        /// Which node.
        node: NodeId,
    },
}

/// What one node tells another of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rumour {
    /// How it stands to the ring.
    pub entry: Entry,
    /// The latest of its heartbeats that anybody has heard of.
    pub heartbeat: u64,
}

/// What nodes say to each other.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A client's request, passed on to a node of the preference list (§4.5).
    Forward {
        /// The sender's number for it.
        number: RequestNumber,
        /// Who asks.
        client: ClientId,
        /// The client's number for it.
        request: RequestId,
        /// What is asked.
        command: Command,
    },
    /// The answer to a request that was passed on.
    ForwardAnswer {
        /// The number that it was passed on with.
        number: RequestNumber,
        /// The answer.
        answer: Answer,
    },
    /// Send me your versions of a key.
    Read {
        /// The coordinator's number.
        number: RequestNumber,
        /// The key.
        place: Place,
    },
    /// All versions that a replica holds.
    ReadAnswer {
        /// The coordinator's number.
        number: RequestNumber,
        /// The versions.
        siblings: Siblings,
        /// Whether the replica owns the key, as it sees the ring, and has all that an owner must have.
        is_owner: bool,
    },
    /// Store these versions.
    Write {
        /// The coordinator's number; a write without one is not acknowledged (read repair).
        number: Option<RequestNumber>,
        /// The key.
        place: Place,
        /// The versions.
        siblings: Siblings,
        /// For whom the receiver keeps them, if it stands in for a node that does not answer (§4.6).
        hint: Option<NodeId>,
    },
    /// They are on disk.
    WriteAnswer {
        /// The coordinator's number.
        number: RequestNumber,
        /// Whether the sender owns the key, as it sees the ring itself.
        is_owner: bool,
    },
    /// These keys belong to you and not, or not only, to me (§4.9).
    Offer {
        /// The sender's number for this chunk.
        chunk: u64,
        /// The keys.
        keys: Vec<Offered>,
    },
    /// Which of the keys offered are not on the sender's disk as they were offered.
    OfferAnswer {
        /// The number of the chunk.
        chunk: u64,
        /// The keys that it lacks.
        wanted: Vec<Place>,
    },
    /// The keys that you lack.
    Handoff {
        /// The sender's number for this chunk.
        chunk: u64,
        /// The keys.
        items: Arc<[Item]>,
    },
    /// They are on disk.
    HandoffAnswer {
        /// The number of the chunk.
        chunk: u64,
    },
    /// Send me the next keys that I own in the ring of these members.
    Fetch {
        /// The sender's number for this transfer.
        transfer: u64,
        /// The members, the sender among them.
        members: Arc<[NodeId]>,
        /// The last key that has arrived.
        after: Option<Place>,
    },
    /// The next keys of a transfer.
    Range {
        /// The number of the transfer.
        transfer: u64,
        /// The key that was named.
        after: Option<Place>,
        /// The keys.
        items: Arc<[Item]>,
        /// Whether these were the last ones.
        is_last: bool,
        /// Nodes that were removed, of whose ranges the sender may own a part that has not arrived yet.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unfilled: Vec<NodeId>,
    },
    /// Some nodes of a Merkle tree over the keys that sender and receiver share (§4.7).
    Tree {
        /// The ring by which they share them.
        ring: u64,
        /// The level of the nodes.
        level: u8,
        /// Each node's place on its level, and its hash.
        nodes: Vec<(u16, u64)>,
    },
    /// The keys of some leaves that differ.
    Leaves {
        /// The ring by which they are shared.
        ring: u64,
        /// Which leaves.
        leaves: Vec<u16>,
        /// What the sender holds there.
        items: Arc<[Item]>,
        /// Whether the receiver is to send what it holds.
        asks: bool,
    },
    /// What the sender has heard of all nodes (§4.8.1).
    Gossip {
        /// By node.
        rumours: Arc<[Rumour]>,
        /// Whether the receiver is to tell what it has heard.
        asks: bool,
    },
}

impl Message {
    /// The names of the kinds of message.
    pub const KINDS: &'static [&'static str] = &[
        "Forward",
        "ForwardAnswer",
        "Read",
        "ReadAnswer",
        "Write",
        "WriteAnswer",
        "Offer",
        "OfferAnswer",
        "Handoff",
        "HandoffAnswer",
        "Fetch",
        "Range",
        "Tree",
        "Leaves",
        "Gossip",
    ];

    /// Whether handling it reads what is on disk or writes to it.
    pub(super) fn needs_the_disk(&self) -> bool {
        match self {
            Message::Read { .. }
            | Message::Write { .. }
            | Message::Offer { .. }
            | Message::Handoff { .. }
            | Message::Fetch { .. }
            | Message::Range { .. }
            | Message::Tree { .. }
            | Message::Leaves { .. } => true,
            Message::Forward { .. }
            | Message::ForwardAnswer { .. }
            | Message::ReadAnswer { .. }
            | Message::WriteAnswer { .. }
            | Message::OfferAnswer { .. }
            | Message::HandoffAnswer { .. }
            | Message::Gossip { .. } => false,
        }
    }

    /// Position of its kind in [`Message::KINDS`].
    pub fn kind(&self) -> u8 {
        match self {
            Message::Forward { .. } => 0,
            Message::ForwardAnswer { .. } => 1,
            Message::Read { .. } => 2,
            Message::ReadAnswer { .. } => 3,
            Message::Write { .. } => 4,
            Message::WriteAnswer { .. } => 5,
            Message::Offer { .. } => 6,
            Message::OfferAnswer { .. } => 7,
            Message::Handoff { .. } => 8,
            Message::HandoffAnswer { .. } => 9,
            Message::Fetch { .. } => 10,
            Message::Range { .. } => 11,
            Message::Tree { .. } => 12,
            Message::Leaves { .. } => 13,
            Message::Gossip { .. } => 14,
        }
    }
}

/// The timers of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A replica, or the coordinator that a request was passed on to, has not answered in time.
    Request(RequestNumber),
    /// It is time to gossip.
    Gossip,
    /// It is time to compare Merkle trees.
    AntiEntropy,
    /// It is time to hand over what belongs to others.
    Handoff,
    /// A chunk of a transfer has not arrived in time.
    Transfer,
}

impl Timer {
    /// The names of the timers.
    pub const NAMES: &'static [&'static str] =
        &["replica timeout", "gossip", "anti-entropy", "handoff", "transfer"];

    /// Position in [`Timer::NAMES`].
    pub fn position(self) -> u8 {
        match self {
            Timer::Request(_) => 0,
            Timer::Gossip => 1,
            Timer::AntiEntropy => 2,
            Timer::Handoff => 3,
            Timer::Transfer => 4,
        }
    }
}
