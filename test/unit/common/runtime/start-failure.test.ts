import { ConfigurationError } from '../../../../common/runtime/env';
import { CannotStartError, describeStartFailure, EXIT_IN_USE } from '../../../../common/runtime/start-failure';

const systemError = (code: string, message: string): Error => Object.assign(new Error(message), { code });

test('a system error is described with what to do, and without a stack', () => {
  expect(describeStartFailure(systemError('ENOSPC', 'ENOSPC: no space left on device, write'))).toEqual({
    text: 'ENOSPC: no space left on device, write. The disk is full. Free some space on the disk of LAYOVER_HOME.',
    exitCode: 1,
  });
  expect(describeStartFailure(systemError('EADDRINUSE', 'listen EADDRINUSE: address in use 127.0.0.1:80'))).toEqual({
    text: 'listen EADDRINUSE: address in use 127.0.0.1:80. Another program listens there. Stop it, or choose another address.',
    exitCode: EXIT_IN_USE,
  });
});

test('the system error may be the cause of another error', () => {
  const cause = systemError('EROFS', 'EROFS: read-only file system, mkdir');
  expect(describeStartFailure(new Error('The spool cannot be used.', { cause }))).toEqual({
    text:
      'The spool cannot be used: EROFS: read-only file system, mkdir. The file system is read-only. Mount it for ' +
      'writing, or choose another folder.',
    exitCode: 1,
  });
});

test('a known reason is its message, with its exit code', () => {
  expect(describeStartFailure(new CannotStartError('The database is away.'))).toEqual({
    text: 'The database is away.',
    exitCode: 1,
  });
  expect(describeStartFailure(new CannotStartError('In use.', { exitCode: EXIT_IN_USE })).exitCode).toBe(EXIT_IN_USE);
  expect(describeStartFailure(new ConfigurationError(['A is wrong']))).toEqual({
    text: 'The configuration has 1 problem:\n  - A is wrong',
    exitCode: 78,
  });
});

test('an error without a known reason is printed with its stack', () => {
  const bug = new TypeError('x is not a function');
  expect(describeStartFailure(bug)).toEqual({ text: bug.stack, exitCode: 1 });
  expect(describeStartFailure('text')).toEqual({ text: 'text', exitCode: 1 });
});
