import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';
import { startBlobClient } from '../support/real/blob-client';
import { send } from '../support/real/http-client';
import { layoverEnvironment } from '../support/real/layover';
import { describeWith } from '../support/real/programs';
import { pushImage, type PushedImage } from '../support/real/push-image';
import { type ProgramResult, runProgram } from '../support/real/run-program';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

const MIB = 1024 * 1024;

describeWith(STAGE_PROGRAMS, 'npm run fsck while Layover runs', () => {
  let stage: Stage;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage();
    await stage.createOrganization('acme');
    const layers = ['first', 'second'].map((seed) => ({ seed, tarBytes: MIB, compressed: false }));
    image = await pushImage(stage.upstream, { repository: 'fsck/image', tag: 'v1', layers });
    await stage.skopeo.copy(`${stage.layover.host}/acme/fsck/image:v1`);
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const fsck = (...args: readonly string[]): Promise<ProgramResult> =>
    runProgram('npm', ['run', '--silent', 'fsck', '--', ...args], {
      cwd: packageRoot(),
      env: layoverEnvironment(stage.layover.home),
    });
  const fileOf = (digest: string): string => {
    const hex = digest.slice('sha256:'.length);
    return join(stage.layover.home, 'blobs', 'sha256', hex.slice(0, 2), hex);
  };
  const kindsOf = ({ stdout }: ProgramResult): readonly string[] =>
    stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly kind: string; readonly outcome: string })
      .map(({ type, kind, outcome }) => (type === 'problem' ? kind : outcome))
      .sort();

  test('finds and repairs damage on the disk, which the next pull heals', async () => {
    const clean = await fsck('--json');
    expect([clean.code, kindsOf(clean)]).toEqual([0, ['CLEAN']]);

    const [first, second] = image.layers.map(({ digest }) => digest) as [string, string];
    const content = await readFile(fileOf(first));
    content[MIB / 2] = content[MIB / 2]! ^ 255;
    await writeFile(fileOf(first), content);
    await rm(fileOf(second));
    // A stray file in an existing folder.
    const folder = first.slice('sha256:'.length, 'sha256:'.length + 2);
    let [stray, strayHex] = ['', ''];
    for (let i = 0; !strayHex.startsWith(folder); i += 1) {
      stray = `stray ${i}`;
      strayHex = createHash('sha256').update(stray).digest('hex');
    }
    await writeFile(fileOf(`sha256:${strayHex}`), stray);

    const expected = ['BYTES_WITHOUT_ROW', 'ROW_WITHOUT_BYTES', 'WRONG_DIGEST'];
    const found = await fsck('--json');
    expect([found.code, kindsOf(found)]).toEqual([1, [...expected.slice(0, 1), 'PROBLEMS', ...expected.slice(1)]]);
    expect((await readFile(fileOf(first))).equals(content)).toBe(true);

    const repaired = await fsck('--repair', '--json');
    expect([repaired.code, kindsOf(repaired)]).toEqual([0, ['BYTES_WITHOUT_ROW', 'REPAIRED', ...expected.slice(1)]]);
    expect(await readdir(join(stage.layover.home, 'blobs', 'quarantine'))).toHaveLength(1);
    const again = await fsck();
    expect([again.code, again.stdout.toString()]).toEqual([0, expect.stringContaining('No problems found.')]);

    stage.relay.reset();
    for (const { digest, size } of image.layers) {
      const url = `${stage.layover.url}/v2/acme/fsck/image/blobs/${digest}`;
      expect(await startBlobClient({ url }).done).toEqual({ status: 200, bytes: size, digest });
      expect(stage.relay.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(digest))).toHaveLength(
        1,
      );
    }
    const afterPulls = await fsck('--json');
    expect([afterPulls.code, kindsOf(afterPulls)]).toEqual([0, ['CLEAN']]);
    const events = await send({
      url: stage.layover.graphqlUrl.replace('/graphql', '/audit.jsonl?kinds=CONTENT_QUARANTINED'),
      headers: { authorization: 'Bearer admin-token-of-the-tests-0123456789abcdef' },
    });
    expect(
      events.body
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ kind: 'CONTENT_QUARANTINED', organization: 'acme', digest: first, actor: 'system' }]);
  }, 240_000);
});
