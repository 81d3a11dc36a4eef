import type { ModelOrganization } from './model-organization';
import type { Pulled } from './pull';
import * as Tag from './tag-versions';

/** A client's request. */
export interface Asked {
  readonly method: 'GET' | 'HEAD';
  readonly repository: string;
  /** A tag. undefined = by digest. */
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** The conditions of a request. */
export interface Circumstances {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /**
   * The digest that the upstream's tag points to (or the requested digest). undefined if the
   * upstream does not have it.
   */
  readonly upstream: string | undefined;
  readonly upstreamDown: boolean;
  /** Digests of the manifests that the repository holds. */
  readonly held: ReadonlySet<string>;
  /**
   * Whether the control plane decides immediately. Otherwise an admission waits in the journal and
   * can be refused at its delivery.
   */
  readonly controlUp: boolean;
  /**
   * Whether no plane was killed and no other client pulled at the same time. Then the response is
   * deterministic.
   */
  readonly alone: boolean;
  readonly quotasOn: boolean;
}

/** A correct response: X-Layover-Cache with the digest, or a status. */
export type Right = { readonly cache: string; readonly digest: string } | { readonly status: number };

const HINT_MS = 600_000;
const OUTAGE: readonly Right[] = [{ status: 502 }, { status: 503 }, { status: 504 }];

/**
 * Returns all correct responses (docs/design/pull-semantics.md#manifest-by-tag), without those
 * caused by a quota.
 */
export function rightAnswers(organization: ModelOrganization, asked: Asked, c: Circumstances): readonly Right[] {
  if (asked.tag === undefined) {
    if (c.held.has(asked.digest!)) return [{ cache: 'HIT', digest: asked.digest! }];
    return c.upstreamDown ? OUTAGE : [{ cache: 'MISS', digest: asked.digest! }];
  }
  return organization.candidates(asked.repository, asked.tag).flatMap((versions) => ofTag(organization, versions, c));
}

function ofTag({ traits }: ModelOrganization, versions: Tag.Versions, c: Circumstances): readonly Right[] {
  const known = Tag.known(versions);
  const expired = known !== undefined && Tag.isExpired(known, c.now);
  if (known !== undefined && !expired && c.now - known.checkedAt < traits.revalidateAfter)
    return [{ cache: 'HIT', digest: known.digest }];
  const stale: readonly Right[] = known === undefined || expired ? [] : [{ cache: 'STALE', digest: known.digest }];
  if (c.upstreamDown) return stale.length > 0 ? stale : OUTAGE;
  if (c.upstream === undefined) return traits.keep && stale.length > 0 ? stale : [{ status: 404 }];
  if (known === undefined) return [{ cache: 'MISS', digest: c.upstream }];
  return [{ cache: known.digest === c.upstream ? 'REVALIDATED' : 'UPDATED', digest: c.upstream }];
}

/** Throws an Error if the response is not a correct one. */
export function requireRight(
  organization: ModelOrganization,
  asked: Asked,
  answer: Pulled,
  right: readonly Right[],
  c: Circumstances,
): void {
  const quota = c.quotasOn ? organization.quota : undefined;
  const isRight = right.some((one) => {
    if ('status' in one) return answer.status === one.status;
    if (answer.status === 200 && answer.digest === one.digest) {
      if (answer.cache === one.cache) return true;
      const mayBypass = one.cache === 'MISS' || one.cache === 'UPDATED';
      return answer.cache === 'BYPASS' && mayBypass && quota?.onOversize === 'PASS_THROUGH';
    }
    return answer.status === 403 && quota?.onOversize === 'REJECT' && (one.cache === 'MISS' || one.cache === 'UPDATED');
  });
  if (isRight) return;
  throw new Error(
    `${organization.traits.name} ${JSON.stringify(asked)} returned ${JSON.stringify(answer)}; correct would be ${JSON.stringify(right)}`,
  );
}

/** Applies a response to the model. */
export function applyAnswer(organization: ModelOrganization, asked: Asked, answer: Pulled, c: Circumstances): void {
  if (asked.tag === undefined) return applyByDigest(organization, asked, answer, c);
  const { repository, tag } = asked;
  const { lifetime } = organization.traits;
  const change = (...changes: ((versions: Tag.Versions) => Tag.Versions)[]): void =>
    organization.change(repository, tag, ...changes);
  const same = (versions: Tag.Versions): Tag.Versions => versions;
  const record =
    (digest: string, checkedAt: number) =>
    (versions: Tag.Versions): Tag.Versions =>
      Tag.pulled(versions, digest, { at: c.now, good: true, checkedAt }, lifetime);
  const admit =
    (digest: string) =>
    (versions: Tag.Versions): Tag.Versions =>
      Tag.admitted(versions, digest, c.now, lifetime);
  const both =
    (digest: string) =>
    (versions: Tag.Versions): Tag.Versions =>
      record(digest, c.now)(admit(digest)(versions));
  if (answer.status === 200) {
    switch (answer.cache) {
      case 'HIT':
        return change(record(answer.digest, 0));
      case 'REVALIDATED':
        return change(record(answer.digest, c.now));
      case 'MISS':
      case 'UPDATED': {
        if (asked.method === 'GET' || headFetches(organization, c))
          return mayBeRefused(organization, c)
            ? change(both(answer.digest), record(answer.digest, c.now))
            : change(both(answer.digest));
        const held = c.held.has(answer.digest);
        if (c.alone && c.controlUp && held) return change(both(answer.digest));
        organization.hints.set(`${repository} ${answer.digest}`, { tag, at: c.now, certain: c.alone && c.controlUp });
        return c.alone && c.controlUp
          ? change(record(answer.digest, c.now))
          : change(both(answer.digest), record(answer.digest, c.now));
      }
      default:
        return;
    }
  }
  if (answer.status === 404)
    return organization.traits.keep ? undefined : change((versions) => Tag.deleted(versions, c.now));
  // The pull may have progressed to any point.
  if (c.alone) return;
  const hit = (versions: Tag.Versions): Tag.Versions => {
    const found = Tag.known(versions);
    const isHit =
      found !== undefined &&
      !Tag.isExpired(found, c.now) &&
      c.now - found.checkedAt < organization.traits.revalidateAfter;
    return isHit ? record(found.digest, 0)(versions) : versions;
  };
  if (c.upstreamDown) return change(same, hit);
  if (c.upstream === undefined)
    return organization.traits.keep ? change(same, hit) : change(same, hit, (versions) => Tag.deleted(versions, c.now));
  return change(same, both(c.upstream), admit(c.upstream), record(c.upstream, c.now), hit);
}

function applyByDigest(organization: ModelOrganization, asked: Asked, answer: Pulled, c: Circumstances): void {
  const hint = organization.hints.get(`${asked.repository} ${asked.digest!}`);
  const unfinished = answer.status === 0 && !c.alone;
  if (hint === undefined || (!unfinished && answer.cache !== 'MISS') || c.now - hint.at > HINT_MS) return;
  const move = (versions: Tag.Versions): Tag.Versions => {
    const known = Tag.known(versions);
    if (known !== undefined && known.checkedAt > hint.at) return versions;
    return Tag.admitted(versions, asked.digest!, hint.at, organization.traits.lifetime);
  };
  const certain = hint.certain && c.alone && c.controlUp;
  organization.change(asked.repository, hint.tag, move, ...(certain ? [] : [(versions: Tag.Versions) => versions]));
}

/**
 * Returns whether a HEAD fetches the image like a GET: only its admission tells whether it fits.
 */
function headFetches({ quota }: ModelOrganization, { quotasOn }: Circumstances): boolean {
  return quotasOn && quota?.onOversize === 'REJECT';
}

/**
 * Returns whether a served image can still be refused: an admission from the journal may find no
 * room.
 */
function mayBeRefused({ quota }: ModelOrganization, { controlUp, alone, quotasOn }: Circumstances): boolean {
  return (!controlUp || !alone) && quotasOn && quota !== undefined && quota.onOversize !== 'OVERFLOW';
}
