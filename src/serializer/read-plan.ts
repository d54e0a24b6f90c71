import { RecentShapes } from './recent-shapes.js';

export type Fields = Record<string, unknown>;

/** Brings one stored field into an instance. `depth` is where its value stands in the text, or `DECODED`. */
export type ReadStep = (instance: Fields, value: unknown, source: Fields, depth: number) => void;

interface ReadPlanParts {
  readonly make: new () => object;
  /** By stored name: what a decorator or an initializer makes known. */
  readonly known: ReadonlyMap<string, ReadStep>;
  /** Makes the step for any other stored name. */
  readonly unknown: (name: string) => ReadStep;
  /** Exposed fields that have to be seen to even if they are not stored. */
  readonly missing: ReadonlyArray<{ readonly name: string; readonly assign: ReadStep }>;
  /** A transform or a type function may look at the whole source, so it has to be decoded first. */
  readonly seesSource: boolean;
}

/** What is done with the stored fields of a class, worked out once for every list of names that comes. */
export class ReadPlan {
  readonly make: new () => object;
  readonly missing: ReadonlyArray<{ readonly name: string; readonly assign: ReadStep }>;
  readonly seesSource: boolean;
  readonly #known: ReadonlyMap<string, ReadStep>;
  readonly #unknown: (name: string) => ReadStep;
  readonly #shapes = new RecentShapes<ReadStep>();

  constructor(parts: ReadPlanParts) {
    this.make = parts.make;
    this.missing = parts.missing;
    this.seesSource = parts.seesSource;
    this.#known = parts.known;
    this.#unknown = parts.unknown;
  }

  /** One step for each name. */
  stepsFor(names: readonly string[]): readonly ReadStep[] {
    return this.#shapes.get(names, () => names.map((name) => this.#known.get(name) ?? this.#unknown(name)));
  }
}
