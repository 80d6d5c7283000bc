/** Signing in by OpenID Connect: what the two addresses take, and how it can end. */

import { z } from 'zod';

/** `next`: page of the console to be shown afterwards, and nothing outside of it. */
export const startOidc = z.strictObject({
  next: z
    .string()
    .max(1_024)
    .regex(/^\/(?![/\\])[\u0021-\u007e]*$/)
    .optional(),
});
/** What a provider sends with the browser (RFC 6749 §4.1.2, RFC 9207); it may send more. */
export const finishOidc = z.looseObject({
  state: z.string().max(256).optional(),
  code: z.string().max(4_096).optional(),
  iss: z.string().max(1_024).optional(),
  error: z.string().max(256).optional(),
});

/** Why it was refused: what the server may write into the address of the sign-in page. */
export const OIDC_REFUSALS = [
  'cancelled', // the provider says that the person, or the provider, did not agree
  'not_begun', // no sign-in of this browser waits for that answer: too late, used before, or begun elsewhere
  'bad_answer', // what the provider answered does not hold
  'unavailable', // the provider cannot be reached, or not in time
  'unverified_email',
  'no_name', // the claim is missing, or nothing that can be a user's name
  'no_role',
  'name_taken', // by a user with a password, or by another person of the provider
  'locked',
  'last_admin', // the provider now gives the last administrator a lesser role
  'try_again', // the user was changed at the same moment
  'too_many_requests',
] as const;
export type OidcRefusal = (typeof OIDC_REFUSALS)[number];
