import { randomBytes } from 'node:crypto';
import {
  formatHead,
  formatTicketRequest,
  HEAD_BYTES,
  isHeadFor,
  parseTicketRequest,
  REQUEST_BYTES,
  TICKET_BYTES,
} from '../../../../common/channel/channel-frames';

const SECRET = 'the-secret-that-planes-of-this-test-share';
const ticket = randomBytes(TICKET_BYTES);

test('a request names its ticket and is accepted with the secret', () => {
  const request = formatTicketRequest(ticket, SECRET);
  expect(request).toHaveLength(REQUEST_BYTES);
  expect(parseTicketRequest(request, [SECRET])).toEqual({ ticket, secret: SECRET });
});

test('a request with a previous secret is accepted and answered with the same secret', () => {
  const parsed = parseTicketRequest(formatTicketRequest(ticket, 'previous'), [SECRET, 'previous'])!;
  expect(parsed.secret).toBe('previous');
  expect(isHeadFor(formatHead(parsed), ticket, 'previous')).toBe(true);
});

test('a request without the secret is refused', () => {
  expect(parseTicketRequest(formatTicketRequest(ticket, 'guessed'), [SECRET])).toBeUndefined();
  expect(parseTicketRequest(formatTicketRequest(ticket, ''), [SECRET])).toBeUndefined();
});

test('planes without a secret accept only requests without one', () => {
  expect(parseTicketRequest(formatTicketRequest(ticket, ''), [''])).toEqual({ ticket, secret: '' });
  expect(parseTicketRequest(formatTicketRequest(ticket, SECRET), [''])).toBeUndefined();
});

test('the proof of a request does not fit another ticket', () => {
  const request = formatTicketRequest(ticket, SECRET);
  for (const at of [8, 8 + TICKET_BYTES - 1, REQUEST_BYTES - 1]) {
    const changed = Buffer.from(request);
    changed[at]! ^= 1;
    expect(parseTicketRequest(changed, [SECRET])).toBeUndefined();
  }
});

test('a request of another protocol or length is refused', () => {
  const request = formatTicketRequest(ticket, SECRET);
  const other = Buffer.from(request);
  other.write('LAYBYTE2', 'latin1');
  expect(parseTicketRequest(other, [SECRET])).toBeUndefined();
  expect(parseTicketRequest(request.subarray(1), [SECRET])).toBeUndefined();
  expect(parseTicketRequest(Buffer.concat([request, Buffer.alloc(1)]), [SECRET])).toBeUndefined();
});

test('a head answers its own ticket only, and cannot be made from the request', () => {
  const head = formatHead({ ticket, secret: SECRET });
  expect(head).toHaveLength(HEAD_BYTES);
  expect(isHeadFor(head, ticket, SECRET)).toBe(true);
  expect(isHeadFor(head, randomBytes(TICKET_BYTES), SECRET)).toBe(false);
  expect(isHeadFor(head, ticket, 'another secret')).toBe(false);
  expect(isHeadFor(formatTicketRequest(ticket, SECRET).subarray(-HEAD_BYTES), ticket, SECRET)).toBe(false);
  expect(isHeadFor(head.subarray(1), ticket, SECRET)).toBe(false);
});
