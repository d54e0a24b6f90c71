/** HTTP adapter of Nest 12.1 and later. */
interface SecurityHookHost {
  registerSecurityHook?: (hook: SecurityHook) => unknown;
}

type SecurityHook = (request: object, response: object) => unknown;

/**
 * Detects `app.enableCsrfProtection()`, which Nest does not expose: records the hook that Nest registers and tests it
 * once.
 */
export class CsrfProtection {
  #exists = false;
  #hook: SecurityHook | undefined;

  /** Call it before `enableCsrfProtection`. */
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

  /** `absent`: this version of Nest has no CSRF protection. */
  get state(): 'on' | 'off' | 'absent' {
    if (!this.#exists) return 'absent';
    return this.#hook !== undefined && looksAtSite(this.#hook) ? 'on' : 'off';
  }
}

// The hook may only set security headers. CSRF protection reads Sec-Fetch-Site of every POST request; `same-origin`
// ends the check.
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
