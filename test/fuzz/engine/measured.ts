import { packageRoot } from '../../../common/runtime/package-root';
import type { FuzzTarget } from './fuzz-target';

/**
 * Returns a test for the scripts of a target, in the sources (as Jest loads them) and in dist/. Of
 * the packages, none but those that it names.
 */
export function isScriptOf({ sources }: FuzzTarget): (script: string) => boolean {
  const root = packageRoot().replace(/^file:\/\//, '');
  return (script) => {
    const path = script.replace(/^file:\/\//, '');
    if (!path.startsWith(`${root}/`) && !path.includes('/node_modules/')) return false;
    const below = path.includes('/node_modules/')
      ? path.slice(path.lastIndexOf('/node_modules/') + 1)
      : path.slice(root.length + 1).replace(/^dist\//, '');
    return sources.some((source) => below.startsWith(source));
  };
}
