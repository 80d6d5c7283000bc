/** What `npm run verify` says on the terminal. */

import type { Fault, VerifyReport } from '../ledger/verify-report.ts';
import type { Paint } from './review/paint.ts';
import { clockTime } from './review/paint.ts';
import { oneLine } from './terminal-text.ts';

export function printReport(report: VerifyReport, keyId: string | null, ms: number, paint: Paint): string {
  const lines = [verdictLine(report, paint), '', ...facts(report, keyId, ms)];
  if (report.faults.length > 0) {
    lines.push('', ...report.faults.map((fault) => `  ${faultLine(fault)}`));
    const more = report.fault_count - report.faults.length;
    if (more > 0) lines.push(`  … and ${more} more`);
    lines.push(
      '',
      'Stop nothing yet: copy the ledger and its checkpoints first. docs/ledger.md says what each finding means.',
    );
  }
  for (const warning of report.warnings) lines.push(`${paint('yellow', 'warning')}: ${oneLine(warning)}`);
  return `${lines.join('\n')}\n`;
}

function verdictLine({ holds, first, records }: VerifyReport, paint: Paint): string {
  if (holds) return paint('green', records === 0 ? 'The ledger holds: it has no records here.' : 'The ledger holds.');
  const where = first?.seq === null || first === null ? '' : ` First bad record: ${first.seq} (${first.kind}).`;
  return `${paint(['red', 'bold'], 'The ledger DOES NOT HOLD.')}${where}`;
}

function facts(report: VerifyReport, keyId: string | null, ms: number): string[] {
  const { from, to, records, contents, head, ledger_id, checkpoints } = report;
  const rate = ms > 0 ? Math.round((records / ms) * 1_000) : records;
  const range = from === null ? 'none' : `${from} to ${to}`;
  const lines = [
    `ledger       ${ledger_id}`,
    `records      ${range} (${records}, with ${contents} contents, in ${(ms / 1_000).toFixed(1)} s, ${rate} a second)`,
  ];
  if (head !== null) lines.push(`last hash    ${head.hash}`);
  if (checkpoints.covers === null)
    return [...lines, `checkpoints  ${checkpoints.checked}: none vouches for these records`];
  const { size, ts } = checkpoints.covers;
  const after = to === null ? 0 : Math.max(0, to - size);
  return [
    ...lines,
    `checkpoints  ${checkpoints.checked}; the last that holds covers 1 to ${size}, ${clockTime(ts)} UTC; ${after} records came after it`,
    `signed by    ${keyId}`,
  ];
}

function faultLine({ kind, seq, detail }: Fault): string {
  return `${seq === null ? '-' : String(seq)}  ${kind}: ${oneLine(detail)}`;
}
