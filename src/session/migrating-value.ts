/** The values of both forms as one text, between transport, transformer and tracker. Never sent. */
interface MigratingValue {
  readonly own?: string | undefined;
  readonly foreign?: string | undefined;
  readonly marked?: boolean | undefined;
}

export function pack(value: MigratingValue): string {
  return JSON.stringify(value);
}

export function unpack(packed: string): MigratingValue {
  return JSON.parse(packed) as MigratingValue;
}
