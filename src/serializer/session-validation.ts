import { SessionConfigurationError } from '../errors/session.errors.js';

/** Standard Schema 1 (standardschema.dev): zod, valibot, arktype. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardSchemaResult | Promise<StandardSchemaResult>;
  };
}

export interface StandardSchemaResult {
  readonly issues?:
    | ReadonlyArray<{
        readonly message: string;
        readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
      }>
    | undefined;
}

export interface FieldError {
  readonly property?: string | undefined;
  readonly children?: readonly FieldError[] | undefined;
}

/** A Standard Schema, whose output is ignored, or a synchronous function such as class-validator's `validateSync`. */
export type SessionSchema<S extends object = object> = StandardSchema | SessionCheck<S>['check'];

// A method is bivariant.
export interface SessionCheck<S> {
  check(session: S): readonly FieldError[] | undefined | void;
}

export class InvalidSession extends Error {
  /** Such as `items[0].price`; `undefined` for the session. */
  readonly path: string | undefined;

  constructor(path: string | undefined) {
    super('The stored session is not valid.');
    this.path = path;
  }
}

export function checkOf<S extends object>(validation: SessionSchema<S>): (session: S) => void {
  if ('~standard' in validation) return checkOfSchema(validation);
  return (session) => {
    const errors: unknown = validation(session);
    rejectPromise(errors);
    const [first] = Array.isArray(errors) ? (errors as FieldError[]) : [];
    if (first) throw new InvalidSession(pathText(session, stepsOf(first)));
  };
}

function checkOfSchema({ '~standard': schema }: StandardSchema): (session: object) => void {
  return (session) => {
    const result = schema.validate(session);
    rejectPromise(result);
    const { issues } = result as StandardSchemaResult;
    if (!issues || issues.length === 0) return;
    const steps = (issues[0]!.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
    throw new InvalidSession(pathText(session, steps));
  };
}

function rejectPromise(result: unknown): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => undefined);
  throw new SessionConfigurationError(
    'validate must be synchronous: use validateSync of class-validator, or a schema without promises.',
  );
}

function stepsOf(error: FieldError): readonly string[] {
  const [child] = error.children ?? [];
  return [...(error.property === undefined ? [] : [error.property]), ...(child ? stepsOf(child) : [])];
}

/** Other keys may be user content. */
function pathText(session: object, steps: readonly PropertyKey[]): string | undefined {
  let text = '';
  let holder: unknown = session;
  for (const step of steps) {
    text += stepText(holder, step, text === '');
    holder = memberOf(holder, step);
  }
  return text === '' ? undefined : text;
}

function stepText(holder: unknown, step: PropertyKey, isFirst: boolean): string {
  if (Array.isArray(holder) && /^\d{1,9}$/.test(String(step))) return `[${String(step)}]`;
  const isField = typeof step === 'string' && /^[A-Za-z_$][\w$]{0,63}$/.test(step) && isOfClass(holder);
  if (!isField) return '[key]';
  return isFirst ? step : `.${step}`;
}

function isOfClass(holder: unknown): boolean {
  if (typeof holder !== 'object' || holder === null || holder instanceof Map || holder instanceof Set) return false;
  const prototype = Object.getPrototypeOf(holder) as object | null;
  return prototype !== null && prototype !== Object.prototype;
}

function memberOf(holder: unknown, step: PropertyKey): unknown {
  if (holder instanceof Map) return holder.get(step);
  if (typeof holder !== 'object' || holder === null) return undefined;
  return Object.getOwnPropertyDescriptor(holder, step)?.value as unknown;
}
