/** Escapes NUL and lone surrogates, which databases reject or change, and the backslash. */
export function encodeSqlText(text: string): string {
  return text.replace(/[\0\\]|\p{Surrogate}/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export function decodeSqlText(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_all, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}
