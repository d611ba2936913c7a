//! The limits are stated, enforced, and leave a placement as it was.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use lamplight::protocol::NodeId;
use lamplight::protocol::consistent_hashing::*;

fn with_three_nodes(algorithm: Algorithm) -> Box<dyn Placement> {
    let mut placement = algorithm.build(&Settings::default()).unwrap();
    placement.add_nodes(&[Node::new(1, "a"), Node::new(3, "b"), Node::new(5, "c")]).unwrap();
    placement
}

/// Makes a change that has to be refused, and checks that nothing has changed.
#[track_caller]
fn refused(
    placement: &mut dyn Placement,
    change: impl FnOnce(&mut dyn Placement) -> Result<(), PlacementError>,
) -> PlacementError {
    let before = format!("{placement:?}");
    let error = change(placement).unwrap_err();
    assert_eq!(format!("{placement:?}"), before, "{error}");
    error
}

#[test]
fn what_no_placement_takes() {
    for algorithm in Algorithm::ALL {
        let mut placement = with_three_nodes(algorithm);
        let p = placement.as_mut();
        let duplicate = refused(p, |p| p.add_node(Node::new(5, "d")));
        assert_eq!(duplicate, PlacementError::DuplicateNode(NodeId(5)));
        let name = refused(p, |p| p.add_nodes(&[Node::new(6, "d"), Node::new(7, "c")]));
        assert_eq!(name, PlacementError::DuplicateName("c".into()));
        assert_eq!(refused(p, |p| p.remove_node(NodeId(4))), PlacementError::UnknownNode(NodeId(4)));
        assert_eq!(refused(p, |p| p.set_weight(NodeId(4), 1)), PlacementError::UnknownNode(NodeId(4)));
        assert_eq!(refused(p, |p| p.set_weight(NodeId(5), 0)), PlacementError::WeightOutOfRange(0));
        let heavy = Node::new(6, "d").with_weight(WEIGHT_MAX + 1);
        assert_eq!(refused(p, |p| p.add_node(heavy)), PlacementError::WeightOutOfRange(WEIGHT_MAX + 1));
        assert_eq!(refused(p, |p| p.add_node(Node::new(6, ""))), PlacementError::NameLength(0));
        let long = "d".repeat(NAME_BYTES_MAX + 1);
        assert_eq!(refused(p, |p| p.add_node(Node::new(6, long))), PlacementError::NameLength(256));
        let many: Vec<Node> = (10..10 + NODES_MAX as u16).map(|id| Node::new(id, format!("n{id}"))).collect();
        assert_eq!(refused(p, |p| p.add_nodes(&many)), PlacementError::TooManyNodes(NODES_MAX + 1));
    }
}

/// As many nodes as are allowed, where the algorithm has no narrower limit.
#[test]
fn the_most_nodes_are_taken() {
    let nodes: Vec<Node> = (0..NODES_MAX as u16).map(|id| Node::new(id, format!("n{id}"))).collect();
    for algorithm in [Algorithm::Ring, Algorithm::Ketama, Algorithm::Maglev, Algorithm::Jump] {
        let mut placement = algorithm.build(&Settings::default()).unwrap();
        placement.add_nodes(&nodes).unwrap();
        assert!(placement.node_for_key(b"key").is_some());
    }
}

/// Lamping and Veach, §1: buckets can be added and removed only at the end.
#[test]
fn jump_changes_only_at_the_end() {
    let mut placement = with_three_nodes(Algorithm::Jump);
    let p = placement.as_mut();
    let (node, last) = (NodeId(3), NodeId(5));
    let leaves = refused(p, |p| p.remove_node(node));
    assert_eq!(leaves, PlacementError::LeavesOnlyAtTheEnd { node, last });
    for id in [0, 2, 4] {
        let joins = refused(p, |p| p.add_node(Node::new(id, "d")));
        assert_eq!(joins, PlacementError::JoinsOnlyAtTheEnd { node: NodeId(id), last });
    }
    p.add_node(Node::new(9, "d")).unwrap();
    p.remove_node(NodeId(9)).unwrap();
    p.remove_node(NodeId(5)).unwrap();
    p.remove_node(NodeId(3)).unwrap();
    assert_eq!(p.node_for_key(b"key"), Some(NodeId(1)));
}

#[test]
fn jump_and_modulo_have_no_weights() {
    for algorithm in [Algorithm::Jump, Algorithm::Modulo] {
        let mut placement = with_three_nodes(algorithm);
        let error = PlacementError::WeightsUnsupported { algorithm, weight: 2 };
        assert_eq!(refused(placement.as_mut(), |p| p.set_weight(NodeId(5), 2)), error);
        assert!(!algorithm.has_weights());
    }
}

/// Eisenbud et al., §3.4: the size of the table is a prime, and larger than the number of backends.
#[test]
fn the_table_of_maglev_is_a_prime_larger_than_the_nodes() {
    let error = |size| Maglev::new(size).unwrap_err();
    for size in [0, 1, 4, 65_536, 65_539 * 3] {
        assert_eq!(error(size), PlacementError::TableSizeNotPrime(size));
    }
    let table_size = TABLE_SIZE_MAX + 1;
    assert_eq!(error(table_size), PlacementError::TableSizeOutOfRange { table_size, nodes: 0 });
    let mut three = Maglev::new(3).unwrap();
    let nodes = [Node::new(0, "a"), Node::new(1, "b"), Node::new(2, "c")];
    let error = PlacementError::TableSizeOutOfRange { table_size: 3, nodes: 3 };
    assert_eq!(refused(&mut three, |p| p.add_nodes(&nodes)), error);
}

/// Mendelson et al., §4: the capacity of an anchor is fixed when it is made.
#[test]
fn an_anchor_holds_no_more_than_its_capacity() {
    assert!(Anchor::new(0).is_err() && Anchor::new(TABLE_SIZE_MAX + 1).is_err());
    let mut placement = Anchor::new(3).unwrap();
    placement.add_nodes(&[Node::new(0, "a"), Node::new(1, "b").with_weight(2)]).unwrap();
    let error = PlacementError::AnchorCapacity { capacity: 3, needed: 4 };
    assert_eq!(refused(&mut placement, |p| p.add_node(Node::new(2, "c"))), error);
    assert_eq!(refused(&mut placement, |p| p.set_weight(NodeId(0), 2)), error);
    placement.remove_node(NodeId(1)).unwrap();
    placement.add_nodes(&[Node::new(2, "c"), Node::new(3, "d")]).unwrap();
    assert_eq!(placement.roster().len(), 3);
}

#[test]
fn points_probes_and_loads_have_bounds() {
    let virtual_nodes = |number| HashRing::new(number).map(|_| ());
    assert_eq!(virtual_nodes(0), Err(PlacementError::VirtualNodesOutOfRange(0)));
    assert_eq!(virtual_nodes(65_537), Err(PlacementError::VirtualNodesOutOfRange(65_537)));
    assert_eq!(MultiProbe::new(0, 1), Err(PlacementError::ProbesOutOfRange(0)));
    assert_eq!(MultiProbe::new(PROBES_MAX + 1, 1), Err(PlacementError::ProbesOutOfRange(257)));
    assert_eq!(BoundedLoads::new(1, 1_000), Err(PlacementError::LoadFactorOutOfRange(1_000)));
    assert_eq!(BoundedLoads::new(1, 1_000_001), Err(PlacementError::LoadFactorOutOfRange(1_000_001)));
    for algorithm in [Algorithm::Ring, Algorithm::MultiProbe, Algorithm::BoundedLoads] {
        let settings = Settings { virtual_nodes: Some(VIRTUAL_NODES_MAX), ..Settings::default() };
        let mut placement = algorithm.build(&settings).unwrap();
        let heavy = Node::new(0, "a").with_weight(65);
        let error = refused(placement.as_mut(), |p| p.add_node(heavy));
        assert_eq!(error, PlacementError::TooManyPoints(65 * 65_536));
    }
}

/// A number of virtual nodes that would do nothing is an error and not ignored.
#[test]
fn only_algorithms_with_virtual_nodes_take_a_number_of_them() {
    let settings = Settings { virtual_nodes: Some(10), ..Settings::default() };
    for algorithm in Algorithm::ALL {
        let with = [Algorithm::Ring, Algorithm::BoundedLoads, Algorithm::MultiProbe].contains(&algorithm);
        let error = algorithm.build(&settings).map(|_| ()).err();
        assert_eq!(error, (!with).then_some(PlacementError::VirtualNodesUnsupported(algorithm)));
    }
}

#[test]
fn without_nodes_no_key_has_an_owner() {
    for algorithm in Algorithm::ALL {
        let mut placement = algorithm.build(&Settings::default()).unwrap();
        assert_eq!(placement.node_for_key(b"key"), None);
        assert_eq!(placement.place_key(b"key"), Ok(None));
        assert_eq!(placement.preference_list(b"key", 3), []);
        assert_eq!(placement.algorithm(), algorithm);
    }
}

#[test]
fn names_are_read_back() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    let error = "chord".parse::<Algorithm>().unwrap_err().to_string();
    assert!(error.starts_with("no algorithm is named \"chord\"; there are modulo, ring, ketama"));
}

/// What each algorithm costs, in the order of a table: jump least, the ring with its points most.
#[test]
fn memory_is_that_of_the_tables() {
    let bytes = |algorithm| with_three_nodes(algorithm).memory_bytes();
    assert_eq!((bytes(Algorithm::Jump), bytes(Algorithm::Modulo)), (6, 6));
    assert_eq!(bytes(Algorithm::Rendezvous), 48);
    // 3 points of 16 bytes, and 4 sectors of 4.
    assert_eq!(bytes(Algorithm::MultiProbe), 64);
    assert_eq!(bytes(Algorithm::Maglev), 2 * 65_537);
    assert_eq!(bytes(Algorithm::Ring), bytes(Algorithm::Ketama));
    assert_eq!(bytes(Algorithm::Ring), 480 * 16 + 512 * 4);
}
