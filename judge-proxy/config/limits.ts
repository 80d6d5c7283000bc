/** The section `limits` of the schema: numbers that bind, each with its unit and where it comes from (DESIGN §6). */

import { z } from 'zod';
import { duration, size } from './units.ts';

export const limits = z
  .strictObject({
    header_block: size('64KiB').describe('Header block of a request or response.'),
    headers: duration('15s').describe('Time for the request headers to arrive.'),
    tunnel_idle: duration('1h').describe(
      'A tunnel without a byte in either direction is closed after this. A request outside a tunnel has as long to arrive whole.',
    ),
    tls_handshake: duration('10s').describe('TLS handshake with a client or an origin.'),
    first_byte: duration('15s').describe('Time between our 200 and the first byte of a terminated tunnel.'),
    dns: duration('5s').describe('Resolving a name.'),
    connect: duration('10s').describe('Connecting to an origin.'),
    origin_headers: duration('15m').describe('Time until the first response header of an origin.'),
    origin_idle: duration('15m').describe(
      'An origin silent for this long (a quarter more at most) in the middle of a response is given up, and so is a client in the middle of a body.',
    ),
    keep_alive: duration('65s').describe("Idle connection from Envoy or a client. Keep it above Envoy's 30 s."),
    tunnels: z.int().min(1).default(10_000).describe('Open tunnels, blind and terminated together.'),
    exchanges: z
      .int()
      .min(1)
      .default(2_000)
      .describe('Requests in flight on terminated hosts. An open WebSocket is none: it is counted as a tunnel.'),
    connections_per_origin: z.int().min(1).default(256).describe('Connections to one origin for one client.'),
    pools: z.int().min(1).default(1_000).describe('Origin pools (origin × client) kept.'),
    leaf_certificates: z.int().min(1).default(1_000).describe('Leaf certificates kept.'),
    request_copy: size('4MiB').describe('Copy of a request body for the judge.'),
    response_copy: size('1MiB').describe('Copy of a response body for the judge.'),
    copies: size('256MiB').describe('All copies held at one time.'),
    decoded_copy: size('4MiB').describe('A copy after its content coding is undone.'),
    decode_time: duration('250ms').describe('Time to undo the content coding of one copy.'),
    judge_queue: z
      .int()
      .min(1)
      .default(1_000)
      .describe('Judgements that may wait for the model; above it the verdict says queue_full.'),
    judge_concurrency: z.int().min(1).default(16).describe('Model calls at one time.'),
    judge_connect: duration('10s').describe('Connecting to a judge endpoint, TLS included.'),
    judge_breaker_failures: z
      .int()
      .min(1)
      .default(5)
      .describe('Failures in a row after which a judge endpoint is left alone for a while.'),
    judge_breaker_open: duration('60s').describe('How long it is left alone before one call tries it.'),
    judge_breaker_successes: z.int().min(1).default(2).describe('Successes in a row after which it is trusted again.'),
    held_copy: size('8MiB').describe('Of one request or response, what may be held back for a verdict.'),
    held: size('256MiB').describe('Held back in all exchanges together.'),
    websocket_message: size('4MiB').describe('Of one WebSocket message, what is copied for the judge.'),
    drain: duration('10s').describe('Time that open exchanges and tunnels have to end after SIGTERM.'),
  })
  .prefault({});
