import type { RegistryProfile } from '../profile';
import { GHCR } from './ghcr';

/**
 * lscr.io, the name of LinuxServer.io in front of ghcr.io: every request is redirected to the same
 * path of ghcr.io, whose challenges and tokens then apply.
 *
 * Sources: https://docs.scarf.sh/gateway/ (the redirect layer),
 * https://github.com/getwud/wud/issues/143 (the challenge of ghcr.io behind lscr.io), and
 * https://github.com/tektoncd/plumbing/issues/2340 (clients that do not follow such challenges).
 */
export const LSCR: RegistryProfile = {
  ...GHCR,
  key: 'lscr',
  name: 'lscr.io',
  repository: 'linuxserver/app',
  // The account belongs to ghcr.io; Layover does not send credentials beyond a redirect.
  authentication: { ...GHCR.authentication, account: undefined },
  redirectsTo: { ...GHCR, authentication: { ...GHCR.authentication, account: undefined } },
};
