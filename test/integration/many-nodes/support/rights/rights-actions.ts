import fc from 'fast-check';

/** The organizations of a history. The account of the first one may read everything. */
export const ORGANIZATIONS = ['full', 'half'] as const;
/** The repositories of a history. The account of `half` may not read the second one. */
export const REPOSITORIES = ['team/app', 'team/secret'] as const;
/** The tags of each repository. */
export const TAGS = ['a', 'b'] as const;
/** Number of images of each repository. */
export const IMAGES = 3;

/** How the upstream fails: refuses connections, answers 503, cuts answers, sends wrong bytes. */
export type UpstreamFault = 'refuses' | 'error' | 'cut' | 'wrong';

/** A client's request, by indexes. */
export interface RightsPull {
  /**
   * `stolen` is a request for an image of the second repository by its digest, below the name of
   * the first one; `stolen-blob` is one for a layer of it.
   */
  readonly what: 'tag' | 'head' | 'digest' | 'blob' | 'range' | 'stolen' | 'stolen-blob';
  readonly organization: number;
  readonly repository: number;
  readonly tag: number;
  readonly image: number;
  /** The edge: of the first data plane, of the second one, or of both. */
  readonly edge: number;
}

/** A setting of an organization that changes. */
export type RightsSetting = 'no-credentials' | 'credentials' | 'deny' | 'allow' | 'short' | 'long';

/** One step of a history. */
export type RightsAction =
  | { readonly kind: 'pull'; readonly pull: RightsPull }
  | { readonly kind: 'push'; readonly repository: number; readonly tag: number; readonly image: number }
  | { readonly kind: 'setting'; readonly organization: number; readonly setting: RightsSetting }
  | { readonly kind: 'delete'; readonly organization: number; readonly repository: number; readonly tag: number }
  | { readonly kind: 'quota'; readonly organization: number; readonly limit: number | null }
  | { readonly kind: 'collect' }
  | { readonly kind: 'time'; readonly milliseconds: number }
  | { readonly kind: 'upstream'; readonly fault: UpstreamFault | null }
  | { readonly kind: 'control'; readonly up: boolean; readonly kill: boolean }
  | { readonly kind: 'restart'; readonly node: number; readonly kill: boolean }
  /** Pulls during which a data plane is killed. */
  | { readonly kind: 'crash'; readonly node: number; readonly afterMs: number; readonly pulls: readonly RightsPull[] };

const MINUTE = 60_000;

const organization = fc.nat({ max: ORGANIZATIONS.length - 1 });
const repository = fc.nat({ max: REPOSITORIES.length - 1 });
const tag = fc.nat({ max: TAGS.length - 1 });
const image = fc.nat({ max: IMAGES - 1 });
const node = fc.nat({ max: 1 });
const OTHERS = ['blob', 'blob', 'range', 'stolen', 'stolen-blob'] as const;
const pull: fc.Arbitrary<RightsPull> = fc.record({
  what: fc.constantFrom<RightsPull['what']>('tag', 'tag', 'tag', 'tag', 'head', 'digest', 'digest', ...OTHERS),
  organization,
  repository,
  tag,
  image,
  edge: fc.nat({ max: 2 }),
});

function of<K extends RightsAction['kind']>(kind: K) {
  return fc.constant(kind);
}

const action: fc.Arbitrary<RightsAction> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ kind: of('pull'), pull }) },
  { weight: 8, arbitrary: fc.record({ kind: of('push'), repository, tag, image }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: of('setting'),
      organization,
      setting: fc.constantFrom<RightsSetting>(
        'no-credentials',
        'credentials',
        'credentials',
        'deny',
        'allow',
        'allow',
        'short',
        'long',
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: of('delete'), organization, repository, tag }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: of('quota'), organization, limit: fc.constantFrom(null, 40_000, 90_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('collect') }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: of('time'), milliseconds: fc.constantFrom(20_000, 2 * MINUTE, 90 * MINUTE) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: of('upstream'),
      fault: fc.constantFrom<UpstreamFault | null>(null, null, 'refuses', 'error', 'cut', 'wrong'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: of('control'), up: fc.boolean(), kill: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('restart'), node, kill: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: of('crash'),
      node,
      afterMs: fc.nat({ max: 60 }),
      pulls: fc.array(pull, { minLength: 3, maxLength: 6 }),
    }),
  },
);

/** Returns histories of up to `length` steps. */
export function rightsHistories(length: number): fc.Arbitrary<readonly RightsAction[]> {
  return fc.array(action, { minLength: Math.floor(length / 2), maxLength: length, size: 'max' });
}
