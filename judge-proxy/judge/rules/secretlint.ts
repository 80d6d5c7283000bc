/**
 * Runs the rules of secretlint's recommended preset on one text.
 *
 * The rules are called through their plug-in interface and not through `@secretlint/core`, for three reasons. The text
 * is hostile, and core honours `secretlint-disable` comments in it: whoever writes the prompt would switch redaction
 * off. Core's profiler keeps every mark of every run for ever. And measured on 2 KiB of prose, core costs 235 µs, the
 * same rules called directly 30 µs, and behind the keywords below 4 µs.
 *
 * Ranges of rules that report a capture group begin at the whole match and have the length of the group, so they end
 * inside the secret (aws, npm): `secrets.ts` extends every range to the end of its token.
 */

import { rules as preset } from '@secretlint/secretlint-rule-preset-recommend';
import type { SecretLintSourceCode } from '@secretlint/types';

/** Rule id → words without which it cannot match. A rule of the preset that is not listed runs on every text. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  aws: ['key', 'KEY', 'Key'],
  npm: ['npm_', '_authToken=', 'x-oauth-basic'],
  slack: ['xox', 'xapp-', 'hooks.slack.com'],
  basicauth: ['://'],
  openai: ['T3BlbkFJ'],
  anthropic: ['sk-ant-'],
  groq: ['gsk_'],
  huggingface: ['hf_'],
  linear: ['lin_api_'],
  notion: ['ntn_'],
  privatekey: ['PRIVATE KEY'],
  sendgrid: ['SG.'],
  shopify: ['shppa_', 'shpca_', 'shpat_', 'shpss_'],
  stripe: ['sk_live', 'sk_test', 'rk_live', 'rk_test'],
  github: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
  gitlab: ['glpat-'],
  grafana: ['glc_', 'glsa_'],
  '1password': ['ops_ey'],
  'database-connection-string': ['://'],
  'hashicorp-vault': ['hvs.', 'hvb.', 'hvr.'],
  vercel: ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'],
  databricks: ['dapi'],
  docker: ['dckr_pat_'],
  figma: ['figd_'],
  cloudflare: ['cfk_', 'cfut_', 'cfat_'],
  tailscale: ['tskey-'],
};

/**
 * `filter-comments` lets the text switch rules off. `gcp` takes the whole text for a key file and reads files; the key
 * inside is found by `privatekey` and by our own patterns.
 */
const LEFT_OUT: ReadonlySet<string> = new Set(['filter-comments', 'gcp']);

interface Hosted {
  readonly name: string;
  readonly keywords: readonly string[] | null;
  readonly file: (source: SecretLintSourceCode) => unknown;
}

/** Ranges that the rules report while one text is scanned; the scan is synchronous, so one list serves. */
let reported: { start: number; end: number }[] = [];

const HOSTED: readonly Hosted[] = preset.flatMap((rule) => {
  const name = rule.meta.id.replace('@secretlint/secretlint-rule-', '');
  if (LEFT_OUT.has(name)) return [];
  const handler = rule.create(
    {
      sharedOptions: {},
      createTranslator: () => () => ({ message: '', messageId: '', data: {} }),
      report: ({ range }) => void reported.push({ start: range[0], end: range[1] }),
      ignore: () => undefined,
    },
    {},
  );
  const file = handler.file?.bind(handler);
  return file === undefined ? [] : [{ name, keywords: KEYWORDS[name] ?? null, file }];
});

/** Words of which at least one stands in every text that a listed rule can match. */
export const SECRETLINT_KEYWORDS: readonly string[] = [...new Set(Object.values(KEYWORDS).flat())];

export interface SecretlintFinding {
  readonly start: number;
  readonly end: number;
  /** Name of the rule, e.g. `github`. */
  readonly rule: string;
}

/** All ranges that the preset reports in `text`, unsorted; a range may end inside its secret. */
export function runSecretlint(text: string): SecretlintFinding[] {
  const findings: SecretlintFinding[] = [];
  const source = sourceOf(text);
  for (const hosted of HOSTED) {
    if (hosted.keywords !== null && !hosted.keywords.some((word) => text.includes(word))) continue;
    reported = [];
    hosted.file(source);
    for (const { start, end } of reported) findings.push({ start, end, rule: hosted.name });
  }
  return findings;
}

function sourceOf(content: string): SecretLintSourceCode {
  return {
    content,
    hasBOM: false,
    filePath: undefined,
    physicalFilePath: undefined,
    contentType: 'text',
    ext: '',
    getFilePath: () => undefined,
    getPhysicalFilePath: () => undefined,
    ...NO_LOCATIONS,
  };
}

/** No rule of the preset asks for lines and columns; a later one that does shall fail its test, not guess. */
const NO_LOCATIONS = {
  locationToRange: noLocation,
  rangeToLocation: noLocation,
  positionToIndex: noLocation,
  indexToPosition: noLocation,
};

function noLocation(): never {
  throw new Error('locations are not offered to secretlint rules');
}
