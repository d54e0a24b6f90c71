import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { definitionOf } from '../config/session-definition.js';
import type { SessionProvider } from '../session/session-provider.js';
import type { SessionClass } from '../tracker/session-class.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** An OpenAPI security scheme: the cookie or header that carries a session. */
export interface SessionSecurityScheme {
  readonly type: 'apiKey';
  readonly in: 'cookie' | 'header';
  /** The name of the cookie or header. */
  readonly name: string;
  readonly description: string;
}

/** What @nestjs/swagger reads, and its `@ApiSecurity` writes; named here so that it need not be installed. */
const API_SECURITY = 'swagger/apiSecurity';

type Requirement = Readonly<Record<string, readonly string[]>>;

/** Records in the OpenAPI description that a handler or a controller needs a session. */
export function describeRequirement(holder: object, type: SessionClass, optional: boolean): void {
  addRequirement(holder, { [schemeName(type)]: [] });
  if (optional) addRequirement(holder, {});
}

/** Records in the OpenAPI description that a handler or a controller needs none. */
export function describePublic(holder: object): void {
  addRequirement(holder, {});
}

/**
 * The OpenAPI security schemes of an application's sessions, by the names under which `@RequireSession` asks for them
 * in the description that @nestjs/swagger makes (Ktor: OpenAPI inference of session authentication). Sessions in a
 * transport of your own have none.
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
  for (const provider of app.get(SessionsRuntime, { strict: false }).providers.providers) {
    const place = placeOf(provider);
    if (place) schemes[schemeName(provider.type)] = { type: 'apiKey', ...place, description };
  }
  return schemes;
}

/** Known when decorators run, before any provider is: the session's name, else that of its class. */
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
