/** A rig whose recorder is scripted, and what every test of a gate ends with: nothing is left. */

import { afterEach, expect } from 'vitest';
import type { RawPeer } from '../../intercept/testing/raw-peer.ts';
import { HOST, Rig, type RigOptions } from '../../intercept/testing/rig.ts';
import { type Script, type ScriptedGate, ScriptedRecorder } from './scripted-recorder.ts';

export const GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

export interface GatedRig {
  readonly rig: Rig;
  readonly recorder: ScriptedRecorder;
  /**
   * A client that asked, the connection of its (raw) origin, which has answered with these bytes (the empty line may be
   * left out), and their gate.
   */
  asked(bytes: string): Promise<{ client: RawPeer; origin: RawPeer; gate: ScriptedGate }>;
  /** Resolves when no exchange is open, and shows that none has left anything. */
  settled(): Promise<void>;
}

type Options = Omit<RigOptions, 'recorder'>;

/** For the tests of one file: each starts its rig, which is closed behind it. */
export function useGated(): {
  start(script: Script, options?: Options): Promise<GatedRig>;
  /** Of the rig that was started. */
  readonly asked: GatedRig['asked'];
} {
  let rig: Promise<GatedRig> | null = null;
  afterEach(async () => {
    await (await rig)?.rig.close();
    rig = null;
  });
  return {
    start: (script, options = {}) => {
      rig = startGated(script, options);
      return rig;
    },
    asked: async (bytes) => {
      const started = await rig;
      if (started === null) throw new Error('no rig was started');
      return started.asked(bytes);
    },
  };
}

async function startGated(script: Script, options: Options): Promise<GatedRig> {
  const recorder = new ScriptedRecorder(script);
  const rig = await Rig.start({ ...options, recorder });
  const settled = async () => {
    await rig.until(() => rig.forwarder.active === 0);
    expect(rig.budget.held).toBe(0);
    expect(rig.held.held).toBe(0);
    for (const gate of recorder.gates) expect(gate.closed).toBeGreaterThan(0);
    expect(recorder.ends).toHaveLength(recorder.starts.length);
  };
  const asked = async (bytes: string) => {
    const client = await rig.peer();
    client.write(GET);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write(bytes.includes('\r\n\r\n') ? bytes : `${bytes}\r\n`);
    return { client, origin, gate: await recorder.gate() };
  };
  return { rig, recorder, asked, settled };
}

/** Gives everything that is on its way time to arrive: many turns of the event loop that both ends run on. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
