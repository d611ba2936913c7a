//! Why a node does what it does: the rules by name, with the figures that a sentence needs.

use serde::Serialize;

use super::member::Status;
use super::storage::DiskLoss;
use crate::protocol::{ClientId, NodeId, RequestId};

/// A rule, and the figures that it was applied to. A key is named by its position on the circle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The node read its disk and takes part.
    Started {
        /// How many processes have started on this disk.
        starts: u64,
        /// How many keys it holds.
        keys: u32,
    },
    /// The log on disk ended in the middle of a record. Nothing had been acknowledged that depended on it, so it
    /// is cut off.
    TornTailCut {
        /// Where in the file, in bytes.
        at: u64,
    },
    /// The disk is not what it was: what the node has acknowledged may be gone, so it says so.
    DiskLost {
        /// What is wrong.
        loss: DiskLoss,
    },
    /// Another node knows of later starts than its own disk does.
    RemembersStarts {
        /// How many it counts now.
        starts: u64,
    },
    /// Another node knows how this one, which lost its disk, stood to the ring.
    RemembersStanding {
        /// How.
        status: Status,
    },
    /// The log has many records that later ones have replaced, so it is written anew.
    LogCompacted {
        /// How many keys it holds.
        keys: u32,
    },
    /// What was written is to be on disk before anybody is told.
    SyncBeforeAcknowledging {
        /// How many keys were written.
        keys: u32,
    },
    /// What was written is on disk.
    Durable {
        /// How many keys.
        keys: u32,
    },
    /// The next node is told what this one has heard.
    WaitsToGossip,
    /// A node is told what this one has heard of all, and asked the same.
    Gossips {
        /// Which.
        to: NodeId,
    },
    /// A node that has told what it heard is told in turn.
    GossipsBack {
        /// Which.
        to: NodeId,
    },
    /// A node has decided something about itself, and the news arrived.
    HeardOf {
        /// Which node.
        node: NodeId,
        /// How it stands to the ring now.
        status: Status,
        /// Who told.
        from: NodeId,
    },
    /// A node has not answered in time; until it is heard of, others are asked instead.
    FoundSilent {
        /// Which.
        node: NodeId,
    },
    /// An operator wants the node in the ring. First it fetches what it is going to own.
    Joins {
        /// How many members the ring has.
        members: u16,
    },
    /// What it is going to own has arrived and is on disk: it is a member.
    Joined {
        /// How many keys have arrived.
        keys: u32,
    },
    /// It was told to leave before it had joined.
    JoinGivenUp,
    /// It was told to join while it was leaving: it stays.
    LeaveTakenBack,
    /// It is in the ring, or about to be, or it does not know the ring yet.
    NothingToJoin,
    /// An operator wants the node out of the ring. First it hands over what it holds.
    Leaves {
        /// How many keys it holds.
        keys: u32,
    },
    /// Everybody who is going to own what it held has it on disk: it is a member no more.
    Left {
        /// How many keys it holds still, for nobody.
        keys: u32,
    },
    /// Too few members would remain for N replicas.
    LeaveRefused {
        /// How many would.
        remaining: u16,
        /// N.
        needed: u16,
    },
    /// It is not a member that could leave now.
    NothingToLeave,
    /// An operator says that a node is dead: it is removed, and others own its ranges.
    Removes {
        /// Which.
        node: NodeId,
    },
    /// There is no such member to remove, or this node does not know the ring yet.
    NothingToRemove {
        /// Which.
        node: NodeId,
    },
    /// The node that is to be removed was heard of lately. It can leave by itself.
    RemovalOfTheLiving {
        /// Which.
        node: NodeId,
    },
    /// Too few members would remain for N replicas.
    RemovalRefused {
        /// Which.
        node: NodeId,
        /// How many would.
        remaining: u16,
        /// N.
        needed: u16,
    },
    /// What the node gained when another one was removed has arrived: it answers reads there, too.
    Filled {
        /// How many keys it holds.
        keys: u32,
    },
    /// The process has only just started and what it read may not be durable, or its disk is far behind: it takes
    /// nothing upon itself, and whoever asked will ask again.
    DiskNotReady {
        /// Who asked.
        from: NodeId,
    },
    /// The oldest entries of a version vector are dropped.
    VectorTruncated {
        /// How many.
        entries: u32,
    },
    /// No owner has anything older than these tombstones any more, so they go.
    TombstonesCollected {
        /// How many.
        keys: u32,
    },
    /// The members are asked for what this node is going to own.
    TransferBegins {
        /// How many members.
        sources: u16,
    },
    /// The next part of what a member has for this node.
    FetchesNext {
        /// Which member.
        from: NodeId,
    },
    /// A part has not arrived in time.
    FetchesAgain,
    /// The node does not hold all that a member holds, so it is not one to fetch from.
    IsNoSource {
        /// Who asked.
        from: NodeId,
    },
    /// Who asks does not know of a member for which this node may have given keys up.
    TellsOfMembers {
        /// Who asked.
        to: NodeId,
    },
    /// The keys that the asker is going to own.
    SendsRange {
        /// Who asked.
        to: NodeId,
        /// How many keys this part has.
        keys: u32,
        /// Whether it is the last one.
        is_last: bool,
    },
    /// A part of what it is going to own has arrived.
    RangeArrives {
        /// From whom.
        from: NodeId,
        /// How many keys this part has.
        keys: u32,
    },
    /// The part is on disk.
    RangeArrived {
        /// From whom.
        from: NodeId,
        /// How many keys the node holds now.
        keys: u32,
        /// Whether the member has sent all it has.
        is_last: bool,
    },
    /// What was lost with the disk has been fetched from the others: the node answers reads again.
    Refilled {
        /// How many keys it holds.
        keys: u32,
    },
    /// The node is not on the key's preference list; the first healthy node of it coordinates.
    PassesOn {
        /// The position of the key.
        position: u64,
        /// That node.
        to: NodeId,
        /// How many nodes are on the list.
        owners: u16,
    },
    /// The first node on the walk from the key that has room for one more read coordinates it.
    ReadSpread {
        /// The position of the key.
        position: u64,
        /// That node.
        to: NodeId,
        /// How many reads it has with this one.
        load: u64,
        /// How many it may have.
        bound: u64,
        /// How many reads are under way in all.
        under_way: u64,
        /// The sum of the weights of the nodes that seem up.
        weights: u64,
    },
    /// If there is no answer by then, another node is asked.
    WaitsForCoordinator {
        /// Who coordinates.
        to: NodeId,
    },
    /// The answer goes back to the client.
    AnswerPassedBack {
        /// Who coordinated.
        from: NodeId,
    },
    /// No node of the preference list has answered.
    NoCoordinator {
        /// How many were asked.
        attempts: u16,
    },
    /// The same request is being served already.
    RequestUnderWay {
        /// Who asks.
        client: ClientId,
        /// The client's number for it.
        request: RequestId,
    },
    /// The process has only just started, or does not know the ring, or has too much to do.
    NotReady,
    /// The node takes the request upon itself.
    Coordinates {
        /// The position of the key.
        position: u64,
        /// Who asks.
        client: ClientId,
    },
    /// If replicas have not answered by then, others are asked.
    WaitsForReplicas,
    /// One of the first N healthy nodes is asked for its versions.
    AsksReplica {
        /// The position of the key.
        position: u64,
        /// Which.
        to: NodeId,
        /// The owner that it is asked for; itself if it is one.
        stands_in_for: NodeId,
    },
    /// Some have not answered in time; healthy nodes further on are asked in their place.
    AsksOthers {
        /// How often that was.
        timeouts: u16,
    },
    /// A replica sends all versions that it holds.
    AnswersRead {
        /// The position of the key.
        position: u64,
        /// How many.
        versions: u16,
    },
    /// The node has lost its disk, and what it holds is less than it should.
    RefillingAnswersNoReads {
        /// The position of the key.
        position: u64,
    },
    /// A replica has answered.
    ReplicaRead {
        /// Which.
        from: NodeId,
        /// How many versions it holds.
        versions: u16,
    },
    /// R replicas have answered: the client gets all versions that none of the others has replaced.
    ReadAnswered {
        /// How many.
        versions: u16,
        /// How many have answered.
        have: u16,
        /// R.
        needed: u16,
    },
    /// R replicas have answered: the new version replaces all of these.
    ReadBeforeWrite {
        /// How many.
        versions: u16,
        /// How many have answered.
        have: u16,
        /// R.
        needed: u16,
    },
    /// A replica answered with less than is known; it is brought up to date.
    ReadRepair {
        /// The position of the key.
        position: u64,
        /// Which.
        to: NodeId,
    },
    /// Nothing more is to be waited for.
    AllReplicasAnswered,
    /// The quorum was not reached in time.
    TooFewReplicas {
        /// How many have answered.
        have: u16,
        /// How many are needed.
        needed: u16,
    },
    /// An answer that nobody waits for any more.
    LateAnswer {
        /// Whose.
        from: NodeId,
    },
    /// The coordinator makes a new version and writes it to its own disk first.
    NewVersion {
        /// The position of the key.
        position: u64,
        /// How many versions of the key stand beside each other now.
        siblings: u16,
    },
    /// The key has as many versions as are allowed, and the write would replace none.
    TooManySiblings {
        /// The position of the key.
        position: u64,
        /// How many.
        siblings: u16,
    },
    /// The coordinator is one of the N itself.
    KeepsForItself {
        /// The position of the key.
        position: u64,
    },
    /// The new version goes to a node of the preference list.
    WritesToOwner {
        /// The position of the key.
        position: u64,
        /// Which.
        to: NodeId,
    },
    /// An owner seems down, so the next healthy node keeps the version for it.
    WritesToStandIn {
        /// The position of the key.
        position: u64,
        /// Which node.
        to: NodeId,
        /// For whom.
        owner: NodeId,
    },
    /// A node that is about to own the key gets the version, too. It does not count.
    WritesToJoining {
        /// The position of the key.
        position: u64,
        /// Which.
        to: NodeId,
    },
    /// The node keeps versions for one that seems down, with a hint whose they are.
    KeepsHint {
        /// The position of the key.
        position: u64,
        /// Whose.
        owner: NodeId,
    },
    /// A replica stores what it was sent.
    Stores {
        /// The position of the key.
        position: u64,
        /// By whom.
        from: NodeId,
    },
    /// The versions are on disk, so the coordinator may count on them.
    StoredDurably {
        /// The position of the key.
        position: u64,
    },
    /// A replica has the version on its disk.
    ReplicaWrote {
        /// Which.
        from: NodeId,
    },
    /// The version is on W disks: the client is told.
    WriteAcknowledged {
        /// On how many.
        have: u16,
        /// W.
        needed: u16,
    },
    /// The node holds keys that belong to others, and will offer them.
    HasKeysOfOthers,
    /// Keys that belong to another node are offered to it.
    OffersKeys {
        /// To whom.
        to: NodeId,
        /// How many.
        keys: u32,
    },
    /// The node says which of the keys are not on its disk as they were offered.
    AnswersOffer {
        /// Who offered.
        to: NodeId,
        /// How many it lacks.
        wanted: u32,
        /// How many were offered.
        keys: u32,
    },
    /// Some of the keys are not this node's as it sees the ring: somebody has not yet heard of a change.
    OfferedKeysOfOthers {
        /// Who offered.
        from: NodeId,
    },
    /// The keys that the other lacks are sent to it.
    HandsOver {
        /// To whom.
        to: NodeId,
        /// How many.
        keys: u32,
    },
    /// Keys arrive from a node that held them and that they do not, or not only, belong to.
    TakesOver {
        /// From whom.
        from: NodeId,
        /// How many.
        keys: u32,
    },
    /// They are on disk, so the other need not keep them for this node.
    TookOver {
        /// From whom.
        from: NodeId,
        /// How many.
        keys: u32,
    },
    /// The other node has these versions on its disk.
    HandoverConfirmed {
        /// Which.
        from: NodeId,
        /// How many keys.
        keys: u32,
    },
    /// The node that the hint names has the versions on its disk.
    HintDelivered {
        /// The position of the key.
        position: u64,
    },
    /// Everybody whom these keys belong to has them on disk, so this node forgets them.
    Dropped {
        /// How many.
        keys: u32,
    },
    /// The next member is asked whether it holds the same.
    WaitsToCompare,
    /// The root of a Merkle tree over the keys that both own.
    ComparesTrees {
        /// With whom.
        with: NodeId,
    },
    /// The trees are equal, so both hold the same.
    TreesAgree {
        /// With whom.
        with: NodeId,
    },
    /// Some hashes differ; the level below them is compared.
    TreesDiffer {
        /// With whom.
        with: NodeId,
        /// How many hashes.
        nodes: u16,
        /// On which level; the root is level 0.
        level: u16,
    },
    /// The keys of the leaves that differ are exchanged.
    LeavesDiffer {
        /// With whom.
        with: NodeId,
        /// How many leaves.
        leaves: u16,
    },
    /// A version that the other had is stored.
    RepairedByComparing {
        /// The position of the key.
        position: u64,
        /// Who had it.
        from: NodeId,
    },
    /// The other goes by another ring, so the trees cannot be compared.
    OtherRing {
        /// Which.
        from: NodeId,
    },
    /// The node stands in for others with as many keys as are allowed, and takes no more in.
    TooManyHints {
        /// The position of the key.
        position: u64,
        /// Who should have it.
        owner: NodeId,
        /// With how many keys it stands in.
        keys: u32,
    },
}

impl Reason {
    /// Whether it is something that a reader wants to stop at.
    pub fn is_milestone(&self) -> bool {
        matches!(
            self,
            Reason::DiskLost { .. }
                | Reason::Joins { .. }
                | Reason::Joined { .. }
                | Reason::Leaves { .. }
                | Reason::Left { .. }
                | Reason::Refilled { .. }
                | Reason::Removes { .. }
                | Reason::Filled { .. }
                | Reason::TombstonesCollected { .. }
                | Reason::WriteAcknowledged { .. }
                | Reason::Dropped { .. }
                | Reason::ReadRepair { .. }
                | Reason::HintDelivered { .. }
        )
    }

    /// Where the rule stands: a section of DeCandia et al., "Dynamo", SOSP 2007, if no other paper is named.
    pub fn section(&self) -> &'static str {
        match self {
            Reason::Started { .. }
            | Reason::TornTailCut { .. }
            | Reason::LogCompacted { .. }
            | Reason::SyncBeforeAcknowledging { .. }
            | Reason::Durable { .. }
            | Reason::DiskNotReady { .. }
            | Reason::ReadRepair { .. }
            | Reason::AllReplicasAnswered => "Dynamo §5",
            Reason::DiskLost { .. }
            | Reason::Refilled { .. }
            | Reason::RefillingAnswersNoReads { .. }
            | Reason::WaitsToCompare
            | Reason::ComparesTrees { .. }
            | Reason::TreesAgree { .. }
            | Reason::TreesDiffer { .. }
            | Reason::LeavesDiffer { .. }
            | Reason::RepairedByComparing { .. }
            | Reason::OtherRing { .. } => "Dynamo §4.7",
            Reason::RemembersStarts { .. }
            | Reason::RemembersStanding { .. }
            | Reason::WaitsToGossip
            | Reason::Gossips { .. }
            | Reason::GossipsBack { .. }
            | Reason::HeardOf { .. }
            | Reason::NothingToJoin
            | Reason::NothingToLeave
            | Reason::Removes { .. }
            | Reason::NothingToRemove { .. }
            | Reason::RemovalOfTheLiving { .. } => "Dynamo §4.8.1",
            Reason::FoundSilent { .. } => "Dynamo §4.8.3",
            Reason::Joins { .. }
            | Reason::Joined { .. }
            | Reason::JoinGivenUp
            | Reason::LeaveTakenBack
            | Reason::Leaves { .. }
            | Reason::Left { .. }
            | Reason::TransferBegins { .. }
            | Reason::FetchesNext { .. }
            | Reason::FetchesAgain
            | Reason::IsNoSource { .. }
            | Reason::TellsOfMembers { .. }
            | Reason::SendsRange { .. }
            | Reason::RangeArrives { .. }
            | Reason::RangeArrived { .. }
            | Reason::WritesToJoining { .. }
            | Reason::OffersKeys { .. }
            | Reason::AnswersOffer { .. }
            | Reason::OfferedKeysOfOthers { .. }
            | Reason::HandoverConfirmed { .. }
            | Reason::Filled { .. }
            | Reason::Dropped { .. } => "Dynamo §4.9",
            Reason::LeaveRefused { .. } | Reason::RemovalRefused { .. } => "Dynamo §4.3",
            Reason::PassesOn { .. }
            | Reason::WaitsForCoordinator { .. }
            | Reason::AnswerPassedBack { .. }
            | Reason::NoCoordinator { .. }
            | Reason::RequestUnderWay { .. }
            | Reason::NotReady
            | Reason::Coordinates { .. }
            | Reason::AsksReplica { .. }
            | Reason::AnswersRead { .. }
            | Reason::ReplicaRead { .. }
            | Reason::ReadAnswered { .. }
            | Reason::TooFewReplicas { .. }
            | Reason::LateAnswer { .. }
            | Reason::KeepsForItself { .. }
            | Reason::WritesToOwner { .. }
            | Reason::Stores { .. }
            | Reason::StoredDurably { .. }
            | Reason::ReplicaWrote { .. }
            | Reason::WriteAcknowledged { .. } => "Dynamo §4.5",
            Reason::ReadSpread { .. } => "Mirrokni, Thorup and Zadimoghaddam §1",
            Reason::WaitsForReplicas
            | Reason::AsksOthers { .. }
            | Reason::WritesToStandIn { .. }
            | Reason::KeepsHint { .. }
            | Reason::TooManyHints { .. }
            | Reason::HasKeysOfOthers
            | Reason::HandsOver { .. }
            | Reason::TakesOver { .. }
            | Reason::TookOver { .. }
            | Reason::HintDelivered { .. } => "Dynamo §4.6",
            Reason::ReadBeforeWrite { .. }
            | Reason::NewVersion { .. }
            | Reason::VectorTruncated { .. }
            | Reason::TombstonesCollected { .. }
            | Reason::TooManySiblings { .. } => "Dynamo §4.4",
        }
    }
}
