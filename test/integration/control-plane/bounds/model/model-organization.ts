import type { NAMESPACES } from './upstream-images';
import * as Tag from './tag-versions';

/** A quota as the model has it; bytes. */
export interface ModelQuota {
  readonly limit: number;
  readonly autoPrune: boolean;
  readonly onOversize: 'PASS_THROUGH' | 'OVERFLOW' | 'REJECT';
}

/** How an organization is configured and stays; milliseconds. */
export interface Traits {
  readonly name: string;
  readonly lifetime: number;
  readonly timeMachine: number;
  readonly revalidateAfter: number;
  /** onUpstreamDelete = KEEP. */
  readonly keep: boolean;
}

/** A tag that a HEAD was answered with. `certain` = false: perhaps it was, and perhaps the data plane has forgotten it. */
export interface Hint {
  readonly tag: string;
  readonly at: number;
  readonly certain: boolean;
}

/** A version as GraphQL shows it: what the model is held against. Milliseconds since the epoch. */
export interface ShownVersion {
  readonly digest: string;
  /** Of an active version; undefined = never, or not active. */
  readonly expiresAt: number | undefined;
  /** Of a version in the time machine. */
  readonly leftAt: number | undefined;
}

/**
 * An organization of the model. Of a tag it has every history that can be true: a crash leaves it open whether a pull under way counted, until
 * the next look.
 */
export class ModelOrganization {
  present = true;
  namespace: (typeof NAMESPACES)[number] = '';
  quota: ModelQuota | undefined;
  /** Used and reserved may be over the limit by as much as they were when it was lowered; bytes in all. */
  allowance = 0;
  readonly hints = new Map<string, Hint>();
  private readonly histories = new Map<string, readonly Tag.Versions[]>();

  constructor(readonly traits: Traits) {}

  /** What may have become of a tag. */
  worlds(repository: string, tag: string): readonly Tag.Versions[] {
    return this.histories.get(`${repository} ${tag}`) ?? [[]];
  }

  /** Every tag of which something is or may be known. */
  *tags(): Iterable<{ readonly repository: string; readonly tag: string; readonly worlds: readonly Tag.Versions[] }> {
    for (const [key, worlds] of this.histories) {
      const [repository, tag] = key.split(' ') as [string, string];
      yield { repository, tag, worlds };
    }
  }

  /** Something happened to a tag; several results = one of them is true. */
  change(repository: string, tag: string, ...changes: readonly ((versions: Tag.Versions) => Tag.Versions)[]): void {
    const worlds = this.worlds(repository, tag).flatMap((versions) => changes.map((change) => change(versions)));
    this.histories.set(`${repository} ${tag}`, distinct(worlds));
  }

  /** The same for every tag, or for those of a repository. */
  changeAll(
    changes: readonly ((versions: Tag.Versions) => Tag.Versions)[],
    only: string | undefined = undefined,
  ): void {
    for (const { repository, tag } of [...this.tags()])
      if (only === undefined || only === repository) this.change(repository, tag, ...changes);
  }

  /** Everything that was cached is another upstream's, or of an organization that is gone. */
  forgetAll(): void {
    this.histories.clear();
    this.hints.clear();
  }

  /** Keeps the worlds in which a tag looks like this; false = there is none. */
  agree(repository: string, tag: string, shown: readonly ShownVersion[], now: number): boolean {
    const text = showText(shown);
    const worlds = this.worlds(repository, tag).filter((versions) => showText(show(versions, now)) === text);
    if (worlds.length === 0) return false;
    this.histories.set(`${repository} ${tag}`, worlds);
    return true;
  }
}

/** How versions look from outside at a time. */
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

function distinct(worlds: readonly Tag.Versions[]): readonly Tag.Versions[] {
  return [...new Map(worlds.map((versions) => [JSON.stringify(versions), versions])).values()];
}
