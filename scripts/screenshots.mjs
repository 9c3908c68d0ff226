// Renders the images of the documentation: node scripts/screenshots.mjs, after npm ci in tests/browser and cargo build. With
// --all FOLDER, also what has to be looked at before a change of the reports: pages at two widths in two themes, texts.
import { createRequire } from 'node:module';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { chromium } = createRequire(join(root, 'tests/browser/package.json'))('playwright-core');
const retally = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/retally');
const images = join(root, 'docs/images');
const folder = mkdtempSync(join(tmpdir(), 'retally-'));
mkdirSync(images, { recursive: true });

const colours = { 31: '#ff8a80', 32: '#56d364', 33: '#e3b341', 34: '#79b8ff', 35: '#d2a8ff', 36: '#56d4dd', 90: '#9da7b3' };
const escape = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

/** Converts the escape sequences of the text report to HTML. */
function ansi(text) {
  let open = 0;
  const html = text.split(/\x1b\[([0-9;]*)m/).map((part, index) => {
    if (index % 2 === 0) return escape(part);
    const codes = part.split(';').map(Number);
    const close = '</span>'.repeat(open);
    const style = codes.map((code) => (colours[code] ? `color:${colours[code]}` : code === 1 ? 'font-weight:700' : '')).filter(Boolean).join(';');
    if (style === '') { open = 0; return close; }
    open += 1;
    return `<span style="${style}">`;
  }).join('');
  return html + '</span>'.repeat(open);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

async function terminal(name, log) {
  const command = ['check', log, '--color', 'always', '--width', '112'];
  const text = spawnSync(retally, command, { cwd: root, env: { ...process.env, LC_ALL: 'C.UTF-8' }, encoding: 'utf8' }).stdout;
  const page = await browser.newPage({ deviceScaleFactor: 1.5, viewport: { width: 1180, height: 400 } });
  await page.setContent(`<body style="margin:0;background:#0d1117"><pre style="margin:0;padding:18px 20px;color:#e6edf3;font:14px/1.45 'DejaVu Sans Mono',monospace;white-space:pre-wrap;width:max-content;max-width:1140px">$ retally check ${escape(log)}\n${ansi(text)}</pre></body>`);
  await page.locator('pre').screenshot({ path: join(images, name) });
  await page.close();
}

async function report(log, shots) {
  const path = join(folder, 'report.html');
  try { execFileSync(retally, ['check', log, '--report', `html=${path}`], { cwd: root, stdio: 'ignore' }); } catch { /* it has findings */ }
  for (const { name, scheme = 'light', from, to, width = 1000 } of shots) {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 800 } });
    await page.goto(pathToFileURL(path).href);
    const box = async (selector, end) => {
      const place = await page.locator(selector).first().boundingBox();
      return end ? place.y + place.height : place.y;
    };
    const top = from === undefined ? 0 : Math.max(0, await box(from, false) - 12);
    const bottom = await box(to, true) + 12;
    await page.screenshot({ path: join(images, name), fullPage: true, clip: { x: 0, y: top, width, height: bottom - top } });
    await page.close();
  }
}

await terminal('text-report.png', 'fixtures/formats/native/bug-mean');
await report('fixtures/formats/native/bug-mixture', [
  { name: 'html-report.png', to: '#findings ~ article' },
  { name: 'html-pictures.png', from: '#pictures', to: 'section[aria-labelledby=pictures] .pictures' },
]);
await report('fixtures/cases/C3.jsonl', [{ name: 'html-comparison.png', from: '#comparisons', to: 'section[aria-labelledby=comparisons] article' }]);
await report('fixtures/cases/C10.jsonl', [{ name: 'html-padding-dark.png', scheme: 'dark', from: '#comparisons', to: 'section[aria-labelledby=comparisons] article' }]);
if (process.argv.includes('--all')) await all(process.argv[process.argv.indexOf('--all') + 1]);
await browser.close();
rmSync(folder, { recursive: true });

/** Everything that has to be looked at, into a folder: one finding, three causes, twenty tasks; two widths, two themes. */
async function all(to) {
  mkdirSync(to, { recursive: true });
  const tasks = join(folder, 'tasks.jsonl');
  writeFileSync(tasks, manyTasks());
  const logs = {
    one: ['fixtures/formats/native/bug-mean'],
    three: ['fixtures/formats/native/bug-mean', 'fixtures/rules/RT402-pick-not-argmax/bad.jsonl', 'fixtures/formats/lm-eval/stderr-not-divided'],
    tasks: [tasks],
  };
  for (const [name, paths] of Object.entries(logs)) {
    const path = join(folder, `${name}.html`);
    spawnSync(retally, ['check', ...paths, '--report', `html=${path}`], { cwd: root });
    for (const width of [390, 1400]) {
      for (const colorScheme of ['light', 'dark']) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
        await page.goto(pathToFileURL(path).href);
        await page.screenshot({ path: join(to, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        await page.close();
      }
    }
    const text = spawnSync(retally, ['check', ...paths, '--width', '80'], { cwd: root, env: { ...process.env, LC_ALL: 'C.UTF-8' }, encoding: 'utf8' }).stdout;
    writeFileSync(join(to, `${name}-80.txt`), text);
  }
}

/** Twenty tasks; in five of them the reported correctness is not that of the picks. */
function manyTasks() {
  let seed = 7;
  const random = () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648; };
  const lines = [];
  for (let task = 1; task <= 20; task += 1) {
    for (let item = 0; item < 30; item += 1) {
      const candidates = Array.from({ length: 4 }, () => {
        const logprobs = Array.from({ length: 3 }, () => -Math.round(random() * 2e6 + 5e4) / 1e6);
        return { tokens: ['a', 'b', 'c'], logprobs, score: Number(logprobs.reduce((sum, value) => sum + value, 0).toFixed(6)) };
      });
      const pick = candidates.reduce((best, own, at) => (own.score > candidates[best].score ? at : best), 0);
      const gold = Math.floor(random() * 4);
      const correct = task % 4 === 0 ? random() < 0.6 : pick === gold;
      lines.push(JSON.stringify({ model: 'example-org/small-1b', task: `subject-${String(task).padStart(2, '0')}`, item: `${task}-${item}`, candidates, pick, gold, correct }));
    }
  }
  return `${lines.join('\n')}\n`;
}
