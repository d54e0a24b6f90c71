/** Ktor's names (Ktor: `SameSite`). */
export const SameSite = Object.freeze({ Strict: 'strict', Lax: 'lax', None: 'none' } as const);
