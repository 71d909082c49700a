// The eight checks as promptfoo assertions, through its public `assertions.runAssertions`, one call per text.
// Run by benchmarks/evaluator_peers.py: node run_promptfoo.mjs TEXTS PARAMETERS RESULT, from promptfoo's own folder.
// Its own assertion types where it has them; functions, its fastest way of writing one's own, for the other three.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const { default: promptfoo } = await import(pathToFileURL(require.resolve('promptfoo').replace(/\.cjs$/, '.js')));
const { version } = JSON.parse(readFileSync(join(process.cwd(), 'node_modules/promptfoo/package.json'), 'utf8'));

const [textsPath, parametersPath, resultPath] = process.argv.slice(2);
const texts = readFileSync(textsPath, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const parameters = JSON.parse(readFileSync(parametersPath, 'utf8'));

const [shortest, longest] = parameters.length;
const [prefix, suffix] = parameters.ends;
const { key, at_least, at_most } = parameters.number;

function numberHolds(output) {
  let value;
  try {
    value = JSON.parse(output)?.[key];
  } catch {
    return false;
  }
  return typeof value === 'number' && value >= at_least && value <= at_most;
}

const assert = [
  { type: 'is-json' },
  { type: 'is-json', value: parameters.schema },
  { type: 'regex', value: parameters.pattern },
  { type: 'not-icontains-any', value: parameters.forbidden },
  { type: 'javascript', value: (output) => output.length >= shortest && output.length <= longest },
  { type: 'javascript', value: (output) => output.startsWith(prefix) && output.endsWith(suffix) },
  { type: 'javascript', value: numberHolds },
  { type: 'not-regex', value: parameters.bad_citation },
];

async function verdictsOf(some) {
  const verdicts = [];
  for (const output of some) {
    const result = await promptfoo.assertions.runAssertions({ test: { assert }, providerResponse: { output } });
    verdicts.push(result.componentResults.map(({ pass }) => (pass ? '1' : '0')).join(''));
  }
  return verdicts;
}

async function timed() {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const verdicts = await verdictsOf(texts);
  const wall_seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall_seconds, cpu_seconds: (user + system) / 1e6, verdicts };
}

const seconds = (round) => Math.min(round.wall_seconds, round.cpu_seconds);
await verdictsOf(texts.slice(0, 100));
const rounds = [await timed(), await timed(), await timed()];
const fastest = rounds.reduce((best, round) => (seconds(round) < seconds(best) ? round : best));
writeFileSync(resultPath, JSON.stringify({ version, ...fastest }));
process.exit(0);
