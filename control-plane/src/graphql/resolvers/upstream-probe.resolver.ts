import { Arg, Mutation, Resolver } from 'type-graphql';
import { ProxyCacheInput } from '../inputs/proxy-cache.input';
import { validateProxyCache } from '../../tenancy/organizations/validate-proxy-cache';
import { ProxyCacheValidationType } from '../types/validation.type';
import type { UpstreamProbe } from '../../data-planes/upstream-probe';

/** Trying out a proxy configuration in GraphQL. */
@Resolver()
export class UpstreamProbeResolver {
  constructor(private readonly upstreams: UpstreamProbe) {}

  @Mutation(() => ProxyCacheValidationType, {
    description:
      'Asks the upstream now, through a data plane; changes nothing and writes no audit event. The input is checked as applyOrganization does. No stored password is used: without upstreamPassword the upstream is asked anonymously. Errors: BAD_USER_INPUT; UNAVAILABLE when no data plane answers within 15 seconds.',
  })
  async validateProxyCache(
    @Arg('input', () => ProxyCacheInput) input: ProxyCacheInput,
  ): Promise<ProxyCacheValidationType> {
    const desired = validateProxyCache(input, 'input');
    const { upstreamHost, upstreamNamespace, upstreamUsername: username, password, insecure, caCertificate } = desired;
    const credentials =
      username !== undefined && password.kind === 'set' ? { username, password: password.password } : undefined;
    const { outcome, message, anonymous, latencyMs } = await this.upstreams.probe({
      host: upstreamHost,
      namespace: upstreamNamespace,
      credentials,
      insecure,
      caCertificate,
    });
    const note =
      username !== undefined && credentials === undefined
        ? ' It was asked anonymously, for upstreamPassword was not given.'
        : '';
    return { outcome, message: message + note, anonymous, latencyMilliseconds: latencyMs ?? null };
  }
}
