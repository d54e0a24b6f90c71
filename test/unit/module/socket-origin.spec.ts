import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { allowsSocket, checkedOrigins, hostsOf } from '../../../src/module/request/socket-origin.js';

describe('the origin of a socket', () => {
  it('looks at a few hosts only, however many a header names', () => {
    expect(hostsOf('shop.example, proxy.example')).toEqual(['shop.example', ' proxy.example']);
    expect(hostsOf('a,'.repeat(10_000))).toHaveLength(8);
  });

  it.each([
    ['https://shop.example', ['shop.example']],
    ['https://shop.example', ['shop.example:443']],
    ['http://shop.example:8080', ['shop.example:8080']],
    ['https://SHOP.example', ['Shop.Example']],
    ['https://shop.example', ['backend:3000', 'shop.example']],
    ['http://[::1]:3000', ['[::1]:3000']],
  ])('%s is that of the hosts %j', (origin, hosts) => {
    expect(allowsSocket([], origin, hosts)).toBe(true);
  });

  it.each([
    ['https://evil.example', ['shop.example']],
    ['https://shop.example.evil.example', ['shop.example']],
    ['https://shop.example@evil.example', ['shop.example']],
    ['https://evil.example', ['shop.example@evil.example.org']],
    ['https://shop.example:444', ['shop.example']],
    ['null', ['shop.example']],
    ['', ['shop.example']],
    ['file://', ['']],
    ['not an origin', ['not an origin']],
    ['https://shop.example', []],
    ['https://shop.example', ['']],
  ])('%s is foreign to the hosts %j', (origin, hosts) => {
    expect(allowsSocket([], origin, hosts)).toBe(false);
  });

  it('may be allowed by a list, exactly, or by a function that says true', () => {
    expect(allowsSocket(['https://app.example'], 'https://app.example', [])).toBe(true);
    expect(allowsSocket(['https://app.example'], 'http://app.example', [])).toBe(false);
    expect(allowsSocket(['capacitor://localhost'], 'capacitor://localhost', [])).toBe(true);
    expect(allowsSocket((origin) => origin.endsWith('.friend.example'), 'https://a.friend.example', [])).toBe(true);
    expect(allowsSocket((() => 'yes') as never, 'https://a.example', [])).toBe(false);
  });

  it.each([['*'], ['app.example'], ['https://app.example/'], ['https://*.example'], [''], [undefined], 'https://a.b'])(
    'is no %j in allowedOrigins',
    (wrong) => {
      expect(() => checkedOrigins((typeof wrong === 'string' ? wrong : [wrong]) as never)).toThrow(
        SessionConfigurationError,
      );
    },
  );
});
