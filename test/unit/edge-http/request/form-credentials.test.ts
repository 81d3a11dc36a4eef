import { formCredentials } from '../../../../edge-http/src/request/form-credentials';

const refusal = (form: string): unknown => {
  try {
    return formCredentials(new URLSearchParams(form));
  } catch (error) {
    const { key, message, detail } = error as { key: string; message: string; detail: unknown };
    return { key, text: JSON.stringify({ message, detail }) };
  }
};

test.each([
  ['password', 'grant_type=password&username=acme%2Bci&password=hidden-1&password=hidden-2'],
  ['refresh_token', 'grant_type=refresh_token&refresh_token=hidden-1&refresh_token=hidden-2'],
])('a repeated %s is refused, and the answer does not repeat it', (field, form) => {
  expect(refusal(form)).toEqual({ key: 'REQUEST_INVALID', text: expect.not.stringContaining('hidden') });
  expect(refusal(form)).toMatchObject({ text: expect.stringContaining(field) });
});
