// Opens HTML reports in headless Chromium: node test.mjs REPORT.html...
//
// Checks per report: it loads without requests, console messages or dialogs; axe finds nothing in light and dark mode;
// every image is present; nothing overflows at 320 and 1,400 pixels; the tab order follows the page; tables can be
// sorted by keyboard; it is readable without scripts and under Jenkins' policy, which forbids styles and scripts; it
// prints.
import { chromium } from 'playwright-core';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { basename } from 'node:path';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const jenkins = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';";

const failures = [];
let checks = 0;
function check(report, what, ok, detail = '') {
  checks += 1;
  if (!ok) failures.push(`${basename(report)}: ${what}${detail === '' ? '' : `: ${detail}`}`);
}

/** Opens a report and collects unexpected events. */
async function open(browser, report, options, url = pathToFileURL(report).href) {
  const context = await browser.newContext({ offline: url.startsWith('file:'), ...options });
  const page = await context.newPage();
  const trouble = [];
  const requests = [];
  page.on('console', (message) => trouble.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('dialog', (dialog) => { trouble.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith('data:')) requests.push(request.url()); });
  await page.goto(url);
  return { context, page, trouble, requests };
}

async function accessible(report, page, scheme) {
  const open = () => document.querySelectorAll('details').forEach((part) => { part.open = true; });
  await page.evaluate(open);
  await page.evaluate(axe);
  const result = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  const found = result.violations.map((one) => `${one.id} (${one.nodes.length}, ${one.nodes[0].target})`);
  check(report, `axe, ${scheme}`, found.length === 0, found.join('; '));
}

async function pictures(report, page) {
  const missing = await page.evaluate(() => Array.from(document.querySelectorAll('svg[role=img]')).filter((svg) => {
    const box = svg.getBoundingClientRect();
    const names = svg.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id)?.textContent);
    return box.width < 50 || box.height < 50 || names.some((name) => !name);
  }).length);
  check(report, 'pictures have a size, a title and a description', missing === 0, missing);
}

async function narrow(report, page) {
  for (const width of [320, 1400]) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth);
    check(report, `no overflow at ${width} pixels`, wide <= 0, wide);
  }
}

async function keyboard(report, page) {
  const order = await page.evaluate(() => Array.from(document.querySelectorAll('a[href], button, summary, [tabindex="0"]'))
    .filter((part) => part.checkVisibility() && !(part.matches('[tabindex]') && part.tabIndex < 0)).length);
  const seen = [];
  for (let step = 0; step < Math.min(order, 40); step += 1) {
    await page.keyboard.press('Tab');
    seen.push(await page.evaluate(() => {
      const all = Array.from(document.querySelectorAll('*'));
      return all.indexOf(document.activeElement);
    }));
  }
  const sorted = seen.every((place, index) => index === 0 || place > seen[index - 1]);
  check(report, 'the tab order follows the page', seen.length > 3 && sorted, seen.join(' '));
}

async function sorting(report, page) {
  const table = page.locator('table.sortable').first();
  if (await table.count() === 0) return;
  await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
  const button = table.locator('th button').first();
  await button.focus();
  await page.keyboard.press('Enter');
  check(report, 'a table sorts by keyboard', await table.locator('th').first().getAttribute('aria-sort') === 'ascending');
  const texts = await table.locator('tbody tr > :first-child').allTextContents();
  const sorted = texts.every((text, index) => index === 0 || text.localeCompare(texts[index - 1], undefined) >= 0
    || Number(text) >= Number(texts[index - 1]));
  check(report, 'the rows are in order', sorted, texts.slice(0, 5).join(' | '));
}

async function readable(report, page, how) {
  const text = await page.evaluate(() => document.body.innerText);
  for (const heading of ['What was audited', 'Findings', 'Coverage', 'Method']) {
    check(report, `${heading} reads ${how}`, text.includes(heading));
  }
  const pictured = await page.evaluate(() => Array.from(document.querySelectorAll('svg')).every((svg) => {
    const mark = svg.querySelector('path, rect');
    return mark !== null && svg.getBoundingClientRect().height > 50
      && Array.from(svg.querySelectorAll('[fill], [stroke]')).some((part) => getComputedStyle(part).stroke !== 'none' || getComputedStyle(part).fill !== 'none');
  }));
  check(report, `pictures show ${how}`, pictured);
}

const reports = process.argv.slice(2);
if (reports.length === 0) {
  console.error('usage: node test.mjs REPORT.html...');
  process.exit(2);
}
const browser = await chromium.launch({ executablePath, args });
const server = createServer((request, response) => {
  const report = reports[Number(request.url.slice(1))];
  if (report === undefined) { response.writeHead(404).end(); return; }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': jenkins });
  response.end(readFileSync(report));
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const origin = `http://127.0.0.1:${server.address().port}`;
for (const [index, report] of reports.entries()) {
  for (const colorScheme of ['light', 'dark']) {
    const { context, page, trouble, requests } = await open(browser, report, { colorScheme, viewport: { width: 1200, height: 900 } });
    check(report, `no message, ${colorScheme}`, trouble.length === 0, trouble.join('; '));
    check(report, `no request, ${colorScheme}`, requests.length === 1, requests.slice(1).join(' '));
    if (colorScheme === 'light') {
      await keyboard(report, page);
      await pictures(report, page);
      await narrow(report, page);
      await sorting(report, page);
    }
    await accessible(report, page, colorScheme);
    if (colorScheme === 'light') {
      await page.emulateMedia({ media: 'print' });
      const pdf = await page.pdf();
      check(report, 'prints', pdf.length > 1000);
    }
    await context.close();
  }
  const plain = await open(browser, report, { javaScriptEnabled: false });
  check(report, 'no message without script', plain.trouble.length === 0, plain.trouble.join('; '));
  await readable(report, plain.page, 'without script');
  await plain.context.close();
  const strict = await open(browser, report, {}, `${origin}/${index}`);
  await readable(report, strict.page, 'under a policy without style and script');
  await strict.context.close();
}
await browser.close();
server.close();
console.log(`${reports.length} reports, ${checks} checks, ${failures.length} failures`);
failures.forEach((failure) => console.log(`FAILED ${failure}`));
process.exit(failures.length === 0 ? 0 : 1);
