import { createLogger } from '../../../common/runtime/logger';
import { startLayoverInProcess } from '../../support/real/layover-in-process';

interface Line {
  readonly plane: string;
  readonly msg: string;
}

test('every plane logs that it accepts requests, and last of all that it stopped', async () => {
  const lines: Line[] = [];
  const layover = await startLayoverInProcess({
    logger: (plane) =>
      createLogger(plane, 'info', { write: (text: string) => void lines.push(JSON.parse(text) as Line) }),
  });
  const messages = (plane: string): readonly string[] =>
    lines.filter((line) => line.plane === plane).map(({ msg }) => msg);
  const names = { control: 'control plane', data: 'data plane', edge: 'edge' };
  for (const [plane, name] of Object.entries(names)) expect(messages(plane)).toContain(`The ${name} accepts requests`);
  await layover.stop();
  for (const [plane, name] of Object.entries(names)) expect(messages(plane).at(-1)).toBe(`The ${name} stopped`);
});
