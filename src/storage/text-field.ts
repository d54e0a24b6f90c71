/**
 * Encodes any text as a field of a line: base64url of its UTF-16 code units, which keeps lone surrogates. `undefined`
 * is `-`; all other fields start with `=`.
 */
export function encodeTextField(text: string | undefined): string {
  return text === undefined ? '-' : `=${Buffer.from(text, 'utf16le').toString('base64url')}`;
}

/** The inverse of {@link encodeTextField}. */
export function decodeTextField(field: string): string | undefined {
  return field === '-' ? undefined : Buffer.from(field.slice(1), 'base64url').toString('utf16le');
}
