/** An object by its fields: an instance, or what stands for one in a text. */
export type Fields = Record<string, unknown>;
