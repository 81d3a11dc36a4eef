import { setMaxListeners } from 'node:events';
import { type Deadline, startDeadline } from '../../../../common/async/deadline';
import { isLayoverError, LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import { Authorizer } from '../auth/authorizer';
import { createConnections } from '../http/create-connections';
import { RequestLimits } from '../http/request-limits';
import { abortError } from '../http/transport-error';
import { getUpstreamManifest } from './get-manifest';
import { headBlob } from './head-blob';
import { headManifest } from './head-manifest';
import { headLimitMs } from './head-limit';
import { HeadSupport } from './head-support';
import { listReferrers } from './list-referrers';
import { listUpstreamTags } from './list-tags';
import { type UpstreamBlob, openUpstreamBlob } from './open-blob';
import { DEFAULT_TIMEOUTS, type UpstreamOptions } from '../options';
import { openUpstreamRange, readUpstreamRange } from './read-range';
import { RegistryClient } from './registry-client';
import { UpstreamHabits } from './upstream-habits';
import { UpstreamStates } from './upstream-states';
import type { UpstreamBlobStream, UpstreamOrigin, UpstreamRegistry } from '../upstream-registry';

/**
 * Creates the upstream client (port: upstream-registry.ts). A process needs one instance, which
 * holds connections, tokens and the state of upstreams, all bounded. Throws a TypeError for invalid
 * networks and proxies.
 */
export function createUpstreamRegistry(options: UpstreamOptions): UpstreamRegistry {
  const { clock, logger } = options;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const closing = new AbortController();
  // Every running operation listens to this signal.
  setMaxListeners(0, closing.signal);
  const connections = createConnections(options, timeouts);
  const { http } = connections;
  const states = new UpstreamStates(clock);
  const habits = new UpstreamHabits(clock);
  const heads = new HeadSupport(clock);
  const limits = new RequestLimits(clock);
  const authorizer = new Authorizer(http, clock, limits, () => scopeOf(undefined));
  const client = new RegistryClient(http, authorizer, limits, states, clock, options.hopId);

  function scopeOf(parent: AbortSignal | undefined, ms = timeouts.operationMs): Deadline {
    const reason = (): LayoverError =>
      new LayoverError('UPSTREAM_TIMEOUT', {
        message: `the upstream did not complete its answer within ${Math.round(ms / 1000)} seconds`,
      });
    return startDeadline({ clock, ms, reason }, parent, closing.signal);
  }

  function failure(origin: UpstreamOrigin, error: unknown, signal: AbortSignal): LayoverError {
    const known = signal.aborted && !isLayoverError(error) ? abortError(signal) : toLayoverError(error);
    states.failed(origin, known);
    const { key, upstreamStatus } = known;
    logger.debug({ upstream: origin.host, key, upstreamStatus, reason: known.message }, 'An upstream request failed');
    return known;
  }

  async function run<T>(
    origin: UpstreamOrigin,
    signal: AbortSignal | undefined,
    operation: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const scope = scopeOf(signal);
    try {
      const result = await operation(scope.signal);
      states.succeeded(origin);
      return result;
    } catch (error) {
      throw failure(origin, error, scope.signal);
    } finally {
      scope.release();
    }
  }

  function blobStream(
    origin: UpstreamOrigin,
    opened: UpstreamBlob,
    decode: boolean,
    scope: Deadline,
  ): UpstreamBlobStream {
    const { answer, size, offset, isEncoded } = opened;
    async function* body(): AsyncGenerator<Buffer, void, undefined> {
      try {
        yield* decode ? answer.body.stream() : answer.body.raw();
      } catch (error) {
        throw failure(origin, error, scope.signal);
      } finally {
        scope.release();
      }
    }
    const cancel = (): void => {
      scope.abort(new LayoverError('CANCELLED'));
      answer.body.cancel();
      scope.release();
    };
    return { size, isEncoded, offset, body: body(), cancel };
  }

  return {
    headManifest: (repository, reference, signal, alsoAccept = []) =>
      run(repository.origin, signal, (scoped) =>
        headManifest(client, heads, { repository, reference, alsoAccept, headersMs: timeouts.headersMs }, scoped),
      ),
    getManifest: (repository, reference, signal, alsoAccept) =>
      run(repository.origin, signal, (scoped) =>
        getUpstreamManifest(client, repository, reference, scoped, alsoAccept),
      ),
    headBlob: (repository, digest, signal) =>
      run(repository.origin, signal, (scoped) =>
        headBlob(client, repository, digest, headLimitMs(timeouts.headersMs), scoped),
      ),
    readRange: (repository, digest, range, signal) =>
      run(repository.origin, signal, (scoped) => readUpstreamRange(client, repository, digest, range, scoped)),
    listTags: (repository, page, signal) =>
      run(repository.origin, signal, (scoped) => listUpstreamTags(client, habits, repository, page, scoped)),
    listReferrers: (repository, digest, page, signal) =>
      run(repository.origin, signal, (scoped) => listReferrers(client, habits, repository, digest, page, scoped)),
    async openBlob(repository, digest, offset, signal, { decode = false } = {}) {
      const headersMs = timeouts.blobHeadersMs;
      const scope = scopeOf(signal, timeouts.operationMs + headersMs);
      try {
        const options = { offset, decode, headersMs, signal: scope.signal };
        const opened = await openUpstreamBlob(client, repository, digest, options);
        // A body may take any time as long as bytes arrive.
        scope.lift();
        states.succeeded(repository.origin);
        return blobStream(repository.origin, opened, decode, scope);
      } catch (error) {
        const known = failure(repository.origin, error, scope.signal);
        scope.release();
        throw known;
      }
    },
    async openRange(repository, digest, range, signal) {
      const scope = scopeOf(signal);
      try {
        const opened = await openUpstreamRange(client, repository, digest, range, scope.signal);
        scope.lift();
        states.succeeded(repository.origin);
        if (opened !== undefined) {
          const stream = { ...opened, offset: range.offset, isEncoded: false };
          return blobStream(repository.origin, stream, false, scope);
        }
        scope.release();
        return undefined;
      } catch (error) {
        const known = failure(repository.origin, error, scope.signal);
        scope.release();
        throw known;
      }
    },
    health: (origin) => states.health(origin),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(new LayoverError('CANCELLED', { message: 'Layover is shutting down' }));
      await connections.close();
    },
  };
}
