/** A card as one HTML file: no script, no remote resource, every text escaped. */

import type { Card, Mistake, Question } from './card-schema.ts';
import { COMPARED, type Comparison } from './compare.ts';
import { dollars, milliseconds, number, signed, withInterval } from './figures.ts';
import { html, type Markup } from './html.ts';
import { askedOf, modelsOf } from './models-asked.ts';

/** Mistakes that are listed; card.json has them all. */
const MOST_MISTAKES = 300;

/** The page, ready to be written to a file. */
export function cardHtml(card: Card, comparison: Comparison | null): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Judge ${card.judge.name} on ${card.data.file}</title>
${STYLE}
</head>
<body>
<h1>Judge ${card.judge.name}</h1>
${factsOf(card)}
<h2>Figures</h2>
${questionsOf([card.overall, ...card.criteria])}
<p class="note">In brackets: ${Math.round(card.bootstrap.level * 100)} % bootstrap intervals, ${card.bootstrap.resamples} resamples of ${card.bootstrap.groups} groups, seed ${card.bootstrap.seed}. Answers that never came are not in the matrix and never count as a pass.</p>
${comparison === null ? '' : comparisonOf(comparison)}
<h2>Wrong answers</h2>
${mistakesOf(card.mistakes)}
</body>
</html>
`.text;
}

const STYLE = html`<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { opacity: .75; max-width: 60rem; }
q { font-family: ui-monospace, monospace; font-size: .9em; }
.bad { font-weight: 600; }
</style>`;

function factsOf(card: Card): Markup {
  const { judge, data, states, twins, latency_ms, tokens, cost_usd, made_at } = card;
  const counted = Object.entries(states).map(([state, count]) => `${state} ${count}`);
  const rows: readonly (readonly [string, string])[] = [
    ['model', modelsOf(judge)],
    ['answered as', judge.models_returned.join(', ')],
    ['rubric', `${judge.rubric.name} version ${judge.rubric.version}, ${judge.rubric.hash}`],
    ['judge hash', judge.hash],
    ['rules', judge.rules.join(', ')],
    ['data', `${data.pairs} pairs of ${data.file}, ${data.sha256}`],
    ['states', counted.join(', ')],
    ['asked', askedOf(card)],
    ['twins', `${twins.both_right} of ${twins.groups} groups with both pairs right`],
    ['latency', `p50 ${milliseconds(latency_ms.p50)}, p95 ${milliseconds(latency_ms.p95)}`],
    ['tokens', `${tokens.in} in, ${tokens.out} out`],
    ['cost', `${dollars(cost_usd.total)}, ${dollars(cost_usd.per_1000_pairs)} for 1000 pairs`],
    ['made', made_at],
  ];
  return html`<table>${rows.map(
    ([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>
`,
  )}</table>`;
}

const MATRIX = ['TP', 'FP', 'FN', 'TN', 'no answer'] as const;
const FIGURES = ['precision', 'recall', 'recall of all', 'FPR', 'recall at 1 % FPR', 'κ', 'PABAK'] as const;

function questionsOf(questions: readonly Question[]): Markup {
  const rows = questions.map((question) => {
    const { tp, fp, fn, tn, unanswered_violations, unanswered_passes } = question.confusion;
    const cells = [
      ...[tp, fp, fn, tn, unanswered_violations + unanswered_passes].map(String),
      ...[question.precision, question.recall, question.recall_of_all, question.fpr].map(withInterval),
      ...[question.recall_at_1_fpr, question.kappa, question.pabak].map(withInterval),
    ];
    return html`<tr><th>${question.id}</th>${cells.map((cell) => html`<td class="n">${cell}</td>`)}</tr>
`;
  });
  const head = [...MATRIX, ...FIGURES].map((title) => html`<th class="n">${title}</th>`);
  return html`<div class="wide"><table><tr><th>question</th>${head}</tr>
${rows}</table></div>`;
}

function comparisonOf(comparison: Comparison): Markup {
  const rows = comparison.questions.map(({ id, changes }) => {
    const cells = COMPARED.map((key) => {
      const { before, after, delta, clear } = changes[key];
      const text = `${number(before)} → ${number(after)} (${signed(delta)})${clear ? ' *' : ''}`;
      return html`<td class="n">${text}</td>`;
    });
    return html`<tr><th>${id}</th>${cells}</tr>
`;
  });
  const head = COMPARED.map((key) => html`<th class="n">${key}</th>`);
  const list = (title: string, entries: readonly string[]) =>
    entries.length === 0 ? html`` : html`<p>${title}: ${entries.join(', ')}</p>`;
  return html`<h2>Against the earlier card</h2>
${comparison.same_data ? html`` : html`<p class="bad">The data are not the same: the figures are not about the judge alone.</p>`}
<div class="wide"><table><tr><th>question</th>${head}</tr>
${rows}</table></div>
<p class="note">* each value lies outside the interval of the other.</p>
${list('Criteria added', comparison.criteria_added)}${list('Criteria removed', comparison.criteria_removed)}
${list('Newly wrong', comparison.newly_wrong)}${list('Newly right', comparison.newly_right)}`;
}

function mistakesOf(mistakes: readonly Mistake[]): Markup {
  if (mistakes.length === 0) return html`<p>None.</p>`;
  const rows = mistakes.slice(0, MOST_MISTAKES).map(
    (mistake) => html`<tr><td>${mistake.id}</td><td>${mistake.criterion}</td><td>${
      mistake.expected === 'violation' ? 'missed' : 'false alarm'
    }</td><td class="n">${mistake.score}</td><td>${mistake.explanation} ${mistake.quotes.map((quote) => html`<q>${quote}</q> `)}</td></tr>
`,
  );
  const rest = mistakes.length - rows.length;
  return html`<div class="wide"><table><tr><th>pair</th><th>criterion</th><th>what</th><th class="n">score</th><th>the judge's words</th></tr>
${rows}</table></div>
${rest > 0 ? html`<p>${rest} more are in card.json.</p>` : html``}`;
}
