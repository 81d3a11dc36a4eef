/**
 * Limits of one manifest or index (docs/design/pull-semantics.md#manifest-limits). Both planes
 * apply them: the data plane to what an upstream sends, the control plane to what it is asked to
 * admit.
 */
export const MANIFEST_LIMITS = {
  /**
   * Maximum number of layers of an image manifest. The kernel mounts at most 500 layers of
   * overlayfs and Docker 127, but source containers and other artifacts that nobody mounts have
   * more (containers/storage pull request 489).
   */
  layers: 1_000,
  /**
   * Maximum number of manifests that an index names. Multi-platform images with attestations have
   * dozens; an index of referrers in a tag grows with every signature.
   */
  children: 1_000,
  /** Maximum sum of the sizes that a manifest declares, in bytes: 1 PiB. */
  declaredBytes: 2 ** 50,
} as const;

/** What the limits count in a manifest. */
export interface CountedReference {
  /** LAYER or FOREIGN (a layer that is stored elsewhere), CHILD, or another role. */
  readonly role: string | undefined;
  /** Declared size in bytes: a safe integer that is not negative. */
  readonly size: number;
}

/**
 * Returns which limit a manifest exceeds, as the end of a sentence about it ("it names more than
 * 1,000 layers"), or undefined if it exceeds none.
 */
export function exceededLimit(references: readonly CountedReference[]): string | undefined {
  const count = (...roles: readonly string[]): number =>
    references.filter(({ role }) => role !== undefined && roles.includes(role)).length;
  // Both terms are safe integers, and the sum stops growing at the limit, so it is exact.
  let bytes = 0;
  for (const { size } of references) if (bytes <= MANIFEST_LIMITS.declaredBytes) bytes += size;
  return (
    tooMany('layers', count('LAYER', 'FOREIGN')) ??
    tooMany('children', count('CHILD')) ??
    (bytes > MANIFEST_LIMITS.declaredBytes ? `the sizes in it add up to more than ${text(2 ** 50)} bytes` : undefined)
  );
}

/**
 * Returns a text like {@link exceededLimit} if a list of `count` layers or children is too long.
 * Reads no entry of the list.
 */
export function tooMany(what: 'layers' | 'children', count: number): string | undefined {
  return count > MANIFEST_LIMITS[what] ? `it names more than ${text(MANIFEST_LIMITS[what])} ${what}` : undefined;
}

function text(count: number): string {
  return count.toLocaleString('en-US');
}
