import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Home, homeAt } from '../../common/runtime/home';

const FOLDER = /^data-([2-9]|[1-9]\d+)$/;

/**
 * Returns the home of a local data plane: the first one has the home itself, data plane 2 the
 * folder `data-2` in it.
 */
export function dataPlaneHome(home: Home, number: number, runtimeFolder: string | undefined): Home {
  return number === 1 ? home : homeAt(join(home.root, `data-${number}`), runtimeFolder);
}

/** The homes of data planes that exist in the home of `npm start`. */
export interface ExistingHomes {
  /** True if a data plane ran in the home itself. */
  readonly hasFirst: boolean;
  /** Numbers from 2 on whose folders exist, in ascending order. */
  readonly further: readonly number[];
}

/** Finds the homes of data planes of earlier runs. */
export function findDataPlaneHomes(home: Home): ExistingHomes {
  if (!existsSync(home.root)) return { hasFirst: false, further: [] };
  const further = readdirSync(home.root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => FOLDER.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  return { hasFirst: existsSync(home.nodeId), further };
}
