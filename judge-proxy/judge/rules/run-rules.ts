/** All rules over all texts of one exchange. */

import type { Finding } from '../../exchange/redact.ts';
import type { RuleHit, Severity } from '../../ledger/records.ts';
import { type CleanText, cleanText } from './clean-text.ts';
import { disguises } from './disguises.ts';
import { type EncodedRuns, encodedRuns } from './encoded.ts';
import { type Unescaped, unescapedText } from './escaped.ts';
import { joined, spansJoint } from './joints.ts';
import { hiddenText, judgeManipulation, type ManipulationScan, readForJudge } from './judge-manipulation.ts';
import { NEAR_EMPTY_RESPONSE, NEAR_EMPTY_VERSION } from './near-empty-response.ts';
import { personalData } from './personal-data.ts';
import { Budget, graver, mergeFindings, type Rule, type RuleFinding, type RuleName, type RuleScan } from './rule.ts';
import { keyOf, ScanCache } from './scan-cache.ts';
import { secrets } from './secrets.ts';

/** Rules that judge every exchange, whatever a judge lists. */
export const ALWAYS_ON_RULES = [NEAR_EMPTY_RESPONSE] as const;

/** Version of each rule, for the hash of a judge. */
export const RULE_VERSIONS: Readonly<Record<RuleName | (typeof ALWAYS_ON_RULES)[number], string>> = {
  [NEAR_EMPTY_RESPONSE]: NEAR_EMPTY_VERSION,
  secrets: secrets.version,
  personal_data: personalData.version,
  judge_manipulation: judgeManipulation.version,
};

const RULES: Readonly<Record<RuleName, Rule>> = {
  secrets,
  personal_data: personalData,
  judge_manipulation: judgeManipulation,
};

/**
 * Findings that are taken out of one exchange, all rules together. Taking one out means looking for it everywhere else,
 * so their number bounds the work; text after the last is withheld.
 */
const MOST_FINDINGS = 2_000;

/** Hits of one rule that are listed; more of the same are one more line each in a page that nobody reads. */
const MOST_HITS = 50;

export interface RulesOutcome {
  /** Ranges to be replaced, per place, sorted and without overlaps. */
  readonly redactions: readonly Finding[];
  /** Hits of the rules that the judge lists, gravest first, at most 50 a rule. */
  readonly hits: readonly RuleHit[];
  /** False when a rule ran out of its budget of time or findings. */
  readonly complete: boolean;
  /** Per place, the offset from which on a rule that redacts did not read: what follows must not be kept. */
  readonly withheld: ReadonlyMap<string, number>;
  /** Per place, the key under which the cache knows the text; null for one that is always read. */
  readonly keys: ReadonlyMap<string, string | null>;
}

export interface RunOptions {
  /** Rules of the judge. `secrets` runs and redacts in any case, but gives hits only when listed. */
  readonly rules: readonly RuleName[];
  /** Milliseconds for each rule. */
  readonly budgetMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Of the thread; without it every text is read. */
  readonly cache?: ScanCache;
  /** Of the operator: redacts for every judge, and gives no hits. The cache is for one and the same. */
  readonly detector?: Rule | null;
}

/** A text of an exchange, and whose words it is. */
export interface RuleText {
  readonly place: string;
  readonly text: string;
  /** System prompt or tool definition: words of the application, not of its user and not of the model. */
  readonly ofApplication: boolean;
}

/** Runs the rules over every text. Never throws for what the text contains. */
export function runRules(texts: readonly RuleText[], options: RunOptions): RulesOutcome {
  const { cache = new ScanCache() } = options;
  const redactions: Finding[] = [];
  const hits: RuleHit[] = [];
  const withheld = new Map<string, number>();
  let complete = true;
  const prepared = texts.map((text) => ({ ...text, forms: new Forms(text.text) }));
  for (const rule of rulesOf(options)) {
    const { name } = rule;
    const budget = new Budget(options.now, options.budgetMs);
    const listed = name !== 'operator_patterns' && options.rules.includes(name);
    const ownHits: RuleHit[] = [];
    for (const part of prepared) {
      const scan = cache.scan(part.forms.key, name, budget, () => runOne(rule, part.forms, budget));
      const { findings, scanned } = rule.redacts ? bounded(scan, MOST_FINDINGS - redactions.length) : scan;
      if (scanned < part.text.length) {
        complete = false;
        if (rule.redacts) withheld.set(part.place, Math.min(scanned, withheld.get(part.place) ?? scanned));
      }
      if (rule.redacts) {
        for (const { start, end, type } of findings) redactions.push({ place: part.place, start, end, type });
      }
      if (listed && ownHits.length < MOST_HITS) {
        for (const finding of findings) ownHits.push(hitOf(rule, part, finding));
      }
    }
    if (rule === judgeManipulation && listed && ownHits.length === 0 && !budget.spent) {
      ownHits.push(...splitHit(prepared, budget));
    }
    hits.push(...gravest(ownHits));
  }
  const keys = new Map(prepared.map(({ place, forms }) => [place, forms.key]));
  return { redactions, hits, complete, withheld, keys };
}

/** Those of the operator last: what ours name keeps the type that readers know. */
function rulesOf({ rules, detector = null }: RunOptions): Rule[] {
  const named = [...new Set<RuleName>(['secrets', ...rules])].map((name) => RULES[name]);
  return detector === null ? named : [...named, detector];
}

/** At most `room` findings; the text counts as read up to the first that found no room. */
function bounded(scan: RuleScan, room: number): RuleScan {
  const first = scan.findings[room];
  if (first === undefined) return scan;
  return { findings: scan.findings.slice(0, room), scanned: Math.min(scan.scanned, first.start) };
}

/** A text in the forms that rules read, each made when it is asked for: a text that was read before needs none. */
class Forms {
  readonly original: string;
  #clean: CleanText | undefined;
  #encoded: EncodedRuns | undefined;
  #key: string | null | undefined;
  #undone: Undone | null | undefined;

  constructor(original: string) {
    this.original = original;
  }

  get key(): string | null {
    if (this.#key === undefined) this.#key = keyOf(this.original);
    return this.#key;
  }

  /** The text with its escapes undone, null without any: made once for all rules. */
  get undone(): Undone | null {
    if (this.#undone === undefined) {
      const unescaped = unescapedText(this.original);
      this.#undone = unescaped === null ? null : { unescaped, forms: new Forms(unescaped.text) };
    }
    return this.#undone;
  }

  get clean(): CleanText {
    this.#clean ??= cleanText(this.original);
    return this.#clean;
  }

  get encoded(): EncodedRuns {
    this.#encoded ??= encodedRuns(this.original);
    return this.#encoded;
  }
}

interface Undone {
  readonly unescaped: Unescaped;
  readonly forms: Forms;
}

/** Runs one rule over one text: clean form, original form where they differ, and what base64 in it says. */
function runOne(rule: Rule, forms: Forms, budget: Budget): RuleScan {
  const scan = runWritten(rule, forms, budget);
  if (!rule.redacts || forms.undone === null) return scan;
  return withUnescaped(rule, scan, forms.undone, budget, ESCAPE_LEVELS);
}

/** Arguments of a tool call are JSON, and may hold JSON. */
const ESCAPE_LEVELS = 2;

/** The same with what the rule finds once JSON escapes are undone. */
function withUnescaped(
  rule: Rule,
  scan: RuleScan,
  { unescaped, forms }: Undone,
  budget: Budget,
  levels: number,
): RuleScan {
  const written = runWritten(rule, forms, budget);
  const inner =
    levels > 1 && forms.undone !== null ? withUnescaped(rule, written, forms.undone, budget, levels - 1) : written;
  if (inner.findings.length === 0 && inner.scanned === unescaped.text.length) return scan;
  const findings = inner.findings.map((finding) => ({ ...finding, ...unescaped.original(finding.start, finding.end) }));
  const read = unescaped.original(inner.scanned, inner.scanned).start;
  return { findings: mergeFindings([...scan.findings, ...findings]), scanned: Math.min(scan.scanned, read) };
}

function runWritten(rule: Rule, { original, clean, encoded }: Forms, budget: Budget): RuleScan {
  const forJudge = rule === judgeManipulation ? readForJudge(clean.text, budget) : null;
  const scan = forJudge ?? rule.run(clean.text, budget);
  let scanned = scan.scanned;
  const disguised = forJudge !== null && !budget.spent ? disguisedFinding(clean.text, forJudge, budget) : null;
  if (clean.same && encoded.runs.length === 0 && disguised === null) return scan;
  const findings: RuleFinding[] = scan.findings.map((finding) => ({
    ...finding,
    ...clean.original(finding.start, finding.end),
  }));
  if (!clean.same) {
    const raw = rule.run(original, budget);
    findings.push(...raw.findings);
    scanned = scanned === clean.text.length ? original.length : clean.original(0, scanned).end;
    scanned = Math.min(scanned, raw.scanned);
    if (rule === judgeManipulation) findings.push(...hiddenText(original));
  }
  // A run that was not read may hold what must be taken out: the text counts as read up to it.
  scanned = Math.min(scanned, encoded.read);
  for (const { start, end, decoded } of encoded.runs) {
    const inner = rule.run(decoded, budget);
    if (inner.scanned < decoded.length) {
      scanned = Math.min(scanned, start);
      break;
    }
    const worst = worstOf(inner.findings);
    if (worst !== null) findings.push({ start, end, type: `encoded_${worst.type}`, severity: worst.severity });
  }
  if (disguised !== null) findings.push({ ...disguised, start: 0, end: original.length });
  return { findings: mergeFindings(findings), scanned };
}

/**
 * The worst that a text says under a disguise, null when that is not graver than what it says openly. It has no place of
 * its own in the text.
 */
function disguisedFinding(text: string, open: ManipulationScan, budget: Budget): RuleFinding | null {
  const worst = worstOf(disguises(text, open.signs).flatMap((reading) => readingFindings(reading, budget)));
  const known = worstOf(open.findings)?.severity ?? 'none';
  if (worst === null || graver(known, worst.severity) === known) return null;
  return { ...worst, type: `disguised_${worst.type}` };
}

/** A disguise may be worn over another one. */
function readingFindings(reading: string, budget: Budget): readonly RuleFinding[] {
  const first = readForJudge(reading, budget);
  if (reading.length >= LONGEST_UNDRESSED_TWICE) return first.findings;
  const second = disguises(reading, first.signs).flatMap((inner) => readForJudge(inner, budget).findings);
  return [...first.findings, ...second];
}

const LONGEST_UNDRESSED_TWICE = 65_536;

/**
 * An order to the judge that is dealt out over several texts. Words that meet by chance are no attack, so such a hit is
 * at most medium, and where texts say such things by themselves it adds nothing.
 */
function splitHit(texts: readonly (RuleText & { readonly forms: Forms })[], budget: Budget): RuleHit[] {
  const spoken = texts.filter(({ place, ofApplication }) => !ofApplication && !IS_WORD.test(place));
  for (const { text, joints } of joined(spoken.map(({ forms }) => forms.clean.text))) {
    // Not looked up: each turn of a conversation has ends of its own. To keep them for nothing took 20 µs an exchange.
    const split = atJoints(text, joints, budget);
    const first = spoken[joints.findLastIndex((joint) => split !== null && joint <= split.start) + 1];
    if (split === null || first === undefined) continue;
    const severity = graver('medium', split.severity) === 'medium' ? split.severity : 'medium';
    return [hitOf(judgeManipulation, first, { ...split, type: `split_${split.type}`, severity })];
  }
  return [];
}

function atJoints(text: string, joints: readonly number[], budget: Budget): RuleFinding | null {
  const atJoint = (start: number, end: number) => spansJoint(joints, start, end);
  const open = readForJudge(text, budget, atJoint);
  return (
    open.findings.find(({ start, end }) => atJoint(start, end)) ??
    disguisedFinding(text, { ...open, findings: [] }, budget)
  );
}

/** Places of names and code words, which nobody says. */
const IS_WORD = /#name$|^(?:request|response)\.(?:model|finish|error)\b/;

function worstOf(findings: readonly RuleFinding[]): RuleFinding | null {
  return findings.reduce<RuleFinding | null>(
    (worst, finding) =>
      worst === null || graver(worst.severity, finding.severity) !== worst.severity ? finding : worst,
    null,
  );
}

function hitOf(rule: Rule, part: RuleText, finding: RuleFinding): RuleHit {
  return {
    rule: rule.name,
    version: rule.version,
    place: part.place,
    preview: `${finding.type}, ${finding.end - finding.start} characters`,
    severity: severityOf(rule, part, finding.severity),
  };
}

/**
 * The application itself may speak of judges and of instructions: a product that grades essays does. Its words are
 * noted, and are not an attack.
 */
function severityOf(rule: Rule, part: RuleText, severity: Severity): Severity {
  return rule === judgeManipulation && part.ofApplication ? 'low' : severity;
}

function gravest(hits: readonly RuleHit[]): RuleHit[] {
  if (hits.length <= 1) return [...hits];
  const order: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'none'];
  return hits.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity)).slice(0, MOST_HITS);
}
