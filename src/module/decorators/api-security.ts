import 'reflect-metadata';
import { definitionOf } from '../../config/session-definition.js';
import type { SessionClass } from '../../tracker/session-class.js';

/** Metadata key of `@ApiSecurity()` of @nestjs/swagger. */
export const API_SECURITY = 'swagger/apiSecurity';

type Requirement = Readonly<Record<string, readonly string[]>>;

export function describeRequirement(holder: object, type: SessionClass, optional: boolean): void {
  addRequirement(holder, { [schemeName(type)]: [] });
  if (optional) addRequirement(holder, {});
}

export function describePublic(holder: object): void {
  addRequirement(holder, {});
}

// Decorators run before providers exist.
export function schemeName(type: SessionClass): string {
  return definitionOf(type)?.name ?? type.name;
}

function addRequirement(holder: object, requirement: Requirement): void {
  const present = (Reflect.getOwnMetadata(API_SECURITY, holder) ?? []) as readonly Requirement[];
  Reflect.defineMetadata(API_SECURITY, [...present, requirement], holder);
}
