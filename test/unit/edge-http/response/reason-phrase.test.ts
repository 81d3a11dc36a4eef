import fc from 'fast-check';
import { reasonPhrase } from '../../../../edge-http/src/response/reason-phrase';

test.each([
  ['quay.io cannot be reached (ENOTFOUND).', 'quay.io cannot be reached (ENOTFOUND), request r-1'],
  ['no image “v1” — gone', 'no image v1 gone, request r-1'],
  ['a\r\nSet-Cookie: x=1\u0000', 'a Set-Cookie: x=1, request r-1'],
  ['https://cdn.test/blob?X-Amz-Signature=secret failed with 500', 'https://cdn.test failed with 500, request r-1'],
  ['x'.repeat(300), `${'x'.repeat(197)}..., request r-1`],
])('the reason phrase of %j', (message, expected) => {
  expect(reasonPhrase({ message }, 'r-1')).toBe(expected);
});

test('a reason phrase is short printable ASCII whatever the message is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (message) => {
      expect(reasonPhrase({ message }, 'r-1')).toMatch(/^[\x20-\x7e]{0,220}$/);
    }),
  );
});

test('shortens digests, so that the reason has room', () => {
  const message = `image sha256:${'ab'.repeat(32)} is blocked`;
  expect(reasonPhrase({ message }, 'id')).toBe('image sha256:abababababab is blocked, request id');
});
