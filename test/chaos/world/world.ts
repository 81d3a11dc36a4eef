import type { FakeRegistry } from '../../support/fake-registry';
import type { GraphqlClient } from '../../support/real/graphql-client';
import type { PlaneName } from '../../support/real/layover';
import type { Relay } from '../relay/relay';
import type { Place, WorldKind } from './place';

/** The organization of all images in a world. */
export const ORGANIZATION = 'chaos';

/** A problem that `npm run fsck` reports. */
export interface FsckProblem {
  readonly kind: string;
  /** The digest that the problem is about, if it is about one. */
  readonly digest: string | undefined;
}

/** Layover as built, with a relay at each place of its kind. */
export interface World {
  readonly kind: WorldKind;
  readonly upstream: FakeRegistry;
  /** The relays by place. */
  readonly relays: ReadonlyMap<Place, Relay>;
  /** URL of the edge, through the relay of the client if there is one. */
  readonly url: string;
  /** The `Authorization` header of a robot of {@link ORGANIZATION}. */
  readonly authorization: string;
  readonly graphql: GraphqlClient;
  /** Returns the name of a plane that has ended by itself, or undefined. */
  ended(): PlaneName | undefined;
  /** Resolves when no fill runs and all records are delivered. Throws an Error after a while. */
  settled(): Promise<void>;
  /** Runs fsck. Throws an Error if it cannot run. */
  fsck(): Promise<readonly FsckProblem[]>;
  stop(): Promise<void>;
}
