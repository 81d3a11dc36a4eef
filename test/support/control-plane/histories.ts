import * as fc from 'fast-check';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';
import { child, config, layer } from './builders';

/** The blobs of the images in histories: shared layers, and one that is an image as well. */
const LAYERS: Readonly<Record<string, number>> = {
  base: 700,
  big: 2100,
  l1: 300,
  l2: 410,
  l3: 520,
  i1: 100,
  c1: 40,
  c2: 50,
};
const IMAGES: Readonly<Record<string, readonly string[]>> = {
  i1: ['c1', 'base', 'l1'],
  i2: ['c2', 'base', 'l2'],
  i3: ['c1', 'l3'],
  i4: ['c2', 'big'],
  // Names the manifest of i1 as a layer.
  i5: ['c1', 'i1', 'l1'],
  // The same layer twice.
  i6: ['c2', 'base', 'base'],
};
const INDEXES: Readonly<Record<string, readonly string[]>> = { x1: ['i1', 'i2'], x2: ['i2', 'i3'], x3: ['x1', 'i4'] };

/** All manifests of histories, and all blobs with their sizes in bytes. */
export const MANIFESTS = [...Object.keys(IMAGES), ...Object.keys(INDEXES)];
export const BLOBS = LAYERS;
/** The names of the two organizations and of their repositories. */
export const ORGANIZATIONS = ['acme', 'brio'] as const;
export const REPOSITORIES = ['library/app', 'library/other'] as const;

/** Returns the references of a manifest. `wrong` is added to the declared size of each blob. */
export function referencesOf(name: string, wrong: number): readonly ManifestReference[] {
  const [first, ...layers] = IMAGES[name] ?? [];
  if (first === undefined) return INDEXES[name]!.map((one, position) => child(one, position, `arch${position}`));
  return [
    config(first, LAYERS[first]! + wrong),
    ...layers.map((one, position) => layer(one, LAYERS[one]! + wrong, position)),
  ];
}

interface Place {
  readonly organization: (typeof ORGANIZATIONS)[number];
  readonly repository: (typeof REPOSITORIES)[number];
}

/** One step of a history. Times are milliseconds, sizes are bytes. */
export type Step =
  | (Place & {
      readonly kind: 'admit';
      readonly name: string;
      readonly tag: string;
      readonly wrong: number;
      readonly ago: number;
      readonly journal: boolean;
      readonly busy: boolean;
    })
  /**
   * `proof`: with a proof, from an older data plane that sends none, or for an account that the
   * organization does not have.
   */
  | (Place & {
      readonly kind: 'arrive';
      readonly blobs: readonly string[];
      readonly proof: 'own' | 'none' | 'foreign';
    })
  | (Place & { readonly kind: 'pull'; readonly name: string; readonly tag: string; readonly status: string })
  | (Place & { readonly kind: 'gone upstream'; readonly tag: string })
  | (Place & { readonly kind: 'delete'; readonly tag: string })
  /** Selects among all versions in the time machine. */
  | { readonly kind: 'restore'; readonly nth: number }
  | (Place & { readonly kind: 'expire'; readonly tag: string; readonly in: number | null })
  | (Place & { readonly kind: 'purge' })
  | (Place & { readonly kind: 'use'; readonly blobs: readonly string[] })
  | { readonly kind: 'repeat' }
  | { readonly kind: 'clock'; readonly ms: number }
  | { readonly kind: 'collect'; readonly inUse: readonly string[]; readonly failing: readonly string[] }
  | { readonly kind: 'lose'; readonly blobs: readonly string[] }
  | (Pick<Place, 'organization'> & {
      readonly kind: 'quota';
      readonly quota: {
        readonly limitBytes: number;
        readonly autoPrune: boolean;
        readonly onOversize: string;
        readonly warningPercent: number | null;
      } | null;
    })
  | { readonly kind: 'switch'; readonly on: boolean }
  | (Pick<Place, 'organization'> & { readonly kind: 'upstream'; readonly upstream: string })
  /** Changes the account at the upstream; '' = anonymous. */
  | (Pick<Place, 'organization'> & { readonly kind: 'account'; readonly username: string })
  | (Pick<Place, 'organization'> & { readonly kind: 'remake' });

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const TAGS = ['latest', 'stable'] as const;

/** Returns histories of up to `length` steps. */
export function histories(length: number): fc.Arbitrary<readonly Step[]> {
  // Mostly in one repository, so that related steps meet.
  const [often, seldom] = ORGANIZATIONS;
  const organization = fc.constantFrom(often, often, often, seldom);
  const [first, second] = REPOSITORIES;
  const place = { organization, repository: fc.constantFrom(first, first, first, second) };
  const tag = fc.constantFrom(...TAGS);
  const name = fc.constantFrom(...MANIFESTS);
  const blobs = fc.subarray(Object.keys(LAYERS), { minLength: 1 });
  const few = fc.subarray(Object.keys(LAYERS), { maxLength: 2 });
  const of = <Kind extends Step['kind']>(
    weight: number,
    kind: Kind,
    more: { [Key in keyof Omit<Extract<Step, { kind: Kind }>, 'kind'>]: fc.Arbitrary<unknown> },
  ) => ({ weight, arbitrary: fc.record({ kind: fc.constant(kind), ...more }) as fc.Arbitrary<Step> });
  const step = fc.oneof(
    of(14, 'admit', {
      ...place,
      name,
      tag: fc.constantFrom('', ...TAGS),
      wrong: fc.constantFrom(0, 0, 0, 7, 5000),
      ago: fc.constantFrom(0, 0, 0, 30 * SECOND),
      journal: fc.constantFrom(false, false, false, true),
      busy: fc.boolean(),
    }),
    of(8, 'arrive', { ...place, blobs, proof: fc.constantFrom('own', 'own', 'own', 'own', 'none', 'foreign') }),
    of(6, 'pull', {
      ...place,
      name,
      tag: fc.constantFrom('', ...TAGS),
      status: fc.constantFrom('HIT', 'REVALIDATED', 'STALE'),
    }),
    of(1, 'gone upstream', { ...place, tag }),
    of(2, 'delete', { ...place, tag }),
    of(4, 'restore', { nth: fc.nat(50) }),
    of(1, 'expire', { ...place, tag, in: fc.constantFrom(null, SECOND, 100 * HOUR) }),
    of(1, 'purge', place),
    of(1, 'use', { ...place, blobs: few }),
    of(2, 'repeat', {}),
    of(5, 'clock', { ms: fc.constantFrom(SECOND, 40 * SECOND, 1000 * SECOND, HOUR, 25 * HOUR, 400 * HOUR) }),
    of(6, 'collect', {
      inUse: few,
      failing: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: few }),
    }),
    of(1, 'lose', { blobs: few }),
    of(4, 'quota', {
      organization,
      quota: fc.option(
        fc.record({
          limitBytes: fc.constantFrom(500, 1500, 3000, 6000),
          autoPrune: fc.constantFrom(true, true, false),
          onOversize: fc.constantFrom('PASS_THROUGH', 'REJECT', 'OVERFLOW'),
          warningPercent: fc.constantFrom(null, 60),
        }),
        { freq: 5 },
      ),
    }),
    of(1, 'switch', { on: fc.boolean() }),
    of(1, 'upstream', { organization, upstream: fc.constantFrom('a.example', 'b.example') }),
    of(1, 'account', { organization, username: fc.constantFrom('', '', 'one', 'two') }),
    of(1, 'remake', { organization }),
  );
  return fc.array(step, { minLength: length / 2, maxLength: length, size: 'max' });
}
