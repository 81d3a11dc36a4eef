/** Seed of a key or a node for rendezvous hashing: two 32-bit words. */
export interface RendezvousSeed {
  readonly a: number;
  readonly b: number;
}

/** Hashes a key or a name to two 32-bit words (cyrb53, public domain). Not a cryptographic hash. */
export function rendezvousSeed(text: string): RendezvousSeed {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
  }
  return { a: mix(a ^ (b >>> 13)), b: mix(b ^ (a >>> 15)) };
}

/**
 * Returns the weight of a node for a key, 0 ≤ weight < 2^53. All callers get the same value. The
 * node with the highest weight owns the key, and the next one takes over when it is gone (highest
 * random weight, Thaler and Ravishankar 1998). A node that joins or leaves only moves its own keys.
 */
export function rendezvousWeight(key: RendezvousSeed, node: RendezvousSeed): number {
  const high = mix(key.a ^ node.a ^ mix(key.b + node.b));
  const low = mix(key.b ^ node.a ^ high);
  return high * 0x200000 + (low >>> 11);
}

/** A node that can be ranked for keys. */
export interface WeighedNode {
  /** Unique name of the node. */
  readonly name: string;
  readonly seed: RendezvousSeed;
}

/**
 * Returns the node with the highest weight for a key that is not in `avoid`, regardless of the
 * order of the list; undefined if there is none. Add it to `avoid` to get the next one.
 */
export function firstFor<N extends WeighedNode>(
  key: string,
  nodes: readonly N[],
  avoid: readonly string[],
): N | undefined {
  if (nodes.length === 1 && avoid.length === 0) return nodes[0];
  const wanted = rendezvousSeed(key);
  let best: N | undefined;
  let most = -1;
  for (const node of nodes) {
    if (avoid.length > 0 && avoid.includes(node.name)) continue;
    const weight = rendezvousWeight(wanted, node.seed);
    if (weight < most || (weight === most && best !== undefined && node.name > best.name)) continue;
    best = node;
    most = weight;
  }
  return best;
}

/** Finalizer of MurmurHash3: every bit of the result depends on every bit of the word. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
