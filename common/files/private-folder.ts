import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;
/**
 * Number of symbolic links after which a path counts as a loop, like Linux (path_resolution(7)).
 */
const MAX_LINKS = 40;
const ROOT_USER = 0;

/** The user that a folder must belong to. Tests replace it. */
export interface FolderOwner {
  readonly uid: number;
}

/**
 * Returns why another user of this machine could put sockets of their own into a folder, or
 * undefined if nobody could. The text continues a sentence about a path. The folder must belong to
 * this user or to root, must be writable for its owner only, and must not be a symbolic link. No
 * folder above it may let other users rename or replace the next one: it belongs to this user or to
 * root, and if all users may write to it, it has the sticky bit. A folder that does not exist is
 * accepted if not every user could create it.
 */
export function findFolderProblem(
  folder: string,
  user: FolderOwner = { uid: process.getuid?.() ?? ROOT_USER },
): string | undefined {
  return findProblemOfPath(resolve(folder), user, { isLast: true, links: 0 });
}

interface Position {
  /** Whether the path is the folder itself and not one above it. */
  readonly isLast: boolean;
  readonly links: number;
}

function findProblemOfPath(path: string, user: FolderOwner, { isLast, links }: Position): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : findProblemOfPath(parent, user, { isLast: false, links });
  if (above !== undefined) return above;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    const container = statSync(parent, { throwIfNoEntry: false });
    return container !== undefined && (container.mode & WRITABLE_BY_ALL) !== 0
      ? `${path} does not exist, and every user may create it`
      : undefined;
  }
  if (found.uid !== user.uid && found.uid !== ROOT_USER)
    return `${path} belongs to another user (uid ${found.uid}; this process has uid ${user.uid})`;
  if (found.isSymbolicLink()) {
    if (isLast) return `${path} is a symbolic link`;
    if (links === MAX_LINKS) return `${path} is a symbolic link that leads to itself`;
    return findProblemOfPath(resolve(realpathSync(parent), readlinkSync(path)), user, {
      isLast: false,
      links: links + 1,
    });
  }
  if (!found.isDirectory()) return `${path} is not a folder`;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  if (isLast && (found.mode & WRITABLE_BY_OTHERS) !== 0)
    return `other users may write to ${path} (mode ${mode}; at most 0755 is allowed, 0700 is best)`;
  if ((found.mode & WRITABLE_BY_ALL) !== 0 && (found.mode & STICKY) === 0)
    return `every user may rename what is in ${path} (mode ${mode} without the sticky bit)`;
  return undefined;
}
