import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import type { SessionProvider } from '../../session/session-provider.js';
import { discoveredClasses, methodsOf } from '../handlers/discovered-handlers.js';
import { HTTP_METHOD } from '../handlers/nest-metadata.js';

/** `RequestMethod` of POST, PUT, DELETE, PATCH and ALL. */
const UNSAFE: ReadonlySet<unknown> = new Set([1, 2, 3, 4, 5]);

/** `serious`: a cookie has `sameSite: 'none'`. */
export function csrfHint(
  discovery: DiscoveryService,
  providers: readonly SessionProvider[],
  protection: CsrfProtection,
): { readonly sentence: string; readonly serious: boolean } | undefined {
  const cookies = providers.filter(({ transport }) => transport.kind === 'cookie');
  if (cookies.length === 0 || protection.state === 'on') return undefined;
  const everywhere = cookies.find(({ transport }) => isSentEverywhere(transport));
  const what = everywhere
    ? `Session "${everywhere.name}" has sameSite: 'none', so browsers send it with requests of every site.`
    : undefined;
  if (protection.state === 'absent') {
    if (!what) return undefined;
    const sentence = `${what} This version of NestJS has no CSRF protection: add the guard of docs/csrf.md.`;
    return { sentence, serious: true };
  }
  const route = what ?? unsafeRoute(discovery);
  if (route === undefined) return undefined;
  const call = 'Call app.enableCsrfProtection() before app.listen(), or see docs/csrf.md for other ways.';
  return { sentence: `${route} NestJS' CSRF protection is off. ${call}`, serious: what !== undefined };
}

function isSentEverywhere(transport: object): boolean {
  const { configuration } = transport as { readonly configuration?: { readonly sameSite?: string } };
  return configuration?.sameSite?.toLowerCase() === 'none';
}

function unsafeRoute(discovery: DiscoveryService): string | undefined {
  for (const { type, isController } of discoveredClasses(discovery)) {
    if (!isController) continue;
    const prototype = type.prototype as Record<string | symbol, unknown>;
    const name = methodsOf(prototype).find((one) => UNSAFE.has(methodOf(prototype[one])));
    if (name !== undefined) return `${type.name}.${String(name)} handles requests that change data.`;
  }
  return undefined;
}

function methodOf(handler: unknown): unknown {
  return typeof handler === 'function' ? Reflect.getMetadata(HTTP_METHOD, handler) : undefined;
}

/** Since Nest 12.1. */
interface SecurityHookHost {
  registerSecurityHook?: (hook: SecurityHook) => unknown;
}

type SecurityHook = (request: object, response: object) => unknown;

/** Detects `app.enableCsrfProtection()` by its hook. */
export class CsrfProtection {
  #exists = false;
  #hook: SecurityHook | undefined;

  watch(adapter: unknown): void {
    const host = adapter as SecurityHookHost | undefined;
    const register = host?.registerSecurityHook;
    if (!host || typeof register !== 'function') return;
    this.#exists = true;
    host.registerSecurityHook = (hook) => {
      this.#hook = hook;
      return register.call(host, hook);
    };
  }

  /** `absent`: Nest before 12.1. */
  get state(): 'on' | 'off' | 'absent' {
    if (!this.#exists) return 'absent';
    return this.#hook !== undefined && looksAtSite(this.#hook) ? 'on' : 'off';
  }
}

function looksAtSite(hook: SecurityHook): boolean {
  let looked = false;
  const headers = {
    get 'sec-fetch-site'() {
      looked = true;
      return 'same-origin';
    },
  };
  const response = { setHeader() {}, removeHeader() {} };
  try {
    hook({ method: 'POST', url: '/', originalUrl: '/', headers }, response);
  } catch {
    return true;
  }
  return looked;
}
