//! Reads: R answers, and read repair (§4.5, §5).

use super::coordinator::{Request, Work};
use super::message::{Answer, Message, RequestNumber};
use super::options::Rule;
use super::reason::Reason;
use super::version::Siblings;
use super::{Context, Dynamo};
use crate::protocol::NodeId;

impl Dynamo {
    pub(super) fn begin_read(&mut self, number: RequestNumber, mut request: Request, cx: &mut Context) {
        request.slots = self.slots(&request.place, true, cx.options);
        let slots = request.slots.clone();
        self.requests.insert(number, request);
        for slot in &slots {
            self.ask(number, slot, cx);
        }
        self.conclude_read(number, cx);
    }

    pub(super) fn on_read_answer(
        &mut self,
        from: NodeId,
        number: RequestNumber,
        siblings: Siblings,
        is_owner: bool,
        cx: &mut Context,
    ) {
        let versions = siblings.len() as u16;
        // An update reads first: what was read late is no acknowledgement of what is being written since.
        let is_read = match self.requests.get(&number).map(|request| &request.work) {
            Some(Work::Read { .. }) => true,
            Some(Work::Write { .. }) => cx.breaks(Rule::LateReadCountedAsWrite),
            None => false,
        };
        if is_read && self.count_answer(number, from, siblings, is_owner, cx) {
            cx.effects.note(Reason::ReplicaRead { from, versions });
            self.look_at_quorum(number, cx);
        } else {
            cx.effects.note(Reason::LateAnswer { from });
        }
    }

    /// Answers once R replicas have, and repairs once all have (§5: the coordinator waits for outstanding
    /// responses after the answer).
    pub(super) fn conclude_read(&mut self, number: RequestNumber, cx: &mut Context) {
        let Some(request) = self.requests.get(&number) else { return };
        let Work::Read { then_write } = &request.work else { return };
        let (have, needed) = self.quorum(request, cx.options);
        let all_answered = request.slots.iter().all(|slot| slot.answer.is_some());
        let is_enough = have >= needed || have.saturating_add(1) == needed && cx.breaks(Rule::ReadOfTooFew);
        if is_enough && !request.is_answered {
            let (asked, then_write) = (request.asked, then_write.clone());
            let siblings = merged(request);
            if let Some(change) = then_write {
                let Some(request) = self.requests.remove(&number) else { return };
                cx.effects.note(Reason::ReadBeforeWrite { versions: siblings.len() as u16, have, needed });
                let context = siblings.context();
                self.begin_write(number, request, siblings, context, change, cx);
                return;
            }
            let versions = siblings.len() as u16;
            if let Some(request) = self.requests.get_mut(&number) {
                request.is_answered = true;
            }
            let why = Reason::ReadAnswered { versions, have, needed };
            self.answer(asked, Answer::Versions { siblings }, why, cx);
        }
        if all_answered
            && let Some(request) = self.requests.get(&number).cloned()
            && request.is_answered
        {
            self.repair(&request, cx);
            self.end_request(number, Reason::AllReplicasAnswered, cx);
        }
    }

    /// Brings the replicas up to date that answered with less than all of them together know (§5).
    pub(super) fn repair(&mut self, request: &Request, cx: &mut Context) {
        let merged = merged(request);
        if !cx.options.read_repair || merged.is_empty() {
            return;
        }
        // What was read so long ago may have been deleted since, and the tombstone be gone: it would come back.
        let (grace_us, timeouts) = (cx.options.tombstone_grace_us, u64::from(request.timeouts));
        if grace_us > 0 && cx.options.replica_timeout_us.saturating_mul(timeouts) >= grace_us {
            return;
        }
        let position = request.place.position;
        for slot in &request.slots {
            let Some(held) = &slot.answer else { continue };
            // Where there is nothing, a tombstone has nothing to keep away; it may have gone from there.
            if slot.is_stand_in() || *held == merged || held.is_empty() && merged.are_deleted() {
                continue;
            }
            let why = Reason::ReadRepair { position, to: slot.asked };
            if slot.asked == self.id {
                self.store(&request.place, &merged, None, why, cx);
            } else {
                let (place, siblings) = (request.place.clone(), merged.clone());
                cx.effects.send(
                    slot.asked,
                    Message::Write { number: None, place, siblings, hint: None },
                    why,
                );
            }
        }
    }
}

fn merged(request: &Request) -> Siblings {
    let answers = request.slots.iter().filter_map(|slot| slot.answer.as_ref());
    answers.fold(Siblings::default(), |all, siblings| all.merge(siblings))
}
