//! Every algorithm answers the same natively and in wasm: one digest, asserted on both.

#![allow(clippy::unwrap_used)]

use lamplight::protocol::consistent_hashing::{Algorithm, Node, Placement, Settings, key_hash};

/// Owners and preference lists through joins, leaves and weights, folded into one number.
fn digest(algorithm: Algorithm) -> u64 {
    let mut placement: Box<dyn Placement> = algorithm.build(&Settings::default()).unwrap();
    let weight = |id: u16| if algorithm.has_weights() { u32::from(id) % 4 + 1 } else { 1 };
    let node = |id| Node::new(id, format!("10.0.1.{id}:11212")).with_weight(weight(id));
    let mut answers = Vec::new();
    let mut look = |placement: &mut Box<dyn Placement>| {
        for number in 0..500 {
            let key = format!("key-{number}");
            placement.place_key(key.as_bytes()).unwrap();
        }
        for number in 0..500 {
            let list = placement.preference_list(format!("key-{number}").as_bytes(), 3);
            answers.extend(list.iter().flat_map(|node| node.0.to_le_bytes()));
        }
        answers.extend(placement.memory_bytes().to_le_bytes());
    };
    placement.add_nodes(&(0..17).map(node).collect::<Vec<_>>()).unwrap();
    look(&mut placement);
    placement.add_node(node(17)).unwrap();
    look(&mut placement);
    let leaves = if algorithm.has_free_membership() { 5 } else { 17 };
    placement.remove_node(lamplight::protocol::NodeId(leaves)).unwrap();
    if algorithm.has_weights() {
        placement.set_weight(lamplight::protocol::NodeId(2), 9).unwrap();
    }
    look(&mut placement);
    key_hash(&answers)
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn answers_are_the_same_on_every_target() {
    let digests = Algorithm::ALL.map(|algorithm| (algorithm.name(), digest(algorithm)));
    let expected = [
        ("modulo", 5_886_576_556_088_936_868),
        ("ring", 507_688_072_818_766_045),
        // With 17 and 18 servers the two libraries share out points alike.
        ("ketama", 14_722_081_387_672_038_823),
        ("ketama-libmemcached", 14_722_081_387_672_038_823),
        ("bounded-loads", 14_890_434_866_104_654_232),
        ("rendezvous", 5_417_848_391_369_066_620),
        ("jump", 6_635_272_853_358_558_981),
        ("maglev", 13_882_345_457_647_483_323),
        ("multi-probe", 1_586_242_689_174_924_163),
        ("anchor", 7_859_250_227_477_523_746),
    ];
    assert_eq!(digests, expected);
}
