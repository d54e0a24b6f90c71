import { decodeKtorCookie } from '../../../src/ktor/http/ktor-cookie-encoding.js';
import { parseJavaDouble } from '../../../src/ktor/kotlin/java-number.js';

/** The smallest of three times, so that a pause of the machine does not count. */
function fastest(run: () => void): number {
  const times = [0, 1, 2].map(() => {
    const start = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - start);
  });
  return Math.min(...times);
}

describe('parsers of client input', () => {
  it.each<[string, (size: number) => void]>([
    ['padding of base64', (size) => void decodeKtorCookie('='.repeat(size) + '.', 'base64', '2.3')],
    ['digits of a double', (size) => rejected(() => parseJavaDouble(`${'1'.repeat(size)}x`))],
  ])('take linear time: %s', (_, parse) => {
    parse(1000);
    // 256 times the quadratic way, 16 times the linear one.
    expect(fastest(() => parse(320_000))).toBeLessThan(
      100 *
        Math.max(
          fastest(() => parse(20_000)),
          50_000,
        ),
    );
  });
});

function rejected(parse: () => void): void {
  expect(parse).toThrow();
}
