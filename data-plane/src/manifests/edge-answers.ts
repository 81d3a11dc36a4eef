import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import { formatReference } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { Access } from '../access/access';
import type { LocatedRepository } from '../access/pull-target';
import { toPullRecord } from '../journal/pull-event';
import type { PullJournal } from '../journal/pull-journal';
import { refusedPull } from './answered-pull';
import type { ManifestRequest } from './manifest-request';

/** A failure with which an edge answered a manifest request by itself. */
export interface EdgeAnswer {
  readonly request: ManifestRequest;
  readonly error: ErrorKey;
  /** The message that the client got. */
  readonly message: string;
  /** How long ago the client was answered, in milliseconds. */
  readonly ageMs: number;
}

/** Several answers that an edge combined. `request` is the first of them. */
export interface EdgeAnswerSum extends Omit<EdgeAnswer, 'message'> {
  readonly count: number;
  readonly firstAgeMs: number;
  /** Whether they are answers to several clients. */
  readonly otherClients: boolean;
  /** Whether all requests are for the owner of the first one. */
  readonly hasOwner: boolean;
}

/** Longest age of an answer in milliseconds. An older one was not given by a running edge. */
const MAX_AGE_MS = 30 * 86_400_000;
const MAX_TEXT = 255;

/**
 * Records what edges answered while they reached no data plane
 * (docs/design/records.md#answers-of-the-edge). The time of a record is that of the answer.
 */
export class EdgeAnswers {
  constructor(
    private readonly access: Access,
    private readonly journal: Pick<PullJournal, 'append'>,
    private readonly clock: Clock,
  ) {}

  /** Records one answer. Resolves when it is on disk or was dropped. */
  async record({ request, error, message, ageMs }: EdgeAnswer): Promise<void> {
    const at = this.timeOf(ageMs);
    const located = this.locate(request);
    const actor = located && (await this.actorOf(located, request.context.authorization, at));
    const failure = new LayoverError(error, { message });
    const pull = refusedPull(request, { located, target: undefined, actor }, failure, at);
    await this.journal.append({ ...toPullRecord(pull), at });
  }

  /** Records a sum. Resolves when it is on disk or was dropped. */
  async recordSum({ request, error, ageMs, count, firstAgeMs, otherClients, hasOwner }: EdgeAnswerSum): Promise<void> {
    const { owner, repository, reference, context } = request;
    const organization = hasOwner ? this.locate(request)?.organization : undefined;
    const named = owner.kind === 'organization' ? owner.name : owner.host;
    const { code, http } = new LayoverError(error).entry;
    const separator = reference.kind === 'digest' ? '@' : ':';
    const at = this.timeOf(ageMs);
    const refusals = {
      kind: 'PULL' as const,
      organizationUid: organization?.uid ?? '',
      organization: hasOwner ? (organization?.name ?? named).slice(0, MAX_TEXT) : '',
      clientAddress: otherClients ? '' : context.clientAddress.slice(0, MAX_TEXT),
      otherClients,
      robot: '',
      count,
      firstAt: Math.min(at, this.timeOf(firstAgeMs)),
      lastAt: at,
      errors: [{ code, httpStatus: http, count }],
      references: [`${named}/${repository}${separator}${formatReference(reference)}`.slice(0, MAX_TEXT)],
      userAgent: otherClients ? '' : context.userAgent.slice(0, MAX_TEXT),
      requestId: context.requestId.slice(0, MAX_TEXT),
    };
    await this.journal.append({ ...(context.recordId === '' ? {} : { id: context.recordId }), refusals, at });
  }

  private timeOf(ageMs: number): number {
    return this.clock.now() - Math.min(Math.max(ageMs, 0), MAX_AGE_MS);
  }

  /** Returns the organization of a request, or undefined if there is none. Throws NOT_READY. */
  private locate({ owner, repository, context }: ManifestRequest): LocatedRepository | undefined {
    try {
      return { ...this.access.locate(owner, repository), sender: context };
    } catch (error) {
      if (isLayoverError(error) && error.key === 'NAME_UNKNOWN') return undefined;
      throw error;
    }
  }

  /** Returns who made a request, if its token was valid at that time; otherwise undefined. */
  private async actorOf(located: LocatedRepository, authorization: string, since: number): Promise<string | undefined> {
    let actor: string | undefined;
    // Only the identity matters: what the answer would have been is not known.
    await this.access
      .authorize(located, authorization, { since, onIdentified: (identified) => (actor = identified) })
      .catch(() => undefined);
    return actor;
  }
}
