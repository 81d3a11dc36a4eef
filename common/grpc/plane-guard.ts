import { createHash, timingSafeEqual } from 'node:crypto';
import { type Metadata, type ServerInterceptor, ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';
import type { PlaneName } from '../runtime/plane-name';
import { callersOf, planesOf } from '../security/plane-names';

/** Metadata that carries the secret that planes share. */
export const SECRET_METADATA = 'layover-plane-secret';

/** Refusals are told at most this often, in milliseconds: whoever knocks must not fill the log. */
const TELL_MS = 10_000;

/** What callers must show; what is undefined is not asked for. */
export interface GuardOptions {
  /** Certificates must name a plane of this domain that may call the service. */
  readonly domain: string | undefined;
  /** One of these. */
  readonly secrets: readonly string[] | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

type GuardedCall = Parameters<ServerInterceptor>[1];

/**
 * Stands in front of every call to a server, whatever the service (health too): who does not show what is asked for gets UNAUTHENTICATED and not a word more, and
 * no handler hears of the call. Handlers never see the secret.
 */
export function createPlaneGuard(options: GuardOptions): ServerInterceptor {
  const secrets = options.secrets?.map(hash);
  const planesOfConnection = new WeakMap<object, ReadonlySet<PlaneName>>();
  const tell = createTeller(options);

  /** Read once for a connection: that takes longer than most calls. */
  function planesBehind(call: GuardedCall, domain: string): ReadonlySet<PlaneName> {
    const connection = connectionOf(call);
    const known = connection && planesOfConnection.get(connection);
    if (known !== undefined) return known;
    const certificate = call.getAuthContext().sslPeerCertificate?.raw;
    const planes = certificate === undefined ? new Set<PlaneName>() : planesOf(certificate, domain);
    if (connection !== undefined) planesOfConnection.set(connection, planes);
    return planes;
  }

  function whatIsWrong(path: string, call: GuardedCall, metadata: Metadata): string | undefined {
    const { domain } = options;
    if (domain !== undefined) {
      const planes = planesBehind(call, domain);
      if (!callersOf(path).some((plane) => planes.has(plane)))
        return `its certificate is not one of ${callersOf(path).join(', ')}`;
    }
    if (secrets === undefined) return undefined;
    const [given] = metadata.get(SECRET_METADATA);
    if (given === undefined) return 'it has no secret';
    const hashed = hash(given);
    // Every one is compared: how long that takes says nothing.
    return secrets.map((secret) => timingSafeEqual(secret, hashed)).includes(true) ? undefined : 'its secret is wrong';
  }

  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, forward) {
            const problem = whatIsWrong(path, call, metadata);
            metadata.remove(SECRET_METADATA);
            if (problem === undefined) {
              forward(metadata);
              return;
            }
            call.sendStatus({ code: status.UNAUTHENTICATED, details: 'UNAUTHENTICATED' });
            tell(path, call.getPeer(), problem);
          },
          // Declared so that all four are there for grpc-js's types.
          onReceiveMessage: (message, forward) => forward(message),
          onReceiveHalfClose: (forward) => forward(),
          onCancel: () => undefined,
        }),
    });
}

/** Same length for all, so that timingSafeEqual can compare. */
function hash(secret: string | Buffer): Buffer {
  return createHash('sha256').update(secret).digest();
}

/**
 * The connection of a call, as an identity. grpc-js 1.14 has no name for it: this is the private field of its innermost call. Where that is gone one day, the
 * certificate is read for every call, which is slow and right.
 */
function connectionOf(call: GuardedCall): object | undefined {
  const { stream } = call as unknown as { readonly stream?: { readonly session?: object } };
  return typeof stream?.session === 'object' ? stream.session : undefined;
}

function createTeller({ clock, logger }: GuardOptions): (path: string, peer: string, problem: string) => void {
  let toldAt = -Infinity;
  let untold = 0;
  return (path, peer, problem) => {
    if (clock.now() - toldAt < TELL_MS) {
      untold += 1;
      return;
    }
    toldAt = clock.now();
    logger.warn({ path, peer, problem, notTold: untold }, 'a call that is not from a plane of ours was refused');
    untold = 0;
  };
}
