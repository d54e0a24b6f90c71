/** An object by its fields: an instance or its plain form. */
export type Fields = Record<string, unknown>;
