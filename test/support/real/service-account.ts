import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

/**
 * Writes a key file for GOOGLE_APPLICATION_CREDENTIALS, of a service account that does not exist.
 * Its signatures are well formed.
 */
export async function writeServiceAccount(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    type: 'service_account',
    project_id: 'tests',
    private_key_id: 'key-1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'layover@tests.iam.gserviceaccount.com',
    client_id: '1',
    token_uri: 'http://127.0.0.1:9/token',
  };
  await writeFile(path, JSON.stringify(account), { mode: 0o600 });
  return path;
}
