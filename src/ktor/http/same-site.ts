/** The values of the `SameSite` attribute as Ktor writes them (Ktor: `SameSite`, since 3.0). */
export const SameSite = Object.freeze({ Strict: 'Strict', Lax: 'Lax', None: 'None' } as const);
