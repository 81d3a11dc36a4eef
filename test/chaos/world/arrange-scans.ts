import { FakeClair } from '../../support/fake-clair';
import { arrangeMachine } from './arrange-machine';
import { addRelay, type Arrangement, type ArrangementParts, hostOf, loopback, relayPort } from './arrangement';

/** Arranges the planes on one machine with a Clair, whose scans pulls wait for. */
export async function arrangeScans(parts: ArrangementParts): Promise<Arrangement> {
  const machine = await arrangeMachine(parts);
  const clair = await FakeClair.start();
  parts.atEnd(() => clair.stop());
  const port = Number(new URL(clair.url).port);
  const relay = await addRelay(parts, [{ listen: relayPort(0), target: loopback(port) }]);
  return {
    relays: new Map([...machine.relays, ['control-clair', relay]]),
    organization: { scanPolicy: { blockFrom: 'CRITICAL', unscanned: 'WAIT', waitSeconds: 10 } },
    env: {
      ...machine.env,
      'control-plane': {
        ...machine.env['control-plane'],
        LAYOVER_CLAIR_URL: `http://${hostOf(relay.addresses[0]!)}`,
        LAYOVER_SCAN_EDGE_URL: `http://127.0.0.1:${parts.edgePort}`,
      },
    },
  };
}
