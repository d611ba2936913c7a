//! Elections (Raft §5.2, §5.4.1), PreVote (thesis §9.6) and CheckQuorum (thesis §6.2, §4.2.3).

use super::log::{Index, Payload, Term};
use super::message::{Message, Timer};
use super::options::Rule;
use super::progress::Leadership;
use super::quorum::{NodeSet, majority};
use super::reason::Reason;
use super::state::{RoleState, Votes};
use super::{Context, Raft};
use crate::protocol::NodeId;

/// What a RequestVote asks.
#[derive(Clone, Copy)]
pub(super) struct Ballot {
    pub(super) term: Term,
    pub(super) last_log_index: Index,
    pub(super) last_log_term: Term,
    pub(super) leadership_transfer: bool,
}

impl Raft {
    /// Draws a new election timeout and waits for so long (Raft §5.2: randomised, so that votes rarely split).
    #[track_caller]
    pub(super) fn reset_election_timer(&mut self, why: Reason, cx: &mut Context) {
        if self.is_out() {
            return;
        }
        let options = cx.options;
        self.election_timeout_us =
            cx.surroundings.random_between(options.election_timeout_us_min, options.election_timeout_us_max);
        cx.effects.set_timer(Timer::Election, self.election_timeout_us, why);
    }

    pub(super) fn on_election_timeout(&mut self, cx: &mut Context) {
        if self.is_leader() || self.is_out() {
            return;
        }
        cx.effects.note(Reason::ElectionTimedOut { term: self.term, after_us: self.election_timeout_us });
        if cx.options.pre_vote { self.ask_for_pre_votes(cx) } else { self.campaign(false, cx) }
    }

    /// Asks whether an election could be won before the term is raised (thesis §9.6).
    fn ask_for_pre_votes(&mut self, cx: &mut Context) {
        let Some(term) = self.next_term(cx) else { return };
        self.role = RoleState::PreCandidate(Votes { granted: NodeSet::of(self.id), ..Votes::default() });
        self.leader = None;
        self.reset_election_timer(Reason::WaitsForVotes { term }, cx);
        let (last_log_index, last_log_term) = (self.log.last_index(), self.log.last_term());
        for to in cx.others(self.id) {
            let message = Message::PreVote { term, last_log_index, last_log_term };
            cx.effects.send(to, message, Reason::AsksForPreVote { term, last_log_index, last_log_term });
        }
        self.count_pre_votes(cx);
    }

    /// The term after this one. There is none after the last number; then nobody can stand for election.
    fn next_term(&mut self, cx: &mut Context) -> Option<Term> {
        let next = self.term.checked_add(1);
        if next.is_none() {
            self.role = RoleState::Follower;
            self.reset_election_timer(Reason::NoLaterTerm { term: self.term }, cx);
        }
        next
    }

    pub(super) fn on_pre_vote(
        &mut self,
        from: NodeId,
        term: Term,
        last_log_index: Index,
        last_log_term: Term,
        cx: &mut Context,
    ) {
        if term > self.term && self.protects_leader(from, term, cx) {
            return;
        }
        let refusal = self.refusal(from, term, last_log_index, last_log_term, cx);
        let (term, vote_granted, why) = match refusal {
            None => (term, true, Reason::PreVoteGranted { candidate: from, term }),
            Some(why) => (self.term, false, why),
        };
        // Nothing is promised, so nothing is written.
        self.respond(from, Message::PreVoteResponse { term, vote_granted }, why, cx);
    }

    pub(super) fn on_pre_vote_response(
        &mut self,
        from: NodeId,
        term: Term,
        vote_granted: bool,
        cx: &mut Context,
    ) {
        if !vote_granted && term > self.term {
            self.become_follower(term, None, Reason::HigherTerm { from, term, old_term: self.term }, cx);
            return;
        }
        let own_term = self.term;
        let RoleState::PreCandidate(votes) = &mut self.role else {
            cx.effects.note(Reason::LateAnswer { from, term });
            return;
        };
        if vote_granted && own_term.checked_add(1) == Some(term) {
            votes.grant(from);
            let count = votes.granted.len() as u16;
            cx.effects.note(Reason::PreVoteReceived {
                from,
                votes: count,
                needed: majority(cx.nodes) as u16,
                term,
            });
        } else if !vote_granted {
            votes.refuse(from);
            cx.effects.note(Reason::PreVoteDenied { from, term });
        } else {
            cx.effects.note(Reason::LateAnswer { from, term });
        }
        self.count_pre_votes(cx);
    }

    fn count_pre_votes(&mut self, cx: &mut Context) {
        let RoleState::PreCandidate(votes) = &self.role else { return };
        let needed = majority(cx.nodes);
        if votes.granted.len() >= needed {
            self.campaign(false, cx);
        } else if votes.refused.len() + needed > usize::from(cx.nodes) {
            self.lose_election(cx);
        }
    }

    /// Stands for election: raises the term and votes for itself (Raft §5.2).
    pub(super) fn campaign(&mut self, leadership_transfer: bool, cx: &mut Context) {
        let Some(term) = self.next_term(cx) else { return };
        self.term = term;
        self.voted_for = Some(self.id);
        self.role = RoleState::Candidate(Votes::default());
        self.leader = None;
        self.disk.forget_held();
        let why = Reason::StandsForElection { term: self.term };
        self.persist_hard_state(why, cx);
        self.reset_election_timer(Reason::WaitsForVotes { term: self.term }, cx);
        // Were the vote for itself forgotten in a crash, this node could vote for somebody else in the same
        // term; were entries forgotten, it would have asked for votes with a log that it no longer has.
        if cx.breaks(Rule::CampaignBeforeSync) {
            self.ask_for_votes(self.term, leadership_transfer, cx);
        } else {
            self.campaign_when_durable(leadership_transfer, cx);
        }
    }

    /// Asks for votes, now that what the candidate asks with is on its disk.
    pub(super) fn ask_for_votes(&mut self, term: Term, leadership_transfer: bool, cx: &mut Context) {
        let RoleState::Candidate(votes) = &mut self.role else { return };
        if term != self.term {
            return;
        }
        votes.granted.insert(self.id);
        let (last_log_index, last_log_term) = (self.log.last_index(), self.log.last_term());
        for to in cx.others(self.id) {
            let message = Message::RequestVote { term, last_log_index, last_log_term, leadership_transfer };
            cx.effects.send(to, message, Reason::AsksForVote { term, last_log_index, last_log_term });
        }
        self.count_votes(cx);
    }

    pub(super) fn on_request_vote(&mut self, from: NodeId, asked: Ballot, cx: &mut Context) {
        let Ballot { term, last_log_index, last_log_term, leadership_transfer } = asked;
        if term > self.term {
            if !leadership_transfer && self.protects_leader(from, term, cx) {
                return;
            }
            self.become_follower(term, None, Reason::HigherTerm { from, term, old_term: self.term }, cx);
        }
        if let Some(why) = self.refusal(from, term, last_log_index, last_log_term, cx) {
            self.respond(
                from,
                Message::RequestVoteResponse { term: self.term, vote_granted: false },
                why,
                cx,
            );
            return;
        }
        let why = Reason::VoteGranted { candidate: from, term };
        if self.voted_for != Some(from) {
            self.voted_for = Some(from);
            if !cx.breaks(Rule::VoteNotPersisted) {
                self.persist_hard_state(why, cx);
            }
        }
        self.reset_election_timer(why, cx);
        let message = Message::RequestVoteResponse { term, vote_granted: true };
        if !self.disk.hard_state_is_durable() && cx.breaks(Rule::VoteBeforeSync) {
            cx.effects.send(from, message, why);
        } else {
            self.respond(from, message, why, cx);
        }
    }

    /// Why this node does not vote for a candidate; the same for a vote and for one asked about in advance,
    /// except that only the former is limited to one in a term.
    fn refusal(
        &self,
        candidate: NodeId,
        term: Term,
        last_log_index: Index,
        last_log_term: Term,
        cx: &mut Context,
    ) -> Option<Reason> {
        if term < self.term && !cx.breaks(Rule::VoteInOldTerm) {
            return Some(Reason::RefusedOldTerm { candidate, term, own_term: self.term });
        }
        if term == self.term {
            match self.voted_for {
                Some(other) if other != candidate && !cx.breaks(Rule::VoteTwice) => {
                    return Some(Reason::RefusedVotedAlready { candidate, voted_for: other, term });
                }
                None if self.leader.is_some() => {
                    let leader = self.leader.unwrap_or(candidate);
                    return Some(Reason::RefusedLeaderKnown { candidate, leader, term });
                }
                _ => {}
            }
        }
        if !self.log.is_not_ahead_of(last_log_index, last_log_term) && !cx.breaks(Rule::SkipLogCheckOnVote) {
            let (own_last_index, own_last_term) = (self.log.last_index(), self.log.last_term());
            return Some(if last_log_term < own_last_term {
                Reason::RefusedOlderLastTerm { candidate, last_log_term, own_last_term }
            } else {
                Reason::RefusedShorterLog { candidate, last_log_index, own_last_index, last_log_term }
            });
        }
        None
    }

    /// Whether a request for votes is ignored because there is a leader that works (thesis §4.2.3): a node
    /// that was cut off, or was removed, would depose it for nothing.
    fn protects_leader(&self, from: NodeId, term: Term, cx: &mut Context) -> bool {
        if !cx.options.check_quorum {
            return false;
        }
        let Some(leader) = self.leader else { return false };
        let silent_us = cx.surroundings.now_us.saturating_sub(self.leader_heard_at_us);
        let protects = self.is_leader() || silent_us < cx.options.election_timeout_us_min;
        if protects {
            cx.effects.note(Reason::IgnoredLeaderAlive { candidate: from, leader, term, silent_us });
        }
        protects
    }

    pub(super) fn on_request_vote_response(
        &mut self,
        from: NodeId,
        term: Term,
        vote_granted: bool,
        cx: &mut Context,
    ) {
        if term > self.term {
            self.become_follower(term, None, Reason::HigherTerm { from, term, old_term: self.term }, cx);
            return;
        }
        let own_term = self.term;
        match &mut self.role {
            RoleState::Candidate(votes) if term == own_term => {
                if vote_granted {
                    votes.grant(from);
                    let count = votes.granted.len() as u16;
                    let needed = majority(cx.nodes) as u16;
                    cx.effects.note(Reason::VoteReceived { from, votes: count, needed, term });
                } else {
                    votes.refuse(from);
                    cx.effects.note(Reason::VoteDenied { from, term });
                }
                self.count_votes(cx);
            }
            _ => cx.effects.note(Reason::LateAnswer { from, term }),
        }
    }

    fn count_votes(&mut self, cx: &mut Context) {
        let RoleState::Candidate(votes) = &self.role else { return };
        let needed = majority(cx.nodes);
        if votes.granted.len() >= needed
            || (votes.granted.len() + 1 == needed && cx.breaks(Rule::WinWithoutMajority))
        {
            self.become_leader(votes.granted.len() as u16, cx);
        } else if votes.refused.len() + needed > usize::from(cx.nodes) {
            self.lose_election(cx);
        }
    }

    /// So many have refused that a majority cannot be had any more. The timer goes on.
    fn lose_election(&mut self, cx: &mut Context) {
        let voted = matches!(self.role, RoleState::Candidate(_));
        self.role = RoleState::Follower;
        cx.effects.note(Reason::ElectionLost { term: self.term });
        if voted && cx.breaks(Rule::LoserForgetsVote) {
            self.voted_for = None;
        }
    }

    pub(super) fn become_leader(&mut self, votes: u16, cx: &mut Context) {
        if self.log.last_index() > self.commit && cx.breaks(Rule::LeaderDropsUncommitted) {
            self.truncate_log(self.commit + 1);
        }
        let mut leadership = Leadership::new(cx.nodes, self.log.last_index() + 1);
        leadership.remember_uncommitted(self.log.iter_from(self.commit + 1));
        self.role = RoleState::Leader(Box::new(leadership));
        self.leader = Some(self.id);
        self.incoming_snapshot = None;
        let why = Reason::BecameLeader { term: self.term, votes, nodes: cx.nodes };
        cx.effects.cancel_timer(Timer::Election, why);
        cx.effects.set_timer(Timer::Heartbeat, cx.options.heartbeat_interval_us, why);
        if cx.options.check_quorum {
            cx.effects.set_timer(Timer::CheckQuorum, cx.options.election_timeout_us_max, why);
        }
        // An entry of its own term lets a leader commit what earlier terms left (Raft §5.4.2) and tells it
        // what is committed (thesis §6.4).
        let why = Reason::NoOpOfNewLeader { term: self.term, index: self.log.last_index() + 1 };
        self.append_as_leader(Payload::NoOp, why, cx);
        self.replicate_to_all(cx);
    }

    /// Follows a leader, or waits for one; a higher term comes with no vote in it yet (Raft §5.1).
    #[track_caller]
    pub(super) fn become_follower(
        &mut self,
        term: Term,
        leader: Option<NodeId>,
        why: Reason,
        cx: &mut Context,
    ) {
        if term > self.term && self.is_leader() && cx.breaks(Rule::IgnoreHigherTerm) {
            return;
        }
        let led = match std::mem::replace(&mut self.role, RoleState::Follower) {
            RoleState::Leader(leadership) => Some(leadership),
            _ => None,
        };
        if term > self.term {
            self.term = term;
            self.voted_for = None;
            self.leader = None;
            self.disk.forget_held();
            if !cx.breaks(Rule::TermNotPersisted) {
                self.persist_hard_state(why, cx);
            }
        }
        if led.is_some() {
            self.leader = None;
        }
        if leader.is_some() {
            self.leader = leader;
        }
        if let Some(leadership) = led {
            cx.effects.note(Reason::SteppedDown { term });
            cx.effects.cancel_timer(Timer::Heartbeat, why);
            cx.effects.cancel_timer(Timer::CheckQuorum, why);
            if leadership.transfer.is_some() {
                cx.effects.cancel_timer(Timer::Transfer, why);
            }
            self.reset_election_timer(why, cx);
            self.leave_clients(*leadership, cx);
        }
    }

    /// A leader that has not heard from a majority for an election timeout cannot commit anything, and its
    /// clients had better look for another (thesis §6.2).
    pub(super) fn on_check_quorum(&mut self, cx: &mut Context) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let heard = leadership.take_heard_from();
        let count = heard.len() as u16 + 1;
        let needed = majority(cx.nodes);
        if usize::from(count) < needed && !cx.breaks(Rule::LeadWithoutQuorum) {
            let why = Reason::LostQuorum { term: self.term, heard: count, needed: needed as u16 };
            self.become_follower(self.term, None, why, cx);
            return;
        }
        let why = Reason::HasQuorum { term: self.term, heard: count, needed: needed as u16 };
        cx.effects.set_timer(Timer::CheckQuorum, cx.options.election_timeout_us_max, why);
    }
}
