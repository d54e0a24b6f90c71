/** `expand 32-byte k`. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const BLOCK = 64;

function rounds(x: Uint32Array): void {
  for (let round = 0; round < 20; round += 2) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 5, 9, 13, 1);
    quarter(x, 10, 14, 2, 6);
    quarter(x, 15, 3, 7, 11);
    quarter(x, 0, 1, 2, 3);
    quarter(x, 5, 6, 7, 4);
    quarter(x, 10, 11, 8, 9);
    quarter(x, 15, 12, 13, 14);
  }
}

function quarter(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  x[b]! ^= rotated(x[a]! + x[d]!, 7);
  x[c]! ^= rotated(x[b]! + x[a]!, 9);
  x[d]! ^= rotated(x[c]! + x[b]!, 13);
  x[a]! ^= rotated(x[d]! + x[c]!, 18);
}

function rotated(sum: number, bits: number): number {
  return (sum << bits) | ((sum >>> 0) >>> (32 - bits));
}

function numbersOf(bytes: Uint8Array): number[] {
  const view = Buffer.from(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.readUInt32LE(4 * index));
}

function matrix(key: readonly number[], input: readonly number[]): Uint32Array {
  const [k, i] = [key, input];
  return Uint32Array.of(
    SIGMA[0], k[0]!, k[1]!, k[2]!,
    k[3]!, SIGMA[1], i[0]!, i[1]!,
    i[2]!, i[3]!, SIGMA[2], k[4]!,
    k[5]!, k[6]!, k[7]!, SIGMA[3],
  ); // prettier-ignore
}

/**
 * Bernstein, "Extending the Salsa20 nonce".
 * @param nonce 16 bytes.
 */
export function hsalsa20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const x = matrix(numbersOf(key), numbersOf(nonce));
  rounds(x);
  const derived = Buffer.alloc(32);
  [0, 5, 10, 15, 6, 7, 8, 9].forEach((index, place) => derived.writeUInt32LE(x[index]!, 4 * place));
  return derived;
}

function salsa20Stream(length: number, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const stream = Buffer.alloc(Math.ceil(length / BLOCK) * BLOCK);
  const [keyNumbers, nonceNumbers] = [numbersOf(key), numbersOf(nonce)];
  for (let block = 0; block * BLOCK < length; block++) {
    const input = matrix(keyNumbers, [...nonceNumbers, block, 0]);
    const x = Uint32Array.from(input);
    rounds(x);
    x.forEach((number, index) => stream.writeUInt32LE((number + input[index]!) >>> 0, block * BLOCK + 4 * index));
  }
  return stream.subarray(0, length);
}

export function xsalsa20Stream(length: number, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  return salsa20Stream(length, hsalsa20(key, nonce.subarray(0, 16)), nonce.subarray(16, 24));
}
