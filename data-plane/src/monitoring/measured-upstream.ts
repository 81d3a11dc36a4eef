import { toLayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import { traced, type Tracer } from '../../../common/tracing/tracer';
import type { DataPlaneMetrics } from './metrics';
import type { UpstreamOrigin, UpstreamRegistry } from '../upstream/upstream-registry';
import { RateLimits } from './rate-limits';

/** Valid answers, and failures that the upstream did not cause. */
const NO_ERRORS: ReadonlySet<string> = new Set(['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN', 'NAME_UNKNOWN', 'CANCELLED']);

/** Names of the operations in metrics and traces. */
type Operation =
  'head-manifest' | 'get-manifest' | 'head-blob' | 'open-blob' | 'read-range' | 'list-tags' | 'list-referrers';

/**
 * Wraps the upstreams to count, time and trace every operation. For a blob, the operation ends with
 * the response headers; the body belongs to the fill. Spans name the configured host, never a URL,
 * because URLs may be signed.
 */
export function measuredUpstream(
  registry: UpstreamRegistry,
  metrics: DataPlaneMetrics,
  tracer: Tracer,
  clock: Clock,
): UpstreamRegistry {
  const limits = new RateLimits(metrics, clock);

  async function measure<T>(operation: Operation, origin: UpstreamOrigin, work: () => Promise<T>): Promise<T> {
    const upstream = metrics.upstreams.of(origin.host);
    metrics.upstreamRequests.labels({ upstream }).inc();
    const startedAt = performance.now();
    try {
      return await traced(
        tracer,
        `upstream ${operation}`,
        { kind: 'client', attributes: { 'server.address': origin.host } },
        work,
      );
    } catch (error) {
      const { key } = toLayoverError(error);
      if (!NO_ERRORS.has(key)) metrics.upstreamErrors.labels({ upstream, reason: key }).inc();
      throw error;
    } finally {
      metrics.upstreamSeconds.labels({ operation }).observe((performance.now() - startedAt) / 1000);
      limits.note(origin, registry.health(origin));
    }
  }

  return {
    headManifest: (repository, reference, signal, alsoAccept) =>
      measure('head-manifest', repository.origin, () =>
        registry.headManifest(repository, reference, signal, alsoAccept),
      ),
    getManifest: (repository, reference, signal, alsoAccept) =>
      measure('get-manifest', repository.origin, () => registry.getManifest(repository, reference, signal, alsoAccept)),
    headBlob: (repository, digest, signal) =>
      measure('head-blob', repository.origin, () => registry.headBlob(repository, digest, signal)),
    openBlob: (repository, digest, offset, signal) =>
      measure('open-blob', repository.origin, () => registry.openBlob(repository, digest, offset, signal)),
    readRange: (repository, digest, range, signal) =>
      measure('read-range', repository.origin, () => registry.readRange(repository, digest, range, signal)),
    listTags: (repository, page, signal) =>
      measure('list-tags', repository.origin, () => registry.listTags(repository, page, signal)),
    listReferrers: (repository, digest, page, signal) =>
      measure('list-referrers', repository.origin, () => registry.listReferrers(repository, digest, page, signal)),
    health: (origin) => registry.health(origin),
    close: () => registry.close(),
  };
}
