#!/usr/bin/env python3
"""Asks two deployed ketama clients where 100,000 keys belong, for pools of 1 to 50 servers.

    python3 -m venv venv && venv/bin/pip install uhashring==2.5 pylibmc==1.6.3
    venv/bin/python tests/oracles/ketama.py uhashring    > tests/oracles/ketama_uhashring.tsv
    venv/bin/python tests/oracles/ketama.py libmemcached > tests/oracles/ketama_libmemcached.tsv

`uhashring` is the pure Python client of PyPI with `hash_fn="ketama"`. `libmemcached` is the C library itself:
the wheel of `pylibmc` carries its shared object, of version 1.0.16, which is called through ctypes, so no server is needed.

One line a pool: the weights' name, the number of servers, and the MD5 of the answers, one byte per key (the
index of the server). `tests/hashing_ketama.rs` computes the same lines with our ring and needs no network.

The pool of n servers is 10.0.1.1:11212 to 10.0.1.n:11212, the keys are key-0 to key-99999. The port is not
11211, because libmemcached leaves the default port out of the string that it hashes. Server i (from 0) has
weight 1 in an `equal` pool and 1 + 7i mod 5 in a `weighted` one.
"""

import ctypes
import glob
import hashlib
import os
import sys

KEYS = [f"key-{k}" for k in range(100_000)]
PORT = 11212
# The value of MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED in libmemcached's `behavior.h`.
KETAMA_WEIGHTED = 16


def weight(pool, server):
    return 1 if pool == "equal" else 1 + 7 * server % 5


def answers_of_uhashring(pool, servers):
    from uhashring import HashRing

    names = [f"10.0.1.{i + 1}:{PORT}" for i in range(servers)]
    index = {name: i for i, name in enumerate(names)}
    ring = HashRing({name: weight(pool, i) for i, name in enumerate(names)}, hash_fn="ketama")
    return bytes(index[ring.get_node(key)] for key in KEYS)


def load_libmemcached():
    import pylibmc  # Loads the libraries that libmemcached itself needs.

    folder = os.path.join(os.path.dirname(os.path.dirname(pylibmc.__file__)), "pylibmc.libs")
    (path,) = glob.glob(os.path.join(folder, "libmemcached-*.so*"))
    library = ctypes.CDLL(path)
    library.memcached_create.restype = ctypes.c_void_p
    library.memcached_create.argtypes = [ctypes.c_void_p]
    library.memcached_free.argtypes = [ctypes.c_void_p]
    library.memcached_behavior_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64]
    library.memcached_server_add_with_weight.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint16, ctypes.c_uint32,
    ]
    library.memcached_generate_hash.restype = ctypes.c_uint32
    library.memcached_generate_hash.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    return library


def answers_of_libmemcached(pool, servers, library=[]):
    if not library:
        library.append(load_libmemcached())
    c = library[0]
    client = c.memcached_create(None)
    assert c.memcached_behavior_set(client, KETAMA_WEIGHTED, 1) == 0
    for i in range(servers):
        assert c.memcached_server_add_with_weight(client, f"10.0.1.{i + 1}".encode(), PORT, weight(pool, i)) == 0
    answers = bytes(c.memcached_generate_hash(client, key.encode(), len(key)) for key in KEYS)
    c.memcached_free(client)
    return answers


def main():
    ask = {"uhashring": answers_of_uhashring, "libmemcached": answers_of_libmemcached}[sys.argv[1]]
    for pool in ("equal", "weighted"):
        for servers in range(1, 51):
            print(pool, servers, hashlib.md5(ask(pool, servers)).hexdigest(), sep="\t", flush=True)


main()
