export const README_EXAMPLE_KEY = 'Q-J8vD1Bm3uPAqJr0JstDsw8h_TarpIGJkcF11t6Qt8';

/** Of Ktor's documentation, samples and tests. */
const KTOR_SAMPLE_KEYS: ReadonlySet<string> = new Set([
  '000102030405060708090a0b0c0d0e0f',
  '00112233445566778899aabbccddeeff',
  '003515606058610610561058',
  '02030405060708090a0b0c',
  '03515606058610610561',
  '0351560605861061056105',
  '03e156f6058a1381381606',
  '6819b57a326945c1968f45236581',
  '6819b57a326945c1968f45236589',
]);

const README_EXAMPLE_HEX = Buffer.from(README_EXAMPLE_KEY, 'base64url').toString('hex');
const MAX_DECODINGS = 3;

/** Also in hexadecimal and base64. */
export function publicKeyIn(key: string | Uint8Array): string | undefined {
  let forms: Buffer[] = typeof key === 'string' ? decoded(key) : [Buffer.from(key)];
  for (let depth = 0; depth < MAX_DECODINGS && forms.length > 0; depth++) {
    const digits = forms.map((form) => form.toString('hex'));
    if (digits.includes(README_EXAMPLE_HEX)) return 'is the public example key of the README.';
    if (digits.some((form) => KTOR_SAMPLE_KEYS.has(form))) {
      return "is a public sample key of Ktor's documentation.";
    }
    forms = forms.flatMap((form) => decoded(form.toString('latin1')));
  }
  return undefined;
}

function decoded(text: string): Buffer[] {
  const trimmed = text.trim();
  if (!/^[\w+/-]+={0,2}$/.test(trimmed)) return [];
  const base64 = Buffer.from(trimmed, 'base64');
  return /^(?:[0-9a-f]{2})+$/i.test(trimmed) ? [Buffer.from(trimmed, 'hex'), base64] : [base64];
}
