/** Forwarding of requests to origins: admission, then one OpenExchange each. */

import { ERRORS, type ErrorCode, ProxyError, type RefusalContext } from '../errors.ts';
import { CREDENTIALS } from '../exchange/secret-headers.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import { type FailurePolicy, type Subject, unreadPolicy } from '../policy/failure-policy.ts';
import type { Log } from '../telemetry/log.ts';
import { Delivery } from './delivery.ts';
import type { ExchangeParts, SoundRequest } from './exchange-parts.ts';
import type { ExchangeSummary } from './exchange-record.ts';
import type { ClientRequest, ClientResponse, Forwarder, ForwardTarget } from './forwarder.ts';
import { bodyFraming } from './framing.ts';
import { hostHeader, type OriginHead, originHead } from './headers.ts';
import { OpenExchange } from './open-exchange.ts';
import { responseOn } from './websocket-answer.ts';
import { speaksResponses } from './websocket-handshake.ts';
import { OpenUpgrade, type UpgradeRequest } from './websocket-upgrade.ts';

export interface ForwardMetrics {
  /** A request was answered by an error of ours. */
  refused(code: ErrorCode): void;
}

export interface ForwarderOptions extends Omit<ExchangeParts, 'budget'> {
  /** Shared by all copies of bodies; `limits.copies` bytes. */
  readonly budget: CopyBudget;
  /** Our name in Via: unique to this process, so that a request that comes back is known again. */
  readonly via: string;
  readonly log: Log;
  readonly metrics: ForwardMetrics;
  readonly newId: () => string;
  /** What happens on a route, by its name, to what cannot be judged. Nothing passes unless it is given. */
  readonly onJudgeFailure?: (route: string, subject: Subject) => FailurePolicy;
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  return new OriginForwarder(options);
}

class OriginForwarder implements Forwarder {
  readonly #options: ForwarderOptions;
  #active = 0;
  #draining = false;
  #drained: (() => void)[] = [];
  readonly #upgrades = new Set<OpenUpgrade>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active;
  }

  get webSockets(): number {
    return this.#upgrades.size;
  }

  forward(request: ClientRequest, response: ClientResponse, target: ForwardTarget): void {
    const admitted = this.#admit(request, response, target);
    if (admitted instanceof ProxyError) {
      this.refuse(request, response, target, admitted);
      return;
    }
    this.#active += 1;
    const events = {
      concluded: (summary: ExchangeSummary) => this.#concluded(summary),
      over: () => this.#over(),
    };
    new OpenExchange(this.#options, events, this.#options.newId(), admitted).start();
  }

  upgrade(upgrade: UpgradeRequest, target: ForwardTarget): void {
    const { request, socket } = upgrade;
    const failurePolicy = this.#failurePolicy(target);
    const admitted = this.#admitUpgrade(request, target, failurePolicy);
    if (admitted instanceof ProxyError) {
      this.refuse(request, responseOn(request, socket), target, admitted);
      return;
    }
    this.#active += 1;
    const parts = {
      exchange: this.#options,
      target,
      originHead: admitted,
      failurePolicy,
      requestId: this.#options.newId,
      concluded: (summary: ExchangeSummary) => this.#concluded(summary),
    };
    const open = new OpenUpgrade(parts, upgrade, () => {
      this.#upgrades.delete(open);
      this.#over();
    });
    this.#upgrades.add(open);
    open.start();
  }

  refuse(request: ClientRequest, response: ClientResponse, target: ForwardTarget, error: ProxyError): void {
    request.on('error', ignore);
    response.on('error', ignore);
    request.resume(); // unread input would turn the close of the connection into a reset
    new Delivery(response).refuse(error, this.refused(target, error));
  }

  refused(target: ForwardTarget, error: ProxyError): RefusalContext {
    const { log, metrics, recorder, newId } = this.#options;
    const { authority, client } = target;
    const { code, reason } = error;
    const requestId = newId();
    const route = target.route.name;
    const { host, port } = authority;
    metrics.refused(code);
    const fields = { request_id: requestId, client, route, host, port, code };
    log.write(ERRORS[code].level, 'refused', reason === undefined ? fields : { ...fields, reason });
    recorder.unjudged({
      requestId,
      client,
      route,
      host,
      port,
      action: 'deny',
      code,
      reason: reason ?? null,
      bytesUp: 0,
      bytesDown: 0,
      durationMs: 0,
    });
    return { requestId, route };
  }

  drain(): Promise<void> {
    this.#draining = true;
    for (const upgrade of this.#upgrades) upgrade.drain();
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained.push(resolve);
    });
  }

  #admit(request: ClientRequest, response: ClientResponse, target: ForwardTarget): SoundRequest | ProxyError {
    const sound = this.#sound(request, target);
    if (sound instanceof ProxyError) return sound;
    const { upgrade } = sound.head;
    // Other upgrades (h2c) are declined by leaving the header out; a WebSocket client needs to hear why.
    if (upgrade !== null && /websocket/i.test(upgrade)) return new ProxyError('upgrade_refused');
    return { request, response, target, ...sound };
  }

  #admitUpgrade(request: ClientRequest, target: ForwardTarget, policy: FailurePolicy): OriginHead | ProxyError {
    const sound = this.#sound(request, target);
    if (sound instanceof ProxyError) return sound;
    // Its bytes would be taken for frames.
    if (sound.framing.kind !== 'none') return new ProxyError('bad_request', { reason: 'upgrade_body' });
    const { mode, hold_request } = target.route;
    const holds = mode !== 'observe' || hold_request;
    const unjudgeable = holds && policy === 'block' && !speaksResponses(target.path);
    return unjudgeable ? new ProxyError('judge_unavailable', { reason: 'websocket' }) : sound.head;
  }

  #sound(request: ClientRequest, target: ForwardTarget): Pick<SoundRequest, 'framing' | 'head'> | ProxyError {
    if (this.#draining) return new ProxyError('shutting_down');
    // A WebSocket may be open for a day without a word: it counts as the tunnel that it came in, not as a request.
    const requests = this.#active - this.#upgrades.size;
    if (requests >= this.#options.limits.exchanges) return new ProxyError('too_many_exchanges');
    // `OPTIONS *` is about the proxy itself then, and undici has no form for it.
    if (!target.path.startsWith('/')) return new ProxyError('bad_request', { reason: 'target_form' });
    const { rawHeaders, httpVersionMajor, httpVersionMinor } = request;
    const endedWithHead = 'stream' in request && 'endAfterHeaders' in request.stream && request.stream.endAfterHeaders;
    const framing = bodyFraming({ httpVersionMajor, httpVersionMinor, rawHeaders, endedWithHead });
    if (framing instanceof ProxyError) return framing;
    const head = originHead(rawHeaders, {
      host: hostHeader(target.authority, target.secure),
      via: this.#options.via,
      version: httpVersionMajor === 2 ? '2' : request.httpVersion,
      tunnelled: target.secure,
      secretHeaders: this.#options.secretHeaders ?? CREDENTIALS,
    });
    return head instanceof ProxyError ? head : { framing, head };
  }

  #failurePolicy({ route }: ForwardTarget): FailurePolicy {
    return unreadPolicy(route, (subject) => this.#options.onJudgeFailure?.(route.name, subject) ?? 'block') ?? 'block';
  }

  #concluded(summary: ExchangeSummary): void {
    const { error, target } = summary;
    if (error !== null) this.#options.metrics.refused(error.code);
    this.#options.log.write(error === null ? 'debug' : ERRORS[error.code].level, 'exchange', {
      request_id: summary.requestId,
      ...(summary.exchangeId === null ? {} : { exchange_id: summary.exchangeId }),
      client: target.client,
      route: target.route.name,
      host: target.authority.host,
      port: target.authority.port,
      outcome: summary.outcome,
      ...(summary.status === null ? {} : { status: summary.status }),
      ...(error === null ? {} : { code: error.code }),
      ...(error?.reason === undefined ? {} : { reason: error.reason }),
      bytes_up: summary.bytesUp,
      bytes_down: summary.bytesDown,
      duration_ms: summary.durationMs,
    });
  }

  #over(): void {
    this.#active -= 1;
    if (this.#active > 0 || !this.#draining) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

function ignore(): void {}
