import { type PartKey, partKey, type RepositoryHolding } from './holdings.store';

/** A manifest and the blobs (config and layers) that it names, each once. Sizes are bytes, as the manifest says. */
export interface ManifestContent {
  readonly repositoryId: number;
  readonly digest: string;
  readonly size: number;
  readonly blobs: ReadonlyMap<string, number>;
}

/** A manifest that goes. */
export type ReleasedContent = Pick<ManifestContent, 'repositoryId' | 'digest'> & { readonly blobs: Iterable<string> };

/** The parts that its release concerns. */
export function partsOf({ repositoryId, digest, blobs }: ReleasedContent): readonly PartKey[] {
  return [digest, ...blobs].map((name) => ({ repositoryId, digest: name }));
}

/** What the release of a manifest takes away of one digest. */
export interface ReleaseStep {
  /** What its repository still needs it for. */
  readonly part: RepositoryHolding;
  /** Repositories in which it no longer is a manifest: 0 or 1. */
  readonly manifestRepositories: number;
  /** Repositories in which no manifest names it any more: 0 or 1. */
  readonly blobRepositories: number;
}

/** What the release of manifests does, repository by repository; `parts` is changed along the way. */
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
