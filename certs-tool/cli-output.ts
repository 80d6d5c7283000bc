/** Reports of the command line as text. */

import type { Report } from './cli-commands.ts';
import type { EnsuredItem } from './ensure-context.ts';
import type { CertificateStatus } from './inspect.ts';
import { shellLines } from './trust.ts';

/** Lines for people. Ends with a line feed. */
export function reportText(report: Report): string {
  const lines = [
    ...report.items.map(itemLine),
    ...report.certificates.flatMap(statusLines),
    ...(report.trust.length === 0 ? [] : ['', ...shellLines(report.trust)]),
    ...report.warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** One JSON value, for programs. Ends with a line feed. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Something is missing, damaged or out of its time: `show` then ends with 1. */
export function hasFault(report: Report): boolean {
  return report.certificates.some(({ state }) => state !== 'fresh' && state !== 'due');
}

function itemLine({ action, name, file, reason, expires }: EnsuredItem): string {
  const until = expires === null ? '' : `, valid until ${day(expires)}`;
  return `${action.padEnd(8)}${name.padEnd(16)} ${file}${until}${reason === '' ? '' : ` (${reason})`}`;
}

function statusLines({ name, file, state, facts }: CertificateStatus): string[] {
  const head = `${name.padEnd(16)} ${file}: ${STATES[state]}`;
  if (facts === null) return [head];
  const what = name === 'interception CA' ? 'permits' : 'names';
  const hosts = facts.hosts.length === 0 && name === 'interception CA' ? 'every name' : facts.hosts.join(', ');
  const excluded = name !== 'interception CA' ? '' : facts.excludesAllIps ? '; no IP address' : '; IP addresses too';
  return [
    head,
    `  subject      ${facts.subject}`,
    ...(hosts === '' ? [] : [`  ${what.padEnd(12)} ${hosts}${excluded}`]),
    `  valid        ${day(facts.from)} to ${day(facts.expires)}, ${facts.daysLeft} days left`,
    `  SHA-256      ${facts.fingerprint}`,
  ];
}

const STATES: Readonly<Record<CertificateStatus['state'], string>> = {
  fresh: 'good',
  due: 'good, to be renewed: a third of its life or less is left',
  expired: 'EXPIRED',
  not_yet_valid: 'NOT VALID YET',
  missing: 'MISSING',
  damaged: 'DAMAGED',
};

const day = (at: Date): string => at.toISOString().slice(0, 10);
