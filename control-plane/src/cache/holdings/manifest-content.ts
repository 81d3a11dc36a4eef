import { type PartKey, partKey, type RepositoryHolding } from './holdings.store';

/**
 * A manifest and its blobs (config and layers), each once. Sizes are bytes, as declared by the
 * manifest.
 */
export interface ManifestContent {
  readonly repositoryId: number;
  readonly digest: string;
  readonly size: number;
  readonly blobs: ReadonlyMap<string, number>;
}

/** A manifest that is released. */
export type ReleasedContent = Pick<ManifestContent, 'repositoryId' | 'digest'> & { readonly blobs: Iterable<string> };

/** Returns the keys of all parts that the release of a manifest changes. */
export function partsOf({ repositoryId, digest, blobs }: ReleasedContent): readonly PartKey[] {
  return [digest, ...blobs].map((name) => ({ repositoryId, digest: name }));
}

/** The effect of the release of a manifest on one digest. */
export interface ReleaseStep {
  /** What its repository still needs it for. */
  readonly part: RepositoryHolding;
  /** Number of repositories in which it is no longer a manifest: 0 or 1. */
  readonly manifestRepositories: number;
  /** Number of repositories in which no manifest names it any more: 0 or 1. */
  readonly blobRepositories: number;
}

/** Yields the effects of releasing manifests, one digest at a time. Updates `parts` on the way. */
export function* releaseSteps(
  contents: readonly ReleasedContent[],
  parts: Map<string, RepositoryHolding>,
): Iterable<ReleaseStep> {
  for (const { repositoryId, digest, blobs } of contents) {
    for (const name of new Set(blobs)) {
      const part = parts.get(`${repositoryId} ${name}`);
      if (part === undefined || part.namedBy <= 0) continue;
      const next = { ...part, namedBy: part.namedBy - 1 };
      parts.set(partKey(next), next);
      yield { part: next, manifestRepositories: 0, blobRepositories: next.namedBy === 0 ? 1 : 0 };
    }
    const own = parts.get(`${repositoryId} ${digest}`);
    if (own?.isManifest !== true) continue;
    const next = { ...own, isManifest: false };
    parts.set(partKey(next), next);
    yield { part: next, manifestRepositories: 1, blobRepositories: 0 };
  }
}
