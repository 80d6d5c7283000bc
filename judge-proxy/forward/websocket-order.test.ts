/**
 * Contract, a WebSocket on a route that holds: responses of one lane reach the client in the order in which they were
 * asked for, whichever verdict comes first, and what is said to a lane waits for what it is said behind; lanes do not
 * wait for each other. Where a message passes unread, nothing of ours comes into its middle.
 */

import { afterEach, expect, it } from 'vitest';
import { routeConfig } from '../config/testing/route.ts';
import { ProxyError } from '../errors.ts';
import { OPCODE } from '../exchange/websocket-frames.ts';
import { HOST, gate as latch, Rig } from '../intercept/testing/rig.ts';
import { quiet } from './testing/gated-rig.ts';
import { blocked, ScriptedRecorder } from './testing/scripted-recorder.ts';
import { create, type Ends, event, fromClient, fromOrigin, openEnds, shutEnds } from './testing/websocket-ends.ts';

const BASE = { name: 'held', hosts: [HOST], action: 'terminate', judge: 'default' } as const;

let rig: Rig;
afterEach(async () => {
  await rig.close();
  expect(rig.forwarder.active).toBe(0);
  expect(rig.budget.held).toBe(0);
  expect(rig.held.held).toBe(0);
});

const response = (id: string, lane?: string): string[] => [
  event('response.created', { ...(lane && { stream_id: lane }), response: { id } }),
  event('response.completed', { ...(lane && { stream_id: lane }), response: { id } }),
];
const written = (events: readonly string[]) => Buffer.concat(events.map((text) => fromOrigin(text))).toString('latin1');
const say = (ends: Ends, events: readonly string[]) => ends.origin.write(Buffer.from(written(events), 'latin1'));

it('a quick verdict waits for a slow one before it on its lane, and on no other', async () => {
  const first = latch();
  let judged = 0;
  const recorder = new ScriptedRecorder({
    gate: () => {},
    finish: async (_end, gate) => {
      judged += 1;
      if (gate?.text.includes('"r1"')) await first.opened;
      return { kind: 'deliver', rest: gate?.chunks ?? [] };
    },
  });
  rig = await Rig.start({ raw: true, recorder, route: routeConfig({ ...BASE, mode: 'hold' }) });
  const ends = await openEnds(rig);
  ends.client.write(Buffer.concat([fromClient(create('a')), fromClient(create('b'))]));
  ends.client.write(fromClient(create('c', { stream_id: 'x' })));
  await recorder.until(() => recorder.starts.length === 3);
  await quiet();
  say(ends, [...response('r1'), ...response('r2'), ...response('r3', 'x')]);
  await recorder.until(() => judged === 3);
  await ends.client.includes(written(response('r3', 'x')));
  await quiet();
  expect(ends.atClient()).toBe(written(response('r3', 'x')));
  first.open();
  await ends.client.includes('r2');
  expect(ends.atClient()).toBe(written([...response('r3', 'x'), ...response('r1'), ...response('r2')]));
  await shutEnds(rig, ends);
});

it('a request that is refused is told behind the response that its lane is still giving', async () => {
  const recorder = new ScriptedRecorder({
    clear: (request) => (Buffer.from(request.bytes).includes('bad') ? blocked() : null),
    finish: (end, gate) => (end.outcome === 'blocked' ? blocked() : { kind: 'deliver', rest: gate?.chunks ?? [] }),
  });
  rig = await Rig.start({ raw: true, recorder, route: routeConfig({ ...BASE, hold_request: true }) });
  const ends = await openEnds(rig);
  ends.client.write(fromClient(create('good')));
  await rig.until(() => ends.atOrigin().length > 0);
  const [created = '', completed = ''] = response('r1');
  say(ends, [created]);
  await ends.client.includes(created);
  ends.client.write(fromClient(create('bad')));
  await recorder.until(() => recorder.ends.length === 1);
  await quiet();
  expect(ends.atClient()).toBe(written([created]));
  say(ends, [completed]);
  await ends.client.includes('error');
  expect(ends.atClient()).toBe(written([created, completed, '{"error":"no"}']));
  await shutEnds(rig, ends);
});

it('a message too large to be read passes behind what is held, in one piece', async () => {
  const judging = latch();
  const recorder = new ScriptedRecorder({
    gate: () => {},
    finish: async (_end, gate) => {
      await judging.opened;
      return { kind: 'deliver', rest: gate?.chunks ?? [] };
    },
  });
  rig = await Rig.start({
    ...{ raw: true, recorder, onJudgeFailure: 'allow' as const },
    ...{ route: routeConfig({ ...BASE, mode: 'hold' }), limits: { websocket_message: '64KiB' } },
  });
  const ends = await openEnds(rig);
  ends.client.write(fromClient(create('a', { stream_id: 'x' })));
  await recorder.until(() => recorder.starts.length === 1);
  const [created = '', completed = ''] = response('r1', 'x');
  say(ends, [created, completed]);
  await recorder.until(() => recorder.ends.length === 1);
  const large = fromOrigin('z'.repeat(200_000));
  const behind = fromOrigin('behind', OPCODE.ping);
  ends.origin.write(large.subarray(0, 100_000));
  await quiet();
  ends.origin.write(Buffer.concat([large.subarray(100_000), behind]));
  await quiet();
  judging.open();
  await ends.client.includes(behind.toString('latin1'));
  expect(ends.atClient()).toBe(written([created, completed]) + Buffer.concat([large, behind]).toString('latin1'));
  await shutEnds(rig, ends);
});

it('an origin that was paused for a response that the ledger never knew is read again', async () => {
  const known = latch();
  const recorder = new ScriptedRecorder({
    committed: async () => {
      await known.opened;
      throw new ProxyError('ledger_unavailable');
    },
    gate: (gate) => {
      gate.takesMore = false;
    },
  });
  rig = await Rig.start({ raw: true, recorder, route: routeConfig({ ...BASE, mode: 'hold' }) });
  const ends = await openEnds(rig);
  // In one read: the gate asks for a pause with each of them, and the last ends the response.
  say(ends, response('unasked'));
  await recorder.until(() => recorder.gates[0]?.chunks.length === 2);
  known.open();
  await ends.client.includes('ledger_unavailable');
  const ping = fromOrigin('still there', OPCODE.ping);
  ends.origin.write(ping);
  await ends.client.includes(ping.toString('latin1'));
  expect(ends.atClient()).not.toContain('unasked');
  await shutEnds(rig, ends);
});
