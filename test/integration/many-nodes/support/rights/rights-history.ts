import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST_ACCEPT } from '../../../../../common/oci/media-types';
import type { Quirk } from '../../../../support/fake-registry';
import { basicAuthorization, send } from '../../../../support/real/http-client';
import { waitUntil } from '../../../../support/real/wait-until';
import {
  ORGANIZATIONS,
  REPOSITORIES,
  type RightsAction,
  type RightsPull,
  TAGS,
  type UpstreamFault,
} from './rights-actions';
import { RightsContent } from './rights-content';
import { blobOf, RANGE, type RightsAnswer, type RightsConditions, RightsModel, repositoryOf } from './rights-model';
import type { RightsStage } from './rights-stage';

const SECOND = 1000;
const PASSWORD = 'of-the-upstream';
const FAULTS: Readonly<Record<UpstreamFault, Quirk>> = {
  refuses: { path: '/v2/', dropRequest: true },
  error: { path: '/v2/', respond: { status: 503 } },
  cut: { path: /\/(manifests|blobs)\//, method: 'GET', cutAfterBytes: 10 },
  wrong: { path: /\/(manifests|blobs)\//, method: 'GET', corrupt: true },
};

/** A record that must exist. */
interface ExpectedRecord {
  readonly organization: number;
  readonly requestId: string;
  readonly status: number;
  readonly what: string;
}

/**
 * Plays one history with two organizations of its own, and judges every answer. Every method throws
 * an Error for a difference.
 */
export class RightsHistory {
  /** Counters that show which situations the histories reach. */
  readonly counts = new Map<string, number>();
  private readonly content: RightsContent;
  private readonly model: RightsModel;
  private readonly authorizations: string[] = [];
  private readonly records: ExpectedRecord[] = [];
  /** Manifest requests without an answer, by organization. Each may have a record. */
  private readonly unanswered = ORGANIZATIONS.map(() => 0);
  private fault = false;
  private barriers = 0;

  constructor(
    private readonly stage: RightsStage,
    /** Distinguishes the histories of one stage. */
    private readonly number: number,
  ) {
    this.content = new RightsContent(stage.upstream.content, `h${number}`);
    this.model = new RightsModel(this.content);
  }

  async begin(): Promise<void> {
    const { namespace } = this.content;
    const all = REPOSITORIES.map((name) => `${namespace}/${name}`);
    this.stage.upstream.auth.options.users = {
      [this.name(0)]: { password: PASSWORD, repositories: all },
      [this.name(1)]: { password: PASSWORD, repositories: all.slice(0, 1) },
      barrier: { password: PASSWORD, repositories: 'all' },
    };
    for (const organization of [...ORGANIZATIONS.keys(), BARRIER])
      this.authorizations[organization] = await this.create(organization);
    await this.barrier();
  }

  async play(action: RightsAction): Promise<void> {
    await this.stage.advance(SECOND);
    switch (action.kind) {
      case 'pull':
        return this.pull(action.pull, false);
      case 'push':
        return this.content.push(action.repository, action.tag, action.image);
      case 'upstream':
        return this.setFault(action.fault);
      case 'time':
        return this.stage.advance(action.milliseconds);
      case 'control':
        await this.stage.setControl(action.up, action.kill);
        return this.barrier();
      case 'restart':
        await this.stage.endNode(action.node, action.kill);
        await this.stage.startNode(action.node);
        return this.barrier();
      case 'crash':
        await Promise.all([
          ...action.pulls.map((pull) => this.pull(pull, true)),
          pause(action.afterMs).then(() => this.stage.endNode(action.node, true)),
        ]);
        await this.stage.startNode(action.node);
        return this.barrier();
      default:
        return this.stage.controlUp ? this.manage(action) : undefined;
    }
  }

  /** Ends all outages, pulls everything once more, and checks the records and the store. */
  async end(): Promise<void> {
    await this.play({ kind: 'upstream', fault: null });
    await this.play({ kind: 'control', up: true, kill: false });
    for (const organization of ORGANIZATIONS.keys()) {
      await this.play({ kind: 'setting', organization, setting: 'credentials' });
      await this.play({ kind: 'setting', organization, setting: 'allow' });
      for (const repository of REPOSITORIES.keys())
        for (let edge = 0; edge < this.stage.edges; edge += 1)
          for (const what of ['tag', 'digest', 'blob'] as const)
            await this.play({ kind: 'pull', pull: { what, organization, repository, tag: 0, image: edge, edge } });
    }
    await this.barrier();
    await this.checkRecords();
    const problems = await this.stage.fsck();
    if (problems.length > 0) throw new Error(`fsck: ${problems.join('\n')}`);
  }

  private async manage(
    action: Extract<RightsAction, { kind: 'setting' | 'delete' | 'quota' | 'collect' }>,
  ): Promise<void> {
    const { graphql } = this.stage;
    if (action.kind === 'collect') {
      await this.stage.advance(70 * SECOND);
      await graphql.run('mutation { collectGarbage { blobsDeleted } }');
      return;
    }
    const { organization } = action;
    switch (action.kind) {
      case 'setting': {
        const settings = this.model.settings[organization]!;
        if (action.setting === 'credentials' || action.setting === 'no-credentials')
          settings.hasCredentials = action.setting === 'credentials';
        else if (action.setting === 'deny' || action.setting === 'allow')
          settings.isLimited = action.setting === 'deny';
        else {
          const isLong = action.setting === 'long';
          settings.revalidateAfter = isLong ? 60 * SECOND : 0;
          settings.staleIfError = (isLong ? 7200 : 600) * SECOND;
          settings.expiration = (isLong ? 86_400 : 3600) * SECOND;
        }
        await this.patch(organization, { proxyCache: this.proxyCache(organization) });
        break;
      }
      case 'quota': {
        const quota =
          action.limit === null
            ? null
            : { limitBytes: String(action.limit), autoPrune: true, onOversize: 'PASS_THROUGH' };
        await this.patch(organization, { quota });
        break;
      }
      case 'delete': {
        const { deleteTag } = await graphql.run<{ deleteTag: boolean }>(
          'mutation ($name: String!, $repository: String!, $tag: String!) { deleteTag(organization: $name, repository: $repository, tag: $tag) }',
          { name: this.name(organization), repository: REPOSITORIES[action.repository], tag: TAGS[action.tag] },
        );
        if (deleteTag) this.model.deleted(organization, action.repository, action.tag);
      }
    }
    await this.barrier();
  }

  private async pull(pull: RightsPull, crash: boolean): Promise<void> {
    const c: RightsConditions = { now: this.stage.now, fault: this.fault, crash };
    this.model.asked(pull, c);
    const answer = await this.send(pull);
    this.count(`${pull.what} ${answer.status} ${answer.cache}`);
    const isManifest = !['blob', 'range', 'stolen-blob'].includes(pull.what);
    if (isManifest && answer.status === 0) this.unanswered[pull.organization]! += 1;
    else if (isManifest)
      this.records.push({
        organization: pull.organization,
        requestId: answer.requestId,
        status: answer.status,
        what: JSON.stringify(pull),
      });
    const problem = this.model.judge(pull, answer, c);
    if (problem === undefined) return;
    const { status, cache, digest, body } = answer;
    const seen = `${status} ${cache} ${digest} ${status < 300 ? `${body.length} bytes` : body.toString().slice(0, 300)}`;
    const settings = JSON.stringify(this.model.settings[pull.organization]);
    throw new Error(`${problem}; ${JSON.stringify(pull)} was answered ${seen}; ${settings} ${JSON.stringify(c)}`);
  }

  private async send(pull: RightsPull): Promise<RightsAnswer> {
    const { what, organization, tag, image } = pull;
    const repository = repositoryOf(what, pull.repository);
    const images = this.content.images[what === 'stolen' ? 1 : repository]!;
    const path =
      what === 'tag' || what === 'head'
        ? `manifests/${TAGS[tag]}`
        : what === 'digest' || what === 'stolen'
          ? `manifests/${images[image]!.digest}`
          : `blobs/${blobOf(this.content, pull).digest}`;
    try {
      const { status, headers, body } = await send({
        method: what === 'head' ? 'HEAD' : 'GET',
        url: `${this.stage.url(pull.edge)}/v2/${this.name(organization)}/${REPOSITORIES[repository]}/${path}`,
        headers: {
          Accept: path.startsWith('manifests') ? MANIFEST_ACCEPT.join(', ') : '*/*',
          Authorization: this.authorizations[organization]!,
          ...(what === 'range' ? { Range: `bytes=${RANGE.first}-${RANGE.last}` } : {}),
        },
      });
      const text = (name: string): string => String(headers[name] ?? '');
      const digest = text('docker-content-digest');
      return { status, cache: text('x-layover-cache'), digest, requestId: text('x-request-id'), body };
    } catch {
      return { status: 0, cache: '', digest: '', requestId: '', body: Buffer.alloc(0) };
    }
  }

  private setFault(fault: UpstreamFault | null): void {
    this.stage.upstream.clearQuirks();
    if (fault !== null) this.stage.upstream.quirk(FAULTS[fault]);
    this.fault = fault !== null;
  }

  /** Requires one record for each answer, and no other ones. */
  private async checkRecords(): Promise<void> {
    for (const organization of ORGANIZATIONS.keys()) {
      const expected = this.records.filter((record) => record.organization === organization);
      let problems: readonly string[] = [];
      await waitUntil('the records', async () => {
        const pulls = await this.stage.graphql.pulls(this.name(organization));
        problems = expected.flatMap(({ requestId, status, what }) => {
          const seen = pulls.filter((pull) => pull.requestId === requestId).map(({ httpStatus }) => httpStatus);
          return seen.join() === String(status) ? [] : [`${what}: ${status} was recorded as [${seen.join()}]`];
        });
        const others = pulls.length - expected.length;
        if (problems.length === 0 && others > this.unanswered[organization]!)
          problems = [`${others} records of no request`];
        return problems.length === 0;
      }).catch(() => undefined);
      if (problems.length > 0) throw new Error(`${ORGANIZATIONS[organization]}: ${problems.join('\n')}`);
    }
  }

  private async create(organization: number): Promise<string> {
    const { graphql } = this.stage;
    const name = this.name(organization);
    const visibility = organization === 0 ? 'PRIVATE' : 'PUBLIC';
    await graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }', {
      input: { name, visibility, proxyCache: this.proxyCache(organization) },
    });
    const { createRobot } = await graphql.run<{ createRobot: { username: string; secret: string } }>(
      'mutation ($name: String!) { createRobot(organization: $name, name: "client") { username secret } }',
      { name },
    );
    return basicAuthorization({ username: createRobot.username, password: createRobot.secret });
  }

  private patch(organization: number, input: object): Promise<unknown> {
    return this.stage.graphql.run(
      'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { version } }',
      { name: this.name(organization), input },
    );
  }

  private proxyCache(organization: number): object {
    const common = { upstream: `${this.stage.upstream.host}/${this.content.namespace}`, insecure: true };
    const account = { upstreamUsername: this.name(organization), upstreamPassword: PASSWORD };
    if (organization === BARRIER)
      return { ...common, ...account, upstreamUsername: 'barrier', denyRepositories: [`gone/${this.barriers}`] };
    const { hasCredentials, isLimited, revalidateAfter, staleIfError, expiration } = this.model.settings[organization]!;
    return {
      ...common,
      ...(hasCredentials ? account : { upstreamUsername: null, upstreamPassword: null }),
      allowRepositories: isLimited ? [REPOSITORIES[0]] : [],
      revalidateAfterSeconds: revalidateAfter / SECOND,
      staleIfErrorSeconds: staleIfError / SECOND,
      expirationSeconds: expiration / SECOND,
      completeImages: false,
    };
  }

  /**
   * Waits until both data planes have all changes of the control plane, and the control plane has
   * everything that they recorded: both directions keep their order.
   */
  private async barrier(): Promise<void> {
    if (!this.stage.controlUp) return;
    this.barriers += 1;
    const repository = `gone/${this.barriers}`;
    await this.patch(BARRIER, { proxyCache: this.proxyCache(BARRIER) });
    for (const edge of [0, 1])
      await waitUntil(`the configuration at data plane ${edge}`, async () => {
        const { status } = await send({
          method: 'HEAD',
          url: `${this.stage.url(edge)}/v2/${this.name(BARRIER)}/${repository}/manifests/of-${edge}`,
          headers: { Authorization: this.authorizations[BARRIER]! },
        });
        return status === 403;
      });
    await waitUntil('the records of both data planes', async () => {
      const pulls = await this.stage.graphql.pulls(this.name(BARRIER));
      return [0, 1].every((edge) =>
        pulls.some(
          (pull) => pull.repository === repository && pull.reference === `of-${edge}` && pull.httpStatus === 403,
        ),
      );
    });
  }

  private name(organization: number): string {
    return `${ORGANIZATIONS[organization] ?? 'barrier'}-${this.number}`;
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** The index of an organization that no client of the history uses. */
const BARRIER = ORGANIZATIONS.length;
