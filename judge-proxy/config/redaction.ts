/** `redaction` and `sealing`: what the operator takes out of the text beside our own rules, and to whom originals are sealed. */

import { z } from 'zod';

const word = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/);

export const redaction = z
  .strictObject({
    patterns: z
      .array(
        z.strictObject({
          name: word.describe('Stands in placeholders: `[REDACTED:name:token]`.'),
          pattern: z
            .string()
            .min(1)
            .max(1_000)
            .describe(
              'RE2 expression: time linear in the text, so no look-around and no back-references. Group 1, when there is one, is the secret, else all that matches.',
            ),
        }),
      )
      .max(50)
      .default([])
      .describe('What else is a secret by its form, in all texts and in the path.'),
    json_paths: z
      .array(
        z.strictObject({
          name: word.describe('Stands in placeholders.'),
          path: z
            .string()
            .min(1)
            .max(1_000)
            .describe(
              'JSON path (RFC 9535) into bodies and events of streams, e.g. `$.metadata.customer` or `$..password`, with at most one `..` and no `$` in filters. Its values are secrets where they stand, and with eight characters or more wherever they occur.',
            ),
        }),
      )
      .max(50)
      .default([])
      .describe('What else is a secret by its place.'),
    headers: z
      .array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/))
      .max(50)
      .default([])
      .describe(
        'Headers of requests and responses whose values are secrets wherever they occur. Credential headers (`authorization`, `cookie`, `x-api-key` and their like) always are. No header is stored.',
      ),
  })
  .prefault({})
  .describe('Detectors beside those of the rules. A route with `recording: full` redacts nothing.');

export const sealing = z
  .strictObject({
    recipients: z
      .array(z.string())
      .max(20)
      .default([])
      .describe('age recipients (`age1…`), public keys alone: each can open what is sealed, with the `age` command.'),
  })
  .prefault({})
  .describe('For routes with `seal`.');
