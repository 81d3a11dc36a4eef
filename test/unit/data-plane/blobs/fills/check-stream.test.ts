import { digestOf } from '../../../../../common/oci/digest';
import { checkStream } from '../../../../../data-plane/src/blobs/fills/transfer';

const digest = digestOf(Buffer.from('layer'));
const check = (size: number | undefined, offset: number, known: number | undefined): void =>
  checkStream({ size, offset, body: (async function* () {})(), cancel: () => undefined }, 100, { digest, size: known });

describe('a response that continues a transfer at byte 100', () => {
  test.each([
    ['starts there', 200, 100, 200],
    ['starts at the beginning', 200, 0, 200],
    ['names no size', undefined, 100, 200],
    ['is the first one that names a size', 200, 100, undefined],
  ])('is taken if it %s', (_title, size, offset, known) => {
    expect(() => check(size, offset, known)).not.toThrow();
  });

  test('is refused if it starts later', () => {
    expect(() => check(200, 101, 200)).toThrow(
      `sent blob ${digest} from byte 101, but Layover requested it from byte 100`,
    );
  });

  test('is refused if the size of the blob is another one than before', () => {
    expect(() => check(201, 100, 200)).toThrow(`wrong size for blob ${digest}: 201 bytes instead of 200`);
  });
});
