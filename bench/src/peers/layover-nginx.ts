import { findProgram } from '../../../test/support/real/programs';
import type { PeerStarter } from './peer';

const NGINX_PROGRAM = 'nginx';

/**
 * Returns a starter of Layover with nginx in front of the edge, which sends blobs itself, or
 * undefined with a note if that is not possible on this machine. `processes()` must include those of
 * nginx.
 */
export function layoverBehindNginx(note: (line: string) => void): PeerStarter | undefined {
  if (findProgram(NGINX_PROGRAM) === undefined) {
    note(`warm blob with nginx in front: skipped, needs ${NGINX_PROGRAM}`);
    return undefined;
  }
  note('warm blob with nginx in front: skipped, Layover does not let nginx send blobs yet');
  return undefined;
}
