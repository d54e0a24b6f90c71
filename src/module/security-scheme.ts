import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { definitionOf } from '../config/session-definition.js';
import type { SessionProvider } from '../session/session-provider.js';
import type { SessionClass } from '../tracker/session-class.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** OpenAPI security scheme of a session. */
// A type: `SecuritySchemeObject` of @nestjs/swagger has an index signature, which interfaces do not match.
export type SessionSecurityScheme = {
  readonly type: 'apiKey';
  readonly in: 'cookie' | 'header';
  /** Cookie or header name. */
  readonly name: string;
  readonly description: string;
};

/** Metadata key of `@ApiSecurity`, copied to avoid a dependency on @nestjs/swagger. */
const API_SECURITY = 'swagger/apiSecurity';

type Requirement = Readonly<Record<string, readonly string[]>>;

export function describeRequirement(holder: object, type: SessionClass, optional: boolean): void {
  addRequirement(holder, { [schemeName(type)]: [] });
  if (optional) addRequirement(holder, {});
}

export function describePublic(holder: object): void {
  addRequirement(holder, {});
}

/**
 * The OpenAPI security schemes of all sessions, keyed by the names that `@RequireSession` uses with @nestjs/swagger
 * (Ktor: OpenAPI inference of session authentication). Sessions with a custom transport have none.
 *
 * ```ts
 * const document = new DocumentBuilder();
 * for (const [name, scheme] of Object.entries(sessionSecuritySchemes(app))) document.addSecurity(name, scheme);
 * ```
 *
 * @param description of every scheme. Default: Ktor's `Session-based Authentication`.
 */
export function sessionSecuritySchemes(
  app: INestApplicationContext,
  description = 'Session-based Authentication',
): Record<string, SessionSecurityScheme> {
  const schemes: Record<string, SessionSecurityScheme> = {};
  for (const provider of app.get(SessionsRuntime, { strict: false }).providers.all) {
    const place = placeOf(provider);
    if (place) schemes[schemeName(provider.type)] = { type: 'apiKey', ...place, description };
  }
  return schemes;
}

/** Falls back to the class name, because decorators run before providers exist. */
function schemeName(type: SessionClass): string {
  return definitionOf(type)?.name ?? type.name;
}

function placeOf(provider: SessionProvider): { in: 'cookie' | 'header'; name: string } | undefined {
  const { kind, name = provider.name } = provider.transport;
  if (kind !== 'cookie' && kind !== 'header') return undefined;
  return { in: kind, name };
}

function addRequirement(holder: object, requirement: Requirement): void {
  const present = (Reflect.getOwnMetadata(API_SECURITY, holder) ?? []) as readonly Requirement[];
  Reflect.defineMetadata(API_SECURITY, [...present, requirement], holder);
}
