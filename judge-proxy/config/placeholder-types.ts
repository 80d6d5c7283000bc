/** Types of secrets that our own rules put into placeholders: no detector of an operator may look like one of them. */

/** A test of the rules holds this list to them (`judge/rules/placeholder-types.test.ts`). */
export const BUILT_IN_TYPES: ReadonlySet<string> = new Set([
  // Rule `secrets`: our patterns.
  ...['llm_api_key', 'aws_access_key_id', 'google_api_key', 'google_oauth', 'github_token', 'slack_token', 'jwt'],
  ...['authorization', 'url_credentials', 'key_assignment', 'password', 'private_key'],
  // Rule `personal_data`.
  ...['payment_card', 'iban', 'us_ssn', 'email', 'telephone'],
]);

/** Whether a word could be read as a type of ours: of secretlint's rules, encoded ones, and headers there are families. */
export function isBuiltInType(word: string): boolean {
  return BUILT_IN_TYPES.has(word) || /^(?:encoded|header)_|_secret$/.test(word);
}
