import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFolderProblem } from '../../../../common/files/private-folder';

const NOBODY = 65_534;

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'private-')));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Creates a folder with exactly this mode, whatever the umask is. */
function folder(name: string, mode: number): string {
  const path = join(root, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

describe('findFolderProblem', () => {
  test.each([0o700, 0o750, 0o755])('accepts a folder of this user with mode %o', (mode) => {
    expect(findFolderProblem(folder('run', mode))).toBeUndefined();
  });

  test.each([0o777, 0o1777, 0o770, 0o722])('refuses a folder that others may write to, mode %o', (mode) => {
    const path = folder('run', mode);
    expect(findFolderProblem(path)).toMatch(`other users may write to ${path} (mode `);
  });

  test('refuses a folder of another user, even a private one', () => {
    const path = folder('run', 0o700);
    // Only root can give a folder away. Other users pretend to be somebody else.
    if (process.getuid!() === 0) chownSync(root, NOBODY, NOBODY);
    const { uid } = lstatSync(root);
    expect(findFolderProblem(path, { uid: uid + 1 })).toBe(
      `${root} belongs to another user (uid ${uid}; this process has uid ${uid + 1})`,
    );
  });

  test('refuses a symbolic link, also one to a folder of this user', () => {
    folder('real', 0o700);
    const link = join(root, 'link');
    symlinkSync(join(root, 'real'), link);
    expect(findFolderProblem(link)).toBe(`${link} is a symbolic link`);
  });

  test('follows symbolic links above the folder and checks where they lead', () => {
    const open = folder('open', 0o777);
    mkdirSync(join(open, 'run'), { mode: 0o700 });
    folder('closed', 0o700);
    mkdirSync(join(root, 'closed', 'run'), { mode: 0o700 });
    symlinkSync('closed', join(root, 'to-closed'));
    symlinkSync('open', join(root, 'to-open'));
    expect(findFolderProblem(join(root, 'to-closed', 'run'))).toBeUndefined();
    expect(findFolderProblem(join(root, 'to-open', 'run'))).toMatch(`every user may rename what is in ${open}`);
  });

  test('refuses a folder that others can replace, unless the sticky bit prevents it', () => {
    const above = folder('above', 0o777);
    const path = join(above, 'run');
    mkdirSync(path, { mode: 0o700 });
    expect(findFolderProblem(path)).toMatch(`every user may rename what is in ${above} (mode 0777`);
    chmodSync(above, 0o1777);
    expect(findFolderProblem(path)).toBeUndefined();
  });

  test('refuses a missing folder that every user may create', () => {
    const above = folder('above', 0o1777);
    expect(findFolderProblem(join(above, 'run'))).toBe(
      `${join(above, 'run')} does not exist, and every user may create it`,
    );
    expect(findFolderProblem(join(above, 'home', 'run'))).toBe(
      `${join(above, 'home')} does not exist, and every user may create it`,
    );
    expect(findFolderProblem(join(root, 'run'))).toBeUndefined();
  });

  test('refuses a file and a loop of symbolic links', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(findFolderProblem(file)).toBe(`${file} is not a folder`);
    symlinkSync('loop', join(root, 'loop'));
    expect(findFolderProblem(join(root, 'loop', 'run'))).toBe(
      `${join(root, 'loop')} is a symbolic link that leads to itself`,
    );
  });
});
