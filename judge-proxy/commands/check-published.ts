/** What the ledger of a configuration has published for its judges: the rubrics that are in force in place of files. */

import type { Config } from '../config/schema.ts';
import { publishedVersions } from '../judge/published.ts';
import { LedgerError } from '../ledger/ledger-error.ts';
import { openReader } from '../ledger/reader.ts';
import { oneLine } from './terminal-text.ts';

export interface PublishedPolicies {
  readonly policies: readonly { readonly judge: string; readonly version: number; readonly rubric_hash: string }[];
  /** Comments of the YAML that follows. */
  readonly words: string;
  readonly warnings: readonly string[];
}

const NONE: PublishedPolicies = { policies: [], words: '', warnings: [] };

/** @throws {ConfigError} when the start would fail for one of them */
export async function publishedPolicies({ ledger, judges }: Config): Promise<PublishedPolicies> {
  try {
    const reader = openReader(ledger.url);
    try {
      const publishable = (name: string) => (Object.hasOwn(judges, name) ? judges[name]?.policy === 'published' : null);
      return told(await publishedVersions(reader, publishable));
    } finally {
      await reader.close();
    }
  } catch (error) {
    // No ledger yet, or one that the start migrates or refuses: that is said there.
    if (error instanceof LedgerError) return NONE;
    throw error;
  }
}

function told(found: Awaited<ReturnType<typeof publishedVersions>>): PublishedPolicies {
  const inForce = found.filter(({ outcome }) => outcome === 'in_force');
  return {
    policies: inForce.map(({ row, rubric }) => ({
      ...{ judge: row.judge, version: row.version, rubric_hash: rubric?.hash ?? '' },
    })),
    words: inForce
      .map(({ row: { judge, version, published_by, published_at } }) => {
        const by = oneLine(published_by ?? '');
        return `# judge ${judge}: policy version ${version}, published by ${by} at ${published_at}\n`;
      })
      .join(''),
    warnings: found.flatMap(({ row: { judge, version }, outcome }) => {
      switch (outcome) {
        case 'in_force':
          return [];
        case 'file':
          return [
            `policy version ${version} of judge ${judge} is taken back at the next start: judges.${judge}.policy`,
          ];
        case 'no_judge':
          return [`policy version ${version} is of judge ${oneLine(judge)}, which the configuration does not have`];
        default:
          return outcome satisfies never;
      }
    }),
  };
}
