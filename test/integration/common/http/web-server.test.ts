import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createWebServer } from '../../../../common/http/web-server';
import { createLogger } from '../../../../common/runtime/logger';
import { TlsWatch } from '../../../../common/security/tls-watch';
import { TestClock } from '../../../support/test-clock';
import { temporaryFolder } from '../../../support/real/temporary-folder';
import { makeAuthority } from '../../../support/test-authority';

test('a TLS handshake that never ends is aborted, also on a server that answers client errors', async () => {
  const folder = await temporaryFolder('web-server');
  const files = { cert: join(folder.path, 'cert'), key: join(folder.path, 'key') };
  const { cert, key } = await (await makeAuthority()).issue(['IP:127.0.0.1']);
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key)]);
  const tls = new TlsWatch({ files, clock: new TestClock(), logger: createLogger('test', 'silent') });
  const web = createWebServer({}, (_request, response) => response.end(), tls, 50);
  web.server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('an answer', () => socket.destroy());
  });
  web.server.listen(0, '127.0.0.1');
  await once(web.server, 'listening');
  const mute = connect((web.server.address() as AddressInfo).port, '127.0.0.1');
  let heard = '';
  mute.on('data', (part: Buffer) => (heard += part.toString('latin1')));
  await once(mute, 'close');
  expect(heard).toBe('');
  web.server.close();
  await once(web.server, 'close');
  tls.stop();
  await folder.remove();
});
