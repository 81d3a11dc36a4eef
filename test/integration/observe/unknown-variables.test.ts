import { createLogger } from '../../../common/runtime/logger';
import { startLayoverInProcess } from '../../support/real/layover-in-process';

test('every plane that is started on its own logs an unknown variable once, as a warning', async () => {
  const lines: string[] = [];
  const layover = await startLayoverInProcess({
    env: { LAYOVER_DRAIN_SECOND: '7' },
    logger: (plane) => createLogger(plane, 'warn', { write: (line) => void lines.push(line) }),
  });
  await layover.stop();
  const warnings = lines
    .map((line) => JSON.parse(line) as { plane: string; level: number; msg: string })
    .filter(({ msg }) => msg.includes('LAYOVER_DRAIN_SECOND'));
  expect(warnings.map(({ plane }) => plane).sort()).toEqual(['control', 'data', 'edge']);
  for (const { level, msg } of warnings) {
    expect(level).toBe(40);
    expect(msg).toBe('LAYOVER_DRAIN_SECOND is unknown and has no effect. Did you mean LAYOVER_DRAIN_SECONDS?');
  }
});
