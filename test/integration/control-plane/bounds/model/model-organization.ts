import type { NAMESPACES } from './upstream-images';
import * as Tag from './tag-versions';

/** A quota in the model, in bytes. */
export interface ModelQuota {
  readonly limit: number;
  readonly autoPrune: boolean;
  readonly onOversize: 'PASS_THROUGH' | 'OVERFLOW' | 'REJECT';
}

/** The fixed settings of an organization. Durations are milliseconds. */
export interface Traits {
  readonly name: string;
  readonly lifetime: number;
  readonly timeMachine: number;
  readonly revalidateAfter: number;
  /** onUpstreamDelete = KEEP. */
  readonly keep: boolean;
}

/**
 * A tag that a HEAD request returned. `certain` is false if the request may have failed or the data
 * plane may have forgotten it.
 */
export interface Hint {
  readonly tag: string;
  readonly at: number;
  readonly certain: boolean;
}

/**
 * A version as shown by GraphQL, for comparison with the model. Times are milliseconds since the
 * epoch.
 */
export interface ShownVersion {
  readonly digest: string;
  /** For an active version. undefined if it never expires or is not active. */
  readonly expiresAt: number | undefined;
  /** For a version in the time machine. */
  readonly leftAt: number | undefined;
}

/**
 * An organization in the model. For each tag, it has all histories that are possible: after a
 * crash, it is unknown until the next check whether a running pull counted.
 */
export class ModelOrganization {
  present = true;
  namespace: (typeof NAMESPACES)[number] = '';
  quota: ModelQuota | undefined;
  /** Total bytes that used plus reserved may have because the limit was lowered. */
  allowance = 0;
  readonly hints = new Map<string, Hint>();
  private readonly histories = new Map<string, readonly Tag.Versions[]>();

  constructor(readonly traits: Traits) {}

  /** Returns the possible histories of a tag. */
  candidates(repository: string, tag: string): readonly Tag.Versions[] {
    return this.histories.get(`${repository} ${tag}`) ?? [[]];
  }

  /** Yields every tag that has or may have versions. */
  *tags(): Iterable<{
    readonly repository: string;
    readonly tag: string;
    readonly candidates: readonly Tag.Versions[];
  }> {
    for (const [key, candidates] of this.histories) {
      const [repository, tag] = key.split(' ') as [string, string];
      yield { repository, tag, candidates };
    }
  }

  /** Applies a change to a tag. With several changes, one of them is true. */
  change(repository: string, tag: string, ...changes: readonly ((versions: Tag.Versions) => Tag.Versions)[]): void {
    const candidates = this.candidates(repository, tag).flatMap((versions) =>
      changes.map((change) => change(versions)),
    );
    this.histories.set(`${repository} ${tag}`, distinct(candidates));
  }

  /** Applies changes to every tag, or to those of a repository. */
  changeAll(
    changes: readonly ((versions: Tag.Versions) => Tag.Versions)[],
    only: string | undefined = undefined,
  ): void {
    for (const { repository, tag } of [...this.tags()])
      if (only === undefined || only === repository) this.change(repository, tag, ...changes);
  }

  /** Forgets all content, because it belongs to a former upstream or a deleted organization. */
  forgetAll(): void {
    this.histories.clear();
    this.hints.clear();
  }

  /** Keeps the histories in which a tag looks like `shown`. Returns false if there is none. */
  agree(repository: string, tag: string, shown: readonly ShownVersion[], now: number): boolean {
    const text = showText(shown);
    const candidates = this.candidates(repository, tag).filter((versions) => showText(show(versions, now)) === text);
    if (candidates.length === 0) return false;
    this.histories.set(`${repository} ${tag}`, candidates);
    return true;
  }
}

/** Returns versions as they are shown at a time. */
export function show(versions: Tag.Versions, now: number): readonly ShownVersion[] {
  return versions.map((version) => {
    const leftAt = Tag.leftAt(version, now);
    return { digest: version.digest, expiresAt: leftAt === undefined ? version.expiresAt : undefined, leftAt };
  });
}

function showText(shown: readonly ShownVersion[]): string {
  return shown
    .map(({ digest, expiresAt, leftAt }) => `${digest} ${leftAt ?? 'active'} ${expiresAt ?? '-'}`)
    .sort()
    .join('\n');
}

function distinct(candidates: readonly Tag.Versions[]): readonly Tag.Versions[] {
  return [...new Map(candidates.map((versions) => [JSON.stringify(versions), versions])).values()];
}
