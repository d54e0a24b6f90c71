import type { DerivedKey, KeyRing } from './key-ring.js';

export class DerivedKeys<T> {
  readonly #ring: KeyRing;
  readonly #purpose: string;
  readonly #name: string;
  readonly #make: (key: DerivedKey) => T;
  #generation: number;
  #made: readonly T[];

  constructor(ring: KeyRing, purpose: string, name: string, make: (key: DerivedKey) => T) {
    this.#ring = ring;
    this.#purpose = purpose;
    this.#name = name;
    this.#make = make;
    this.#generation = ring.generation;
    this.#made = ring.derive(purpose, name).map(make);
  }

  get all(): readonly T[] {
    if (this.#generation !== this.#ring.generation) {
      this.#generation = this.#ring.generation;
      this.#made = this.#ring.derive(this.#purpose, this.#name).map(this.#make);
    }
    return this.#made;
  }
}
