import { clientNetwork } from '../../../../common/security/client-network';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::9', '2001:db8:1:3::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['', ''],
  ['not an address:', 'not an address:'],
])('clientNetwork of "%s" is "%s"', (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});
