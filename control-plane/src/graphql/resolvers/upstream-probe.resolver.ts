import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { RunningProbes } from '../limits/running-probes';
import type { GraphqlContext } from '../request/context';
import { ProxyCacheInput } from '../inputs/proxy-cache.input';
import { validateProxyCache } from '../../tenancy/organizations/validate-proxy-cache';
import { ProxyCacheValidationType } from '../types/validation.type';
import type { UpstreamProbe } from '../../data-planes/upstream-probe';

/** Probes an upstream with a proxy cache configuration. */
@Resolver()
export class UpstreamProbeResolver {
  private readonly running = new RunningProbes();

  constructor(private readonly upstreams: UpstreamProbe) {}

  @Mutation(() => ProxyCacheValidationType, {
    description:
      'Checks an upstream now, through a data plane. Changes nothing and writes no audit event. ' +
      'The input is validated as in applyOrganization. Stored passwords are not used: without ' +
      'upstreamPassword, the upstream is checked anonymously. If the upstream names a token server ' +
      'that is not trusted with the credentials, the message tells what to add to trustedRealms. Errors: BAD_USER_INPUT; ' +
      'RATE_LIMITED if too many checks are running; UNAVAILABLE if no data plane answers within 15 ' +
      'seconds.',
  })
  async validateProxyCache(
    @Ctx() { viewer }: GraphqlContext,
    @Arg('input', () => ProxyCacheInput) input: ProxyCacheInput,
  ): Promise<ProxyCacheValidationType> {
    const desired = validateProxyCache(input, 'input');
    const {
      upstreamHost,
      upstreamNamespace,
      upstreamUsername: username,
      password,
      insecure,
      caCertificate,
      trustedRealms,
    } = desired;
    const credentials =
      username !== undefined && password.kind === 'set' ? { username, password: password.password } : undefined;
    const target = {
      host: upstreamHost,
      namespace: upstreamNamespace,
      credentials,
      insecure,
      caCertificate,
      trustedRealms,
    };
    const probe = await this.running.run(viewer.id, () => this.upstreams.probe(target));
    const { outcome, message, anonymous, latencyMs } = probe;
    const note =
      username !== undefined && credentials === undefined
        ? ' It was checked anonymously because upstreamPassword was not given.'
        : '';
    return { outcome, message: message + note, anonymous, latencyMilliseconds: latencyMs ?? null };
  }
}
