/** kotlinx's `Json { … }`. */
export interface KotlinxJsonOptions {
  /** Default `false`. */
  readonly encodeDefaults?: boolean;
  /** If `false`, nulls are omitted and a missing nullable field is null. Default `true`. */
  readonly explicitNulls?: boolean;
  /** Default `false`: a session with unknown fields is unreadable. */
  readonly ignoreUnknownKeys?: boolean;
  /** Names the subclass of a sealed class. Default `type`. */
  readonly classDiscriminator?: string;
}
