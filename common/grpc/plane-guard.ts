import { createHash, timingSafeEqual } from 'node:crypto';
import { type Metadata, type ServerInterceptor, ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';
import type { PlaneName } from '../runtime/plane-name';
import { callersOf, planesOf } from '../security/plane-names';

/** Metadata with the shared secret of the planes. */
export const SECRET_METADATA = 'layover-plane-secret';

/**
 * Minimum interval between two log lines about refused calls, in milliseconds, so that they cannot
 * fill the log.
 */
const REPORT_INTERVAL_MS = 10_000;

/** What callers must present. An undefined requirement is not checked. */
export interface GuardOptions {
  /** Domain of plane certificates: the caller's must name a plane that may call the service. */
  readonly domain: string | undefined;
  /** Accepted secrets. The caller must send one of them. */
  readonly secrets: readonly string[] | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

type GuardedCall = Parameters<ServerInterceptor>[1];

/**
 * Creates an interceptor that authenticates every call to a server, whatever the service (health
 * too). A call that fails the check ends with UNAUTHENTICATED without further details and does not
 * reach a handler. Handlers never see the secret.
 */
export function createPlaneGuard(options: GuardOptions): ServerInterceptor {
  const secrets = options.secrets?.map(hash);
  const planesOfConnection = new WeakMap<object, ReadonlySet<PlaneName>>();
  const report = createReporter(options);

  /** Reads the certificate once per connection, because that takes longer than most calls. */
  function planesOfCaller(call: GuardedCall, domain: string): ReadonlySet<PlaneName> {
    const connection = connectionOf(call);
    const known = connection && planesOfConnection.get(connection);
    if (known !== undefined) return known;
    const certificate = call.getAuthContext().sslPeerCertificate?.raw;
    const planes = certificate === undefined ? new Set<PlaneName>() : planesOf(certificate, domain);
    if (connection !== undefined) planesOfConnection.set(connection, planes);
    return planes;
  }

  function findProblem(path: string, call: GuardedCall, metadata: Metadata): string | undefined {
    const { domain } = options;
    if (domain !== undefined) {
      const planes = planesOfCaller(call, domain);
      if (!callersOf(path).some((plane) => planes.has(plane)))
        return `its certificate is not one of ${callersOf(path).join(', ')}`;
    }
    if (secrets === undefined) return undefined;
    const [given] = metadata.get(SECRET_METADATA);
    if (given === undefined) return 'it has no secret';
    const hashed = hash(given);
    // All secrets are compared, so that the duration reveals nothing.
    return secrets.map((secret) => timingSafeEqual(secret, hashed)).includes(true) ? undefined : 'its secret is wrong';
  }

  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, forward) {
            const problem = findProblem(path, call, metadata);
            metadata.remove(SECRET_METADATA);
            if (problem === undefined) {
              forward(metadata);
              return;
            }
            call.sendStatus({ code: status.UNAUTHENTICATED, details: 'UNAUTHENTICATED' });
            report(path, call.getPeer(), problem);
          },
          // The types of grpc-js require all four callbacks.
          onReceiveMessage: (message, forward) => forward(message),
          onReceiveHalfClose: (forward) => forward(),
          onCancel: () => undefined,
        }),
    });
}

/** Hashes a secret: timingSafeEqual needs buffers of equal length. */
function hash(secret: string | Buffer): Buffer {
  return createHash('sha256').update(secret).digest();
}

/**
 * Returns an object that identifies the connection of a call. grpc-js 1.14 has no API for this;
 * `stream` is a private field of its innermost call. If the field disappears, the certificate is
 * read for every call, which is slower but correct.
 */
function connectionOf(call: GuardedCall): object | undefined {
  const { stream } = call as unknown as { readonly stream?: { readonly session?: object } };
  return typeof stream?.session === 'object' ? stream.session : undefined;
}

function createReporter({ clock, logger }: GuardOptions): (path: string, peer: string, problem: string) => void {
  let reportedAt = -Infinity;
  let suppressed = 0;
  return (path, peer, problem) => {
    if (clock.steady() - reportedAt < REPORT_INTERVAL_MS) {
      suppressed += 1;
      return;
    }
    reportedAt = clock.steady();
    logger.warn({ path, peer, problem, suppressed }, 'A gRPC call without valid plane credentials was refused');
    suppressed = 0;
  };
}
