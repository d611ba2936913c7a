//! The node that a client has asked: it passes the request on to the key's preference list (§4.5).
//!
//! Without a bound all reads of a key go to its first healthy owner, however hot the key is. With a bound they
//! spread: of the reads that this node has under way, no node is given more than c times its share, and a read
//! whose node is full goes clockwise to the first that is not (Mirrokni, Thorup and Zadimoghaddam, "Consistent
//! hashing with bounded loads", SODA 2018). A node that owns nothing of the key coordinates the read all the
//! same.

use super::coordinator::{Asked, REQUESTS_MAX};
use super::message::{Answer, Command, Message, RequestNumber, Timer};
use super::reason::Reason;
use super::ring::Place;
use super::{Context, Dynamo};
use crate::protocol::{ClientId, NodeId, RequestId};

/// How many nodes a request is passed on to before it is given up.
const ATTEMPTS_MAX: usize = 3;

/// A request that was passed on.
#[derive(Clone, PartialEq, Debug)]
pub struct PassedOn {
    client: ClientId,
    request: RequestId,
    command: Command,
    /// To whom; a read of bounded loads may stay here, and counts as this node's load.
    to: NodeId,
    /// To whom it was passed on so far. A node that answers nothing can be heard of all the time: it hears nobody, and
    /// tells everybody that it is up. So another one is tried, as long as there is one.
    tried: Vec<NodeId>,
}

impl Dynamo {
    pub(super) fn on_request(
        &mut self,
        client: ClientId,
        request: RequestId,
        command: Command,
        cx: &mut Context,
    ) {
        if self.passed_on.values().any(|known| (known.client, known.request) == (client, request)) {
            cx.effects.note(Reason::RequestUnderWay { client, request });
            return;
        }
        let number = self.next_number();
        let asked = Asked { gate: self.id, number, client, request };
        if !self.is_ready
            || !self.knows_the_ring()
            || self.passed_on.len() >= REQUESTS_MAX
            || self.disk.is_behind()
        {
            self.answer(asked, Answer::Unavailable, Reason::NotReady, cx);
            return;
        }
        let passed_on = PassedOn { client, request, command, to: self.id, tried: Vec::new() };
        self.pass_on(number, passed_on, cx);
    }

    fn pass_on(&mut self, number: RequestNumber, mut passed_on: PassedOn, cx: &mut Context) {
        let place = Place::of(passed_on.command.key());
        let is_bounded = passed_on.command.is_read() && cx.options.read_load_factor_thousandths > 0;
        let owners = self.rings.current.owners(&place, cx.options);
        let healthy = || owners.iter().copied().filter(|node| self.seems_up(*node, cx.options));
        let untried = healthy().find(|node| !passed_on.tried.contains(node));
        let least = |tried| self.least_walk(&place, tried, cx).filter(|_| is_bounded);
        let (to, why) = match least(&passed_on.tried).or_else(|| least(&[])) {
            Some(found) => found,
            // Whoever is on the preference list coordinates at once; one more hop would gain nothing.
            None if owners.contains(&self.id) => (self.id, Reason::NotReady),
            None => {
                let to = untried.or_else(|| healthy().next()).unwrap_or(self.id);
                (to, Reason::PassesOn { position: place.position, to, owners: owners.len() as u16 })
            }
        };
        let asked = Asked { gate: self.id, number, client: passed_on.client, request: passed_on.request };
        let command = passed_on.command.clone();
        passed_on.to = to;
        passed_on.tried.push(to);
        if to == self.id {
            if is_bounded {
                self.passed_on.insert(number, passed_on);
                cx.effects.note(why);
            }
            self.coordinate(asked, command, cx);
            return;
        }
        let (client, request) = (passed_on.client, passed_on.request);
        self.passed_on.insert(number, passed_on);
        cx.effects.send(to, Message::Forward { number, client, request, command }, why);
        // Longer than a coordinator waits for replicas, which may have to ask twice.
        let after_us = cx.options.replica_timeout_us * 5 / 2;
        cx.effects.set_timer(Timer::Request(number), after_us, Reason::WaitsForCoordinator { to });
    }

    /// The first healthy node on the walk from the key that has room for one more read and has not been tried.
    fn least_walk(&self, place: &Place, tried: &[NodeId], cx: &Context) -> Option<(NodeId, Reason)> {
        let ring = &self.rings.current;
        let walk: Vec<NodeId> = ring
            .walk(place, ring.members().len())
            .into_iter()
            .filter(|node| self.seems_up(*node, cx.options) && !tried.contains(node))
            .collect();
        let weights: u64 = walk.iter().map(|node| u64::from(cx.options.weight(*node))).sum();
        let loads = self.reads_under_way();
        let under_way = loads.iter().map(|(_, load)| load).sum::<u64>() + 1;
        walk.into_iter().find_map(|to| {
            let weight = u64::from(cx.options.weight(to));
            let factor = u64::from(cx.options.read_load_factor_thousandths);
            let bound = (factor * under_way * weight).div_ceil((weights * 1_000).max(1));
            let load = loads.iter().find(|(node, _)| *node == to).map_or(0, |(_, load)| *load) + 1;
            let position = place.position;
            (load <= bound)
                .then_some((to, Reason::ReadSpread { position, to, load, bound, under_way, weights }))
        })
    }

    /// The reads that this node has passed on and that are not answered, by the node they were given to.
    pub fn reads_under_way(&self) -> Vec<(NodeId, u64)> {
        let mut loads: Vec<(NodeId, u64)> = Vec::new();
        for read in self.passed_on.values().filter(|known| known.command.is_read()) {
            match loads.iter_mut().find(|(node, _)| *node == read.to) {
                Some((_, load)) => *load += 1,
                None => loads.push((read.to, 1)),
            }
        }
        loads
    }

    pub(super) fn on_forward(&mut self, asked: Asked, command: Command, cx: &mut Context) {
        self.coordinate(asked, command, cx);
    }

    pub(super) fn on_forward_answer(
        &mut self,
        from: NodeId,
        number: RequestNumber,
        answer: Answer,
        cx: &mut Context,
    ) {
        let Some(known) = self.passed_on.remove(&number) else {
            cx.effects.note(Reason::LateAnswer { from });
            return;
        };
        let why = Reason::AnswerPassedBack { from };
        cx.effects.cancel_timer(Timer::Request(number), why);
        cx.effects.reply(known.client, known.request, answer, why);
    }

    pub(super) fn on_pass_on_timeout(&mut self, number: RequestNumber, cx: &mut Context) {
        if self.passed_on.get(&number).is_some_and(|known| known.to == self.id) {
            return;
        }
        let Some(known) = self.passed_on.remove(&number) else { return };
        self.found_silent(known.to, cx);
        if known.tried.len() >= ATTEMPTS_MAX {
            let why = Reason::NoCoordinator { attempts: known.tried.len() as u16 };
            cx.effects.reply(known.client, known.request, Answer::Unavailable, why);
            return;
        }
        // Answers to the first attempt are not taken for answers to the next.
        let number = self.next_number();
        self.pass_on(number, known, cx);
    }
}
