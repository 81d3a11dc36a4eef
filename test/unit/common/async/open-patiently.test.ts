import { openPatiently } from '../../../../common/async/open-patiently';

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const waited: number[] = [];
const wait = (ms: number): Promise<void> => {
  waited.push(ms);
  return Promise.resolve();
};
beforeEach(() => void waited.splice(0));

/** Fails with the codes, one after the other, and then opens. */
function opening(codes: readonly string[]): () => Promise<string> {
  const left = [...codes];
  return () => {
    const code = left.shift();
    return code === undefined ? Promise.resolve('open') : Promise.reject(failure(code));
  };
}

test.each(['EMFILE', 'ENFILE'])('a file that cannot be opened for %s is opened later', async (code) => {
  expect(await openPatiently(opening([code, code, code]), undefined, wait)).toBe('open');
  expect(waited).toHaveLength(3);
});

test('other errors are not waited out', async () => {
  await expect(openPatiently(opening(['ENOENT']), undefined, wait)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(waited).toEqual([]);
});

test('the error is thrown after about ten seconds', async () => {
  const never = (): Promise<never> => Promise.reject(failure('EMFILE'));
  await expect(openPatiently(never, undefined, wait)).rejects.toMatchObject({ code: 'EMFILE' });
  const total = waited.reduce((sum, ms) => sum + ms, 0);
  expect(total).toBeGreaterThan(4_000);
  expect(total).toBeLessThan(11_000);
});

test('an error that has another form is waited out if the caller knows it', async () => {
  const open = opening(['UPSTREAM_CONNECT']);
  const isShort = (error: unknown): boolean => (error as { code: string }).code === 'UPSTREAM_CONNECT';
  expect(await openPatiently(open, isShort, wait)).toBe('open');
});
