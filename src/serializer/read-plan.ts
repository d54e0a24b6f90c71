import type { Fields } from './fields.js';
import { RecentShapes } from './fast/recent-shapes.js';
import { DECODED } from './tagged-value.js';
import { TextPlan, type TextStep } from './fast/text-plan.js';

/** Brings one stored field into an instance. `depth` is where its value stands in the text, or `DECODED`. */
export type ReadStep = (instance: Fields, value: unknown, source: Fields, depth: number) => void;

const NO_SOURCE: Fields = {};

interface ReadPlanParts {
  readonly make: new () => object;
  /** By stored name: what a decorator or an initializer makes known. */
  readonly known: ReadonlyMap<string, ReadStep>;
  /** The same where there is a shorter way from the text. */
  readonly knownInText: ReadonlyMap<string, TextStep>;
  /** Makes the step for any other stored name. */
  readonly unknown: (name: string) => ReadStep;
  /** Exposed fields that have to be seen to even if they are not stored. */
  readonly missing: ReadonlyArray<{ readonly name: string; readonly assign: ReadStep }>;
  /** A transform or a type function may look at the whole source, so it has to be decoded first. */
  readonly seesSource: boolean;
  /** Former stored names, and the present ones. */
  readonly renamed: ReadonlyArray<{ readonly from: string; readonly to: string }>;
}

/** What is done with the stored fields of a class, worked out once for every list of names that comes. */
export class ReadPlan {
  readonly make: new () => object;
  readonly missing: ReadonlyArray<{ readonly name: string; readonly assign: ReadStep }>;
  readonly seesSource: boolean;
  readonly renamed: ReadonlyArray<{ readonly from: string; readonly to: string }>;
  /** The way straight from the text. `undefined` where something has to see the whole source, or what is not there. */
  readonly text: TextPlan | undefined;
  readonly #known: ReadonlyMap<string, ReadStep>;
  readonly #unknown: (name: string) => ReadStep;
  readonly #shapes = new RecentShapes<readonly ReadStep[]>();

  constructor(parts: ReadPlanParts) {
    this.make = parts.make;
    this.missing = parts.missing;
    this.seesSource = parts.seesSource;
    this.renamed = parts.renamed;
    this.#known = parts.known;
    this.#unknown = parts.unknown;
    const isWhole = parts.seesSource || parts.missing.length > 0 || parts.renamed.length > 0;
    if (!isWhole) this.text = new TextPlan(parts.make, (name) => parts.knownInText.get(name) ?? this.#inText(name));
  }

  /** One step for each name. */
  stepsFor(names: readonly string[]): readonly ReadStep[] {
    return this.#shapes.get(names, () => names.map((name) => this.#stepOf(name)));
  }

  #stepOf(name: string): ReadStep {
    return this.#known.get(name) ?? this.#unknown(name);
  }

  #inText(name: string): TextStep {
    const step = this.#stepOf(name);
    return (instance, cursor, depth) => step(instance, cursor.value(depth), NO_SOURCE, DECODED);
  }
}
