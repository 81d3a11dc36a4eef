import { runningServer } from './running-server';

/** Takes away the server that global-setup started. */
export default async function stopServer(): Promise<void> {
  await runningServer.current?.remove();
  runningServer.current = undefined;
}
