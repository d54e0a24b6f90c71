/** Settings of kotlinx `Json { … }`, with kotlinx's defaults. */
export interface KotlinxJsonOptions {
  /** Writes fields that equal their default. Default `false`. */
  readonly encodeDefaults?: boolean;
  /** Writes `null`. If `false`, nulls are omitted and a missing nullable field is null. Default `true`. */
  readonly explicitNulls?: boolean;
  /** Ignores unknown fields. Default `false`: the session is unreadable. */
  readonly ignoreUnknownKeys?: boolean;
  /** The key with the subclass of a sealed class. Default `type`. */
  readonly classDiscriminator?: string;
}
