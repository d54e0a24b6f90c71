import { FormDocument, formPair, encodeForm } from './form-encoding.js';

/** Case-insensitive names with any number of values. As a session class: a query string without tags. */
export class Parameters {
  readonly #entries = new Map<string, { readonly name: string; readonly values: string[] }>();

  get names(): readonly string[] {
    return Array.from(this.#entries.values(), ({ name }) => name);
  }

  get(name: string): string | undefined {
    return this.#entries.get(name.toLowerCase())?.values[0];
  }

  getAll(name: string): readonly string[] {
    return [...(this.#entries.get(name.toLowerCase())?.values ?? [])];
  }

  /** Without values, appends the bare name. */
  append(name: string, ...values: readonly string[]): this {
    const entry = this.#entries.get(name.toLowerCase());
    if (entry) entry.values.push(...values);
    else this.#entries.set(name.toLowerCase(), { name, values: [...values] });
    return this;
  }

  remove(name: string): boolean {
    return this.#entries.delete(name.toLowerCase());
  }

  formUrlEncode(): string {
    return Array.from(this.#entries.values(), ({ name, values }) =>
      values.length === 0 ? encodeForm(name) : values.map((value) => formPair(name, value)).join('&'),
    ).join('&');
  }

  static parse(text: string): Parameters {
    const document = new FormDocument(text);
    const parameters = new Parameters();
    for (const name of document.names) parameters.append(name, ...document.getAll(name));
    return parameters;
  }
}
