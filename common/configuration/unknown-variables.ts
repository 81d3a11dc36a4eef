import type { RawEnvironment } from '../runtime/env';
import { nearestName } from './nearest-name';
import { SETTINGS } from './settings';

/** A variable that looks like one of Layover's but is not declared. */
export interface UnknownVariable {
  readonly name: string;
  /** Names the variable and the most similar declared one. Never contains the value. */
  readonly warning: string;
}

const NAMES = Object.keys(SETTINGS).filter((name) => name.startsWith('LAYOVER_'));

/** Variables of the test suites: operators never set them, and tests pass their environment on. */
const TESTS = 'LAYOVER_TEST_';

/**
 * Variables that Kubernetes sets in every pod for each service of the namespace: for a service named
 * layover-edge, its name in capitals with the suffixes _SERVICE_HOST, _PORT_80_TCP_ADDR and others
 * (Kubernetes documentation, "Service", section "Environment variables"). They are not mistakes.
 */
const SERVICE_LINK =
  /_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/;

/**
 * Returns the variables that begin with LAYOVER_ (in any case) and that no program of Layover reads.
 * Empty variables are left out: they count as not set. Each plane accepts the variables of the
 * others, because `npm start` gives one environment to all planes.
 */
export function unknownVariables(environment: RawEnvironment): readonly UnknownVariable[] {
  return Object.keys(environment)
    .filter((name) => /^LAYOVER_/i.test(name) && (environment[name] ?? '').trim() !== '')
    .filter((name) => !NAMES.includes(name) && !name.startsWith(TESTS) && !SERVICE_LINK.test(name))
    .sort()
    .map((name) => ({ name, warning: describe(name) }));
}

function describe(name: string): string {
  const nearest = nearestName(name.toUpperCase(), NAMES);
  const hint = nearest === undefined ? 'docs/configuration.md lists all variables.' : `Did you mean ${nearest}?`;
  return `${name} is unknown and has no effect. ${hint}`;
}
