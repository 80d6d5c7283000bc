/** Secrets that are known before any text is read: values of headers, and of places in a body that the operator names. */

/** A value that is secret wherever it stands, and what it is called in its placeholder: one word. */
export interface KnownSecret {
  readonly text: string;
  readonly type: string;
}

/** One header whose value is a secret: its name in lower case, its value as it came. */
export type SecretHeader = readonly [name: string, value: string];
