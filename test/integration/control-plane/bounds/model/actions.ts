import fc from 'fast-check';
import type { ClockedPlaneName } from '../../../../support/clocked/plane-messages';
import type { ModelQuota } from './model-organization';
import type { BlobsWanted } from './pull';
import { REPOSITORIES, TAGS } from './upstream-images';

/** A client's request, by indexes into the model. */
export interface PullAction {
  readonly organization: number;
  readonly repository: string;
  readonly tag: string;
  readonly blobs: BlobsWanted;
}

/**
 * One step of a history. A step does nothing if it needs something that does not exist (a tag, a
 * control plane).
 */
export type Action =
  | ({ readonly kind: 'pull' } & PullAction)
  | ({ readonly kind: 'head' } & PullAction)
  | ({ readonly kind: 'digest'; readonly image: number } & PullAction)
  /** Pulls an index by its tag, and then its children by digest. */
  | ({ readonly kind: 'index' } & PullAction)
  | { readonly kind: 'many'; readonly pulls: readonly PullAction[] }
  | {
      readonly kind: 'push';
      readonly upstream: number;
      readonly repository: string;
      readonly tag: string;
      readonly image: number;
    }
  | { readonly kind: 'drop'; readonly upstream: number; readonly repository: string; readonly tag: string }
  | { readonly kind: 'upstream'; readonly down: boolean }
  | { readonly kind: 'time'; readonly milliseconds: number }
  | { readonly kind: 'quota'; readonly organization: number; readonly quota: ModelQuota | undefined }
  | { readonly kind: 'quotas'; readonly on: boolean }
  | {
      readonly kind: 'expiration';
      readonly organization: number;
      readonly repository: string;
      readonly tag: string;
      readonly after: number | undefined;
    }
  | { readonly kind: 'delete'; readonly organization: number; readonly repository: string; readonly tag: string }
  | {
      readonly kind: 'restore';
      readonly organization: number;
      readonly repository: string;
      readonly tag: string;
      readonly version: number;
    }
  | { readonly kind: 'purge'; readonly organization: number; readonly repository: string }
  | { readonly kind: 'namespace'; readonly organization: number }
  | { readonly kind: 'organization'; readonly organization: number }
  | { readonly kind: 'collect'; readonly after: number }
  /** A collection during which a plane is killed. */
  | { readonly kind: 'collectCrash'; readonly plane: ClockedPlaneName; readonly afterMs: number }
  | { readonly kind: 'control'; readonly up: boolean; readonly kill: boolean }
  | { readonly kind: 'restart'; readonly plane: ClockedPlaneName }
  /** Pulls during which a plane is killed. */
  | {
      readonly kind: 'crash';
      readonly plane: ClockedPlaneName;
      readonly afterMs: number;
      readonly pulls: readonly PullAction[];
    };

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** Just after uses and arrivals no longer protect content from collection. */
export const SOON_MS = 11 * SECOND;

const organization = fc.nat({ max: 1 });
const repository = fc.constantFrom(...REPOSITORIES);
const tag = fc.constantFrom(...TAGS);
const plane = fc.constantFrom<ClockedPlaneName>('control', 'data');
const image = fc.nat({ max: 9 });
const place = { organization, repository, tag };
const blobs = fc.constantFrom<BlobsWanted>('all', 'all', 'none', 'first', 'leave');
const pulls = fc.array(fc.record({ ...place, blobs }), { minLength: 2, maxLength: 5 });
const quota = fc.option(
  fc.record<ModelQuota>({
    limit: fc.constantFrom(20_000, 60_000, 70_000, 220_000, 240_000, 260_000, 1_000_000),
    autoPrune: fc.constantFrom(true, true, true, false),
    onOversize: fc.constantFrom('PASS_THROUGH', 'OVERFLOW', 'REJECT'),
  }),
  { nil: undefined, freq: 8 },
);

function of<K extends Action['kind']>(kind: K) {
  return fc.constant(kind);
}

/** One step. Common steps have higher weights. */
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ kind: of('pull'), ...place, blobs }) },
  { weight: 6, arbitrary: fc.record({ kind: of('head'), ...place, blobs }) },
  { weight: 8, arbitrary: fc.record({ kind: of('digest'), ...place, blobs, image }) },
  { weight: 4, arbitrary: fc.record({ kind: of('index'), ...place, blobs }) },
  { weight: 9, arbitrary: fc.record({ kind: of('many'), pulls }) },
  { weight: 12, arbitrary: fc.record({ kind: of('push'), upstream: organization, repository, tag, image }) },
  { weight: 2, arbitrary: fc.record({ kind: of('drop'), upstream: organization, repository, tag }) },
  { weight: 4, arbitrary: fc.record({ kind: of('upstream'), down: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: of('time'),
      milliseconds: fc.constantFrom(20 * SECOND, 600 * SECOND, HOUR, 3 * HOUR, DAY, 3 * DAY, 15 * DAY),
    }),
  },
  { weight: 9, arbitrary: fc.record({ kind: of('quota'), organization, quota }) },
  { weight: 2, arbitrary: fc.record({ kind: of('quotas'), on: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: of('expiration'),
      ...place,
      after: fc.constantFrom(undefined, 30 * SECOND, HOUR, 20 * DAY),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: of('delete'), ...place }) },
  { weight: 5, arbitrary: fc.record({ kind: of('restore'), ...place, version: fc.nat({ max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: of('purge'), organization, repository }) },
  { weight: 2, arbitrary: fc.record({ kind: of('namespace'), organization }) },
  { weight: 2, arbitrary: fc.record({ kind: of('organization'), organization }) },
  {
    weight: 9,
    arbitrary: fc.record({ kind: of('collect'), after: fc.constantFrom(SOON_MS, 70 * SECOND, 20 * 60 * SECOND) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('collectCrash'), plane, afterMs: fc.nat({ max: 40 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: of('control'), up: fc.boolean(), kill: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: of('restart'), plane }) },
  { weight: 3, arbitrary: fc.record({ kind: of('crash'), plane, afterMs: fc.nat({ max: 60 }), pulls }) },
);

/** Returns histories of at most `maxLength` steps. */
export function histories(maxLength: number): fc.Arbitrary<readonly Action[]> {
  return fc.array(action, { minLength: Math.ceil(maxLength / 2), maxLength, size: 'max' });
}
