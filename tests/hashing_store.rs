//! The store of consistent hashing, told as stories: each begins with what happens and says what must follow.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use lamplight::protocol::consistent_hashing::store::{
    Answer, Command, Dynamo, Entry, Message, Operation, Options, Place, Reason, Siblings, Status,
    VersionVector, Violation, key_name,
};
use lamplight::protocol::{ClientId, EffectBody, NodeId};
use lamplight::sim::act::repairs;
use lamplight::sim::{
    Address, Cluster, ClusterSetup, Doer, Happening, Intervention, InterventionOf, Scratch, Step, Unsynced,
    Watcher,
};

#[derive(Default)]
struct Seen {
    messages: Vec<(NodeId, NodeId, Message)>,
    reasons: Vec<(NodeId, Reason)>,
    answers: Vec<(ClientId, Answer)>,
    violation: Option<Violation>,
}

impl Watcher<Dynamo> for Seen {
    fn step(&mut self, _: &Cluster<Dynamo>, step: &Step<'_, Dynamo>) {
        self.violation = self.violation.or(step.violation.copied());
        match (step.party, step.happening) {
            (Some(Address::Client(client)), Happening::Answered { answer, .. }) => {
                self.answers.push((client, answer.clone()));
            }
            (Some(Address::Node(node)), _) => {
                for effect in step.effects {
                    self.reasons.push((node, effect.why));
                    if let EffectBody::Send { to, message } = &effect.body {
                        self.messages.push((node, *to, message.clone()));
                    }
                }
            }
            _ => {}
        }
    }
}

struct Run {
    cluster: Cluster<Dynamo>,
    scratch: Scratch<Dynamo>,
    seen: Seen,
}

impl Run {
    /// A cluster that has started and is idle.
    fn ready(nodes: u16, options: Options) -> Run {
        let setup = ClusterSetup { nodes, clients: 16, options, ..ClusterSetup::default() };
        setup.validate().unwrap();
        let cluster = Cluster::new(Arc::new(setup), 1);
        let mut run = Run { cluster, scratch: Scratch::default(), seen: Seen::default() };
        run.for_us(300_000);
        run.seen = Seen::default();
        run
    }

    fn for_us(&mut self, us: u64) {
        let end = self.cluster.now_us() + us;
        while self.cluster.next_due_us().is_some_and(|due| due <= end) {
            self.cluster.step(&mut self.scratch, &mut self.seen).unwrap();
        }
    }

    fn until(&mut self, what: &str, condition: impl Fn(&Run) -> bool) {
        for _ in 0..100_000 {
            if condition(self) {
                return;
            }
            self.cluster.step(&mut self.scratch, &mut self.seen).unwrap();
        }
        panic!("it did not happen: {what}");
    }

    fn act(&mut self, act: InterventionOf<Dynamo>) {
        self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen).unwrap();
    }

    fn operate(&mut self, node: u16, operation: Operation) {
        self.act(Intervention::Operation { node: NodeId(node), operation });
    }

    fn crash(&mut self, node: u16) {
        self.act(Intervention::Crash { node: NodeId(node), unsynced: Unsynced::Lost, unsent: 0 });
    }

    fn heal(&mut self) {
        for act in repairs(&self.cluster) {
            let _ = self.cluster.intervene(&act, Doer::Person, &mut self.scratch, &mut self.seen);
        }
    }

    /// Gives a client a command and waits for the answer.
    fn ask(&mut self, client: u16, command: Command) -> Answer {
        let before = self.seen.answers.len();
        self.act(Intervention::Command { client: ClientId(client), command });
        self.until("an answer", |run| run.seen.answers.len() > before);
        self.seen.answers.last().unwrap().1.clone()
    }

    fn put(&mut self, client: u16, key: &str, value: &str, context: VersionVector) {
        let answer = self.ask(client, Command::Put { key: key.into(), value: value.into(), context });
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    }

    fn get(&mut self, client: u16, key: &str) -> Siblings {
        match self.ask(client, Command::Get { key: key.into() }) {
            Answer::Versions { siblings } => siblings,
            other => panic!("{other:?}"),
        }
    }

    fn node(&self, node: u16) -> &Dynamo {
        self.cluster.node(NodeId(node)).unwrap()
    }

    fn options(&self) -> &Options {
        &self.cluster.setup().options
    }

    fn is_full_member(&self, node: u16) -> bool {
        self.cluster.node(NodeId(node)).is_some_and(|node| node.entry().is_full())
    }

    fn owners(&self, key: &str) -> Vec<NodeId> {
        let place = Place::of(&key.into());
        self.cluster.monitor().ring().owners(&place, self.options())
    }

    /// Every node holds what it owns and nothing else, and owners agree.
    fn assert_settled(&self) {
        let mut places = BTreeSet::new();
        for node in self.cluster.nodes().iter().flatten() {
            places.extend(node.data().map(|(place, _)| place.clone()));
        }
        for place in places {
            let owners = self.cluster.monitor().ring().owners(&place, self.options());
            let first = self.cluster.node(owners[0]).unwrap().on_disk(&place);
            for (id, node) in (0..).map(NodeId).zip(self.cluster.nodes()) {
                let held = node.as_ref().unwrap().on_disk(&place);
                let expected = if owners.contains(&id) { first.clone() } else { Siblings::default() };
                assert_eq!(held, expected, "{} on {id}", place.key);
            }
        }
        assert_eq!(self.seen.violation, None);
    }

    fn said(&self, is: impl Fn(&Reason) -> bool) -> usize {
        self.seen.reasons.iter().filter(|(_, reason)| is(reason)).count()
    }
}

fn values(siblings: &Siblings) -> Vec<&str> {
    let mut values: Vec<&str> = siblings.iter().map(|version| &*version.value).collect();
    values.sort_unstable();
    values
}

#[test]
fn section_4_3_a_write_is_on_the_n_nodes_of_its_preference_list_and_nowhere_else() {
    let mut run = Run::ready(5, Options::default());
    run.put(0, "cart", "1", VersionVector::default());
    run.for_us(500_000);
    let place = Place::of(&"cart".into());
    let holders: Vec<NodeId> =
        (0..5).map(NodeId).filter(|id| !run.node(id.0).on_disk(&place).is_empty()).collect();
    let mut owners = run.owners("cart");
    owners.sort();
    assert_eq!((holders.len(), &holders), (3, &owners));
    assert_eq!(values(&run.get(1, "cart")), ["1"]);
    run.assert_settled();
}

#[test]
fn section_4_4_blind_writes_are_siblings_until_a_client_that_read_both_writes() {
    let mut run = Run::ready(5, Options::default());
    run.put(0, "cart", "milk", VersionVector::default());
    run.put(1, "cart", "bread", VersionVector::default());
    let both = run.get(2, "cart");
    assert_eq!(values(&both), ["bread", "milk"]);
    run.put(2, "cart", "bread and milk", both.context());
    assert_eq!(values(&run.get(3, "cart")), ["bread and milk"]);
}

#[test]
fn section_4_6_a_hint_is_handed_over_when_the_owner_is_back_and_then_forgotten() {
    let mut run = Run::ready(5, Options::default());
    let owners = run.owners("cart");
    run.crash(owners[1].0);
    run.put(0, "cart", "1", VersionVector::default());
    run.for_us(400_000);
    let place = Place::of(&"cart".into());
    let stand_in = (0..5).map(NodeId).find(|id| {
        let held = run.cluster.node(*id).and_then(|node| node.held(&place));
        held.is_some_and(|held| held.hints == [owners[1]])
    });
    let stand_in = stand_in.unwrap();
    assert!(!owners.contains(&stand_in), "the next healthy node on the walk");
    run.act(Intervention::Restart { node: owners[1] });
    run.until("the hint to be delivered", |run| run.node(stand_in.0).held(&place).is_none());
    assert_eq!(values(&run.node(owners[1].0).on_disk(&place)), ["1"]);
    run.for_us(500_000);
    run.assert_settled();
}

#[test]
fn section_5_a_read_brings_the_replica_up_to_date_that_missed_a_write() {
    let options = Options { anti_entropy_interval_us: 0, sloppy_quorum: false, ..Options::default() };
    let mut run = Run::ready(5, options);
    let owners = run.owners("cart");
    run.crash(owners[2].0);
    run.put(0, "cart", "1", VersionVector::default());
    run.for_us(500_000); // The coordinator gives up.
    run.act(Intervention::Restart { node: owners[2] });
    run.for_us(1_000_000);
    let place = Place::of(&"cart".into());
    assert!(run.node(owners[2].0).on_disk(&place).is_empty(), "nobody has told it yet");
    run.get(0, "cart");
    run.for_us(100_000);
    assert_eq!(values(&run.node(owners[2].0).on_disk(&place)), ["1"]);
    assert_eq!(run.said(|why| matches!(why, Reason::ReadRepair { .. })), 1);
}

#[test]
fn section_4_7_merkle_trees_find_the_one_key_that_a_replica_missed() {
    let options = Options { initial_keys: 200, sloppy_quorum: false, ..Options::default() };
    let mut run = Run::ready(5, options);
    let owners = run.owners("user:7");
    run.crash(owners[2].0);
    run.put(0, "user:7", "new", run_context(&run, "user:7"));
    run.for_us(500_000); // The coordinator gives up.
    run.act(Intervention::Restart { node: owners[2] });
    run.seen = Seen::default();
    let place = Place::of(&"user:7".into());
    run.until("the trees to be compared", |run| values(&run.node(owners[2].0).on_disk(&place)) == ["new"]);
    let sent: usize = run
        .seen
        .messages
        .iter()
        .map(|(.., message)| if let Message::Leaves { items, .. } = message { items.len() } else { 0 })
        .sum();
    assert!((1..20).contains(&sent), "one leaf of 256 was exchanged, not {sent} of 200 keys");
}

fn run_context(run: &Run, key: &str) -> VersionVector {
    let place = Place::of(&key.into());
    let owner = run.owners(key)[0];
    run.node(owner.0).on_disk(&place).context()
}

/// A ring of four with keys, and a fifth node that waits.
fn four_and_a_spare() -> Run {
    let options = Options { initial_members: 4, initial_keys: 300, chunk_keys: 8, ..Options::default() };
    Run::ready(5, options)
}

#[test]
fn section_4_9_a_node_that_joins_gets_what_it_owns_and_nobody_else_gets_anything() {
    let mut run = four_and_a_spare();
    let before: Vec<Vec<NodeId>> = (0..300).map(|n| run.owners(&key_name(n))).collect();
    run.operate(4, Operation::Join);
    assert_eq!(run.node(4).entry().status, Status::Joining, "not an owner before its ranges have arrived");
    run.until("the join", |run| run.is_full_member(4));
    run.for_us(3_000_000);
    let mut moved = 0;
    for (number, before) in (0..300).zip(&before) {
        let after = run.owners(&key_name(number));
        let gained: Vec<&NodeId> = after.iter().filter(|node| !before.contains(node)).collect();
        assert!(gained.iter().all(|node| **node == NodeId(4)), "minimal disruption: {gained:?}");
        moved += gained.len();
    }
    assert!((120..240).contains(&moved), "{moved} replicas of 300 keys: about three fifths of 300");
    run.assert_settled();
}

#[test]
fn section_4_9_a_join_survives_the_death_of_the_node_that_joins_and_of_its_source() {
    let mut run = four_and_a_spare();
    run.operate(4, Operation::Join);
    run.until("a part of the ranges", |run| run.node(4).data().len() > 20);
    run.crash(4);
    run.act(Intervention::Restart { node: NodeId(4) });
    assert_eq!(run.node(4).entry().status, Status::Joining, "its decision was on disk");
    run.for_us(20_000);
    run.crash(0);
    run.put(0, "cart", "written meanwhile", VersionVector::default());
    run.act(Intervention::Restart { node: NodeId(0) });
    run.until("the join", |run| run.is_full_member(4));
    run.for_us(5_000_000);
    assert_eq!(values(&run.get(1, "cart")), ["written meanwhile"]);
    run.assert_settled();
}

#[test]
fn section_4_9_a_node_leaves_only_when_everybody_has_what_it_held() {
    let options = Options { initial_keys: 100, chunk_keys: 4, ..Options::default() };
    let mut run = Run::ready(5, options);
    run.operate(4, Operation::Leave);
    run.for_us(60_000);
    assert_eq!(run.node(4).entry().status, Status::Leaving);
    run.crash(4);
    run.for_us(300_000);
    run.act(Intervention::Restart { node: NodeId(4) });
    run.until("the departure", |run| run.node(4).entry().status == Status::Outside);
    run.for_us(3_000_000);
    assert_eq!(run.node(4).data().len(), 0);
    run.assert_settled();
}

#[test]
fn section_4_3_a_node_may_not_leave_if_fewer_than_n_would_remain() {
    let mut run = Run::ready(3, Options::default());
    run.operate(2, Operation::Leave);
    assert_eq!(run.node(2).entry().status, Status::Member);
    assert_eq!(run.said(|why| matches!(why, Reason::LeaveRefused { remaining: 2, needed: 3 })), 1);
}

#[test]
fn a_node_that_lost_its_disk_says_so_and_answers_no_reads_before_it_is_refilled() {
    let options = Options { initial_keys: 100, chunk_keys: 4, ..Options::default() };
    let mut run = Run::ready(5, options);
    let held = run.node(1).data().len();
    run.act(Intervention::LoseDisk { node: NodeId(1) });
    run.act(Intervention::Restart { node: NodeId(1) });
    assert!(run.node(1).entry().refilling);
    assert_eq!(run.node(1).data().len(), 0);
    run.until("the others to hear", |run| {
        run.node(0).membership().get(NodeId(1))
            == Entry { status: Status::Member, refilling: true, number: 2, is_removed: false }
    });
    let from = run.seen.messages.len();
    run.until("the refilling", |run| run.is_full_member(1));
    let answered = run.seen.messages[from..]
        .iter()
        .filter(|(node, _, message)| *node == NodeId(1) && matches!(message, Message::ReadAnswer { .. }));
    assert_eq!(answered.count(), 0);
    assert_eq!(run.node(1).data().len(), held);
    run.for_us(1_000_000);
    run.assert_settled();
}

#[test]
fn a_partition_is_survived_on_both_sides_and_leaves_siblings() {
    let mut run = Run::ready(6, Options::default());
    let groups = vec![vec![NodeId(0), NodeId(1), NodeId(2)], vec![NodeId(3), NodeId(4), NodeId(5)]];
    run.act(Intervention::Partition { groups });
    run.for_us(800_000);
    // Clients 0 and 3 ask nodes of different sides.
    run.put(0, "cart", "left", VersionVector::default());
    run.put(3, "cart", "right", VersionVector::default());
    run.heal();
    run.for_us(5_000_000);
    assert_eq!(values(&run.get(1, "cart")), ["left", "right"], "no write is lost (§4.6)");
    run.assert_settled();
}

#[test]
fn bounded_loads_section_1_spread_the_reads_of_one_hot_key() {
    let coordinators = |read_load_factor_thousandths| {
        let options = Options { read_load_factor_thousandths, ..Options::default() };
        let mut run = Run::ready(5, options);
        // A key that the first node does not own, and all clients whose first choice is that node.
        let key = (0..).map(key_name).find(|key| !run.owners(key).contains(&NodeId(0))).unwrap();
        run.put(0, &key, "1", VersionVector::default());
        run.seen = Seen::default();
        for client in [0, 5, 10, 15] {
            let command = Command::Get { key: key.clone() };
            run.act(Intervention::Command { client: ClientId(client), command });
        }
        run.for_us(200_000);
        assert_eq!(run.seen.violation, None);
        assert_eq!(run.seen.answers.len(), 4);
        let of_reads = run
            .seen
            .reasons
            .iter()
            .filter_map(|(node, why)| matches!(why, Reason::Coordinates { .. }).then_some(*node));
        of_reads.collect::<BTreeSet<_>>().len()
    };
    assert_eq!(coordinators(0), 1, "all four reads fall upon the first owner");
    assert_eq!(coordinators(1_250), 4, "no node takes more than 1.25 * 4 / 5 reads, rounded up");
}

/// A ring of five on which tombstones stay for a second.
fn with_a_grace() -> Run {
    Run::ready(5, Options { tombstone_grace_us: 1_000_000, ..Options::default() })
}

fn holders(run: &Run, key: &str) -> usize {
    let place = Place::of(&key.into());
    run.cluster.nodes().iter().flatten().filter(|node| node.held(&place).is_some()).count()
}

#[test]
fn a_deleted_key_is_gone_from_all_disks_after_the_grace_and_does_not_come_back() {
    let mut run = with_a_grace();
    run.put(0, "cart", "milk", VersionVector::default());
    let answer = run.ask(0, Command::Delete { key: "cart".into() });
    assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    assert!(run.get(1, "cart").are_deleted());
    run.for_us(700_000);
    assert_eq!(holders(&run, "cart"), 3, "within the grace every owner keeps the tombstone");
    run.for_us(4_000_000);
    assert_eq!(holders(&run, "cart"), 0);
    assert!(run.get(2, "cart").is_empty());
    assert!(run.said(|why| matches!(why, Reason::TombstonesCollected { .. })) >= 3);
    run.assert_settled();
}

#[test]
fn a_tombstone_stays_while_an_owner_is_down_that_may_have_what_was_deleted() {
    let mut run = with_a_grace();
    run.put(0, "cart", "milk", VersionVector::default());
    run.for_us(500_000);
    let owners = run.owners("cart");
    run.crash(owners[2].0);
    let answer = run.ask(0, Command::Delete { key: "cart".into() });
    assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    run.for_us(5_000_000);
    assert!(holders(&run, "cart") >= 2, "the grace is over, and an owner has not confirmed");
    run.act(Intervention::Restart { node: owners[2] });
    run.for_us(10_000_000);
    assert_eq!(holders(&run, "cart"), 0);
    assert!(run.get(1, "cart").is_empty(), "what was deleted did not come back");
    run.assert_settled();
}

/// The answer of one owner is lost, and before the coordinator asks that owner again the key is deleted and the tombstone
/// gone: the version must not be sent once more, because nobody knows any longer that it was replaced.
#[test]
fn a_version_that_was_deleted_meanwhile_is_not_sent_again() {
    let options = Options {
        read_quorum: 3,
        write_quorum: 3,
        sloppy_quorum: false,
        replica_timeout_us: 400_000,
        tombstone_grace_us: 50_000,
        handoff_interval_us: 20_000,
        ..Options::default()
    };
    let mut run = Run::ready(3, options);
    let place = Place::of(&"cart".into());
    let (from, to) = (Address::Node(NodeId(2)), Address::Node(NodeId(0)));
    run.act(Intervention::Cut { from, to, both_ways: false });
    let command =
        Command::Put { key: "cart".into(), value: "milk".into(), context: VersionVector::default() };
    run.act(Intervention::Command { client: ClientId(0), command });
    run.until("the write to be everywhere", |run| {
        (0..3).all(|node| values(&run.node(node).on_disk(&place)) == ["milk"])
    });
    let dot = run.node(0).on_disk(&place).iter().next().unwrap().dot;
    run.for_us(10_000); // The answer is lost.
    run.heal();
    let answer = run.ask(1, Command::Delete { key: "cart".into() });
    assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    run.until("the tombstone to go", |run| holders(run, "cart") == 0);
    assert_eq!(run.said(|why| matches!(why, Reason::AsksOthers { .. })), 0, "nobody has lost patience yet");
    run.seen.messages.clear();
    run.for_us(2_000_000);
    let again = run.seen.messages.iter().filter(|(.., message)| {
        matches!(message, Message::Write { siblings, .. } if siblings.iter().any(|version| version.dot == dot))
    });
    assert_eq!(again.count(), 0);
    assert_eq!(run.seen.violation, None);
}

#[test]
fn a_write_at_the_same_time_as_a_delete_stays() {
    let mut run = with_a_grace();
    run.put(0, "cart", "milk", VersionVector::default());
    run.ask(0, Command::Delete { key: "cart".into() });
    run.put(1, "cart", "bread", VersionVector::default());
    run.for_us(4_000_000);
    assert_eq!(
        values(&run.get(2, "cart")),
        ["", "bread"],
        "siblings: the tombstone, and what it does not replace"
    );
}

#[test]
fn a_living_node_is_not_removed_and_a_dead_one_only_if_enough_remain() {
    let mut run = Run::ready(4, Options { initial_keys: 50, ..Options::default() });
    run.operate(0, Operation::Remove { node: NodeId(3) });
    assert_eq!(run.said(|why| matches!(why, Reason::RemovalOfTheLiving { node: NodeId(3) })), 1);
    run.crash(3);
    run.crash(2);
    run.for_us(1_500_000);
    run.operate(0, Operation::Remove { node: NodeId(3) });
    run.for_us(500_000);
    assert_eq!(run.node(1).ring().members().len(), 3);
    run.operate(0, Operation::Remove { node: NodeId(2) });
    let refused = |why: &Reason| matches!(why, Reason::RemovalRefused { remaining: 2, needed: 3, .. });
    assert_eq!(run.said(refused), 1);
    run.operate(0, Operation::Remove { node: NodeId(0) });
    assert_eq!(run.said(|why| matches!(why, Reason::NothingToRemove { node: NodeId(0) })), 1);
    run.act(Intervention::Restart { node: NodeId(2) });
    run.act(Intervention::Restart { node: NodeId(3) });
    run.for_us(5_000_000);
    assert_eq!(run.node(3).entry().status, Status::Outside, "it heard that it was removed");
    run.assert_settled();
}

#[test]
fn what_a_process_reads_at_its_start_is_told_to_nobody_before_its_own_sync() {
    let mut run = Run::ready(3, Options::default());
    run.put(0, "cart", "milk", VersionVector::default());
    run.for_us(500_000);
    run.act(Intervention::Crash { node: NodeId(1), unsynced: Unsynced::Kept, unsent: 0 });
    run.act(Intervention::Restart { node: NodeId(1) });
    let place = Place::of(&"cart".into());
    assert_eq!(values(&run.node(1).siblings_of(&place)), ["milk"]);
    assert!(run.node(1).on_disk(&place).is_empty(), "not before a sync of its own");
    run.for_us(100_000);
    assert_eq!(values(&run.node(1).on_disk(&place)), ["milk"]);
}
