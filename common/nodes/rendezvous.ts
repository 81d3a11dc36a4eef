/** What a node's place in the order of a key depends on: two 32-bit words. */
export interface RendezvousSeed {
  readonly a: number;
  readonly b: number;
}

/** A key or a name as two 32-bit words (cyrb53, public domain). Spreads; protects from nobody. */
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
 * How much a node is wanted for a key, 0 ≤ weight < 2^53: whoever works it out, anywhere, gets the same. The node with the highest weight is asked, the next
 * one takes over when it is gone (highest random weight, Thaler and Ravishankar 1998): a node that comes or goes moves only its own keys.
 */
export function rendezvousWeight(key: RendezvousSeed, node: RendezvousSeed): number {
  const high = mix(key.a ^ node.a ^ mix(key.b + node.b));
  const low = mix(key.b ^ node.a ^ high);
  return high * 0x200000 + (low >>> 11);
}

/** A node in the order of keys. */
export interface WeighedNode {
  /** Different for different nodes. */
  readonly name: string;
  readonly seed: RendezvousSeed;
}

/**
 * The first node in the order of a key that is not in `avoid`, whatever the order of the list; undefined = there is none. Those that follow it are
 * found by adding it to `avoid`.
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

/** murmur3's finalizer: every bit of the result depends on every bit of the word. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
