/** Older versions of the class write fields of newer ones back. */
export class RememberedFields {
  readonly #fields = new WeakMap<object, Map<string, unknown>>();
  #isUsed = false;

  set(instance: object, name: string, value: unknown): void {
    this.#isUsed = true;
    const fields = this.#fields.get(instance);
    if (fields) fields.set(name, value);
    else this.#fields.set(instance, new Map([[name, value]]));
  }

  of(instance: object): ReadonlyMap<string, unknown> | undefined {
    return this.#isUsed ? this.#fields.get(instance) : undefined;
  }

  carry(from: object, to: object): void {
    const fields = this.of(from);
    if (fields) this.#fields.set(to, new Map(fields));
    else this.#fields.delete(to);
  }
}
