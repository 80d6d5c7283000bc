/**
 * Contract of `npm run review`: list and show tell what the ledger holds, to people and as JSON; what was not judged
 * stands out and never looks like a pass; nothing that traffic brought reaches the terminal as a control.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../ledger/ledger.ts';
import { HOSTILE, run, sampleLedger } from './review/review-rig.ts';

let folder: string;
let url: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'review-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await sampleLedger(url);
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

/** Rows of a table, each as one text. */
function rows(table: string): string[] {
  return table.split(/\n─+\n/);
}

describe('list', () => {
  it('shows every exchange, judged or not, with what is known', async () => {
    const { code, stdout } = await run(['list', '--ledger', url]);
    expect(code).toBe(0);
    const [head, open, recorded, unread, leak, clean, summary] = rows(stdout);
    expect(head).toMatch(/VERDICT +COVERAGE +ROUTE, HOST, MODEL/);
    expect(open).toMatch(/no verdict +NOT JUDGED[\s\S]*under way/);
    expect(recorded).toMatch(/no verdict +NOT JUDGED[\s\S]*no_judge/);
    expect(unread).toMatch(/undetermined +NOT JUDGED[\s\S]*unknown_api/);
    expect(leak).toMatch(
      /violation · critical +partial[\s\S]*would_block · observe +model_not_configured[\s\S]*rule \/ rules_only/,
    );
    expect(clean).toMatch(/clean +full +openai +Name three uses/);
    for (const row of [open, recorded, unread]) expect(row).not.toMatch(/clean|full|pass/);
    expect(summary).toBe(
      '5 exchanges · 1 judged in full · 1 in part · 2 NOT JUDGED · 0 waiting · 1 under way\n' +
        '2 connections relayed unread or refused: list --connections\n',
    );
  });

  it('filters and pages', async () => {
    const violations = await run(['list', '--ledger', url, '--label', 'violation']);
    expect(rows(violations.stdout)).toHaveLength(3);
    const grave = await run(['list', '--ledger', url, '--severity', 'high', '--json']);
    expect((JSON.parse(grave.stdout) as { verdicts: unknown[] }).verdicts).toHaveLength(1);
    const nobody = await run(['list', '--ledger', url, '--client', "nobody' OR 1=1 --"]);
    expect(nobody.stdout).toMatch(/^No exchange fits\.\n/);
    const seen: string[] = [];
    let before: number | null = null;
    do {
      const page = await run([
        'list',
        '--ledger',
        url,
        '--json',
        '--limit',
        '2',
        ...(before === null ? [] : ['--before', String(before)]),
      ]);
      const json = JSON.parse(page.stdout) as Page;
      seen.push(
        ...json.verdicts.map(({ exchange_id }) => exchange_id),
        ...json.unjudged.map(({ opened }) => opened.exchange_id),
      );
      before = json.before;
    } while (before !== null && seen.length < 20);
    expect(seen.sort()).toEqual([
      'exchange-clean',
      'exchange-leak',
      'exchange-open',
      'exchange-recorded',
      'exchange-unread',
    ]);
  });

  it('as JSON gives the verdicts as they are in the ledger', async () => {
    const { stdout } = await run(['list', '--ledger', url, '--json']);
    expect((JSON.parse(stdout) as Page).verdicts).toEqual(await ledger.verdicts({ limit: 20 }));
  });

  it('shows connections: tunnels as not judged, refusals with their code', async () => {
    const { stdout } = await run(['list', '--ledger', url, '--connections']);
    const [, refused, tunnel] = rows(stdout);
    expect(refused).toMatch(/route_denied +no\.example:443/);
    expect(tunnel).toMatch(/NOT JUDGED: tunnel +tunnel\.example:443/);
    const { stdout: json } = await run(['list', '--ledger', url, '--connections', '--json']);
    expect((JSON.parse(json) as { connections: unknown[] }).connections).toEqual(
      await ledger.connections({ limit: 20 }),
    );
  });

  it('has colours on a terminal alone, and not with NO_COLOR', async () => {
    const colour = '\u001b[';
    expect((await run(['list', '--ledger', url], { isTTY: true })).stdout).toContain(colour);
    expect((await run(['list', '--ledger', url])).stdout).not.toContain(colour);
    expect((await run(['list', '--ledger', url], { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(
      colour,
    );
  });
});

describe('show', () => {
  it('tells one exchange from request to chain, with the evidence marked where it stands', async () => {
    const { code, stdout } = await run(['show', 'exchange-leak', '--ledger', url]);
    expect(code).toBe(0);
    const [verdict] = await ledger.verdicts({ limit: 1, label: 'violation' });
    for (const piece of [
      'target      POST api.openai.com:443/v1/chat/completions',
      'outcome     complete, status 200, streamed',
      'verdict     violation · critical, score 0.9',
      'coverage    partial: model_not_configured',
      'secrets_leaving  score 0.9 (threshold 0.5)  violation · high',
      'evidence  request.messages[0].content  “key ',
      'critical  secrets  request.messages[0].content  AWS key, 20',
      'request · user  request.messages[0].content  ◀ evidence\n    Line one\n    line two ',
      'response · assistant, tool call run',
      '1 items of unknown kind',
      `verdict    #${verdict?.seq}  hash ${verdict?.hash}`,
    ]) {
      expect(stdout).toContain(piece);
    }
    expect(stdout.match(/◀ evidence/g)).toHaveLength(1);
  });

  it('says why there is no verdict and no conversation', async () => {
    const { stdout } = await run(['show', 'request-exchange-recorded', '--ledger', url]);
    expect(stdout).toContain('NOT JUDGED: no_judge');
    expect(stdout).toContain('NOT JUDGED: no content is kept');
    expect((await run(['show', 'exchange-open', '--ledger', url])).stdout).toContain('NOT JUDGED: under way');
  });

  it('as JSON gives the whole view', async () => {
    const { stdout } = await run(['show', 'exchange-leak', '--ledger', url, '--json']);
    const view = await ledger.exchange('exchange-leak');
    expect(JSON.parse(stdout)).toEqual({ ...view, content: JSON.parse(view?.content ?? '') });
  });

  it('says what is wrong with an id', async () => {
    expect(await run(['show', 'abc', '--ledger', url])).toMatchObject({
      code: 1,
      stderr: 'Give at least 6 characters of the id.\n',
    });
    const unknown = await run(['show', `unknown${HOSTILE}`, '--ledger', url]);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^The ledger has no exchange, verdict or request 'unknown␛/);
    expect((await run(['show', 'exchange-', '--ledger', url])).stderr).toContain('Several exchanges begin with that');
  });
});

describe('text from traffic', () => {
  it.each([
    ['list'],
    ['list', '--connections'],
    ['show', 'exchange-leak'],
    ['show', 'exchange-recorded'],
    ['show', 'exchange-open'],
  ])('reaches no terminal as a control: %s %s', async (...args) => {
    const { stdout } = await run([...args.filter((arg) => arg !== undefined), '--ledger', url]);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    if (args.length < 2 || args[0] === 'show') expect(stdout).toContain('␛]0;pwned␇<U+202E>');
  });
});

interface Page {
  readonly verdicts: readonly { readonly exchange_id: string }[];
  readonly unjudged: readonly { readonly opened: { readonly exchange_id: string } }[];
  readonly before: number | null;
}
