import type { RawEnvironment } from '../runtime/env';
import { nearestName } from './nearest-name';
import { SETTINGS } from './settings';

/** A variable that starts with LAYOVER_ but is not declared. */
export interface UnknownVariable {
  readonly name: string;
  /** Names the variable and the most similar declared one. Never contains the value. */
  readonly warning: string;
}

const NAMES = Object.keys(SETTINGS).filter((name) => name.startsWith('LAYOVER_'));

/**
 * Prefix of variables for the test suites. They are never reported, because tests pass their
 * environment on.
 */
const TESTS = 'LAYOVER_TEST_';

/**
 * Variables that Kubernetes sets in every pod for each service of the namespace: the name of the
 * service in capitals with the suffixes _SERVICE_HOST, _PORT_80_TCP_ADDR and others (Kubernetes
 * documentation, "Service", section "Environment variables"). A service named layover-edge causes
 * variables that start with LAYOVER_.
 */
const SERVICE_LINK =
  /_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/;

/**
 * Returns the variables that start with LAYOVER_ (in any case) and that no program of Layover
 * reads. Empty variables count as not set. Variables of other planes are known too, because `npm
 * start` passes one environment to all planes.
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
