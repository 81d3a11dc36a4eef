import { ORGANIZATIONS, type RightsPull } from './rights-actions';
import type { RightsContent } from './rights-content';

/** An organization as its settings are. Times are milliseconds. */
export interface RightsSettings {
  hasCredentials: boolean;
  /** Whether the allow list has only the first repository. */
  isLimited: boolean;
  revalidateAfter: number;
  staleIfError: number;
  expiration: number;
}

/** What a client saw. `status` 0 means that the connection broke. */
export interface RightsAnswer {
  readonly status: number;
  /** X-Layover-Cache, or empty. */
  readonly cache: string;
  /** Docker-Content-Digest, or empty. */
  readonly digest: string;
  readonly requestId: string;
  readonly body: Buffer;
}

/** The conditions of a request. Times are milliseconds since the epoch. */
export interface RightsConditions {
  readonly now: number;
  /** Whether the upstream has a fault. */
  readonly fault: boolean;
  /** Whether a plane was killed meanwhile. */
  readonly crash: boolean;
}

const OUTAGE = [502, 503, 504];

/**
 * Which answers are right, from docs/design/pull-semantics.md only. What the model knows of the
 * cache is an upper bound: what a request can have confirmed, not what it has.
 */
export class RightsModel {
  readonly settings: readonly RightsSettings[] = ORGANIZATIONS.map(() => ({
    hasCredentials: true,
    isLimited: false,
    revalidateAfter: 0,
    staleIfError: 600_000,
    expiration: 86_400_000,
  }));
  /** Confirmations of tags, by organization, repository and tag. */
  private readonly confirmed = new Map<string, { readonly digest: string; readonly at: number }[]>();
  /** Digests that a repository of an organization can hold. */
  private readonly held = new Set<string>();

  constructor(private readonly content: RightsContent) {}

  /** Whether the account of an organization may read a repository at the upstream now. */
  mayRead(organization: number, repository: number): boolean {
    return this.settings[organization]!.hasCredentials && (organization === 0 || repository === 0);
  }

  /** Applies the deletion of a tag: what was confirmed before is not served any more. */
  deleted(organization: number, repository: number, tag: number): void {
    this.confirmed.delete(`${organization} ${repository} ${tag}`);
  }

  /** Applies what a request can have confirmed, before it is judged. */
  asked(pull: RightsPull, { now }: RightsConditions): void {
    const { organization, repository, tag, image, what } = pull;
    if (!this.mayRead(organization, repository) || this.isDenied(pull)) return;
    if (what === 'tag' || what === 'head') {
      const { digest } = this.content.current(repository, tag);
      const key = `${organization} ${repository} ${tag}`;
      this.confirmed.set(key, [...(this.confirmed.get(key) ?? []), { digest, at: now }]);
      this.held.add(`${organization} ${repository} ${digest}`);
    } else if (what === 'digest')
      this.held.add(`${organization} ${repository} ${this.content.images[repository]![image]!.digest}`);
  }

  /** Returns why an answer is wrong, or undefined. */
  judge(pull: RightsPull, answer: RightsAnswer, c: RightsConditions): string | undefined {
    if (answer.status === 0) return c.crash || (c.fault && isBlob(pull)) ? undefined : 'the connection broke';
    if (answer.status === 200 || answer.status === 206) return this.judgeContent(pull, answer, c);
    if (this.isDenied(pull)) return answer.status === 403 || this.isOutage(answer, c) ? undefined : 'expected 403';
    if (this.isOutage(answer, c)) return undefined;
    if (pull.what === 'stolen' || pull.what === 'stolen-blob')
      return [403, 404].includes(answer.status) ? undefined : 'expected 403 or 404';
    if (this.mayRead(pull.organization, pull.repository)) return 'expected content';
    return answer.status === 403 ? undefined : 'expected 403';
  }

  /** Whether the allow list of the organization lacks the repository of a request. */
  private isDenied({ organization, repository, what }: RightsPull): boolean {
    return repositoryOf(what, repository) === 1 && this.settings[organization]!.isLimited;
  }

  private isOutage({ status }: RightsAnswer, { fault, crash }: RightsConditions): boolean {
    return (fault || crash) && OUTAGE.includes(status);
  }

  private judgeContent(pull: RightsPull, answer: RightsAnswer, c: RightsConditions): string | undefined {
    const { organization, repository, what } = pull;
    if (this.isDenied(pull)) return 'expected 403, the repository is not in the allow list';
    switch (what) {
      case 'stolen':
        return 'the repository does not have this manifest';
      case 'stolen-blob':
        // Proofs are of an account, not of a repository.
        if (!this.mayRead(organization, 1)) return 'the account may not read this blob';
        return this.rightBytes(answer, this.content.images[1]![pull.image]!.layers[0]!.bytes);
      case 'blob':
      case 'range': {
        if (!this.mayRead(organization, repository)) return 'the account may not read this blob';
        const { bytes } = blobOf(this.content, pull);
        return this.rightBytes(answer, what === 'range' ? bytes.subarray(RANGE.first, RANGE.last + 1) : bytes);
      }
      case 'digest': {
        const { digest, manifest } = this.content.images[repository]![pull.image]!;
        if (!this.mayRead(organization, repository) && !this.held.has(`${organization} ${repository} ${digest}`))
          return 'the account may not read this manifest';
        return answer.digest === digest ? this.rightBytes(answer, manifest) : `expected ${digest}`;
      }
      default:
        return this.judgeTag(pull, answer, c);
    }
  }

  private judgeTag(
    pull: RightsPull,
    answer: RightsAnswer,
    { now, fault, crash }: RightsConditions,
  ): string | undefined {
    const { organization, repository, tag, what } = pull;
    const built = this.content.images[repository]!.find(({ digest }) => digest === answer.digest);
    if (built === undefined) return 'the upstream never had this version';
    if (what === 'tag' && !answer.body.equals(built.manifest)) return 'wrong bytes';
    const { revalidateAfter, staleIfError } = this.settings[organization]!;
    const since = (milliseconds: number): boolean =>
      (this.confirmed.get(`${organization} ${repository} ${tag}`) ?? []).some(
        ({ digest, at }) => digest === answer.digest && now - at <= milliseconds,
      );
    switch (answer.cache) {
      case 'HIT':
        return revalidateAfter > 0 && since(revalidateAfter) ? undefined : 'a HIT that was not confirmed in time';
      case 'STALE':
        if (!fault && !crash) return 'STALE, but the upstream has no fault';
        return since(staleIfError) ? undefined : 'a STALE version that was not confirmed in time';
      default:
        if (!this.mayRead(organization, repository)) return 'the account may not read this manifest';
        return answer.digest === this.content.current(repository, tag).digest ? undefined : 'not the current version';
    }
  }

  private rightBytes({ body }: RightsAnswer, right: Buffer): string | undefined {
    return body.equals(right) ? undefined : `${body.length} wrong bytes instead of ${right.length}`;
  }
}

/** The range of requests for a part of a blob, both ends included. */
export const RANGE = { first: 100, last: 1999 } as const;

/** Returns the index of the repository that a request names. */
export function repositoryOf(what: RightsPull['what'], repository: number): number {
  return what === 'stolen' || what === 'stolen-blob' ? 0 : repository;
}

/** Returns the blob of a request: the own layer of an image, or the one that all images share. */
export function blobOf(content: RightsContent, { what, repository, tag, image }: RightsPull) {
  if (what === 'stolen-blob') return content.images[1]![image]!.layers[0]!;
  return content.images[repository]![image]!.layers[tag]!;
}

function isBlob({ what }: RightsPull): boolean {
  return what === 'blob' || what === 'range' || what === 'stolen-blob';
}
