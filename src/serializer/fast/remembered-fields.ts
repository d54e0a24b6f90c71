/**
 * Stored fields that an instance cannot hold: its class takes declared fields only, or has a method of that name. They
 * stand beside the instance and are written back with it, so that an older version of the class loses nothing that a
 * newer one stored.
 */
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

  /** What stands beside `from` stands beside `to` as well, and nothing else does. */
  carry(from: object, to: object): void {
    const fields = this.of(from);
    if (fields) this.#fields.set(to, new Map(fields));
    else this.#fields.delete(to);
  }
}
