/** `=` and base64url of UTF-16, which preserves lone surrogates; `-` for `undefined`. */
export function encodeTextField(text: string | undefined): string {
  return text === undefined ? '-' : `=${Buffer.from(text, 'utf16le').toString('base64url')}`;
}

export function decodeTextField(field: string): string | undefined {
  return field === '-' ? undefined : Buffer.from(field.slice(1), 'base64url').toString('utf16le');
}
