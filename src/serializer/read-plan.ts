import { RecentShapes } from './fast/recent-shapes.js';
import { DECODED, type Fields } from './tagged-value.js';
import { type ANY_VALUE, TextPlan, type TextStep } from './fast/text-plan.js';

export type ReadStep = (instance: Fields, value: unknown, source: Fields, depth: number) => void;

const NO_SOURCE: Fields = {};

interface ReadPlanParts {
  readonly make: new () => object;
  readonly known: ReadonlyMap<string, ReadStep>;
  readonly knownInText: ReadonlyMap<string, TextStep | typeof ANY_VALUE>;
  readonly unknown: (name: string) => ReadStep;
  readonly missing: ReadonlyArray<{ readonly name: string; readonly assign: ReadStep }>;
  readonly needsSource: boolean;
  readonly renamed: ReadonlyArray<{ readonly from: string; readonly to: string }>;
}

export class ReadPlan {
  readonly make: new () => object;
  readonly missing: ReadonlyArray<{ readonly name: string; readonly assign: ReadStep }>;
  readonly needsSource: boolean;
  readonly renamed: ReadonlyArray<{ readonly from: string; readonly to: string }>;
  /** `undefined` if a step needs more than its field. */
  readonly text: TextPlan | undefined;
  readonly #known: ReadonlyMap<string, ReadStep>;
  readonly #unknown: (name: string) => ReadStep;
  readonly #shapes = new RecentShapes<readonly ReadStep[]>();

  constructor(parts: ReadPlanParts) {
    this.make = parts.make;
    this.missing = parts.missing;
    this.needsSource = parts.needsSource;
    this.renamed = parts.renamed;
    this.#known = parts.known;
    this.#unknown = parts.unknown;
    const isWhole = parts.needsSource || parts.missing.length > 0 || parts.renamed.length > 0;
    if (!isWhole) this.text = new TextPlan(parts.make, (name) => parts.knownInText.get(name) ?? this.#inText(name));
  }

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
