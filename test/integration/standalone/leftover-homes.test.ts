import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homeAt } from '../../../common/runtime/home';
import { LeftoverHomes } from '../../../standalone/src/leftover-homes';
import { type TemporaryFolder, temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';

/** A delivery of a few lines: leaves a mark in its home, then does what MODE says. */
const PROGRAM = `
  require('node:fs').writeFileSync(process.env.LAYOVER_HOME + '/tried', process.env.SHARED);
  if (process.env.MODE === 'hangs') setInterval(() => {}, 1000);
  else process.exit(process.env.MODE === 'fails' ? 3 : 0);
`;

describe('LeftoverHomes', () => {
  let folder: TemporaryFolder;
  let lines: string[];
  beforeEach(async () => {
    folder = await temporaryFolder('leftovers');
    await writeFile(join(folder.path, 'deliver.js'), PROGRAM);
    lines = [];
  });
  afterEach(() => folder.remove());

  /** Creates one home for each mode. A home with the mode 'empty' has no journal. */
  async function create(...modes: readonly string[]): Promise<LeftoverHomes> {
    const leftovers = modes.map((MODE, index) => {
      const home = homeAt(join(folder.path, `data-${index + 2}`));
      return { home, environment: { MODE, LAYOVER_HOME: home.root } };
    });
    for (const { home, environment } of leftovers)
      await mkdir(environment.MODE === 'empty' ? home.root : home.journal, { recursive: true });
    const config = { leftovers, environment: { ...process.env, SHARED: 'shared' } };
    return new LeftoverHomes(config, (line) => lines.push(line), join(folder.path, 'deliver.js'));
  }
  const wasTried = (number: number): boolean => existsSync(join(folder.path, `data-${number}`, 'tried'));

  it('delivers every home that has a journal, also after one that fails, and says what is left', async () => {
    const homes = await create('fails', 'delivers', 'empty');
    homes.start();
    await homes.done;
    expect([2, 3, 4].map(wasTried)).toEqual([true, true, false]);
    expect(lines).toEqual([
      expect.stringMatching(/data-2, and delivering its pull records failed \(exit code 3\)\. .* Do not delete/),
      expect.stringMatching(/No data plane runs in \S+data-3\. Its pull records are delivered/),
      expect.stringMatching(/No data plane runs in \S+data-4\. Its pull records are delivered/),
    ]);
  });

  it('ends a running delivery when it is stopped, and says nothing', async () => {
    const homes = await create('hangs', 'delivers');
    homes.start();
    await waitUntil('the first delivery', () => wasTried(2));
    await homes.stop();
    expect(wasTried(3)).toBe(false);
    expect(lines).toEqual([]);
  });
});
