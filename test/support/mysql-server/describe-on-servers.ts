import { describeWith } from '../real/programs';
import type { Flavour } from './flavour';
import { MARIADB } from './mariadb';
import { MYSQL8 } from './mysql8';

/** All database servers that Layover supports. */
export const FLAVOURS: readonly Flavour[] = [MARIADB, MYSQL8];

/** Describes a suite with its own server, once for each flavour: "<name> (MariaDB)". */
export function describeOnServers(name: string, suite: (flavour: Flavour) => void): void {
  for (const flavour of FLAVOURS) describeWith(flavour.programs, `${name} (${flavour.title})`, () => suite(flavour));
}
