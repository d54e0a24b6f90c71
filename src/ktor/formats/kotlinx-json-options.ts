/** The settings of kotlinx `Json { … }` that change what is written or read. Defaults are kotlinx's. */
export interface KotlinxJsonOptions {
  /** Writes fields that hold their default, too. Default `false`. */
  readonly encodeDefaults?: boolean;
  /** Writes `null`; without, it is left out, and a nullable field that is missing reads as null. Default `true`. */
  readonly explicitNulls?: boolean;
  /** Reads past fields that the class has not. Default `false`: the session is lost. */
  readonly ignoreUnknownKeys?: boolean;
  /** The key that names the subclass of a sealed class. Default `type`. */
  readonly classDiscriminator?: string;
}
