/** What is measured. A case runs the same work through one arm and gives one figure a round. */

import type { Arm } from './arm.ts';
import { firstToken, openClient, sendChat } from './client.ts';
import { cpuByThread } from './cpu.ts';
import { median } from './statistics.ts';

export interface CaseSize {
  readonly requests: number;
  readonly connections: number;
}

export interface CaseResult {
  /** CPU µs a request, by process of the arm and thread. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Milliseconds felt by the client: median of the requests. */
  readonly latencyMs: number;
  readonly sent: number;
}

export interface Case {
  readonly name: string;
  readonly about: string;
  run(arm: Arm, size: CaseSize): Promise<CaseResult>;
}

export const CASES: readonly Case[] = [
  {
    name: 'keep-alive',
    about: 'chat completions of 1.2 KB up and 0.7 KB down on open connections',
    run: (arm, size) =>
      charged(arm, size, async (latencies) => {
        const clients = Array.from({ length: size.connections }, () => openClient(arm));
        // The first request of each pays for tunnel and handshakes: not counted here.
        await Promise.all(clients.map(sendChat));
        return {
          work: async () => {
            await Promise.all(
              clients.map((client) =>
                repeat(size.requests / size.connections, () => timed(latencies, () => sendChat(client))),
              ),
            );
          },
          end: async () => {
            await Promise.all(clients.map((client) => client.close()));
          },
        };
      }),
  },
  {
    name: 'new-connection',
    about: 'the same, each on a connection of its own: tunnel, handshake, one request, close',
    run: (arm, size) =>
      charged(arm, { ...size, requests: Math.ceil(size.requests / 8) }, async (latencies) => ({
        work: async () => {
          const each = Math.ceil(size.requests / 8 / size.connections);
          await Promise.all(
            Array.from({ length: size.connections }, () =>
              repeat(each, () =>
                timed(latencies, async () => {
                  const client = openClient(arm);
                  await sendChat(client);
                  await client.close();
                }),
              ),
            ),
          );
        },
        end: async () => {},
      })),
  },
  {
    name: 'first-token-50',
    about: 'time to the first event of a stream while 50 streams are open',
    run: (arm, size) =>
      charged(arm, { ...size, requests: 100 }, async (latencies) => {
        const clients = Array.from({ length: 50 }, () => openClient(arm));
        await Promise.all(clients.map(sendChat));
        return {
          work: async () => {
            for (let round = 0; round < 2; round += 1) latencies.push(...(await Promise.all(clients.map(firstToken))));
          },
          end: async () => {
            await Promise.all(clients.map((client) => client.close()));
          },
        };
      }),
  },
];

interface Prepared {
  work(): Promise<void>;
  end(): Promise<void>;
}

/** Runs the work and charges its CPU to the arm's processes. */
async function charged(
  arm: Arm,
  size: CaseSize,
  prepare: (latencies: number[]) => Promise<Prepared>,
): Promise<CaseResult> {
  const latencies: number[] = [];
  const prepared = await prepare(latencies);
  await arm.settled();
  const before = readCpu(arm);
  await prepared.work();
  await arm.settled();
  const after = readCpu(arm);
  await prepared.end();
  const sent = latencies.length;
  if (sent < size.requests * 0.9) throw new Error(`Only ${sent} of ${size.requests} requests were sent.`);
  const cpu = Object.fromEntries(Object.entries(after).map(([name, us]) => [name, (us - (before[name] ?? 0)) / sent]));
  return { cpu, latencyMs: median(latencies), sent };
}

function readCpu(arm: Arm): Record<string, number> {
  const used = Object.entries(arm.processes).flatMap(([process, pid]) =>
    [...cpuByThread(pid)].map(([thread, us]) => [`${process} ${thread}`.trimEnd(), us] as const),
  );
  return Object.fromEntries(used);
}

async function timed(latencies: number[], work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await work();
  latencies.push(performance.now() - started);
}

async function repeat(times: number, work: () => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i += 1) await work();
}
