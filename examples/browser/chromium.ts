/**
 * A real browser: the Chromium that the package @sparticuz/chromium ships, else the one of the system.
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

/** Web security stays on. Without a sandbox, as it may run as root. */
const flags = [
  '--no-sandbox',
  '--headless=shell',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts a browser. What its pages store lies in `profile`, a folder, and outlives the browser. Rejects where none can
 * be started, and says why.
 */
export async function startChromium(profile: string): Promise<BrowserContext> {
  const failures: unknown[] = [];
  for (const find of [unpackedChromium, systemChromium]) {
    try {
      return await chromium.launchPersistentContext(profile, { executablePath: await find(), args: flags });
    } catch (error) {
      failures.push(error);
    }
  }
  const [first, second] = failures.map(String);
  throw new AggregateError(
    failures,
    `No Chromium can be started here. @sparticuz/chromium: ${first} The system's: ${second}`,
  );
}

async function systemChromium(): Promise<string> {
  const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error('There is none.');
  return found;
}

/** Unpacked once for each version, as that takes seconds. It is whole once it is in its place. */
async function unpackedChromium(): Promise<string> {
  const root = join(import.meta.dirname, '../..');
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const folder = join(root, '.cache/chromium', devDependencies['@sparticuz/chromium'] ?? 'any');
  if (!existsSync(folder)) {
    mkdirSync(dirname(folder), { recursive: true });
    const unpacking = mkdtempSync(`${folder}-`);
    await unpackInto(unpacking);
    try {
      renameSync(unpacking, folder);
    } catch {
      // Another process was faster.
      rmSync(unpacking, { recursive: true, force: true });
    }
  }
  return join(folder, 'chromium');
}

/** The package unpacks into the folder for temporary files, and nowhere else. */
async function unpackInto(folder: string): Promise<void> {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    await packed.executablePath();
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}
