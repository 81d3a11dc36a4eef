import type { PullAction } from './actions';
import type { HistoryState } from './history-state';
import type { ModelOrganization } from './model-organization';
import { pull, type Pulled } from './pull';
import { applyAnswer, type Asked, type Circumstances, requireRight, rightAnswers } from './pull-effects';
import type { ShownTag } from './shown';
import { upstreamName } from './upstream-images';

/**
 * The clients of a history. Each method throws an Error for an incorrect response, and applies a
 * correct one to the model.
 */
export class Clients {
  constructor(
    private readonly state: HistoryState,
    /** Compares everything with the model between two pulls of one step. */
    private readonly check: () => Promise<void>,
  ) {}

  /** Pulls with a single client, whose response is predictable while the control plane runs. */
  async pull(action: PullAction, method: 'GET' | 'HEAD', digest?: string): Promise<false> {
    const organization = this.state.organizations[action.organization]!;
    const asked: Asked = {
      method,
      repository: action.repository,
      tag: digest === undefined ? action.tag : undefined,
      digest,
    };
    const answer = await this.ask(organization, asked, action);
    if (!organization.present) {
      // Anonymous clients cannot tell a missing organization from a private one.
      if (answer.status !== 401) throw new Error(`a deleted organization returned ${JSON.stringify(answer)}`);
      return false;
    }
    const c = this.state.circumstances(organization, asked, true);
    if (this.state.controlUp) {
      const right = rightAnswers(organization, asked, c);
      requireRight(organization, asked, answer, right, c);
      this.requireAdmission(organization, asked, answer, c);
    } else this.requirePossible(organization, asked, answer, c);
    this.state.count(`${method} ${answer.status} ${answer.cache}`);
    if (!c.upstreamDown && answer.failedBlobs.length > 0) throw new Error(`blobs: ${answer.failedBlobs.join('; ')}`);
    if (!this.state.controlUp)
      this.state.racing.add(`${organization.traits.name} ${action.repository} ${answer.digest}`);
    applyAnswer(organization, asked, answer, c);
    if (
      this.state.controlUp &&
      !c.upstreamDown &&
      method === 'GET' &&
      answer.status === 200 &&
      answer.cache !== 'BYPASS'
    )
      this.state.whole = { organization, repository: action.repository, digest: answer.digest };
    return false;
  }

  async pullIndex(action: PullAction): Promise<false> {
    const organization = this.state.organizations[action.organization]!;
    const { images } = this.state.stage;
    await this.pull(action, 'GET');
    const name = upstreamName(organization.namespace, action.repository);
    const index = this.state.stage.upstream.content.manifest(name, action.tag)?.digest;
    const built = index === undefined ? undefined : images.find(index);
    if (built === undefined || !('images' in built) || !organization.present) return false;
    for (const { digest } of built.images) {
      await this.check();
      await this.pull(action, 'GET', digest);
    }
    return false;
  }

  /**
   * Pulls with several clients at once, each with another tag. Their responses depend on each
   * other, but each must be possible.
   */
  async pullMany(pulls: readonly PullAction[]): Promise<void> {
    const distinct = new Map(pulls.map((one) => [`${one.organization} ${one.repository} ${one.tag}`, one]));
    const answers = await Promise.all(
      [...distinct.values()].map(async (action) => {
        const organization = this.state.organizations[action.organization]!;
        const asked: Asked = { method: 'GET', repository: action.repository, tag: action.tag, digest: undefined };
        return { organization, asked, answer: await this.ask(organization, asked, action) };
      }),
    );
    for (const { organization, asked, answer } of answers) {
      if (!organization.present) continue;
      const c = { ...this.state.circumstances(organization, asked, false) };
      if (answer.status !== 0) this.requirePossible(organization, asked, answer, c);
      for (const digest of [answer.digest, c.upstream])
        this.state.racing.add(`${organization.traits.name} ${asked.repository} ${digest}`);
      applyAnswer(organization, asked, answer, c);
    }
  }

  async pullStale(organization: ModelOrganization, repository: string, tag: ShownTag): Promise<void> {
    const asked: Asked = { method: 'GET', repository, tag: tag.name, digest: undefined };
    const place = { organization: 0, repository, tag: tag.name, blobs: 'all' } as const;
    const answer = await this.ask(organization, asked, place);
    if (answer.status !== 200 || answer.digest !== tag.digest || answer.failedBlobs.length > 0)
      throw new Error(
        `without its upstream, ${organization.traits.name}/${repository}:${tag.name} (${tag.digest}) returned ${JSON.stringify(answer)}`,
      );
    applyAnswer(organization, asked, answer, {
      ...this.state.circumstances(organization, asked, true),
      upstreamDown: true,
    });
    const built = this.state.stage.images.find(tag.digest);
    for (const { digest } of 'images' in built ? built.images : []) {
      const child = await this.ask(organization, { ...asked, tag: undefined, digest }, place);
      if (child.status !== 200 || child.failedBlobs.length > 0)
        throw new Error(`a child of ${tag.digest} returned ${JSON.stringify(child)}`);
    }
  }

  private ask({ traits }: ModelOrganization, asked: Asked, { blobs }: PullAction): Promise<Pulled> {
    return pull(this.state.stage.images, {
      url: this.state.stage.layover.url,
      organization: traits.name,
      repository: asked.repository,
      reference: asked.tag ?? asked.digest!,
      method: asked.method,
      blobs,
    });
  }

  /**
   * Checks that content is admitted if it fits and room can be made. (A child of a held index is
   * exempt: its siblings are held beside it and are evicted together with it.)
   */
  private requireAdmission(organization: ModelOrganization, asked: Asked, answer: Pulled, c: Circumstances): void {
    const { quota } = organization;
    if (quota === undefined || (answer.cache !== 'BYPASS' && answer.status !== 403)) return;
    const digest = answer.digest || c.upstream!;
    const origin = this.state.tables!.owners.find(({ name }) => name === organization.traits.name)!.origin_version;
    const { images } = this.state.stage;
    const isChild = [...c.held].some((held) => {
      const built = images.find(held);
      return 'images' in built && built.images.some((child) => child.digest === digest);
    });
    if (isChild) return;
    const arriving = this.state.tables!.holdings.some(
      (row) => row.origin_version === origin && row.state === 'RESERVED',
    );
    if (quota.autoPrune && !arriving && images.wholeSize(digest) <= quota.limit)
      throw new Error(
        `${JSON.stringify(asked)} fits into ${JSON.stringify(quota)} but returned ${JSON.stringify(answer)}`,
      );
  }

  /**
   * Checks a response that is not predictable: it must be a possible version with correct bytes, or
   * a possible refusal.
   */
  private requirePossible(organization: ModelOrganization, asked: Asked, answer: Pulled, c: Circumstances): void {
    const known =
      asked.tag === undefined
        ? [asked.digest!]
        : organization
            .candidates(asked.repository, asked.tag)
            .flatMap((versions) => versions.map(({ digest }) => digest));
    const isPossible =
      answer.status === 200
        ? answer.digest === c.upstream || known.includes(answer.digest)
        : answer.status === 404
          ? c.upstream === undefined && !c.upstreamDown
          : [502, 503, 504].includes(answer.status) ||
            (answer.status === 403 && organization.quota?.onOversize === 'REJECT');
    if (!isPossible || (answer.status >= 500 && c.alone && !c.upstreamDown))
      throw new Error(`${JSON.stringify(asked)} returned ${JSON.stringify(answer)}; the upstream has ${c.upstream}`);
  }
}
