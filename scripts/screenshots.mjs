// Renders the images of the documentation: node scripts/screenshots.mjs, after npm ci in tests/browser and cargo build.
import { createRequire } from 'node:module';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
  { name: 'html-report.png', to: '#findings + article' },
  { name: 'html-pictures.png', from: '#pictures', to: 'section[aria-labelledby=pictures] .pictures' },
]);
await report('fixtures/cases/C3.jsonl', [{ name: 'html-comparison.png', from: '#comparisons', to: 'section[aria-labelledby=comparisons] figure' }]);
await report('fixtures/cases/C10.jsonl', [{ name: 'html-padding-dark.png', scheme: 'dark', from: '#pictures', to: 'section[aria-labelledby=comparisons] figure' }]);
await browser.close();
rmSync(folder, { recursive: true });
