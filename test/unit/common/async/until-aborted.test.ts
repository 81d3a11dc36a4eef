import { getEventListeners } from 'node:events';
import { Deferred } from '../../../../common/async/deferred';
import { abortReason, onAbort, untilAborted } from '../../../../common/async/until-aborted';
import { LayoverError } from '../../../../common/errors/layover-error';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('onAbort', () => {
  test('calls back at once if the signal has already aborted', () => {
    const callback = jest.fn();
    onAbort(AbortSignal.abort(), callback);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('does not call back after its listener was removed', () => {
    const controller = new AbortController();
    const callback = jest.fn();
    onAbort(controller.signal, callback)();
    controller.abort();
    expect(callback).not.toHaveBeenCalled();
  });
});

describe('abortReason', () => {
  test('returns the given reason', () => {
    const reason = new LayoverError('UPSTREAM_TIMEOUT');
    expect(abortReason(AbortSignal.abort(reason))).toBe(reason);
  });

  test('returns CANCELLED for a signal that was aborted without a reason', () => {
    expect(abortReason(AbortSignal.abort())).toMatchObject({ key: 'CANCELLED' });
  });
});

describe('untilAborted', () => {
  test('settles as the promise does and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(untilAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    await expect(untilAborted(Promise.resolve(2), undefined)).resolves.toBe(2);
    expect(listeners(signal)).toBe(0);
  });

  test('rejects as soon as the signal aborts, although the promise never settles', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(new Promise(() => undefined), controller.signal);
    controller.abort(new Error('the caller left'));
    await expect(waiting).rejects.toThrow('the caller left');
  });

  test('rejects if the signal has already aborted', async () => {
    await expect(untilAborted(Promise.resolve(1), AbortSignal.abort())).rejects.toMatchObject({ key: 'CANCELLED' });
  });

  test('passes a late value to onLate', async () => {
    const controller = new AbortController();
    const resource = new Deferred<string>();
    const onLate = jest.fn();
    const waiting = untilAborted(resource.promise, controller.signal, onLate);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(onLate).not.toHaveBeenCalled();
    resource.resolve('stream');
    await resource.promise;
    expect(onLate).toHaveBeenCalledWith('stream');
  });

  test('does not call onLate if the value came in time', async () => {
    const controller = new AbortController();
    const onLate = jest.fn();
    await untilAborted(Promise.resolve('stream'), controller.signal, onLate);
    controller.abort();
    expect(onLate).not.toHaveBeenCalled();
  });
});
