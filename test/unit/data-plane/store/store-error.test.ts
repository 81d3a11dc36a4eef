import { LayoverError } from '../../../../common/errors/layover-error';
import { toStoreError } from '../../../../data-plane/src/store/store-error';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: /home/secret/path`), { code });

describe('a failure of the file system', () => {
  it.each([
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_FULL'],
    ['EIO', 'STORE_FAILED'],
    ['EACCES', 'STORE_FAILED'],
    ['EMFILE', 'STORE_FAILED'],
  ])('%s becomes %s, without its path', (code, key) => {
    const error = toStoreError(systemError(code), 'keep sha256:ab');
    expect(error).toMatchObject({ key, cause: expect.any(Error) as unknown });
    expect(error.message).toContain(`could not keep sha256:ab`);
    expect(error.message).toContain(code);
    expect(error.message).not.toContain('/home');
  });

  it('stays unchanged if it is an expected failure', () => {
    const error = new LayoverError('CANCELLED');
    expect(toStoreError(error, 'read')).toBe(error);
  });
});
