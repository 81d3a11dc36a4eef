import { namesContent } from '../../../common/oci/entity-tag';
import type { Clock } from '../../../common/runtime/clock';
import type { Access } from '../access/access';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import type { LocatedRepository, PullTarget } from '../access/pull-target';
import type { Completion } from './images/completion';
import type { ImageGate } from './gate/image-gate';
import type { ManifestRequest } from './manifest-request';
import type { UpstreamReporter } from '../journal/upstream-reporter';
import type { PullJournal } from '../journal/pull-journal';
import { toPullRecord } from '../journal/pull-event';
import type { RefusalSums } from '../journal/refusal-sums';
import { AcceptHeaders, type AcceptedTypes } from './content/accepts';
import { type PullProgress, refusedPull, servedPull } from './answered-pull';
import type { ManifestAnswer, ManifestLookup } from './content/manifest-answer';
import type { DigestResolver } from './resolve-digest';
import type { TagManifestResolver } from './resolve-tag';
import { endsCachedTag } from './tag-gone';

/** A manifest for a client, and the upstream that it belongs to. */
export interface ServedManifest extends AnsweredFor {
  readonly answer: ManifestAnswer;
  /** True if the client has this content already, so that the answer is 304. */
  readonly notModified: boolean;
}

/** The dependencies of the manifest service. */
export interface ManifestServiceParts {
  readonly access: Access;
  readonly tags: TagManifestResolver;
  readonly digests: DigestResolver;
  readonly gate: ImageGate;
  readonly completion: Pick<Completion, 'consider'>;
  readonly journal: PullJournal;
  readonly refusals: RefusalSums;
  readonly reporter: UpstreamReporter;
  readonly clock: Clock;
}

/** Handles manifest requests from the address to the answer, including the pull record. */
export class ManifestService {
  private readonly accepts = new AcceptHeaders();

  constructor(private readonly parts: ManifestServiceParts) {}

  /**
   * Authorizes, resolves, records and answers, in this order: the record is on disk before the
   * answer is sent (docs/design/records.md#pull-records). If a record cannot be written, the
   * journal drops, logs and counts it, and the pull continues (ADR 7). Throws the errors of Access,
   * the resolvers and the gate.
   */
  async get(request: ManifestRequest): Promise<ServedManifest> {
    let located: LocatedRepository | undefined;
    let target: PullTarget | undefined;
    let actor: string | undefined;
    let answer: ManifestAnswer;
    try {
      located = await this.parts.access.locateForClient(request);
      target = await this.parts.access.authorize(located, request.context.authorization, {
        onIdentified: (identified) => {
          actor = identified;
        },
      });
      const accepted = this.accepts.read(request.accept);
      const query = queryOf(target, request, accepted);
      answer = await this.resolve(target, request, query);
      accepted.require(answer.descriptor.mediaType);
      if (target.organization.scanPolicy !== undefined) await this.parts.gate.pass(target, answer, query);
    } catch (thrown) {
      if (target !== undefined) this.parts.reporter.touch(target);
      await this.recordRefusal(request, { located, target, actor }, thrown);
      throw thrown;
    }
    this.parts.reporter.touch(target);
    const notModified = namesContent(request.ifNoneMatch, answer.descriptor.digest);
    const served = servedPull(request, { located, target, actor }, { answer, notModified });
    await this.parts.journal.append(toPullRecord(served));
    if (!request.headOnly && answer.cacheStatus !== 'BYPASS' && answer.content !== undefined) {
      const fresh = answer.cacheStatus === 'MISS' || answer.cacheStatus === 'UPDATED';
      this.parts.completion.consider(target, answer.descriptor, answer.content, fresh);
    }
    return { answer, notModified, ...answeredFor(target) };
  }

  private resolve(target: PullTarget, request: ManifestRequest, query: ManifestLookup): Promise<ManifestAnswer> {
    return request.reference.kind === 'tag'
      ? this.parts.tags.resolve(target, request.reference.tag, query)
      : this.parts.digests.resolve(target, request.reference.digest, query);
  }

  private async recordRefusal(request: ManifestRequest, progress: PullProgress, thrown: unknown): Promise<void> {
    // Another reading of the address is tried, and is on record with the identity of the request.
    const isTentative = request.isTentative?.(thrown) === true;
    if (isTentative && !endsCachedTag(thrown)) return;
    const pull = refusedPull(request, progress, thrown, this.parts.clock.now());
    await this.parts.refusals.pullRefused(isTentative ? { ...pull, recordId: '' } : pull, endsCachedTag(thrown));
  }
}

/**
 * Returns the look-up for a request. If the image needs a verdict, or may be refused because it
 * does not fit into the quota, a HEAD fetches it like a GET: only held images can be scanned, and
 * only their admission tells whether they fit.
 */
function queryOf(
  { organization, quotaBytes }: PullTarget,
  { headOnly, context, signal }: ManifestRequest,
  { requestable }: AcceptedTypes,
): ManifestLookup {
  const needsVerdict = organization.scanPolicy !== undefined && organization.scanPolicy.unscanned !== 'SERVE';
  const mayNotFit = quotaBytes !== undefined && organization.rejectsOversize;
  return {
    headOnly: headOnly && !needsVerdict && !mayNotFit,
    alsoAccept: requestable,
    requestId: context.requestId,
    signal,
  };
}
