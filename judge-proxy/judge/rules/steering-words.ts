/** Words that several patterns of `steering.ts` are looked for by. */

import { pairs } from './triggers.ts';

/** What a text says of itself, as one word or several of them, up to the space that follows. */
export const WHAT_WORDS: readonly string[] = pairs(
  [
    ...['exchange', 'conversation', 'transcript', 'interaction', 'response', 'answer', 'message', 'content', 'call'],
    ...['command', 'action', 'sample', 'document', 'account', 'page', 'part', 'what follows'],
    ...['everything here', 'everything above', 'all of it', 'all of this', 'all of the above'],
  ],
  [' ', 's '],
);

/** That it is innocent, behind a space. */
export const ACQUITTALS: readonly string[] = pairs(
  [' '],
  [
    ...[
      'safe',
      'harmless',
      'benign',
      'compliant',
      'clean',
      'approved',
      'exempt',
      'permitted',
      'unobjectionable',
      'fine',
    ],
    ...['violati', 'harmful', 'false positive', 'refusal', 'drill', 'fixture', 'no-op', 'health check', 'known good'],
  ],
);

/** How a judge's work is named when it is ordered. */
export const LABELLING: readonly string[] = [
  ...['treat', 'count', 'class', 'mark', 'label', 'report', 'score', 'consider', 'confirm', 'assume', 'found'],
  ...['verified', 'checked'],
];

/** What is to come of it, behind a space or a quotation mark. */
export const GRANTS: readonly string[] = pairs(
  [' ', '"'],
  [
    ...['allowed', 'safe', 'approved', 'refus', 'harmless', 'benign', 'compliant', 'clean', 'permitted'],
    'unproblematic',
  ],
);
