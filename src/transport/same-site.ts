/** The values of the `SameSite` attribute, by Ktor's names (Ktor: `SameSite`). */
export const SameSite = Object.freeze({ Strict: 'strict', Lax: 'lax', None: 'none' } as const);
