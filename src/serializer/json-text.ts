export interface FieldStart {
  readonly asFirst: string;
  readonly asNext: string;
}

export function startOfField(name: string): FieldStart {
  const text = JSON.stringify(name);
  return { asFirst: `{${text}:`, asNext: `,${text}:` };
}

export function splitFields(text: string): Map<string, string> {
  parseObject(text);
  const fields = new Map<string, string>();
  let index = text.indexOf('{') + 1;
  for (;;) {
    const start = text.indexOf('"', index);
    if (start === -1) return fields;
    const colon = text.indexOf(':', endOfString(text, start));
    const end = endOfValue(text, colon + 1);
    fields.set(JSON.parse(text.slice(start, colon)) as string, text.slice(colon + 1, end).trim());
    index = end;
  }
}

export function joinFields(fields: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of fields) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`;
  return `{${text}}`;
}

/** The message of JSON.parse would show text. */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError('The stored session is not valid JSON.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SyntaxError('The stored session is not a JSON object.');
}

// The text is valid JSON.
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}

function endOfValue(text: string, start: number): number {
  let open = 0;
  for (let index = start; ; index++) {
    const character = text[index];
    if (character === '"') index = endOfString(text, index) - 1;
    else if (character === '{' || character === '[') open++;
    else if (open === 0 && (character === ',' || character === '}')) return index;
    else if (character === '}' || character === ']') open--;
  }
}
