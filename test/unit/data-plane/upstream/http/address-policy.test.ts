import { createAddressPolicy } from '../../../../../data-plane/src/upstream/http/address-policy';

describe('createAddressPolicy', () => {
  const policy = createAddressPolicy([]);

  it.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:0:10.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    'localhost',
    '',
    '127.0.0.1.evil.example',
  ])('refuses %s', (address) => expect(policy.allows(address)).toBe(false));

  it.each(['1.1.1.1', '100.128.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'])(
    'allows %s',
    (address) => expect(policy.allows(address)).toBe(true),
  );

  it('allows exactly the given networks, in all notations of their addresses', () => {
    const open = createAddressPolicy(['10.20.0.0/16', 'fd00:1::/64']);
    expect(open.allows('10.20.3.4')).toBe(true);
    expect(open.allows('::ffff:10.20.3.4')).toBe(true);
    expect(open.allows('64:ff9b::10.20.3.4')).toBe(true);
    expect(open.allows('fd00:1::5')).toBe(true);
    expect(open.allows('10.21.0.1')).toBe(false);
    expect(open.allows('fd00:2::5')).toBe(false);
    expect(open.allows('127.0.0.1')).toBe(false);
  });

  it('names an invalid network in the error', () => {
    expect(() => createAddressPolicy(['10.0.0.0/8', '10.0.0.0/99'])).toThrow('10.0.0.0/99');
    expect(() => createAddressPolicy(['ten'])).toThrow(TypeError);
  });
});
