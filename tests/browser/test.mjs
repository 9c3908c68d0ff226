// Opens HTML reports in headless Chromium: node test.mjs REPORT.html...
//
// Checks per report: it loads without requests, console messages or dialogs; axe finds nothing in light and dark mode;
// every image is present; nothing overflows at 320, 390 and 1,400 pixels, and no table needs a scroller; no cell is empty
// and no zero is red; what is refuted comes first and is not folded; links lead somewhere, and a rule's text opens; the
// list of picks can be searched; the tab order follows the page; tables can be sorted by keyboard; it is readable without
// scripts and under Jenkins' policy, which forbids styles and scripts; it prints.
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
  for (const width of [320, 390, 1400]) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth);
    check(report, `no overflow at ${width} pixels`, wide <= 0, wide);
  }
}

/** Tables fit without a scroller, whatever is folded; every cell says something. */
async function tables(report, page) {
  await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
  for (const width of [390, 1400]) {
    await page.setViewportSize({ width, height: 900 });
    const clipped = await page.evaluate(() => Array.from(document.querySelectorAll('table, td, th, pre')).filter((part) => part.checkVisibility())
      .filter((part) => part.getBoundingClientRect().right > document.documentElement.clientWidth + 1
        || (part.matches('td, th') && part.scrollWidth > part.clientWidth + 2)).map((part) => `${part.tagName} ${part.textContent.slice(0, 40)}`));
    check(report, `tables fit at ${width} pixels`, clipped.length === 0, clipped.slice(0, 3).join(' | '));
    const scrollers = await page.evaluate(() => Array.from(document.querySelectorAll('main *')).filter((part) => ['auto', 'scroll'].includes(getComputedStyle(part).overflowX)).length);
    check(report, `no scroller at ${width} pixels`, scrollers === 0, scrollers);
  }
  const empty = await page.evaluate(() => Array.from(document.querySelectorAll('td, th, dd, dt')).filter((cell) => cell.textContent.trim() === '').length);
  check(report, 'no cell is empty', empty === 0, empty);
  const red = await page.evaluate(() => Array.from(document.querySelectorAll('.refuted, .bad, .tile-refuted .value')).filter((part) => part.textContent.trim() === '0').length);
  check(report, 'no zero is red', red === 0, red);
  await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = false; }));
}

/** Among verdicts, refuted ones come first, and none of them is folded. */
async function refutedFirst(report, page) {
  const wrong = await page.evaluate(() => {
    const ranks = ['refuted', 'from-refuted', 'unprovable', 'proven'];
    const out = [];
    for (const heading of ['metrics', 'coverage']) {
      const section = document.getElementById(heading)?.parentElement;
      const cells = Array.from(section?.querySelectorAll('table.rows td[data-label="Verdict"]') ?? []);
      const order = cells.map((cell) => ranks.indexOf(cell.className.trim()));
      if (order.some((rank) => rank < 0)) out.push(`${heading}: an unknown verdict`);
      if (order.some((rank, at) => at > 0 && rank < order[at - 1])) out.push(`${heading}: ${order.slice(0, 10)}`);
      if (cells.some((cell) => cell.className.trim() === 'refuted' && cell.closest('details') !== null)) out.push(`${heading}: a refuted row is folded`);
    }
    return out;
  });
  check(report, 'refuted rows come first and are not folded', wrong.length === 0, wrong.join('; '));
}

async function links(report, page) {
  const dead = await page.evaluate(() => Array.from(document.querySelectorAll('a[href^="#"]')).filter((link) => !document.getElementById(link.getAttribute('href').slice(1))).map((link) => link.textContent));
  check(report, 'links lead somewhere', dead.length === 0, dead.join(', '));
  const rule = page.locator('a[href^="#rule-"]').first();
  if (await rule.count() === 0) return;
  await rule.click();
  const target = page.locator(await rule.getAttribute('href'));
  await page.waitForTimeout(50);
  check(report, "a rule's text opens", await target.isVisible() && (await target.textContent()).length > 200);
}

async function search(report, page) {
  const table = page.locator('table.searchable').first();
  if (await table.count() === 0) return;
  await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
  const all = await table.locator('tbody tr').count();
  const wanted = await table.locator('tbody tr').last().locator('th').textContent();
  await page.locator('.search input').first().fill(wanted);
  const shown = await table.locator('tbody tr:visible').allTextContents();
  check(report, 'a search shows what it finds', shown.length > 0 && shown.length < all && shown.every((row) => row.includes(wanted)), `${shown.length} of ${all}`);
  await page.locator('.search input').first().fill('');
  check(report, 'an empty search shows all', await table.locator('tbody tr:visible').count() === all);
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
      await tables(report, page);
      await refutedFirst(report, page);
      await links(report, page);
      await search(report, page);
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
