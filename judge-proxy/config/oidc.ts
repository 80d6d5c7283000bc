/** `console.oidc`: signing in to the console with the accounts of a company, by OpenID Connect. */

import { z } from 'zod';

/** Roles of the console; contract/roles.ts has what each may do. */
const CONSOLE_ROLES = ['viewer', 'reviewer', 'policy_editor', 'admin'] as const;

export const oidc = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/ })
    .describe('Issuer of the provider, exactly as its ID tokens name it. HTTPS; HTTP on a loopback address only.'),
  client_id: z.string().min(1).describe('Client that the provider knows us as: confidential, authorization code.'),
  client_secret: z.string().min(1).meta({ secret: true }).describe('Its secret.'),
  name: z.string().min(1).max(60).default('single sign-on').describe('What the button of the sign-in page says.'),
  scopes: z
    .array(z.string().regex(/^[\u0021\u0023-\u005b\u005d-\u007e]+$/))
    .default(['openid', 'profile', 'email'])
    .describe('What the provider is asked for; `openid` among it.'),
  user_claim: z
    .string()
    .min(1)
    .default('email')
    .describe('Claim of the ID token that names the user. `email` counts only with `email_verified: true`.'),
  role_claim: z.string().min(1).describe('Claim of the ID token that has the roles: text or a list of texts.'),
  roles: z
    .record(z.string(), z.enum(CONSOLE_ROLES))
    .describe(
      'Value of that claim → role. Of several the one that may most counts; whoever has none of them is refused.',
    ),
  ca_files: z.array(z.string().min(1)).default([]).describe('CAs trusted for it beside the system roots, PEM.'),
  allow_addresses: z.array(z.string()).default([]).describe('CIDRs, beside public addresses, at which it may live.'),
});

export type OidcConfig = z.output<typeof oidc>;
