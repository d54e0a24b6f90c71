/** Since Nest 12.1. */
interface SecurityHookHost {
  registerSecurityHook?: (hook: SecurityHook) => unknown;
}

type SecurityHook = (request: object, response: object) => unknown;

/** Detects `app.enableCsrfProtection()` by the hook that Nest registers. */
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

// A hook may set security headers only.
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
