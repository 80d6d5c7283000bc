/**
 * Contract of what is read of exchanges, over HTTP from a real ledger and its index: lists with filters and pages, one
 * exchange with its conversation as it was judged, and an honest word where there is none: what was altered never looks
 * like what was kept. Every answer fits its schema, with not a key more.
 */

import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminSession } from '../../../test/support/admin-session.ts';
import type { JudgeInput } from '../../judge/input.ts';
import {
  sampleCompleted,
  sampleConnection,
  sampleContent,
  sampleOpened,
  sampleVerdict,
} from '../../ledger/sample-records.ts';
import { DataRig, documentOf } from '../testing/data-rig.ts';

let rig: DataRig;
let viewer: AdminSession;
let admin: AdminSession;

beforeAll(async () => {
  rig = await DataRig.start();
  admin = await rig.rig.administrator();
  viewer = await rig.rig.user('vera', 'viewer');
  await rig.record('exchange-kept', { content: 'Where is the plan?' });
  await rig.record('exchange-grave', {
    content: 'Here is the plan.',
    verdict: { overall: { label: 'violation', severity: 'high', score: 0.9 }, action: 'would_block' },
  });
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

const read = (id: string, query: { blind?: 'true' } = {}) =>
  rig.ask(viewer, 'read_exchange', { params: { id }, query });

/** Somebody else writes the file of the ledger. */
function tampered(sql: string, ...values: string[]): void {
  const db = new DatabaseSync(rig.url.slice('sqlite:'.length));
  db.prepare(sql).run(...values);
  db.close();
}

describe('lists', () => {
  it('newest first, by page, each exchange once', async () => {
    await rig.record('exchange-page-1');
    await rig.record('exchange-page-2');
    const first = await rig.ask(viewer, 'list_exchanges', { query: { limit: 2 } });
    expect(first.items.map(({ exchange_id }) => exchange_id)).toEqual(['exchange-page-2', 'exchange-page-1']);
    const second = await rig.ask(viewer, 'list_exchanges', { query: { limit: 50, cursor: first.next ?? '' } });
    expect(second.items.map(({ exchange_id }) => exchange_id)).toEqual(['exchange-grave', 'exchange-kept']);
    expect(second.next).toBeNull();
  });

  it('by filter, by words, and by time in any offset', async () => {
    const ids = async (query: object) =>
      (await rig.ask(viewer, 'list_exchanges', { query })).items.map(({ exchange_id }) => exchange_id);
    expect(await ids({ label: 'violation' })).toEqual(['exchange-grave']);
    expect(await ids({ q: 'plan' })).toEqual(['exchange-grave', 'exchange-kept']);
    expect(await ids({ since: '2026-01-31T14:34:56.790+02:00' })).toEqual([]);
    expect(await ids({ since: '2026-01-31T14:34:56+02:00', label: 'violation' })).toEqual(['exchange-grave']);
  });

  it.each([{ limit: 201 }, { limit: 0 }, { label: 'safe' }, { since: 'yesterday' }, { more: 'x' }])(
    'refuses %j',
    async (query) => {
      expect(await rig.refused(viewer, 'list_exchanges', { query: query as object })).toMatchObject({
        code: 'invalid_request',
      });
    },
  );

  it('verdicts are whole, as the ledger holds them', async () => {
    const { items } = await rig.ask(viewer, 'list_verdicts', { query: { label: 'violation' } });
    expect(items).toEqual((await rig.verdicts()).filter(({ overall }) => overall.label === 'violation'));
  });

  it('a cursor that is none of ours is refused, and nothing failed', async () => {
    for (const cursor of ['x', 'bm8', Buffer.from('[1,2]').toString('base64url')]) {
      for (const name of ['list_exchanges', 'list_verdicts'] as const) {
        const found = await rig.refused(viewer, name, { query: { cursor } });
        expect(found).toMatchObject({ code: 'invalid_request', errors: [{ path: 'query.cursor' }] });
      }
    }
  });

  it('connections by page; a cursor that is none of theirs is refused', async () => {
    for (const id of ['connection-1', 'connection-2', 'connection-3'])
      await rig.ledger.connection(sampleConnection(id));
    const first = await rig.ask(viewer, 'list_connections', { query: { limit: 2 } });
    expect(first.items.map(({ connection_id }) => connection_id)).toEqual(['connection-3', 'connection-2']);
    const second = await rig.ask(viewer, 'list_connections', { query: { limit: 2, cursor: first.next ?? '' } });
    expect(second.items.map(({ connection_id }) => connection_id)).toEqual(['connection-1']);
    expect(second.next).toBeNull();
    for (const cursor of ["s1' OR 1=1 --", 's0', 's-1', '1', 's1e9']) {
      expect(await rig.refused(viewer, 'list_connections', { query: { cursor } })).toMatchObject({
        code: 'invalid_request',
      });
    }
  });

  it('what looks like an exchange', async () => {
    await rig.record('exchange-twin', {
      verdict: {
        overall: { label: 'violation', severity: 'high', score: 0.9 },
        latest_user_message: 'One and the same.',
      },
    });
    await rig.record('exchange-other-twin', { verdict: { latest_user_message: 'One and the same.' } });
    const rows = await rig.ask(viewer, 'similar_exchanges', { params: { id: 'exchange-twin' } });
    expect(rows.map(({ exchange_id }) => exchange_id)).toContain('exchange-other-twin');
    expect(await rig.refused(viewer, 'similar_exchanges', { params: { id: 'exchange-nowhere' } })).toMatchObject({
      code: 'not_found',
    });
  });

  it('sums of a period, and clients of it; a period without length is refused', async () => {
    const period = { since: '2026-01-31T00:00:00Z', until: '2026-02-01T00:00:00Z' };
    const overview = await rig.ask(viewer, 'overview', { query: period });
    expect(overview.exchanges).toBeGreaterThanOrEqual(2);
    const { items } = await rig.ask(viewer, 'list_clients', { query: period });
    expect(items.map(({ client }) => client)).toContain('team-a');
    for (const name of ['overview', 'list_clients'] as const) {
      const query = { since: period.until, until: period.since };
      expect(await rig.refused(viewer, name, { query })).toMatchObject({ code: 'invalid_request' });
    }
  });
});

describe('one exchange', () => {
  it('is read whole, with its place in the chain', async () => {
    rig.checkpointSize = 2;
    const detail = await read('exchange-kept');
    const view = await rig.ledger.exchange('exchange-kept');
    expect(detail).toMatchObject({ content: 'kept', blind: false, job: null, sealed: null, shadows: [], labels: [] });
    expect(detail).toMatchObject({ opened: view?.opened, completed: view?.completed, verdicts: view?.verdicts });
    expect(detail.conversation?.parts.map(({ text }) => text)).toEqual(['Where is the plan?', 'Yes.']);
    expect(detail.conversation?.finish).toEqual(['stop']);
    const [opened, completed, verdict] = detail.chain.records;
    expect([opened?.kind, completed?.kind, verdict?.kind]).toEqual([
      'exchange_opened',
      'exchange_completed',
      'verdict',
    ]);
    expect(opened?.seq).toBe(view?.opened_seq);
    expect(completed?.prev_hash).toBe(opened?.hash);
    expect(verdict?.prev_hash).toBe(completed?.hash);
    expect(verdict).toMatchObject({ hash: view?.verdicts[0]?.hash, prev_hash: view?.verdicts[0]?.prev_hash });
    const head = await rig.ledger.head();
    expect(detail.chain).toMatchObject({ ledger_id: head?.ledger_id, head_seq: head?.seq, checkpoint_size: 2 });
  });

  it('is found by request, by verdict and by a prefix; not by what fits several or none', async () => {
    for (const id of ['request-exchange-kept', 'verdict-exchange-kept', 'exchange-kep']) {
      expect((await read(id)).row.exchange_id).toBe('exchange-kept');
    }
    expect(await rig.refused(viewer, 'read_exchange', { params: { id: 'exchange-' } })).toMatchObject({
      code: 'ambiguous_id',
    });
    expect(await rig.refused(viewer, 'read_exchange', { params: { id: 'nowhere' } })).toMatchObject({
      code: 'not_found',
    });
  });

  it('that continues another one shows the earlier turns as such', async () => {
    const input: JudgeInput = {
      ...documentOf('And now?'),
      context: {
        complete: true,
        exchanges: [{ exchange_id: 'exchange-before', input_sha256: 'a'.repeat(64) }],
        parts: [
          {
            side: 'request',
            place: 'context[exchange-before].request.input',
            role: 'user',
            kind: 'text',
            text: 'First.',
          },
          { side: 'response', place: 'response.unknown', role: 'assistant', kind: 'text', text: 'Of nobody known.' },
        ],
      },
      decoded: [{ place: 'request.messages[0].content#base64-1', coding: 'base64', text: 'Hidden.' }],
    };
    await rig.record('exchange-continues', { content: input });
    const { conversation } = await read('exchange-continues');
    expect(conversation?.parts.map(({ text, of_exchange }) => [text, of_exchange])).toEqual([
      ['First.', 'exchange-before'],
      ['Of nobody known.', ''],
      ['And now?', undefined],
      ['Yes.', undefined],
    ]);
    expect(conversation?.decoded).toEqual(input.decoded);
  });

  it('with shadow and labels', async () => {
    await rig.shadow('exchange-grave');
    const [label] = await rig.ask(admin, 'label', { body: { exchange_ids: ['exchange-grave'], label: 'violation' } });
    const detail = await read('exchange-grave');
    expect(detail.shadows).toMatchObject([
      { exchange_id: 'exchange-grave', shadow_label: 'clean', label: 'violation' },
    ]);
    expect(detail.labels).toEqual([label]);
    expect(detail.chain.records.at(-1)).toMatchObject({ kind: 'label', seq: label?.seq });
    expect(detail.row.labels).toBe(1);
  });
});

describe('what is not there is said to be so', () => {
  it('open', async () => {
    await rig.ledger.open(sampleOpened('exchange-under-way'));
    expect(await read('exchange-under-way')).toMatchObject({ content: 'open', conversation: null, completed: null });
  });

  it('a request that was judged while the exchange is open is shown', async () => {
    await rig.ledger.open(sampleOpened('exchange-held', { mode: 'hold' }));
    const content = sampleContent(documentOf('May I?'));
    const verdict = sampleVerdict('exchange-held', { subject: 'request', input_sha256: content.sha256 });
    await rig.ledger.verdict(verdict, content);
    const detail = await read('exchange-held');
    expect(detail).toMatchObject({ content: 'kept', completed: null });
    expect(detail.conversation?.parts[0]?.text).toBe('May I?');
  });

  it('nothing kept', async () => {
    await rig.record('exchange-empty');
    expect(await read('exchange-empty')).toMatchObject({ content: 'none', conversation: null });
  });

  it('metadata only', async () => {
    await rig.record('exchange-metadata', { completed: { recording: 'metadata' } });
    expect(await read('exchange-metadata')).toMatchObject({ content: 'metadata_only', conversation: null });
  });

  it('altered: another text than the record names', async () => {
    await rig.record('exchange-altered', { content: 'The true words.' });
    tampered(`UPDATE contents SET json = replace(json, 'true', 'false') WHERE json LIKE '%The true words%'`);
    const detail = await read('exchange-altered');
    expect(detail).toMatchObject({ content: 'altered', conversation: null });
    expect(JSON.stringify(detail)).not.toContain('false words');
  });

  it('altered: gone without an erasure', async () => {
    await rig.record('exchange-gone', { content: 'Gone with the file.' });
    tampered(`DELETE FROM contents WHERE json LIKE '%Gone with the file%'`);
    expect(await read('exchange-gone')).toMatchObject({ content: 'altered', conversation: null });
  });

  it('unreadable: what the record names, and no document of ours', async () => {
    const strange = sampleContent({ version: 99 });
    await rig.ledger.open(sampleOpened('exchange-strange'));
    await rig.ledger.complete(sampleCompleted('exchange-strange', { content_sha256: strange.sha256 }), strange, null);
    expect(await read('exchange-strange')).toMatchObject({ content: 'unreadable', conversation: null });
  });

  it('kept by another version: its parts are shown, and what it did not keep is empty', async () => {
    const transcript = { parts: [{ side: 'request', place: 'p', role: 'user', kind: 'text', text: 'old' }] };
    const older = sampleContent({ version: 1, transcript, rule_hits: [], coverage: { level: 'full', reasons: [] } });
    await rig.ledger.open(sampleOpened('exchange-older'));
    await rig.ledger.complete(sampleCompleted('exchange-older', { content_sha256: older.sha256 }), older, null);
    const { conversation } = await read('exchange-older');
    expect(conversation).toMatchObject({ parts: [{ text: 'old' }], decoded: [], finish: [], unknown_items: 0 });
  });

  it('erased', async () => {
    await rig.record('exchange-erased', { content: 'Words to be forgotten.' });
    await rig.ask(admin, 'erase', {
      body: {
        tier: 'text',
        scope: { kind: 'exchange', exchange_id: 'exchange-erased' },
        confirm: 'exchange-erased',
      },
    });
    const detail = await read('exchange-erased');
    expect(detail).toMatchObject({ content: 'erased', conversation: null, row: { erased: 'text' } });
    expect(JSON.stringify(detail)).not.toContain('forgotten');
  });
});

describe('the sealed original', () => {
  const bytes = new TextEncoder().encode('age-encryption.org/v1 …');
  const sealed = { bytes, sha256: hash('sha256', bytes) };

  it('is handed out as it is, and that it was is recorded first', async () => {
    await rig.record('exchange-sealed', { content: 'Sealed.', sealed });
    expect((await read('exchange-sealed')).sealed).toEqual({ sha256: sealed.sha256, bytes: bytes.length });
    const { status, headers, body } = await rig.call(admin, 'read_sealed', { params: { id: 'exchange-sealed' } });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toBe('attachment; filename="exchange-sealed.age"');
    expect(body).toBe('age-encryption.org/v1 …');
    await rig.indexed();
    const { items } = await rig.readModel.audit({ action: 'sealed.download' }, { limit: 5 });
    expect(items).toMatchObject([
      { actor: { name: 'admin' }, object: 'exchange-sealed', after: { sha256: sealed.sha256 } },
    ]);
  });

  it('is not there for most, and for no viewer', async () => {
    expect(await rig.refused(admin, 'read_sealed', { params: { id: 'exchange-kept' } })).toMatchObject({
      code: 'not_found',
    });
    expect(await rig.refused(viewer, 'read_sealed', { params: { id: 'exchange-sealed' } })).toMatchObject({
      code: 'not_permitted',
    });
  });
});
