#!/usr/bin/env python3
"""The placements once more, written from the definitions: slow, plain, in another language and without a library.

    python3 tests/oracles/placements.py > tests/oracles/placements.tsv

Nothing here is clever. The ring is searched from end to end, bounded loads place the keys one by one in the
order of their ranks, rendezvous takes the platform's logarithm, AnchorHash keeps the working set W_b that
its paper defines (algorithm 1) for every removed bucket. `tests/hashing_known_answers.rs` computes the same
lines with the library.

A line is: algorithm, pool, number of nodes, and the MD5 of the preference lists (of at most three nodes) of
the first 2,000 or 200 keys, one byte a node. Nodes are node-0, node-1, …; node i weighs 1 in an `equal` pool and 1 + 7i mod 5 in
a `weighted` one. In a `churned` pool nodes 1, 4, 7, … have left and node 1 has come back.
"""

import hashlib
import math

BITS = (1 << 64) - 1
KEYS = [f"key-{k}".encode() for k in range(2_000)]
KEY, NODE, SKIP, RANK = range(4)


def siphash13(role, data):
    def rotate(x, by):
        return (x << by | x >> (64 - by)) & BITS

    v = [role ^ 0x736F6D6570736575, 0x646F72616E646F6D, role ^ 0x6C7967656E657261, 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & BITS
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & BITS
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & BITS
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & BITS
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        v[3] ^= word
        rounds(1)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(3)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & BITS
    x = (x ^ x >> 27) * 0x94D049BB133111EB & BITS
    return x ^ x >> 31


def nth_mix(seed, number):
    return mix(seed + 0x9E3779B97F4A7C15 * (number + 1) & BITS)


def reduce(value, size):
    return (value >> 32) * size >> 32


def distinct(items, count):
    found = []
    for item in items:
        if len(found) == count:
            break
        if item not in found:
            found.append(item)
    return found


class Pool:
    def __init__(self, kind, size):
        left = set(range(1, size, 3)) - {1} if kind == "churned" else set()
        self.kind, self.size = kind, size
        self.ids = [i for i in range(size) if i not in left]
        self.weight = {i: 1 + 7 * i % 5 if kind == "weighted" else 1 for i in self.ids}
        self.seed = {i: siphash13(NODE, f"node-{i}".encode()) for i in self.ids}
        self.count = min(3, len(self.ids))

    def points(self, virtual_nodes):
        return sorted(
            (nth_mix(self.seed[i], number), i)
            for i in self.ids
            for number in range(self.weight[i] * virtual_nodes)
        )


def walk(points, position):
    return sorted((point - position & BITS, node) for point, node in points)


def modulo(pool):
    for key in KEYS:
        index = siphash13(KEY, key) % len(pool.ids)
        yield [pool.ids[(index + step) % len(pool.ids)] for step in range(pool.count)]


def ring(pool):
    points = pool.points(160)
    for key in KEYS[:200]:
        yield distinct((node for _, node in walk(points, siphash13(KEY, key))), pool.count)


def bounded_loads(pool):
    points = pool.points(160)
    keys = KEYS[:200]
    total = sum(pool.weight.values())
    if len(set(pool.weight.values())) == 1:
        places = -(-1_250 * len(keys) // 1_000)
        few, more = divmod(places, len(pool.ids))
        room = {i: few + (turn < more) for turn, i in enumerate(sorted(pool.ids))}
    else:
        room = {i: -(-1_250 * len(keys) * pool.weight[i] // (1_000 * total)) for i in pool.ids}
    lists = {}
    for key in sorted(keys, key=lambda key: (nth_mix(siphash13(RANK, key), 0), key)):
        order = distinct((node for _, node in walk(points, siphash13(KEY, key))), len(pool.ids))
        owner = next(node for node in order if room[node] > 0)
        room[owner] -= 1
        lists[key] = distinct([owner] + order, pool.count)
    for key in keys:
        yield lists[key]


def rendezvous(pool):
    def cost(i, key_hash):
        fraction = (mix(key_hash ^ pool.seed[i]) or 1) / 2**64
        return -math.log(fraction) / pool.weight[i]

    for key in KEYS:
        key_hash = siphash13(KEY, key)
        yield sorted(pool.ids, key=lambda i: cost(i, key_hash))[: pool.count]


def jump_bucket(key, buckets):
    b, j = -1, 0
    while j < buckets:
        b = j
        key = key * 2862933555777941757 + 1 & BITS
        j = int((b + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return b


def jump(pool):
    for key in KEYS:
        key_hash = siphash13(KEY, key)
        hashes = [key_hash] + [nth_mix(key_hash, attempt) for attempt in range(1, 100)]
        yield distinct((pool.ids[jump_bucket(h, len(pool.ids))] for h in hashes), pool.count)


def maglev(pool, size=65_537):
    heaviest = max(pool.weight.values())
    skip = {i: siphash13(SKIP, f"node-{i}".encode()) % (size - 1) + 1 for i in pool.ids}
    wish = {i: pool.seed[i] % size for i in pool.ids}
    earned = dict.fromkeys(pool.ids, 0)
    table = [None] * size
    free = size
    while free:
        for i in pool.ids:
            earned[i] += pool.weight[i]
            if earned[i] >= heaviest and free:
                earned[i] -= heaviest
                while table[wish[i]] is not None:
                    wish[i] = (wish[i] + skip[i]) % size
                table[wish[i]] = i
                free -= 1
    for key in KEYS:
        entry = reduce(siphash13(KEY, key), size)
        yield distinct((table[(entry + step) % size] for step in range(size)), pool.count)


def multi_probe(pool):
    points = pool.points(1)
    for key in KEYS[:200]:
        key_hash = siphash13(KEY, key)
        steps = [step for probe in range(21) for step in walk(points, nth_mix(key_hash, probe))]
        yield distinct((node for _, node in sorted(steps)), pool.count)


def anchor(pool, capacity=1_024):
    # The working buckets W in the order that the paper's array keeps, and W_b for each removed bucket b.
    working = []
    removed = [(b, list(range(b))) for b in reversed(range(capacity))]
    owner, buckets = {}, {}

    def add(i):
        bucket, _ = removed.pop()
        # Undo the removal: the one that took its place goes back to the end.
        working[:] = restore[bucket] if bucket in restore else working + [bucket]
        owner[bucket] = i
        buckets.setdefault(i, []).append(bucket)

    restore = {}

    def remove(i):
        for bucket in reversed(buckets.pop(i)):
            restore[bucket] = list(working)
            place = working.index(bucket)
            last = working.pop()
            if last != bucket:
                working[place] = last
            removed.append((bucket, list(working)))

    for i in range(pool.size):
        for _ in range(1 + 7 * i % 5 if pool.kind == "weighted" else 1):
            add(i)
    if pool.kind == "churned":
        for i in range(1, pool.size, 3):
            remove(i)
        if 1 in pool.ids:
            add(1)

    def owner_of(key_hash):
        after = dict(removed)
        bucket = reduce(key_hash, capacity)
        while bucket in after:
            view = after[bucket]
            bucket = view[reduce(nth_mix(key_hash, bucket), len(view))]
        return owner[bucket]

    for key in KEYS[:200]:
        key_hash = siphash13(KEY, key)
        hashes = [key_hash] + [nth_mix(key_hash, (1 << 32) - 1 + attempt) for attempt in range(1, 100)]
        yield distinct(map(owner_of, hashes), pool.count)


def main():
    for algorithm in (modulo, ring, bounded_loads, rendezvous, jump, maglev, multi_probe, anchor):
        name = algorithm.__name__.replace("_", "-")
        kinds = {"modulo": ["equal", "churned"], "jump": ["equal"]}.get(name, ["equal", "weighted", "churned"])
        for kind in kinds:
            for size in (1, 2, 3, 10, 30):
                answers = bytes(node for nodes in algorithm(Pool(kind, size)) for node in nodes)
                print(name, kind, size, hashlib.md5(answers).hexdigest(), sep="\t", flush=True)


main()
