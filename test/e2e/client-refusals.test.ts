import {
  canSee,
  normalizeMessage,
  REFUSAL_KINDS,
  type RefusalKind,
  REFUSED_CLIENTS,
  type RefusedClient,
} from '../support/compatibility/refusals';
import { SEEN_REFUSALS } from '../support/compatibility/seen-refusals';
import type { PullClient } from '../support/real/client-kind';
import { EngineFailure } from '../support/real/docker';
import { describeWith } from '../support/real/programs';
import { PULL_CLIENTS } from '../support/real/pull-client';
import { ProgramFailure } from '../support/real/run-program';
import { STAGE_PROGRAMS } from '../support/real/stage';
import { type RefusingStage, startRefusingStage } from './support/refusing-stage';

/** Time for all refusals of a client, which repeats some requests, in milliseconds. */
const TIME = 90_000;

/** What a client pulls for each kind of refusal: the organization and the tag. */
const PULLS: Readonly<Record<RefusalKind, { readonly organization: string; readonly reference?: string }>> = {
  'missing-tag': { organization: 'open', reference: ':2.0.0' },
  'missing-repository': { organization: 'open', reference: '-missing:1.0.0' },
  'no-login': { organization: 'vault' },
  'wrong-secret': { organization: 'vault' },
  'unknown-organization': { organization: 'unknown' },
  denied: { organization: 'denying' },
  vulnerable: { organization: 'gated' },
  quota: { organization: 'full' },
  'switched-off': { organization: 'off' },
  unreachable: { organization: 'away' },
  limited: { organization: 'limited' },
};

describeWith(STAGE_PROGRAMS, 'the user whose pull is refused', () => {
  let refusing: RefusingStage;

  beforeAll(async () => {
    refusing = await startRefusingStage();
  }, TIME);

  afterAll(() => refusing?.stop(), TIME);

  /** Resolves to the message that the client shows, or to undefined if the pull succeeds. */
  async function see(name: RefusedClient, client: PullClient, kind: RefusalKind): Promise<string | undefined> {
    const { host } = refusing.stage.layover;
    const { organization, reference = ':1.0.0' } = PULLS[kind];
    const credentials = kind === 'wrong-secret' ? { username: `vault+${name}`, secret: 'wrong' } : undefined;
    try {
      await client.pull(`${host}/${organization}/team/${name}${reference}`, { credentials });
      return undefined;
    } catch (error) {
      if (error instanceof ProgramFailure) return normalizeMessage(error.result.stderr, host);
      if (error instanceof EngineFailure) return normalizeMessage(error.reason, host);
      throw error;
    }
  }

  describe.each(REFUSED_CLIENTS)('sees with %s', (name) => {
    describeWith(PULL_CLIENTS[name].programs, 'what docs/compatibility.md says', () => {
      test(
        'for every kind of refusal',
        async () => {
          const mirror = { registry: 'docker.io', organization: 'open' };
          const layover = refusing.stage.layover.host;
          const client = await PULL_CLIENTS[name].start({ layover, mirror, mirrorRoot: layover });
          try {
            await refusing.push(name, client);
            const kinds = (Object.keys(REFUSAL_KINDS) as RefusalKind[]).filter((kind) => canSee(name, kind));
            // Some clients keep a wrong secret and send it from then on, so it comes last.
            const others = kinds.filter((kind) => kind !== 'wrong-secret');
            const seen = await Promise.all(others.map((kind) => see(name, client, kind)));
            const last = await see(name, client, 'wrong-secret');
            const all = Object.fromEntries([...others.map((kind, at) => [kind, seen[at]]), ['wrong-secret', last]]);
            expect(all).toEqual(SEEN_REFUSALS[name]);
          } finally {
            await client.stop();
          }
        },
        TIME,
      );
    });
  });
});
