//! Coming back after a lost or damaged disk.
//!
//! # Why a node must stay out
//!
//! A node whose disk was lost has forgotten votes that it cast and entries that it acknowledged. Were it to go
//! on with an empty disk, it could vote a second time in a term, which elects two leaders, or let a candidate
//! win whose log lacks an entry that was committed with its help. So it votes for nobody and its
//! acknowledgements do not count. It writes [`Record::KeptOut`] to an empty disk and is out after the next restart, too.
//! A synced record that no longer matches its checksum is the same case: what followed it is unknown. Such a file is
//! left as it is until the node returns, because what can be read of it may be all that is left of the data; the damage
//! is found again at each start. (Ongaro's
//! thesis lets such a node come back under a new name by a change of membership, §11.2 names the danger;
//! Viewstamped Replication Revisited, §4.3, has a recovery protocol with a nonce, from which this one takes the
//! nonce.)
//!
//! # How it comes back
//!
//! 1. It draws a random number, its *incarnation*. An operator allows its return
//!    ([`Operation::Readmit`](super::Operation::Readmit)); until then it only listens.
//! 2. It sends the leader [`Message::Readmit`]. The leader replicates to it, as it always did; answers are
//!    flagged as not counting, and it keeps what it receives in memory.
//! 3. The leader appends [`Payload::Readmit`](super::Payload::Readmit) with the node and its incarnation.
//!    The entry is committed like any other, by a majority of the full cluster, which the node is not part of.
//! 4. When the node has applied that entry, which it does only once it knows it to be committed, or has
//!    installed a snapshot that includes it, it writes the whole log, the term of the leader that it follows
//!    now, and a vote for that leader, in one atomic rewrite. When that is durable it is a member again.
//!
//! # Why that is safe
//!
//! Let `x` be the node, `n` the size of the cluster, `q = ⌊n/2⌋ + 1`, R the entry of step 3, `T` the term in
//! which it was committed, and `T' ≥ T` the term that `x` adopts in step 4. A leader of a later term than that in which R
//! was proposed may commit it, with the no-op of its own term; `x` learns of that under no earlier term than `T`.
//!
//! *While `x` is out.* An entry that was committed with the help of `x` is on `q − 1` other nodes. Every
//! election needs `q` votes from the other `n − 1` nodes, and `q + (q − 1) > n − 1`, so it meets one of them.
//! With `k` nodes out the same holds: `q + (q − k) > n − k`.
//!
//! *Forgotten entries.* R was proposed after `x` had lost its disk. What `x` had acknowledged to the leader of
//! `T`, or to an earlier one, stands before R in every log that holds R, by the argument above and Leader
//! Completeness; `x` has everything before R when it returns. What it had acknowledged to a leader of a later
//! term `U > T` cannot exist once R is committed: that leader was elected before `x` lost its disk, by `q`
//! votes of which at least `q − 1` were from other nodes, and R needs `q` other nodes, so one node had moved on
//! to `U` before it was asked for R, and refused.
//!
//! *Forgotten votes.* A vote of `x` in a term up to `T'` cannot be repeated: `x` adopts `T'` with its vote
//! given to the leader of `T'`, which has been elected already. Suppose that `x` had voted for `C` in a term
//! `V > T' ≥ T`. For that vote to elect `C`, `q − 1` other nodes must have voted for `C`, and one of those, `w`,
//! is among the `q` that hold R. If `w` voted before it was given R, it was in `V > T` and refused R. If it
//! voted after, then `C` must be as up to date as R; but `C` asked `x` before R existed, a candidate's log does
//! not change, and an entry of a term between `T` and `V` can stand in it only if its leader had been elected
//! by then, which contradicts that R was committed as above. So `C` cannot win with the forgotten vote, and a
//! second vote of `x` in `V` does no harm.
//!
//! *An old R.* R names the incarnation. After a second loss the node draws a new number, and an entry from the
//! first does not readmit it.
//!
//! With fewer than `q` other nodes R cannot be committed: in a cluster of one or two nodes a node that lost its
//! disk cannot come back this way.

use super::log::Term;
use super::message::{Message, Timer};
use super::options::Rule;
use super::quorum::majority;
use super::reason::{DiskLoss, Reason};
use super::state::RoleState;
use super::storage::{Machine, Persistent, Record};
use super::{Context, Payload, Raft};
use crate::protocol::wal::Tail;
use crate::protocol::{NodeId, SyncId};

/// Whether a node counts in majorities.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Membership {
    /// It votes, and its acknowledgements count.
    Member,
    /// It is kept out.
    Out(Out),
}

/// A node that is kept out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Out {
    /// What happened to its disk.
    pub loss: DiskLoss,
    /// The number that it drew when it found out.
    pub incarnation: u64,
    /// Whether an operator allowed it to ask for readmission.
    pub may_ask: bool,
    /// Once it is readmitted: the sync that it waits for.
    pub returning: Option<SyncId>,
}

impl Machine {
    pub(super) fn readmit(&mut self, node: NodeId, incarnation: u64) {
        std::sync::Arc::make_mut(&mut self.readmitted).insert(node, incarnation);
    }
}

impl Raft {
    /// Whether it is kept out because its disk was lost or damaged.
    pub fn is_out(&self) -> bool {
        matches!(self.membership, Membership::Out(_))
    }

    pub(super) fn is_returning(&self) -> bool {
        matches!(self.membership, Membership::Out(Out { returning: Some(_), .. }))
    }

    /// Starts with a disk that cannot be trusted.
    ///
    /// A damaged file stays as it is until the node is readmitted and has all that is committed: what can be read of it
    /// may be all that is left where too many disks fail. The node finds the damage again at each start.
    pub(super) fn kept_out(id: NodeId, loss: DiskLoss, tail: Tail, cx: &mut Context) -> Raft {
        let incarnation = cx.surroundings.random.next_u64();
        let out = Out { loss, incarnation, may_ask: false, returning: None };
        let mut raft = Raft::with(id, Persistent::default(), Membership::Out(out));
        let why = Reason::KeptOut { loss };
        cx.effects.note(why);
        if loss == DiskLoss::Damaged {
            let at = match tail {
                Tail::Damaged { at } | Tail::Torn { at } => at as u64,
                Tail::Clean => 0,
            };
            cx.effects.note(Reason::DamagedFileKept { at, needed: majority(cx.nodes) as u16 });
        }
        if loss == DiskLoss::Empty {
            cx.effects.rewrite(vec![Record::KeptOut], why);
            raft.disk.sync_of_this_step();
            raft.finish(cx);
        }
        raft
    }

    /// Goes on as a new member although its disk was lost. Only for a rule that is broken on purpose.
    pub(super) fn as_if_new(id: NodeId, cx: &mut Context) -> Raft {
        let mut raft = Raft::with(id, Persistent::default(), Membership::Member);
        let why = Reason::Started { term: 0, last_index: 0 };
        cx.effects.rewrite(raft.persistent().records(id), why);
        raft.reset_election_timer(why, cx);
        raft.finish(cx);
        raft
    }

    /// An operator allows the node to ask.
    pub(super) fn on_readmission_allowed(&mut self, cx: &mut Context) {
        let Membership::Out(out) = &mut self.membership else {
            cx.effects.note(Reason::IsMember);
            return;
        };
        if usize::from(cx.nodes).saturating_sub(1) < majority(cx.nodes) {
            cx.effects.note(Reason::ReadmissionImpossible { nodes: cx.nodes });
            return;
        }
        out.may_ask = true;
        if let Some(leader) = self.leader
            && !self.is_returning()
            && cx.breaks(Rule::ReturnWithoutEntry)
        {
            self.begin_return(leader, cx);
            return;
        }
        self.ask_for_readmission(cx);
    }

    pub(super) fn on_readmission_retry(&mut self, cx: &mut Context) {
        self.ask_for_readmission(cx);
    }

    fn ask_for_readmission(&mut self, cx: &mut Context) {
        let Membership::Out(Out { may_ask: true, returning: None, incarnation, .. }) = self.membership else {
            return;
        };
        let why = Reason::AsksForReadmission { leader: self.leader, incarnation };
        if let Some(leader) = self.leader {
            cx.effects.send(leader, Message::Readmit { term: self.term, incarnation }, why);
        }
        cx.effects.set_timer(Timer::Readmit, cx.options.election_timeout_us_max, why);
    }

    /// A node asks a leader to be readmitted.
    pub(super) fn on_readmit(&mut self, from: NodeId, term: Term, incarnation: u64, cx: &mut Context) {
        if term > self.term || !self.is_leader() {
            // It will hear from the leader, and ask that one.
            cx.effects.note(Reason::LateAnswer { from, term });
            return;
        }
        self.hear_follower(from, false, cx);
        let uncommitted = self.log.last_index() - self.commit;
        let is_readmitted = self.machine.readmitted.get(&from) == Some(&incarnation);
        let RoleState::Leader(leadership) = &mut self.role else { return };
        if is_readmitted || leadership.readmissions.contains(&(from, incarnation)) {
            cx.effects.note(Reason::ReadmissionInLog { node: from, incarnation });
        } else if leadership.readmissions.len() >= 4 * usize::from(cx.nodes) {
            // It asks again. Without a majority nothing is committed, and each restart of the node draws a new number.
            cx.effects.note(Reason::RefusedTooManyUncommitted { uncommitted });
        } else {
            leadership.readmissions.push((from, incarnation));
            let why = Reason::ReadmissionProposed { node: from, incarnation };
            self.append_as_leader(Payload::Readmit { node: from, incarnation }, why, cx);
        }
        self.replicate_to_all(cx);
    }

    /// Begins the return, if an applied entry or a snapshot readmits this incarnation.
    pub(super) fn return_if_readmitted(&mut self, cx: &mut Context) {
        let Membership::Out(Out { returning: None, incarnation, .. }) = self.membership else { return };
        let (Some(leader), Some(readmitted)) = (self.leader, self.machine.readmitted.get(&self.id)) else {
            return;
        };
        if *readmitted != incarnation && !cx.breaks(Rule::IgnoreIncarnation) {
            return;
        }
        self.begin_return(leader, cx);
    }

    fn begin_return(&mut self, leader: NodeId, cx: &mut Context) {
        self.voted_for = if cx.breaks(Rule::ReturnWithoutVote) { None } else { Some(leader) };
        let returning = Some(self.disk.sync_of_hard_state());
        if let Membership::Out(out) = &mut self.membership {
            out.returning = returning;
        }
        let why = Reason::Returns { leader, term: self.term, last_index: self.log.last_index() };
        cx.effects.cancel_timer(Timer::Readmit, why);
        self.rewrite_disk(why, cx);
        if cx.breaks(Rule::ReturnBeforeSync) {
            self.disk.pretend_durable(self.log.last_index());
            self.end_return(cx);
        }
    }

    /// Ends the return, once everything is on disk.
    pub(super) fn return_if_durable(&mut self, cx: &mut Context) {
        let Membership::Out(Out { returning: Some(sync), .. }) = self.membership else { return };
        if self.disk.has_finished(sync) {
            self.end_return(cx);
        }
    }

    fn end_return(&mut self, cx: &mut Context) {
        self.membership = Membership::Member;
        let why = Reason::IsMemberAgain { term: self.term, last_index: self.log.last_index() };
        cx.effects.note(why);
        self.reset_election_timer(why, cx);
    }
}
