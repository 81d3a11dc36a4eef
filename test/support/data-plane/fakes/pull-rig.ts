import { pino } from 'pino';
import { parseReference, type Reference } from '../../../../common/oci/reference';
import { AttemptThrottle } from '../../../../common/security/attempt-throttle';
import type { Logger } from '../../../../common/runtime/logger';
import { Access } from '../../../../data-plane/src/access/access';
import type { Owner } from '../../../../data-plane/src/access/find-organization';
import { PullTokens } from '../../../../data-plane/src/access/pull-tokens';
import { RobotLogins } from '../../../../data-plane/src/access/robot-logins';
import { Completion } from '../../../../data-plane/src/manifests/images/completion';
import { ImageGate } from '../../../../data-plane/src/manifests/gate/image-gate';
import type { Verdict } from '../../../../data-plane/src/manifests/gate/image-judge';
import { ManifestContents } from '../../../../data-plane/src/manifests/content/manifest-contents';
import { ManifestKeeper } from '../../../../data-plane/src/manifests/manifest-keeper';
import type { ManifestRequest } from '../../../../data-plane/src/manifests/manifest-request';
import { ManifestService, type ServedManifest } from '../../../../data-plane/src/manifests/manifest-service';
import { DigestResolver } from '../../../../data-plane/src/manifests/resolve-digest';
import { TagManifestResolver } from '../../../../data-plane/src/manifests/resolve-tag';
import { TagChecker } from '../../../../data-plane/src/manifests/tag-checker';
import { TagHints } from '../../../../data-plane/src/manifests/tag-hints';
import type { RequestContext } from '../../../../data-plane/src/access/request';
import { RefusalSums } from '../../../../data-plane/src/journal/refusal-sums';
import { UpstreamReporter } from '../../../../data-plane/src/journal/upstream-reporter';
import { StoredBlobs } from '../../../../data-plane/src/store/guard/stored-blobs';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';
import { TestClock } from '../../test-clock';
import { MemoryBlobStore } from './memory-blob-store';
import { MemoryJournal } from './memory-journal';
import { MemoryKnowledge } from './memory-knowledge';
import { MemoryUpstream } from './memory-upstream';
import { organization, type OrganizationSpec, snapshotOf, TestConfiguration } from './organizations';

/** The context of a request without credentials. */
export const CONTEXT: RequestContext = {
  requestId: 'request-1',
  clientAddress: '192.0.2.7',
  userAgent: 'test/1',
  authorization: '',
  authorizedAt: 0,
  hops: [],
  recordId: '',
  attempt: 0,
};

export const silentLogger: Logger = pino({ level: 'silent' });

/** The parameters of a manifest request. */
export interface Ask {
  readonly organization?: string;
  readonly owner?: Owner;
  readonly repository?: string;
  readonly head?: boolean;
  readonly accept?: readonly string[];
  readonly ifNoneMatch?: string;
  readonly authorization?: string;
  readonly recordId?: string;
  readonly attempt?: number;
  readonly isTentative?: ManifestRequest['isTentative'];
  readonly signal?: AbortSignal;
}

/** Creates all parts that answer manifest requests, with fakes in memory and a manual clock. */
export function pullRig(...specs: readonly OrganizationSpec[]) {
  const clock = new TestClock();
  const configuration = new TestConfiguration(
    snapshotOf((specs.length > 0 ? specs : [{ name: 'acme' }]).map(organization)),
  );
  const tokens = new PullTokens(clock);
  const upstream = new MemoryUpstream();
  const knowledge = new MemoryKnowledge();
  const store = new MemoryBlobStore();
  const journal = new MemoryJournal();
  const refusals = new RefusalSums(journal, clock);
  const logins = new RobotLogins(new AttemptThrottle(clock), clock, (failure) => refusals.loginFailed(failure));
  const checks = { tokens, logins };
  const access = new Access(configuration, checks, 'this-node');
  const uses = new ContentUses(clock);
  const stored = new StoredBlobs({ store, uses, logger: silentLogger });
  const contents = new ManifestContents(stored, 1024 * 1024, uses);
  const keeper = new ManifestKeeper(upstream, contents, knowledge, clock);
  const hints = new TagHints(clock);
  const checker = new TagChecker(upstream, clock);
  const completed: string[] = [];
  const completion = new Completion(
    async (target, blob) => void completed.push(`${target.organization.name} ${blob.digest}`),
    { maxWaiting: 100, concurrency: 2, delayMs: 1000 },
    clock,
    silentLogger,
  );
  /**
   * `judged` records the calls to the judge of the gate; `filled` decides about the fill of an
   * image for its scan.
   */
  const judged: { digest: string; waitMs: number; signal: AbortSignal }[] = [];
  const gateWorld = {
    judge: async (): Promise<Verdict> => ({
      kind: 'unscanned',
      reason: '',
      vulnerabilities: [],
      pending: true,
      goodForMs: 0,
    }),
    fill: async (): Promise<void> => undefined,
    fills: 0,
  };
  const gate = new ImageGate({
    judge: {
      judge: (_repository, digest, waitMs, _requestId, signal) => {
        judged.push({ digest, waitMs, signal });
        return gateWorld.judge();
      },
    },
    filler: {
      fill: () => {
        gateWorld.fills += 1;
        return gateWorld.fill();
      },
    },
    completion,
    configuration,
    clock,
  });
  const reporter = new UpstreamReporter(upstream, journal, clock, silentLogger);
  const manifests = new ManifestService({
    access,
    tags: new TagManifestResolver({ knowledge, contents, keeper, checker, hints, clock }),
    digests: new DigestResolver({ knowledge, contents, keeper, hints, upstream }),
    gate,
    completion,
    journal,
    refusals,
    reporter,
    clock,
  });
  const get = (reference: string, ask: Ask = {}): Promise<ServedManifest> =>
    manifests.get({
      context: {
        ...CONTEXT,
        authorization: ask.authorization ?? '',
        recordId: ask.recordId ?? '',
        attempt: ask.attempt ?? 0,
      },
      owner: ask.owner ?? { kind: 'organization', name: ask.organization ?? 'acme' },
      repository: ask.repository ?? 'team/app',
      reference: parseReference(reference) as Reference,
      headOnly: ask.head ?? false,
      accept: ask.accept ?? [],
      ...(ask.ifNoneMatch === undefined ? {} : { ifNoneMatch: ask.ifNoneMatch }),
      ...(ask.isTentative === undefined ? {} : { isTentative: ask.isTentative }),
      signal: ask.signal,
    });
  /** Returns the cache status of an answer, or the key of its error. */
  const outcome = async (reference: string, ask: Ask = {}): Promise<string> =>
    get(reference, ask).then(
      ({ answer }) => answer.cacheStatus,
      (error: { key?: string }) => error.key ?? String(error),
    );
  return {
    clock,
    configuration,
    tokens,
    checks,
    refusals,
    access,
    upstream,
    knowledge,
    store,
    stored,
    uses,
    contents,
    journal,
    completion,
    completed,
    reporter,
    judged,
    gateWorld,
    get,
    outcome,
  };
}
