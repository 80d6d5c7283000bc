/** What a client is told when the judge stops an exchange. Each format writes it in the way that its SDKs read. */

/** What may be told, decided by the route's `block` settings before it comes here. */
export interface Block {
  /** `blocked_by_judge`: the verdict says so. `judge_unavailable`: there is none, and the route says `block`. */
  readonly code: 'blocked_by_judge' | 'judge_unavailable';
  /** HTTP status, while none has been sent. */
  readonly status: number;
  readonly message: string;
  readonly style: 'error' | 'finish';
  /** `x-judge-*` headers go along. */
  readonly headers: boolean;
  readonly requestId: string;
  /** null while no verdict is committed. */
  readonly verdictId: string | null;
  /** Shown only because the route says so. */
  readonly reveal: {
    /** Ids of violated criteria and rules. */
    readonly violated: readonly string[];
    /** Empty unless quotes may be shown, too. */
    readonly evidence: readonly { readonly place: string; readonly quote: string }[];
  } | null;
}

/** An HTTP answer of ours, whole. */
export interface WholeAnswer {
  readonly status: number;
  /** Flat name/value list for `writeHead`, with content-type and content-length. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** What the request says of the answer that its client waits for. */
export interface BlockedRequest {
  readonly streamed: boolean;
  readonly model: string | null;
}

/** Writes a block for one format, before anything of the answer has been sent. */
export type BlockWriter = (block: Block, request: BlockedRequest) => WholeAnswer;
