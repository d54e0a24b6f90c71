/** The part of an HTTP adapter that Nest 12.1 and later put their request hook on. */
interface SecurityHookHost {
  registerSecurityHook?: (hook: SecurityHook) => unknown;
}

type SecurityHook = (request: object, response: object) => unknown;

/**
 * Tells whether the application has called `app.enableCsrfProtection()`, which Nest keeps to itself: the hook that Nest
 * gives to its adapter is kept, and asked once.
 */
export class CsrfProtection {
  #exists = false;
  #hook: SecurityHook | undefined;

  /** Watches an adapter. Must come before the application calls `enableCsrfProtection`. */
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

  /** `absent` in versions of Nest that have none. */
  get state(): 'on' | 'off' | 'absent' {
    if (!this.#exists) return 'absent';
    return this.#hook !== undefined && looksAtSite(this.#hook) ? 'on' : 'off';
  }
}

// The same hook writes security headers, so that having one says nothing. The protection looks at Sec-Fetch-Site of every
// POST request; told that it comes from the same origin, it asks nobody else.
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
